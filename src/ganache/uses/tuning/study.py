"""A study's folder: begun by one worker, joined by others, and continued after whatever stopped it."""

import os
import secrets
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ganache import recipes
from ganache.data.dataset import Progress
from ganache.data.location import lasting, refuse_among, title
from ganache.data.selection import TRAIN, held_out_split
from ganache.evaluation.features.by_name import default_name, find
from ganache.evaluation.mode_counters import published_samples
from ganache.games import Game
from ganache.recipes.rehearsal import rehearse
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.files import safe_name
from ganache.support.places import check_place
from ganache.support.trees import differences
from ganache.support.units import duration_text, listed, parse_count, parse_duration
from ganache.training.plan import Plan, Request, make_plan
from ganache.training.sessions import RUNS
from ganache.uses.tuning.claims import Claims
from ganache.uses.tuning.definition import (
    SEEDS,
    STUDY,
    Allowance,
    Definition,
    Judging,
    read_definition,
    write_definition,
)
from ganache.uses.tuning.dials import Values
from ganache.uses.tuning.holding_out import OWN_DATA, can_hold_out, hold_out
from ganache.uses.tuning.rungs import LEAST_ITERATIONS, rungs_to
from ganache.uses.tuning.search_space import named, space_of

LOCKS = "locks"
SAMPLES = 2_000  # that a trial is judged by, where nobody says
FULL_SHARE = 4  # the trainings of the defaults, and those of the checks, take one of so many parts of the budget each
MEASURED_SECONDS = 1.0  # of training, before a study says how long it takes


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A study as it was asked for; of one that exists only what is to be different needs to be said."""

    request: Request | None = None  # None: the study exists
    out: Path | None = None
    budget: str | float | None = None
    trials: str | int | None = None
    tune: tuple[str, ...] = ()
    features: str | None = None
    count: str | int | None = None
    storage: str | None = None

    @property
    def allowance(self) -> Allowance:
        """When the search is to end; raises UserError for what is no time, or no count."""
        seconds = None if self.budget is None else parse_duration(self.budget, "budget")
        return Allowance(seconds=seconds, trials=None if self.trials is None else parse_count(self.trials, "trials"))

    def said(self) -> dict[str, Any]:
        """Return as JSON values what decides the study: another worker's must be the same."""
        assert self.request is not None
        request = asdict(replace(self.request, data=lasting(self.request.data), recipe=None))
        named = self.request.recipe
        recipe = named.model_dump(mode="json") if isinstance(named, Game) else named
        own = {"tune": list(self.tune), "features": self.features, "count": self.count and str(self.count)}
        return {**{name: list(value) if isinstance(value, tuple) else value for name, value in request.items()},
                "recipe": recipe, **own}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """A study that is open: its folder, what it is, and the default's plan, which knows the data."""

    folder: Path
    definition: Definition
    plan: Plan

    def fits(self, values: Values) -> bool:
        """Return whether the networks can have some values, by a rehearsal without numbers."""
        plan = self.plan
        try:
            recipe = self.definition.recipe_of(values)
            rehearse(recipe, plan.data.shape, len(plan.data.label_names) if recipe.conditional else 0)
        except UserError:
            return False
        return True


def open_study(wanted: Tuning, progress: Progress | None = None) -> Study:
    """Return the study that was asked for, begun if there is none; raises UserError for what cannot be."""
    folder = wanted.out or _default_folder(wanted)
    if not (folder / STUDY).is_file():
        _begin(wanted, folder, progress)
    return _join(wanted, folder, progress)


def _default_folder(wanted: Tuning) -> Path:
    if wanted.request is None:
        raise UserError("data: which pictures? Name them with --data, or a study that exists with --out")
    recipe = wanted.request.recipe
    known = recipe.name if isinstance(recipe, Game) else Path(recipe).stem if recipe else "default"
    return RUNS / (safe_name(f"tune-{known}-{title(wanted.request.data)}") or "tune")


def _join(wanted: Tuning, folder: Path, progress: Progress | None) -> Study:
    definition = read_definition(folder)
    if wanted.request is not None and (changes := _changes(definition.said, wanted.said())):
        raise UserError(f"out: {folder} holds another study: {listed(changes, 5, '; ')}; choose another folder")
    if wanted.request is None and (wanted.tune or wanted.features or wanted.count):
        raise UserError("tune, features, count: they belong to the study, which has its own")
    if definition.in_database and wanted.storage is None:
        raise UserError(f"storage: the trials of {folder} are in a database; say which with --storage")
    if not definition.in_database and wanted.storage is not None:
        raise UserError(f"storage: the trials of {folder} are in a journal there, in no database")
    if definition.has_own_data:
        definition = definition.model_copy(update={"request": _with_own_data(definition.request, folder)})
    plan = make_plan(definition.default_request, progress)
    if plan.dataset.fingerprint != definition.fingerprint:
        raise UserError(f"data: {plan.dataset.name!r} changed since the study in {folder} began")
    return Study(folder, _allowed(wanted, folder, definition), plan)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what is said otherwise now; options that another version had not are no difference."""
    return differences(*({name: said[name] for name in said if name in before.keys() & now} for said in (before, now)))


def _allowed(wanted: Tuning, folder: Path, definition: Definition) -> Definition:
    """Return a study with the allowance that was asked for now, if one was, and have its folder say so."""
    asked = wanted.allowance
    if asked == Allowance() or asked == definition.allowance:
        return definition
    with Claims(folder / LOCKS).desk():
        write_definition(folder, read_definition(folder).model_copy(update={"allowance": asked}))
    return definition.model_copy(update={"allowance": asked})


def _begin(wanted: Tuning, folder: Path, progress: Progress | None) -> None:
    """Make a study, unless another worker just does: its definition is written last, and is there wholly or not."""
    request = wanted.request
    if request is None:
        raise UserError(f"out: {str(folder)!r} holds no study; name data with --data to begin one")
    if wanted.allowance == Allowance():
        raise UserError("budget: how long? Give --budget 2h, or --trials 30, or both")
    check_place(folder, "out")
    is_new = not folder.is_dir()
    if is_new or not _is_unfinished(folder):
        Run.refuse_existing(folder)
    refuse_among(folder, request.data)
    if wanted.storage is not None:
        from ganache.uses.tuning.ledger import open_database

        open_database(wanted.storage)
    try:
        with Claims(folder / LOCKS).desk():
            if not (folder / STUDY).is_file():
                write_definition(folder, _defined(wanted, request, folder, progress))
    except BaseException:
        if is_new and not (folder / STUDY).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _is_unfinished(folder: Path) -> bool:
    """Whether a folder holds no more than the beginning of a study, which a crash left."""
    return all(path.name == LOCKS or OWN_DATA in path.name for path in folder.iterdir())


def _defined(wanted: Tuning, asked: Request, folder: Path, progress: Progress | None) -> Definition:
    some = asked.images or 1  # how many it is, the speed decides
    recipe = recipes.find(asked.recipe) if isinstance(asked.recipe, str) else asked.recipe
    if recipe is not None and not recipe.draws:
        raise UserError(f"recipe: {recipe.name!r} draws no samples by which it could be judged")
    plan = make_plan(replace(asked, recipe=recipe, images=some), progress)
    request = replace(asked, recipe=plan.recipe, settings=(), batch=None, data=lasting(asked.data))
    own_data = held_out_split(plan.data) is None and can_hold_out(plan.dataset)
    if own_data:
        hold_out(plan.dataset, folder / OWN_DATA)
        request = _with_own_data(request, folder)
        plan = make_plan(replace(request, images=some), progress)
    allowance, speed = wanted.allowance, plan.measure(MEASURED_SECONDS)
    images = _full_length(asked, plan, allowance, speed)
    return Definition(
        name=f"ganache-{secrets.token_hex(8)}",
        said=wanted.said(),
        request=replace(request, images=None),
        fingerprint=plan.dataset.fingerprint,
        has_own_data=own_data,
        dials=named(plan.recipe, wanted.tune) if wanted.tune else space_of(plan.recipe),
        rungs=rungs_to(images, plan.recipe.images_per_iteration),
        judging=_judging(wanted, plan),
        in_database=wanted.storage is not None,
        full_seconds=images / speed,
        allowance=allowance,
    )


def _with_own_data(request: Request, folder: Path) -> Request:
    """Return a training on the pictures in a study's folder, wherever that lies now."""
    return replace(request, data=os.path.realpath(folder / OWN_DATA), size=None, channels=None, value_range=None)


def _full_length(asked: Request, plan: Plan, allowance: Allowance, speed: float) -> int:
    """Return the images of a full training: what was asked for, or the recipe's own as far as the budget goes."""
    if asked.images is not None:
        return parse_count(asked.images, "images")
    if allowance.seconds is None:
        return plan.recipe.images
    fitting = int(speed * allowance.seconds / (FULL_SHARE * SEEDS))
    least = LEAST_ITERATIONS * plan.recipe.images_per_iteration
    if fitting < least:
        wanted = duration_text(least * FULL_SHARE * SEEDS / speed)
        raise UserError(f"budget: at {speed:.0f} images/s it leaves {fitting:,} to a training; {wanted} would do")
    return min(plan.recipe.images, int(float(f"{fitting:.1e}")))  # in two digits


def _judging(wanted: Tuning, plan: Plan) -> Judging:
    split = held_out_split(plan.data) or TRAIN
    features = wanted.features or default_name(plan.dataset)
    find(features, plan.dataset)  # refuses what does not go with the data, before anything is trained
    usual = published_samples(plan.dataset) or SAMPLES
    return Judging(
        metric="sliced-wasserstein" if plan.data.shape.is_point else "fd",
        features=features,
        split=split,
        samples=usual if wanted.count is None else parse_count(wanted.count),
        reals=plan.data.rows(split),
        seed=plan.seed,
    )
