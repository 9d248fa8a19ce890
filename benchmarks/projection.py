"""Digits that a generator never saw, projected: is what it draws for them read as the same digit?

    python -m benchmarks.projection RUN [--data mnist] [--count 20] [--seed 0] [--steps 200]

The classifier of the data reads the first pictures of the test split and their reconstructions. Prints the share that
is read alike, and the distances.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.drawing.projection import STEPS, Projector
from ganache.engine.pixel_values import pixels_of, values_of
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.extractor import Extracted
from ganache.runs.products import load


def _read(seen: Extracted) -> NDArray[np.int64]:
    assert seen.logits is not None
    labels: NDArray[np.int64] = seen.logits.argmax(axis=1)
    return labels


def main() -> None:
    """Project, read, and say how many are read alike."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    assert isinstance(dataset, PackedDataset)
    batch = dataset.rows("test", 0, options.count)
    projector = Projector(load(options.run), options.seed, steps=options.steps)
    began = time.perf_counter()
    found = [projector.find(picture) for picture in values_of(torch.from_numpy(batch.images))]
    seconds = (time.perf_counter() - began) / len(found)
    read = find("classifier", dataset, say=print)
    made = pixels_of(torch.stack([one.image for one in found])).permute(0, 2, 3, 1).numpy()
    originals, remade = _read(read(batch.images.transpose(0, 2, 3, 1))), _read(read(made))
    alike = int((originals == remade).sum())
    median = statistics.median(one.distance for one in found)
    print(f"{alike} of {len(found)} read alike; {int((remade == batch.labels).sum())} as they are labelled")
    print(f"median distance {median:.4f}, {seconds:.1f} s a picture")


if __name__ == "__main__":
    main()
