"""Who looks at a training: an observer is added by a file in `observers/` and a line here."""

from collections.abc import Callable
from typing import Any, TypeAlias

from ganache.engine.state import TrainingState
from ganache.runs.folder import Run
from ganache.support.streams import untouched_global_stream
from ganache.training.observers.held_out import HeldOut
from ganache.training.observers.observer import Observer, Say
from ganache.training.observers.sample_sheet import SampleSheet
from ganache.training.observers.scores import Scores
from ganache.training.observers.translation_scores import TranslationScores
from ganache.training.observers.translation_sheet import TranslationSheet
from ganache.training.observers.translation_vitals import TranslationVitals
from ganache.training.observers.vitals import Vitals
from ganache.training.observers.watch import Watch
from ganache.training.plan import Plan

Compose: TypeAlias = Callable[[Plan, Run, TrainingState, Say], tuple[Observer, ...]]


def compose(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    """Return a run's observers, in the order in which they add to a line of its log.

    Raises UserError when the data cannot be scored, RunError when disk or network fail.
    """
    with untouched_global_stream():
        return (
            HeldOut(plan.data, state, say),
            *(_of_samples(plan, run, state, say) if plan.recipe.draws else ()),
            *(_of_translations(plan, run, state, say) if plan.recipe.translators else ()),
            Watch(plan.recipe, plan.data.summary(), run.log_lines, say),  # the last: it reads what the others found
        )


def _of_translations(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    every = plan.evaluate_every
    return (
        TranslationVitals(plan.data, state),
        *([TranslationScores(run, plan.source, state, every, say)] if every else []),
        TranslationSheet(run, plan.data, state),
    )


def _of_samples(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    return (
        Vitals(plan.data, state),
        *([Scores(run, plan.data, state, plan.evaluate_every, say)] if plan.evaluate_every else []),
        SampleSheet(run, plan.data, state),
    )


def unobserved(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    """Have nobody look at a training: pictures and vitals would cost more than a short one."""
    return ()


def undrawn(*lines: Any, **how: Any) -> None:
    """Draw no curves: `ganache plot` does, of any run."""
