"""Whether speed costs accuracy: the documents' plain loops and the same recipes after equally many images.

    python -m benchmarks.accuracy [--cases lsgan …] [--seeds 0 1 2] [--pictures PATH] [--json FILE] [--write]

For every case and seed both train on as many images, and samples of both are compared with the training set by their
Fréchet distance in the same features: of the data's classifier, or of a random network. Both generators are taken as
they stand, since the loops keep no average. Nothing is paid if the means of the two differ by no more than the plain
loop's own seeds do. A case that FILE holds already is replaced, the others stay: cases can be measured one by one, and
`--cases` without any only tells what FILE holds.
"""

import argparse
import json
import shlex
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.markdown import table, write_section
from benchmarks.racers import Racer, ganache_racer, plain_racer
from benchmarks.speed.part import ROOT, precise
from benchmarks.speed.systems import GANACHE, PLAIN, narrow, trained_in
from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.by_name import find
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import RunningMoments
from ganache.evaluation.reference import Reference
from ganache.runs.products import TrainedGenerator
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.streams import untouched_global_stream

BEGIN, END = "<!-- accuracy: begin -->", "<!-- accuracy: end -->"


@dataclass(frozen=True)
class Case:
    """What both train, and on what; the settings are the recipe's, the options those of the plain networks."""

    recipe: str
    data: str
    side: int
    features: str
    images: int
    settings: tuple[str, ...] = ()
    options: dict[str, int] = field(default_factory=dict)


PICTURES = "cifar10"
ONE_PASS = 60_000  # over MNIST
CASES = (
    Case("vanilla", "mnist", 28, "classifier", ONE_PASS),
    Case("lsgan", "mnist", 28, "classifier", ONE_PASS),
    Case("dcgan-mnist", "mnist", 28, "classifier", ONE_PASS // 2),
    Case("ralsgan", PICTURES, 64, "random", 25_600, narrow(16), {"width": 16}),
)


def distance(generator: TrainedGenerator, reference: Reference, samples: int) -> float:
    """Return the Fréchet distance of so many samples to the training images."""
    running = RunningMoments(reference.extractor.size)
    for images in generator.stream(samples):
        running.add(reference.extractor(images).features)
    return frechet_distance(running.result(), reference.moments())


def train(racer: Racer, images: int) -> TrainedGenerator:
    """Train on so many images, or a batch's rest more, and return the generator."""
    seen = 0
    while seen < images:
        seen += next(racer.iterations)
    return racer.generator()


def measure(case: Case, seeds: list[int], samples: int) -> dict[str, list[float]]:
    """Return the distances of both, seed by seed."""
    dataset = open_dataset(case.data, Conversion(size=(case.side, case.side)))
    assert isinstance(dataset, PackedDataset)
    reference = Reference(dataset, find(case.features, dataset))
    found: dict[str, list[float]] = {PLAIN: [], GANACHE: []}
    for seed in seeds:
        for name, distances in found.items():
            with untouched_global_stream():
                distances.append(distance(train(_begin(name, case, dataset, seed), case.images), reference, samples))
            print(f"{case.recipe:<14} {name:<8} seed {seed}  distance {distances[-1]:.2f}", flush=True)
    return found


def _begin(name: str, case: Case, dataset: PackedDataset, seed: int) -> Racer:
    if name == PLAIN:
        return plain_racer(trained_in(case.recipe), dataset, seed, **case.options)
    return ganache_racer(case.recipe, dataset, seed, case.settings)


def section(records: Sequence[dict[str, Any]]) -> str:
    """Return the page's section."""
    heads = ("system", "data, features", "images", "seeds", "plain", "Ganache", "means differ by", "the plain seeds by")
    rows: list[tuple[str, ...]] = [(*heads, "")]
    for record in records:
        case, plain, own = Case(**record["case"]), record["distances"][PLAIN], record["distances"][GANACHE]
        apart, between = abs(statistics.mean(plain) - statistics.mean(own)), max(plain) - min(plain)
        better = statistics.mean(own) < statistics.mean(plain)
        verdict = "within" if apart <= between else "better" if better else "**worse**"
        shape = f"{Path(case.data).stem} {case.side}×{case.side}, {case.features}"
        title = f"`{case.recipe}`" + (f" at width {case.options['width']}" if case.options else "")
        cells = (title, shape, f"{case.images:,}", str(len(plain)), precise(plain), precise(own))
        rows.append((*cells, f"{apart:.1f}", f"{between:.1f}", verdict))
    commands = "; ".join(
        f"`{record['command']}`, {record['samples']:,} samples, {record['threads']} thread(s)" for record in records
    )
    return f"## Accuracy after equally many images\n\n{_PROTOCOL}\n\n{table(rows)}\n\n*{commands}.*"


_PROTOCOL = (
    "Fréchet distances of samples to the training images after equally many images of training: median"
    " (least–greatest) of the seeds, of the generator as it stands, not of its average. From equal weights, pictures"
    " and latents both move alike (`tests/games/test_plain_agreement.py`); here each draws its own. `lsgan`'s loop"
    " reads the pictures in their order."
)


def main() -> None:
    """Measure and tell."""
    options = _parser().parse_args()
    kept = options.json is not None and options.json.exists()
    known = json.loads(options.json.read_text(encoding="utf-8"))["cases"] if kept else []
    records = {record["case"]["recipe"]: record for record in known}
    for case in CASES:
        if case.recipe not in options.cases:
            continue
        used = replace(case, data=options.pictures) if case.data == PICTURES else case
        records[case.recipe] = {
            "command": shlex.join(["python", "-m", "benchmarks.accuracy", *sys.argv[1:]]),
            "machine": describe_machine(torch.device("cpu")),
            "threads": torch.get_num_threads(),
            "samples": options.samples,
            "case": asdict(used),
            "distances": measure(used, options.seeds, options.samples),
        }
        if options.json is not None:
            write_json(options.json, {"cases": list(records.values())})
    text = section([records[case.recipe] for case in CASES if case.recipe in records])
    print(f"\n{text}")
    if options.write:
        write_section(ROOT / "benchmarks" / "RESULTS.md", BEGIN, END, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [case.recipe for case in CASES]
    parser.add_argument("--cases", nargs="*", default=names, choices=names)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--pictures", default=PICTURES, help="the data of the case at 64×64; a folder or zip also does")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--json", type=Path, help="keep the distances here")
    return parser


if __name__ == "__main__":
    main()
