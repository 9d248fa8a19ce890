"""Beginning, continuing and finishing runs: what the commands `train`, `resume` and `plot` do."""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from ganache.data import Selection, select
from ganache.data.dataset import Progress
from ganache.data.location import refuse_among, title
from ganache.data.origin import Source
from ganache.data.store.summaries import summarise
from ganache.drawing import animations, curves
from ganache.drawing.curves import Draw
from ganache.engine.devices import choose_device, settings_given_back
from ganache.engine.processes import started
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.parts.part import parse
from ganache.runs import sealed
from ganache.runs.budget import Budget
from ganache.runs.cadence import Cadence
from ganache.runs.checkpoints import refuse_without_checkpoints, restore, seconds_at
from ganache.runs.folder import Run
from ganache.runs.run_record import NEEDED_TO_RESUME
from ganache.support.errors import UserError
from ganache.support.files import safe_name
from ganache.support.interrupts import Interrupts
from ganache.support.json_files import well_formed
from ganache.support.machine import changed_versions
from ganache.support.refusals import refusals
from ganache.support.streams import untouched_global_stream
from ganache.support.trees import differences
from ganache.support.units import counted, duration_text, listed
from ganache.support.world import World
from ganache.training import briefing
from ganache.training.composition import Compose, compose
from ganache.training.display import Display, Forgiving, choose_display
from ganache.training.loop import Loop
from ganache.training.new_runs import created
from ganache.training.notebook import Notebook, in_notebook
from ganache.training.plan import Plan, Request, make_plan, refuse_shares

FRAMES_PER_SECOND = 10.0
GLANCE_SECONDS = 0.5  # of measuring, before a training says about how long it takes
RUNS = Path("runs")  # where a run is made when no place is named


@dataclass(frozen=True)
class Outcome:
    """How a session of training ended."""

    run: Path
    images_seen: int
    training_seconds: float
    signal: Signals | None = None  # what interrupted it; None when it finished


@refusals()
@settings_given_back()
def begin(
    request: Request,
    out: Path | None,
    *,
    quiet: bool = True,
    progress: Progress | None = None,
    display: Display | None = None,
    observers: Compose = compose,
    draw: Draw = curves.draw,
) -> Outcome:
    """Train a new run in the folder `out` (or one named after recipe and data under ``runs/``) to its end.

    A `display` is told of it in the place of the screen, `observers` composes who looks at it, `draw` draws its curves.
    Raises UserError for what cannot be done as asked, RunError when the run fails on the way.
    """
    with started() as world, untouched_global_stream():
        if world.rank == 0:
            check_place(out, request.data)
        plan = make_plan(request, progress, world=world)
        out = Path(world.told(str(out or default_folder(plan)) if world.rank == 0 else None))
        with contextlib.closing(_display(plan, out, quiet, display)) as shown:
            speed = None
            if not quiet:
                speed = plan.measure() if plan.budget.images is None else plan.measure(GLANCE_SECONDS, patient=False)
                _say(shown, briefing.data_lines(plan.dataset.summary()), briefing.plan_lines(plan, speed, out))
            state = plan.build()
            cadence = plan.cadence(speed)
            run = Run(out) if world.rank else created(out, plan, state, cadence)
            try:
                return _train(run, plan, state, cadence, shown, observers, draw)
            except UserError:
                # What the plan overlooked would be refused at every resume too.
                if world.rank == 0 and not sealed.newest(run.checkpoints, lambda images: images > 0):
                    shutil.rmtree(run.path, ignore_errors=True)
                raise


@refusals()
@settings_given_back()
def resume(
    path: Path,
    *,
    images: str | int | None = None,
    time: str | None = None,
    data: str | None = None,
    quiet: bool = True,
    display: Display | None = None,
    observers: Compose = compose,
    draw: Draw = curves.draw,
) -> Outcome:
    """Continue a run where its newest readable checkpoint stands, to its budget or to a new one.

    `display`, `observers` and `draw` are those of `begin`.
    Raises UserError when it is no run, or its recipe or data changed; RunError when the run fails on the way.
    """
    given = Budget.parse(images, time)
    with started() as world, untouched_global_stream():
        run = Run(path) if world.rank else Run.open(path)
        plan, cadence, record = _plan_of(run, given, data, world)
        with contextlib.closing(_display(plan, run.path, quiet, display)) as shown:
            _say(
                shown,
                changed_versions(record),
                _other_company(record, world),
                briefing.resumed_lines(plan, run.path),
            )
            return _train(run, plan, plan.build(), cadence, shown, observers, draw, extended=given is not None)


def _plan_of(run: Run, given: Budget | None, data: str | None, world: World) -> tuple[Plan, Cadence, dict[str, Any]]:
    """Return the plan of an existing run, its cadence and its record, as process 0 reads them."""
    record = world.told(run.record(*NEEDED_TO_RESUME) if world.rank == 0 else None)
    source = Source.of(record["source"], data)
    with well_formed(str(run.record_file)):
        before = Budget(**record["budget"])
        cadence = Cadence.from_json(record["cadence"], before.images)
    if given is None and before == Budget(None, None):
        raise UserError(f"run: {run.record_file} has no budget; give one with --images or --time")
    dataset = world.first_then_others(source.open)
    changes = differences(record["data"]["fingerprint"], dataset.fingerprint)
    if changes:
        changes = differences(summarise(record["data"]), dataset.summary())
        raise UserError(f"run: {run.path} cannot be continued, its data changed: {listed(changes, 5, '; ')}")
    recipe = parse(Game, world.told(run.recipe().model_dump(mode="json") if world.rank == 0 else None))
    refuse_shares(recipe, world)
    selected = select(dataset, source.labels, recipe.conditional, source.mirror)
    _refuse_other_classes(run, record, selected)
    plan = Plan(
        recipe=recipe,
        source=source,
        data=selected,
        seed=record["seed"],
        device=choose_device(record["device"]),
        precision=record["precision"],
        threads=record["threads"],
        budget=given or before,
        evaluate_every=record.get("evaluate_every"),
        world=world,
    )
    return plan, cadence, record


def _other_company(record: dict[str, Any], world: World) -> list[str]:
    """Return a line when the run was trained by another number of processes before; else none."""
    before = record["sessions"][-1].get("processes", 1) if record["sessions"] else world.size
    if before == world.size:
        return []
    return [f"trained by {counted(before, 'process', 'processes')} before, by {world.size} now: equal but for rounding"]


def _refuse_other_classes(run: Run, record: dict[str, Any], data: Selection) -> None:
    """Refuse a conditional run of a version that took all classes of the data for its own, trained or not."""
    known, trained = len(data.dataset.label_names), len(data.label_names)
    if data.conditional and "selection" not in record and known != trained:
        raise UserError(
            f"run: {run.path} is of an earlier version, whose networks have all {known} classes of the data instead of "
            f"the {trained} that are trained; train it anew"
        )


@refusals()
def plot(path: Path, draw: Draw = curves.draw) -> list[Path]:
    """Draw the curves and the animation of a run, finished or not; return their paths."""
    run = Run.open(path)
    draw(run.log_lines(), run.curves_file, run.path.name)
    drawn = [run.curves_file]
    frames = animations.fit_frames(run.sample_files())
    if frames:
        animation = run.path / f"progress{animations.animation_suffix()}"
        animations.animate(map(animations.frame_of, frames), animation, FRAMES_PER_SECOND)
        drawn.append(animation)
    return drawn


def _display(plan: Plan, run: Path, quiet: bool, given: Display | None) -> Display:
    if given is not None or quiet or plan.world.rank:
        return given or Display()
    return Forgiving(lambda: Notebook(run) if in_notebook() else choose_display(plan.budget.images))


def _say(display: Display, *parts: Iterable[str]) -> None:
    for line in itertools.chain(*parts):
        display.say(line)


def _train(
    run: Run,
    plan: Plan,
    state: TrainingState,
    cadence: Cadence,
    display: Display,
    observers: Compose,
    draw: Draw,
    extended: bool = False,
) -> Outcome:
    interrupts, first = Interrupts(), plan.world.rank == 0
    with contextlib.ExitStack() as kept, interrupts.caught():
        if first:
            kept.enter_context(run.locked(display.say))
            run.remove_leftovers()
            refuse_without_checkpoints(run)
            restore(run, state, plan.dataset.fingerprint, display.say, lambda images: True)
            if seen := state.counters.images_seen:
                if extended:
                    _refuse_used_up(plan.budget, seen, seconds_at(run, seen))
                display.say(briefing.progress_line(plan, seen, seconds_at(run, seen)))
        state.spread()
        if extended:
            cadence = _extended(run, plan, state.counters.images_seen, cadence)
        if first:
            run.update_record(budget=asdict(plan.budget), cadence=cadence.to_json(), source=plan.source.to_json())
            kept.enter_context(run.recorded(interrupts, processes=plan.world.size))
        loop = Loop(
            run,
            state,
            plan.data,
            budget=plan.budget,
            cadence=cadence,
            observers=observers(plan, run, state, display.say),  # process 0's look, the others' help
            display=display,
            interrupts=interrupts,
        )
        loop.go()
        if first and interrupts.received is None:
            plot(run.path, draw)
    return Outcome(run.path, state.counters.images_seen, loop.clock.seconds(), interrupts.received)


def _refuse_used_up(budget: Budget, seen: int, seconds: float) -> None:
    """Refuse a new budget below what was trained already, before it takes the place of the run's own."""
    if budget.images is not None and seen > budget.images:
        raise UserError(f"images: it has seen {seen:,} already, more than {budget.images:,}; --images is the total")
    if budget.seconds is not None and seconds > budget.seconds:
        trained, asked = duration_text(seconds), duration_text(budget.seconds)
        raise UserError(f"time: it was trained for {trained} already, more than {asked}; --time is the total")


def _extended(run: Run, plan: Plan, seen: int, cadence: Cadence) -> Cadence:
    """Return the cadence of a run that got another budget, by the speed that it had so far."""
    seconds = plan.world.told(seconds_at(run, seen) if plan.world.rank == 0 else 0.0)
    images = plan.images(seen / seconds if seen and seconds else None)
    return cadence.extended(seen, images, plan.recipe.images_per_iteration)


def check_place(out: Path | None, data: str) -> None:
    """Refuse a folder that is taken, or that lies in the data or in a run, before any data is read."""
    if out is not None:
        Run.refuse_existing(out)
    refuse_among(out or RUNS, data)


def default_folder(plan: Plan) -> Path:
    """Return runs/RECIPE-DATA, or runs/RECIPE-DATA-2, -3, … when that is taken."""
    name = safe_name(f"{plan.recipe.name}-{title(plan.source.data)}") or "run"
    numbered = (RUNS / (name if number == 1 else f"{name}-{number}") for number in itertools.count(1))
    return next(folder for folder in numbered if not os.path.lexists(folder))
