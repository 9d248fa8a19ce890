"""Beginning and continuing runs on this engine: what the commands do."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from signal import Signals
from typing import Any, TypeAlias

from ganache.data import Dataset
from ganache.data.source import Source
from ganache.drawing import curves
from ganache.games import Game
from ganache.runs.budget import Budget
from ganache.runs.cadence import Cadence
from ganache.runs.folder import FORMAT, Run, now_text
from ganache.runs.run_record import check
from ganache.scratch import export
from ganache.scratch.array_module import xp
from ganache.scratch.settings import ClassifierSettings, GanSettings
from ganache.scratch.tasks import ClassifierTask, GanTask
from ganache.scratch.training import Training
from ganache.support.errors import RunError, UserError, reason
from ganache.support.interrupts import Interrupts
from ganache.support.json_files import well_formed, write_json
from ganache.support.places import check_place
from ganache.support.refusals import refusals
from ganache.support.trees import differences
from ganache.support.units import listed
from ganache.training import sessions
from ganache.training.display import Forgiving, Lines

Settings: TypeAlias = GanSettings | ClassifierSettings
Say: TypeAlias = Callable[[str], None]

_KINDS: dict[str, type[Settings]] = {"gan": GanSettings, "classifier": ClassifierSettings}


@refusals()
def begin(settings: Settings, source: Source, out: Path, say: Say | None = None) -> Signals | None:
    """Train a new run in the folder `out`; return the signal that interrupted it, None when it finished.

    Raises UserError for what cannot be done as asked, RunError when the run fails on the way.
    """
    sessions.check_place(out, source.data)
    dataset = source.open()
    task = _task(settings, dataset, source)
    images = _images(settings, task)
    cadence = Cadence.over(images, settings.batch)
    recipe = export.recipe_of(settings, images) if isinstance(settings, GanSettings) else None
    record = _record(settings, source, dataset, Budget(images, None), cadence)
    run = _create(out, recipe, record)
    return _train(run, task, settings, source, dataset, recipe, say or Forgiving(Lines).say)


@refusals()
def resume(path: Path, epochs: int | None = None, data: str | None = None, say: Say | None = None) -> Signals | None:
    """Continue a run where its newest readable checkpoint stands, to its end or to a new number of passes.

    `data` says where the same data lies now. Raises UserError when it is no run of this engine, or its data
    changed; RunError when the run fails on the way.
    """
    check_place(path, "run")
    run = Run(path)
    if not run.record_file.is_file():
        raise UserError(f"run: there is no run at {str(path)!r}")
    record = run.record()
    if "scratch" not in record:
        raise UserError(f"run: {path} was not trained on this engine; continue it with: ganache resume {path}")
    check(record, str(run.record_file), ("source.data", "data.fingerprint", "cadence"))
    with well_formed(str(run.record_file)):
        settings = _KINDS[record["scratch"]["kind"]](**record["scratch"]["settings"])
        settings = replace(settings, epochs=settings.epochs if epochs is None else epochs)
    source = Source.of(record["source"], data)
    dataset = source.open()
    changes = differences({"data": record["data"]["fingerprint"]}, {"data": dataset.fingerprint})
    if changes:
        raise UserError(f"run: {path} cannot be continued, its data changed: {listed(changes, 5, '; ')}")
    task = _task(settings, dataset, source)
    recipe = run.recipe() if isinstance(settings, GanSettings) else None
    return _train(run, task, settings, source, dataset, recipe, say or Forgiving(Lines).say)


def _train(
    run: Run,
    task: GanTask | ClassifierTask,
    settings: Settings,
    source: Source,
    dataset: Dataset,
    recipe: Game | None,
    say: Say,
) -> Signals | None:
    def write_generator(images_seen: int) -> None:
        if recipe is not None:
            facts = {"label_names": [], "images_seen": images_seen, "data": dataset.fingerprint}
            generator = task.players["generator"].network
            export.write_generator(run.generator_file, generator, recipe, dataset.shape, facts)

    record, images, interrupts = run.record("cadence"), _images(settings, task), Interrupts()
    with well_formed(str(run.record_file)):
        cadence = Cadence.from_json(record["cadence"], record["budget"]["images"])
    decisive = {name: value for name, value in asdict(settings).items() if name != "epochs"}
    identity = {"settings": decisive, "data": dataset.fingerprint}
    training = Training(run, task, cadence, settings.batch, identity, write_generator)
    with _alone(run, recipe, say), interrupts.caught():
        training.restore(say)
        training.cadence = cadence.extended(training.images_seen, images, settings.batch)
        run.update_record(
            scratch=_engine(settings),
            budget=asdict(Budget(images, None)),
            cadence=training.cadence.to_json(),
            source=source.to_json(),
        )
        with run.recorded(interrupts):
            training.go(images, interrupts, say)
            if recipe is not None:
                sessions.plot(run.path)
            else:
                curves.draw(run.log_lines(), run.curves_file, title=run.path.name)
    return interrupts.received


def _images(settings: Settings, task: GanTask | ClassifierTask) -> int:
    """Return how many images all passes are; what does not fill a batch at the end of a pass is left for the next."""
    return settings.epochs * max(1, task.count // settings.batch) * settings.batch


def _task(settings: Settings, dataset: Dataset, source: Source) -> GanTask | ClassifierTask:
    if isinstance(settings, GanSettings):
        return GanTask(settings, dataset, source.labels)
    return ClassifierTask(settings, dataset)


def _create(out: Path, recipe: Game | None, record: dict[str, Any]) -> Run:
    if recipe is not None:
        return Run.create(out, recipe, record)
    run = Run(out)  # a classifier has no recipe; without one Run.create does not serve
    try:
        run.checkpoints.mkdir(parents=True)
        write_json(run.record_file, {"format": FORMAT, **record})
    except (OSError, RunError) as error:
        raise RunError(f"could not create the run {out}: {reason(error.__cause__ or error)}") from error
    return run


def _alone(run: Run, recipe: Game | None, say: Say) -> contextlib.AbstractContextManager[None]:
    return run.locked(say) if recipe is not None else contextlib.nullcontext()  # the lock is on recipe.json


def _record(settings: Settings, source: Source, dataset: Dataset, budget: Budget, cadence: Cadence) -> dict[str, Any]:
    """Return what run.json says of a run that begins: the ordinary keys, and `scratch`, from which it is continued."""
    return {
        **export.machine(),
        "device": "cpu" if xp.__name__ == "numpy" else "cuda",
        "precision": "fp64",
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "approximations": [],
        "seed": settings.seed,
        "source": source.to_json(),
        "data": dataset.summary(),
        "budget": asdict(budget),
        "cadence": cadence.to_json(),
        "scratch": _engine(settings),
        "created": now_text(),
        "sessions": [],
        "images_seen": 0,
        "training_seconds": 0.0,
        "outcome": "running",
    }


def _engine(settings: Settings) -> dict[str, Any]:
    kind = "gan" if isinstance(settings, GanSettings) else "classifier"
    return {"kind": kind, "arrays": xp.__name__, "settings": asdict(settings)}
