"""Judge a run's pictures by an independent classifier: class shares and the Fréchet distance in its features.

    python benchmarks/quality.py RUN --data mnist [--count 5000] [--seed 0]

The classifier is trained on the labelled data once (and kept in the cache); the distance is between `count` drawn
images and the whole training split.
"""

import argparse
import json

import numpy as np

import ganache
from ganache.data import open_dataset
from ganache.data.packed import PackedDataset
from ganache.evaluation.classifier import classifier_for
from ganache.evaluation.frechet import Moments, frechet_distance


def main() -> None:
    """Print the scores as one JSON line, with their protocol."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    if not isinstance(dataset, PackedDataset):
        parser.error("points have no classifier to judge them")
    judge = classifier_for(dataset)
    start, stop = dataset.summary()["splits"]["train"]
    reals = dataset.rows("train", 0, stop - start).images.transpose(0, 2, 3, 1)
    real_features, _ = judge.judge(np.ascontiguousarray(reals))
    features, probabilities = judge.judge(ganache.load(options.run).sample(options.count, seed=options.seed))
    shares = np.bincount(probabilities.argmax(axis=1), minlength=len(judge.label_names)) / options.count
    scores = {
        "frechet/classifier": round(frechet_distance(Moments.of(features), Moments.of(real_features)), 3),
        "class_shares": dict(zip(judge.label_names, shares.round(4).tolist(), strict=True)),
        "confidence": round(float(probabilities.max(axis=1).mean()), 4),
        "samples": options.count,
        "seed": options.seed,
        "reals": f"all {stop - start} of train",
        "features": f"128 of a classifier with {judge.accuracy:.2%} on {judge.tested} images of {judge.split}",
        "images_seen": ganache.load(options.run).description["images_seen"],
    }
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
