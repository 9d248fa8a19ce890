"""What the scores cost: seconds and memory, on features as an Inception network would give them.

    python benchmarks/metrics.py [--rounds 3] [--dimensions 2048] [--frechet 5000] [--manifold 10000] [--json OUT]
    python benchmarks/metrics.py --quick            # small sizes: only shows that it runs

    frechet    both ways of computing the distance from the same two sets of moments, in turn, `rounds` times: ours, and
               scipy.linalg.sqrtm of the covariances' product. The moments are new in each round, so that nothing is
               remembered. Then the same with fewer vectors than dimensions.
    moments    gathering vectors in batches of 256, and merging two processes' moments
    pictures   the `classifier` features of 28×28 pictures and their moments, and its bare network on the same pictures
               as tensors, in turn: what is not the network is Python's, and memory's
    manifold   precision, recall, density and coverage, `rounds` times, each in a process of its own, whose peak memory
               is everything: interpreter, libraries and both sets of features

It prints a table of medians and one line of JSON. Set OMP_NUM_THREADS to fix the threads of the matrix products.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import memory_in_use
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.classifier_network import ClassifierNetwork
from ganache.evaluation.features.trained_classifier import GROUP, TrainedClassifier
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.manifold import manifold_scores
from ganache.evaluation.metrics.moments import AnyMoments, Moments, RunningMoments, moments_of
from ganache.support.machine import describe_machine

MIB = 2**20
CPU = torch.device("cpu")
BATCH = 256
EXTRACTED = 1_000  # pictures at once


def draw_features(count: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Return non-negative, correlated features (N, D): a random layer's response to 64 latent numbers and noise."""
    random = np.random.Generator(np.random.Philox(seed))
    layer = np.random.Generator(np.random.Philox(99)).standard_normal((64, dimensions), dtype=np.float32) / 8
    features = np.empty((count, dimensions), dtype=np.float32)
    for part in np.array_split(features, -(-count // BATCH)):  # no copy of it all: the peak memory shall be the scores'
        random.standard_normal(out=part, dtype=np.float32)
        part *= 0.3
        part += random.standard_normal((len(part), 64), dtype=np.float32) @ layer
        part.clip(0.0, None, out=part)
    return features


class Clock:
    """The seconds of several rounds, by the wall and of processor time: they differ where the machine is shared."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def time(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do the work once and return its result."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*arguments)
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)
        return result

    def medians(self) -> dict[str, float]:
        """Return both medians."""
        return {"seconds": statistics.median(self.wall), "cpu_seconds": statistics.median(self.cpu)}


def by_matrix_square_root(first: AnyMoments, second: AnyMoments) -> float:
    """Return the distance the usual way, by scipy's square root of the product of the covariances."""
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance)
    shift = np.sum((first.mean - second.mean) ** 2)
    return float(shift + np.trace(first.covariance) + np.trace(second.covariance) - 2 * np.trace(root).real)


def measure_frechet(count: int, dimensions: int, rounds: int) -> dict[str, Any]:
    """Time both routes on the same moments, and say how far apart their values are."""
    first, second = (Moments.of(draw_features(count, dimensions, seed)) for seed in (1, 2))
    ours, theirs, few_clock = Clock(), Clock(), Clock()
    differences = []
    few = [draw_features(dimensions // 2, dimensions, seed) for seed in (3, 4)]
    for _ in range(rounds):
        fresh = [Moments(part.count, part.mean, part.covariance) for part in (first, second)]
        value = ours.time(frechet_distance, *fresh)
        differences.append(abs(value / theirs.time(by_matrix_square_root, first, second) - 1))
        few_clock.time(lambda: frechet_distance(moments_of(few[0]), moments_of(few[1])))
    return {
        "samples": count,
        "dimensions": dimensions,
        "ours": ours.medians(),
        "scipy": theirs.medians(),
        "times_faster": theirs.medians()["seconds"] / ours.medians()["seconds"],
        "relative_difference": max(differences),
        "few_samples": dimensions // 2,
        "few": few_clock.medians(),
    }


def measure_moments(count: int, dimensions: int, rounds: int) -> dict[str, Any]:
    """Time gathering in batches, and the merge of two halves."""
    features = draw_features(count, dimensions, 5)

    def gather(part: NDArray[np.float32]) -> RunningMoments:
        running = RunningMoments(dimensions)
        for start in range(0, len(part), BATCH):
            running.add(part[start : start + BATCH])
        return running

    gathering, merging = Clock(), Clock()
    for _ in range(rounds):
        gathering.time(lambda: gather(features).result())
        left, right = gather(features[::2]), gather(features[1::2])
        merging.time(left.merge, right)
    return {"samples": count, "dimensions": dimensions, "gather": gathering.medians(), "merge": merging.medians()}


def measure_pictures(count: int, rounds: int) -> dict[str, Any]:
    """Time the way from pictures (N, 28, 28, 1) to the moments of their features, and the network's share of it."""
    dataset = open_dataset("digits", Conversion(size=(28, 28)))
    assert isinstance(dataset, PackedDataset)
    pictures = np.random.default_rng(8).integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)
    network = ClassifierNetwork(dataset.shape, len(dataset.label_names)).eval()  # untrained: as fast as another
    judge = TrainedClassifier(network, dataset.label_names, accuracy=0.1, tested=1, split="none")
    extractor = ClassifierExtractor(dataset, judge)
    tensors = [
        torch.from_numpy(part).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
        for part in np.array_split(pictures, -(-count // GROUP))
    ]

    def extract() -> None:
        moments = RunningMoments(extractor.size)
        for start in range(0, count, EXTRACTED):
            moments.add(extractor(pictures[start : start + EXTRACTED]).features)
        moments.result()

    def network_alone() -> None:
        with torch.inference_mode():
            for part in tensors:
                extractor.judge.network(part)

    whole, bare = Clock(), Clock()
    for _ in range(rounds):
        bare.time(network_alone)
        whole.time(extract)
    share = bare.medians()["seconds"] / whole.medians()["seconds"]
    return {"pictures": count, "whole": whole.medians(), "network": bare.medians(), "network_share": share}


def measure_manifold(count: int, dimensions: int, rounds: int) -> dict[str, Any]:
    """Run this file again for each round, so that the peak memory is of nothing else."""
    command = [sys.executable, __file__, "--manifold-only", str(count), "--dimensions", str(dimensions)]
    found = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(rounds)]
    return {
        "samples": f"{count} x {count}",
        "dimensions": dimensions,
        "ours": {name: statistics.median(one[name] for one in found) for name in ("seconds", "cpu_seconds")},
        "peak_mib": max(one["peak_mib"] for one in found),
        "before_mib": max(one["before_mib"] for one in found),
    }


def one_manifold(count: int, dimensions: int) -> dict[str, float]:
    """Compute the four scores once; memory before is that of the interpreter, the libraries and the features."""
    samples, reals = draw_features(count, dimensions, 6), draw_features(count, dimensions, 7)
    before = memory_in_use(CPU) / MIB
    clock = Clock()
    clock.time(manifold_scores, samples, reals)
    return {
        **clock.medians(),
        "before_mib": before,
        "peak_mib": memory_in_use(CPU) / MIB,
    }


def show(results: dict[str, Any]) -> None:
    """Print the medians as a table."""
    frechet, moments, pictures, manifold = (results[part] for part in ("frechet", "moments", "pictures", "manifold"))

    def both(found: dict[str, float]) -> str:
        return f"{found['seconds']:.2f} s, {found['cpu_seconds']:.2f} s of processor time"

    rows = [
        (f"Fréchet distance, {frechet['dimensions']} dimensions", both(frechet["ours"])),
        ("  by scipy.linalg.sqrtm", both(frechet["scipy"])),
        ("  times faster", f"{frechet['times_faster']:.1f}"),
        ("  relative difference", f"{frechet['relative_difference']:.1e}"),
        (f"  of {frechet['few_samples']} samples each, with their moments", both(frechet["few"])),
        (f"moments of {moments['samples']} in batches of {BATCH}", both(moments["gather"])),
        ("  merge of two processes", both(moments["merge"])),
        (f"classifier features of {pictures['pictures']} pictures", both(pictures["whole"])),
        ("  its network alone", f"{both(pictures['network'])} ({pictures['network_share']:.0%})"),
        (f"manifold scores, {manifold['samples']}", both(manifold["ours"])),
        ("  peak memory", f"{manifold['peak_mib']:.0f} MiB, {manifold['before_mib']:.0f} of it before"),
    ]
    for name, value in rows:
        print(f"{name:<46} {value}")


def main() -> None:
    """Measure everything, print the table and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--frechet", type=int, default=5_000, help="vectors in each set")
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--manifold", type=int, default=10_000, help="vectors in each set")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--manifold-only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.manifold_only:
        print(json.dumps(one_manifold(options.manifold_only, options.dimensions)))
        return
    if options.quick:
        options.rounds, options.dimensions, options.frechet, options.manifold = 1, 64, 500, 300
        options.pictures = 300
    results = {
        "machine": describe_machine(torch.device("cpu")),
        "usable_cores": len(os.sched_getaffinity(0)),
        "threads": os.environ.get("OMP_NUM_THREADS", "not fixed"),
        "frechet": measure_frechet(options.frechet, options.dimensions, options.rounds),
        "moments": measure_moments(options.frechet, options.dimensions, options.rounds),
        "pictures": measure_pictures(options.pictures, options.rounds),
        "manifold": measure_manifold(options.manifold, options.dimensions, options.rounds),
    }
    show(results)
    print(json.dumps(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
