"""A run before it begins: everything resolved, nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ganache import recipes
from ganache.data import Dataset, Selection, select
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.rows.reading import TableReading
from ganache.data.selection import TRAIN
from ganache.data.twofold.own_inputs import SIDE_BY_SIDE, use_of
from ganache.engine.devices import (
    Precision,
    autocast_for,
    choose_device,
    choose_precision,
    keep_freed_memory,
    make_reproducible,
    settings_given_back,
)
from ganache.engine.state import TrainingState
from ganache.evaluation.reference import refuse_few
from ganache.games import Game
from ganache.networks.limits import MOST_WEIGHTS, at_most
from ganache.networks.translators import Translator
from ganache.parts.schedules import over_budget
from ganache.recipes.default import Choice, Facts, choice_for
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.runs.budget import Budget
from ganache.runs.cadence import Cadence
from ganache.runs.start import Start
from ganache.support.errors import UserError
from ganache.support.streams import untouched_global_stream
from ganache.support.units import check_seed, parse_count, parse_range, parse_size
from ganache.support.world import ALONE, World
from ganache.training.observers.held_out import unexamined
from ganache.training.observers.sample_sheet import cells_of_sheet
from ganache.training.speed import images_per_second


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asked for, as it was asked."""

    data: str
    recipe: str | Game | None = None
    images: str | int | None = None
    time: str | float | None = None
    size: str | tuple[int, int] | None = None
    channels: int | None = None
    labels: tuple[str, ...] = ()
    batch: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    settings: tuple[str, ...] = ()
    max_skipped: float = 0.01
    evaluate_every: str | int | None = None
    value_range: str | tuple[float, float] | None = None
    mirror: bool = False
    start: str | Path | Start | None = None  # a run, or what else gives the networks their first weights
    second: str = ""  # of a translation: the source of what is wanted
    domains: str | tuple[str, ...] = ()  # or the classes of both, ``"A,B"``
    task: str = ""  # or what makes inputs of the pictures
    crop: str | tuple[int, int] | None = None
    # Of a table (see TableReading):
    label_column: str = ""
    columns: tuple[str, ...] = ()
    missing: str = "refuse"
    numbers: str = "quantiles"
    hold_out: float = 0.0

    @property
    def how(self) -> Conversion:
        """How the data are read; raises UserError for what is no size or range."""
        size = parse_size(self.size) if isinstance(self.size, str) else self.size
        values = parse_range(self.value_range) if isinstance(self.value_range, str) else self.value_range
        return Conversion(size, self.channels, self.max_skipped, values, rows=TableReading.asked(vars(self)))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run, resolved."""

    recipe: Game
    source: Source
    data: Selection
    seed: int
    device: torch.device
    precision: Precision
    threads: int
    budget: Budget
    evaluate_every: int | None = None  # images between two evaluations; None: there are none
    world: World = ALONE  # the processes that train it together
    choice: Choice | None = None  # by which the recipe was chosen; None: it was named
    asked: Game | None = None  # the recipe before what it leaves to a plan was chosen, where it left anything
    settled: tuple[str, ...] = ()  # what was chosen: a sentence for each
    expected: int | None = None  # images, for which that was chosen; None: the recipe's own number
    start: Start | None = None  # the run whose weights it begins with

    @property
    def dataset(self) -> Dataset:
        """The whole data, of which the training takes a selection."""
        return self.data.dataset

    def notes(self) -> list[str]:
        """Return what the training leaves out of the data, in sentences."""
        return [*self.data.notes(), *unexamined(self.data)]

    def build(self) -> TrainingState:
        """Return the state of a training that has not begun. Raises UserError when a network cannot have the shape."""
        make_reproducible(self.device, self.threads)
        keep_freed_memory()
        self.world.on(self.device)
        with at_most(2 * MOST_WEIGHTS, "recipe"):
            return TrainingState(
                self.recipe,
                self.data.shape,
                len(self.data.label_names),
                self.seed,
                self.device,
                autocast_for(self.precision, self.device),
                self.world,
            )

    @settings_given_back()
    def measure(self, seconds: float = 2.0, patient: bool = True) -> float:
        """Return the images per second of a training that is then thrown away.

        It takes about so many seconds, and fewer of large networks unless `patient`.
        """
        with untouched_global_stream():
            budget = self.expected or self.recipe.images
            return images_per_second(self.build(), self.data, budget, seconds, patient)

    def images(self, speed: float | None = None) -> int:
        """Return the budget in images; one of time by a speed in images per second, or else that of a few steps."""
        if (known := self.budget.images or self.expected) is not None:
            return known
        assert self.budget.seconds is not None
        return max(1, int((self.measure() if speed is None else speed) * self.budget.seconds))

    def cadence(self, speed: float | None = None) -> Cadence:
        """Return how often what is done in a run that begins; `speed` is in images per second, where it is known."""
        return Cadence.over(self.images(speed), self.recipe.images_per_iteration)


def make_plan(request: Request, progress: Progress | None = None, write: bool = True, world: World = ALONE) -> Plan:
    """Resolve a request. Raises UserError for the first part of it that cannot be.

    What costs nothing to check is checked before the data is read; `write` says whether reading may pack it, which of
    many processes the first does for all.
    """
    seed = check_seed(request.seed)
    budget = Budget.parse(request.images, request.time)
    how = request.how
    every = None if request.evaluate_every is None else parse_count(request.evaluate_every, "evaluate_every")
    start = Start.of(Path(request.start)) if isinstance(request.start, str | Path) else request.start
    named = _named_recipe(request, start)
    if every is not None and named is not None and not (named.draws or named.translators):  # the defaults all draw
        raise UserError(
            f"evaluate_every: a training is scored by what it draws or translates, and {named.name!r} does neither"
        )
    source = _source(request, how, named)
    _refuse_scales(named, source)
    device = choose_device(request.device)
    dataset = world.first_then_others(lambda: source.open(progress, write))
    if start is not None:
        start.refuse_shape(dataset.shape)
    recipe, choice = (named, None) if named else _by_default(_facts(dataset, source, device), request)
    refuse_shares(recipe, world)
    left = recipe
    recipe, settled = left.settled(dataset.shape, budget.images if budget else None)
    data = select(dataset, source.labels, recipe.conditional, source.mirror)
    classes = len(data.label_names) if recipe.conditional else 0
    rehearse(recipe, data.shape, classes)
    data.stream(seed)
    cells_of_sheet(data.shape, classes)
    if every is not None:
        refuse_few(data.dataset, TRAIN, data.rows())
    precision = choose_precision(request.precision, device, dataset.shape)
    plan = Plan(
        recipe=recipe,
        source=source,
        data=data,
        seed=seed,
        device=device,
        precision=precision,
        threads=torch.get_num_threads(),
        budget=budget or Budget(recipe.images, None),
        evaluate_every=every,
        world=world,
        choice=choice,
        asked=left if settled else None,
        settled=settled,
        expected=budget.images if budget else None,
        start=start,
    )
    return plan if plan.budget.images is not None else _for_its_time(plan, left)


def _for_its_time(plan: Plan, left: Game) -> Plan:
    """Return a plan for a budget of time; what ends with it does so after what its seconds make by the speed now."""
    if over_budget(left, left.images) is left:
        return plan
    expected = plan.images()
    recipe, settled = left.settled(plan.data.shape, expected)
    return replace(plan, recipe=recipe, settled=settled, expected=expected)


def _source(request: Request, how: Conversion, recipe: Game | None) -> Source:
    """Return where the data come from; what a recipe needs of them is known by its game, and none is a generator."""
    named = request.domains.split(",") if isinstance(request.domains, str) else request.domains
    domains = tuple(name.strip() for name in named if name.strip())
    meeting = recipe.meeting if recipe else None
    crop = parse_size(request.crop, "crop") if isinstance(request.crop, str) else request.crop
    own = (meeting, request.second, domains, request.task, crop)
    return Source(request.data, how, request.labels, request.mirror, *own)


def _refuse_scales(recipe: Game | None, source: Source) -> None:
    """Raise UserError where a task makes pictures as many times larger as the recipe's networks do not.

    Pictures that come in pairs were brought to one size by whoever made them.
    """
    made = source.task and source.task not in SIDE_BY_SIDE
    for product in recipe.translators if recipe is not None and made else ():
        assert isinstance(product.config, Translator), product
        product.config.refuse_scale(use_of(source.task).scale)


def refuse_shares(recipe: Game, world: World) -> None:
    """Raise UserError unless a game's batches can be shared evenly by all processes."""
    if recipe.batch_size % world.size:
        nearest = max(1, round(recipe.batch_size / world.size)) * world.size
        raise UserError(
            f"batch: {recipe.batch_size} images cannot be shared evenly by {world.size} processes; {nearest} could"
        )
    if world.size > 1 and not recipe.can_be_shared:
        raise UserError(f"recipe: {recipe.name!r} cannot be trained by {world.size} processes together; start one")


def _facts(dataset: Dataset, source: Source, device: torch.device) -> Facts:
    taken = select(dataset, source.labels, conditional=False)
    labelled = select(dataset, source.labels, conditional=True) if taken.label_names else taken
    classes = 0 if labelled.left_out else len(taken.label_names)
    return Facts(dataset.shape, taken.rows(), classes, device.type)


def _by_default(facts: Facts, request: Request) -> tuple[Game, Choice]:
    choice = choice_for(facts)
    return _with_requests(with_settings(recipes.find(choice.recipe), [*choice.settings]), request), choice


def _named_recipe(request: Request, start: Start | None) -> Game | None:
    if request.recipe is None:
        return None if start is None else _with_requests(start.recipe, request)
    found = recipes.find(request.recipe) if isinstance(request.recipe, str) else request.recipe
    return _with_requests(found, request)


def _with_requests(recipe: Game, request: Request) -> Game:
    batch: Sequence[str] = [f"batch_size={request.batch}"] if request.batch is not None else []
    return with_settings(recipe, [*request.settings, *batch])
