"""What a run of the benchmark consists of, the most important first, and what each part is given of the time."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.gpu.authors import AuthorsTraining, Preset, import_authors
from benchmarks.gpu.cases import POINTS, SIZED, Case, Json, Workshop
from benchmarks.gpu.checks import check_agreement, check_training
from benchmarks.gpu.contest import Contestant
from benchmarks.gpu.plain import Plain
from benchmarks.gpu.speed import Others, Subject, matrix_peak, measure_speed, variants_of

PRECISIONS = {"bf16": torch.bfloat16, "float32": torch.float32}
PLAIN, AUTHORS, WITHOUT = "plain", "authors", "without"  # rivals, beside the variants

EVERY_STEP = ("penalties.r1.every=1", "penalties.r2.every=1")
WIDE = Case("dcgan", 64, batch=256, settings=("generator.width=128", "discriminator.width=128"))
LARGER = tuple(f"{player}.{setting}" for player in ("generator", "discriminator")
               for setting in ("width=96", "max_width=384", "blocks=2"))  # fmt: skip
PENALISED = {
    "r3gan": Case("r3gan", settings=EVERY_STEP),
    "r3gan 96-384": Case("r3gan", batch=256, settings=(*LARGER, *EVERY_STEP)),
}
PUBLISHED = tuple(f"{player}.{setting}" for player in ("generator", "discriminator")
                  for setting in ("width=768", "max_width=768", "blocks=2"))  # fmt: skip
BATCHES = (512, 256, 128, 64)  # of the published preset: the largest that fits in one piece

CHECKED = ("dcgan", "r3gan", "ralsgan-conditional", "lsgan", "wgan-gp", "sngan", "mnist-speedrun")
QUICK_CHECKED = ("dcgan", "r3gan", "ralsgan-conditional")  # plain; penalties differentiated twice; labels
SECONDS = {"r3gan": 4.0, "wgan-gp": 2.0, "sngan": 2.0}  # of checks, in units of the other recipes' seconds


@dataclass(frozen=True)
class Part:
    """One of the things that are measured."""

    kind: str  # peaks, speed, penalties, preset, resume, agreement or ratios
    name: str
    seconds: float  # on an H100, rounded up; no round of a timing begins after them
    measure: Callable[[Workshop], Json]


@dataclass(frozen=True)
class Peers:
    """With whom Ganache is compared."""

    plain: bool = False
    r3gan: Path | None = None  # a folder with the authors' repository


def default_parts(peers: Peers, checked: Sequence[str] = CHECKED, compared: Sequence[int] = (32, 64)) -> list[Part]:
    """Return the parts of a run of six minutes; `compared` are the sizes at which variants are."""
    first = [name for name in checked if name in CHECKED[:2]]
    others = [name for name in checked if name not in first]
    return [
        Part("peaks", "matrix products", 10, _peaks),
        _speed("dcgan", 32, 20, peers.plain),
        _speed("dcgan", 64, 15, peers.plain),
        _speed("r3gan", 32, 15),
        _speed("dcgan", 128, 15),
        Part("speed", "dcgan 128 wide 64", 20, lambda workshop: measure_speed(workshop, WIDE, {}, 15)),
        *[_resume(name) for name in first],
        _penalties("r3gan 96-384", 35),
        _penalties("r3gan", 15),
        _preset(peers.r3gan),
        *[_agreement(name) for name in first],
        *[part(name) for name in others for part in (_resume, _agreement)],
        *[_ratios(name, side) for side in compared for name in first],
    ]


def full_parts(peers: Peers, checked: Sequence[str], sides: Sequence[int]) -> list[Part]:
    """Return the parts of the large grid: every recipe checked, timed at the first size, the deepening ones at all."""
    own = [part for part in default_parts(peers, ()) if part.kind not in ("ratios", "resume", "agreement")]
    there = {part.name for part in own}
    cases = timed_cases(checked, sides)
    speeds = [_speed(name, side, 20, peers.plain and name == "dcgan") for name, side in cases]
    return [
        *own,
        *[part(name) for name in checked for part in (_resume, _agreement)],
        *[part for part in speeds if part.name not in there],
        *[_ratios(name, side) for name, side in cases],
    ]


def timed_cases(names: Sequence[str], sides: Sequence[int]) -> list[tuple[str, int]]:
    """Return which recipe is timed at which size: all of pictures at the first, the deepening networks at every one."""
    first = [(name, sides[0]) for name in names if name not in POINTS]
    return first + [(name, side) for side in sides[1:] for name in names if name in SIZED]


def _peaks(workshop: Workshop) -> Json:
    scale = workshop.scale
    seconds = max(scale.seconds, 0.01)
    return {name: matrix_peak(workshop.device, dtype, scale.products, seconds) for name, dtype in PRECISIONS.items()}


def _speed(recipe: str, side: int, seconds: float, plain: bool = False) -> Part:
    case = Case(recipe, side)

    def measure(workshop: Workshop) -> Json:
        def rival() -> Contestant:
            pictures = workshop.tensor(case).float() / 127.5 - 1
            return Plain(pictures, workshop.batch(case), workshop.scale.width or 64)

        return measure_speed(workshop, case, {PLAIN: rival} if plain else {}, seconds)

    return Part("speed", f"{recipe} {side}", seconds, measure)


def _penalties(name: str, seconds: float) -> Part:
    case = PENALISED[name]
    free = dataclasses.replace(case, settings=(*case.settings, "penalties={}"))

    def measure(workshop: Workshop) -> Json:
        return measure_speed(workshop, case, {WITHOUT: lambda: Subject(workshop.plan(free))}, seconds)

    return Part("penalties", f"penalties {name}", seconds, measure)


def _preset(folder: Path | None) -> Part:
    """R3GAN's published networks for CIFAR-10: a batch as large as fits, against the authors' of 512 in pieces."""
    seconds = 80.0 if folder else 40.0

    def measure(workshop: Workshop) -> Json:
        began = time.perf_counter()
        others: Others = {}
        operators = ""
        if folder:
            authors = import_authors(folder, workshop.device)
            operators = authors.operators
            others = {AUTHORS: lambda: AuthorsTraining(authors, _scaled(workshop), workshop.tensor(Case("r3gan")))}
        for batch in BATCHES:
            case = Case("r3gan", batch=batch, settings=(*PUBLISHED, *EVERY_STEP))
            left = seconds - (time.perf_counter() - began)
            try:
                return {**measure_speed(workshop, case, others, left), "operators": operators}
            except torch.OutOfMemoryError as error:
                reason = str(error)
        raise RuntimeError(reason)

    return Part("preset", "r3gan preset", seconds, measure)


def _scaled(workshop: Workshop) -> Preset:
    """Return the authors' preset, as small as the workshop makes all else."""
    published, scale = Preset(), workshop.scale
    return dataclasses.replace(
        published,
        side=workshop.side(Case("r3gan")),
        width=scale.width or published.width,
        batch=scale.batch or published.batch,
    )


def _resume(recipe: str) -> Part:
    def measure(workshop: Workshop) -> Json:
        with tempfile.TemporaryDirectory(dir=workshop.folder) as folder:
            return {"recipe": recipe, **check_training(workshop, recipe, Path(folder))}

    return Part("resume", f"resume {recipe}", 7 * SECONDS.get(recipe, 1.0), measure)


def _agreement(recipe: str) -> Part:
    """Points stay in float32, so that for them there is nothing to agree with."""

    def measure(workshop: Workshop) -> Json:
        return {"recipe": recipe, **({"losses": {}} if recipe in POINTS else check_agreement(workshop, recipe))}

    return Part("agreement", f"agreement {recipe}", 10 * SECONDS.get(recipe, 1.0), measure)


def _ratios(recipe: str, side: int) -> Part:
    case = Case(recipe, side)

    def measure(workshop: Workshop) -> Json:
        return measure_speed(workshop, case, variants_of(workshop, case), 30)

    return Part("ratios", f"ratios {recipe} {side}", 30, measure)
