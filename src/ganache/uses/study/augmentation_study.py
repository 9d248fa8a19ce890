"""A study from its command to what is left in its folder: the command `augment-study`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import Signals
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ganache import recipes
from ganache.data import open_dataset
from ganache.data.dataset import Progress
from ganache.data.labels import count_labels
from ganache.data.location import lasting, refuse_among
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.games import Game
from ganache.parts.part import read_model
from ganache.recipes.settings import with_settings
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.interrupts import Interrupts
from ganache.support.json_files import write_json
from ganache.support.places import check_place
from ganache.support.refusals import refusals
from ganache.support.trees import differences
from ganache.support.units import check_seed, duration_text, listed, parse_count, parse_duration
from ganache.training.plan import Plan, Request, make_plan
from ganache.uses.study.learners import ARMS, STEPS, School, learnt
from ganache.uses.study.outcomes import CountOutcome
from ganache.uses.study.study_cells import CELL, CellRecord, Filters, Workshop, read_cell
from ganache.uses.study.subsets import FewAndJudges, pool_of
from ganache.uses.study.synthetics import Synthetics, TrainedOnFew, given_generator, given_pictures

STUDY = "augment-study.json"
PER_CLASS, SEEDS, FEWEST_SEEDS = (10, 20, 50, 100), 5, 3
RECIPE, SETTINGS, IMAGES = "mnist-speedrun", ("augment=DiffAugment",), 20_000  # where nobody says
MEASURED_SECONDS, MEASURED_STEPS = 1.0, 10
LEAST_ITERATIONS = 32  # of a generator's training

Positive = Annotated[int, Field(ge=1, lt=2**53)]


@dataclass(frozen=True, kw_only=True)
class AugmentStudy:
    """A study as it was asked for: the data and the generators' trainings by `request`, and what is compared."""

    request: Request
    out: Path
    per_class: str | Sequence[int] = PER_CLASS
    seeds: int = SEEDS
    budget: str | None = None  # of the whole study, by which generators are trained as long as there is time
    generator: Path | None = None  # a run of the user's, in the place of generators that are trained here
    synthetic: str | None = None  # or labelled pictures
    confident: float = 0.0
    not_copies: bool = False
    flips: bool = True
    steps: int = STEPS

    @property
    def counts(self) -> tuple[int, ...]:
        """How many pictures of each class, in order; raises UserError for what are no numbers."""
        given = self.per_class.split(",") if isinstance(self.per_class, str) else self.per_class
        return tuple(sorted({parse_count(one, "per_class") for one in given}))

    def check(self) -> None:
        """Raise UserError, before anything is read, for what cannot be."""
        check_seed(self.request.seed)
        if not FEWEST_SEEDS <= self.seeds <= 1_000:
            raise UserError(f"seeds: {self.seeds} is not from 3, below which an interval says nothing, to 1,000")
        if not 0.0 <= self.confident <= 1.0:
            raise UserError(f"confident: {self.confident:g} is not a share from 0 to 1")
        if not 1 <= self.steps < 2**31:
            raise UserError(f"steps: {self.steps} is not a positive number of steps")
        if self.generator is not None and self.synthetic is not None:
            raise UserError("generator, synthetic: one or the other; both are synthetic pictures that you have")
        if self.is_given and (said := [name for name, value in self._of_trainings() if value]):
            raise UserError(f"{said[0]}: no generator is trained where --generator or --synthetic names pictures")
        if self.budget is not None and self.request.images is not None:
            raise UserError("budget, images: one or the other says how long generators are trained")

    @property
    def is_given(self) -> bool:
        """Whether the synthetic pictures are the user's."""
        return self.generator is not None or self.synthetic is not None

    def _of_trainings(self) -> list[tuple[str, Any]]:
        asked = self.request
        return [("recipe", asked.recipe), ("images", asked.images), ("budget", self.budget), ("set", asked.settings)]


class StudyRecord(BaseModel):
    """What a study is, as its folder says it: all that decides what comes of a cell, and which cells are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    content: Literal["augment-study"] = "augment-study"
    data: str
    fingerprint: str
    seed: int
    per_class: tuple[Positive, ...] = Field(min_length=1, max_length=1_000)
    seeds: Positive
    classes: tuple[str, ...]
    judged_on: str
    budget: str | None
    source: dict[str, Any]
    steps: Positive
    flips: bool
    confident: float
    not_copies: bool

    def decisive(self) -> dict[str, Any]:
        """Return what cannot be other when a study goes on; counts and seeds may be more."""
        return self.model_dump(mode="json", exclude={"data", "per_class", "seeds"})


@dataclass(frozen=True)
class Studied:
    """How a study ended: its folder, what it is, what is known by now, and the signal that stopped it, if one did."""

    folder: Path
    record: StudyRecord
    source: Synthetics
    outcomes: tuple[CountOutcome, ...]
    signal: Signals | None = None


@refusals()
def augment_study(
    asked: AugmentStudy,
    *,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
    begun: Callable[[StudyRecord, Workshop], None] = lambda record, workshop: None,
) -> Studied:
    """Work on a study until every cell is finished; one that was stopped goes on.

    `begun` hears what will be done before anything is. Raises UserError for what cannot be as asked, RunError where the
    machine refuses.
    """
    asked.check()
    check_place(asked.out, "out")
    before = _before(asked.out)
    if before is None:
        Run.refuse_existing(asked.out)
    refuse_among(asked.out, asked.request.data)
    dataset = open_dataset(asked.request.data, asked.request.how, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"data: {asked.request.data!r} has no end; name labelled pictures")
    pool, counts = pool_of(dataset, asked.request.seed), asked.counts
    pool.refuse_fewer(counts[-1])
    device = choose_device(asked.request.device)
    school = School(pool.shape, pool.names, asked.steps, asked.flips, device)
    source = _source(asked, pool, school, before, progress)
    record = StudyRecord(
        data=lasting(asked.request.data),
        fingerprint=dataset.fingerprint,
        seed=asked.request.seed,
        per_class=counts,
        seeds=asked.seeds,
        classes=pool.names,
        judged_on=pool.judged_on,
        budget=asked.budget,
        source=source.identity,
        steps=asked.steps,
        flips=asked.flips,
        confident=asked.confident,
        not_copies=asked.not_copies,
    )
    if before is not None and (changed := differences(before.decisive(), record.decisive())):
        raise UserError(f"out: {asked.out} holds another study: {listed(changed, 5, '; ')}; choose another folder")
    write_json(asked.out / STUDY, record.model_dump(mode="json"))
    workshop = Workshop(pool, source, school, Filters(asked.confident, asked.not_copies))
    begun(record, workshop)
    cells, signal = _worked(asked.out, record, workshop, say)
    return Studied(asked.out, record, source, _outcomes(cells, workshop, counts), signal)


def _worked(
    folder: Path, record: StudyRecord, workshop: Workshop, say: Callable[[str], None]
) -> tuple[list[CellRecord], Signals | None]:
    """Finish every cell, all counts of a seed before the next one; return those that are, and what stopped it."""
    done: list[CellRecord] = []
    interrupts = Interrupts()
    with interrupts.caught():
        for seed in range(record.seed, record.seed + record.seeds):
            for count in record.per_class:
                cell = workshop.cell(folder, count, seed)
                known = read_cell(cell.folder, workshop.pool.names)
                if known is None:
                    found = workshop.work_on(cell, lambda: interrupts.received)
                    if isinstance(found, Signals):
                        return done, found
                    write_json(cell.folder / CELL, found.model_dump(mode="json"))
                    say(_line(found, workshop.pool))
                    known = found
                done.append(known)
                if interrupts.received is not None:
                    return done, interrupts.received
    return done, None


def _line(cell: CellRecord, pool: FewAndJudges) -> str:
    judges = len(pool.judges.labels)
    told = ", ".join(f"{arm.name} {sum(cell.right[arm.name]) / judges:.1%}" for arm in ARMS)
    return f"{cell.count:,} per class, seed {cell.seed}: {told}"


def _outcomes(cells: list[CellRecord], workshop: Workshop, counts: tuple[int, ...]) -> tuple[CountOutcome, ...]:
    """Return what is known of every number of pictures that has three seeds or more."""
    pool = workshop.pool
    judges = tuple(count_labels(pool.judges.labels, len(pool.names))[:-1].tolist())
    moves = "flips and crops" if workshop.school.flips else "crops"
    found = []
    for count in counts:
        of_count = tuple(cell for cell in cells if cell.count == count)
        if len(of_count) >= FEWEST_SEEDS:
            found.append(CountOutcome(count, of_count, judges, pool.names, workshop.source.is_given, moves))
    return tuple(found)


def _before(folder: Path) -> StudyRecord | None:
    """Return what the study of a folder is; None where there is none yet. Raises UserError for one that is damaged."""
    path = folder / STUDY
    if not path.is_file():
        return None
    return read_model(StudyRecord, path, "out")


def _source(
    asked: AugmentStudy, pool: FewAndJudges, school: School, before: StudyRecord | None, progress: Progress | None
) -> Synthetics:
    if asked.generator is not None:
        return given_generator(asked.generator, pool, asked.counts[-1], school.device.type)
    if asked.synthetic is not None:
        return given_pictures(asked.synthetic, pool, progress)
    plan = _plan(asked, progress)
    images = plan.recipe.images if asked.request.recipe else IMAGES
    if asked.request.images is not None:
        images = parse_count(asked.request.images, "images")
    elif asked.budget is not None:
        kept = before.source.get("images") if before is not None and before.budget == asked.budget else None
        images = kept if type(kept) is int else _images_in(asked, plan, school, pool)
    identity = {"recipe": plan.recipe.model_dump(mode="json"), "images": images, "precision": plan.precision}
    request = Request(
        data="", recipe=plan.recipe, images=images, device=asked.request.device, precision=plan.precision
    )  # the data are each cell's own
    return TrainedOnFew(request, pool, identity)


def _plan(asked: AugmentStudy, progress: Progress | None) -> Plan:
    """Return the plan of a training on all of the data, by which a recipe shows that it suits them."""
    named = asked.request.recipe or with_settings(recipes.find(RECIPE), [*SETTINGS])
    recipe = recipes.find(named) if isinstance(named, str) else named
    assert isinstance(recipe, Game)
    recipe = with_settings(recipe, [*asked.request.settings])
    if not recipe.draws:
        raise UserError(f"recipe: {recipe.name!r} draws no pictures")
    if not recipe.conditional:
        raise UserError(f"recipe: {recipe.name!r} is told no classes; --set conditional=true has many a recipe told")
    return make_plan(replace(asked.request, recipe=recipe, settings=(), images=recipe.images), progress)


def _images_in(asked: AugmentStudy, plan: Plan, school: School, pool: FewAndJudges) -> int:
    """Return how many images each generator sees, of a budget for the whole study, by a look at the speeds of both."""
    assert asked.budget is not None
    seconds, cells = parse_duration(asked.budget, "budget"), len(asked.counts) * asked.seeds
    few = pool.few(1, asked.request.seed)
    began = time.perf_counter()
    learnt(ARMS[0], few, few, school._replace(steps=MEASURED_STEPS), 0)
    classifying = len(ARMS) * asked.steps * (time.perf_counter() - began) / MEASURED_STEPS
    speed = plan.measure(MEASURED_SECONDS)
    images = int(speed * (seconds / cells - classifying))
    least = LEAST_ITERATIONS * plan.recipe.images_per_iteration
    if images < least:
        wanted = duration_text(cells * (least / speed + classifying))
        raise UserError(f"budget: {asked.budget} leaves {max(0, images):,} images to a generator; {wanted} would do")
    return int(float(f"{images:.1e}"))  # in two digits
