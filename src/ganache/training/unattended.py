"""Trainings within a larger piece of work, at which nobody looks: begun, or continued where they were stopped."""

import shutil
from collections.abc import Callable
from pathlib import Path

from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support.files import is_run
from ganache.training import sessions
from ganache.training.composition import undrawn, unobserved
from ganache.training.plan import Request
from ganache.training.sessions import Outcome


def begin_or_resume(
    request: Callable[[], Request], path: Path, *, images: int | None = None, data: str | None = None
) -> Outcome:
    """Continue the run at a path, to a budget of `images` and with its `data` elsewhere; begin it where there is none.

    `request` is called only where it begins, and says all then. Raises as `begin` and `resume` do.
    """
    if is_run(path):
        return sessions.resume(path, images=images, data=data, observers=unobserved, draw=undrawn)
    for left in path.parent.glob(f".{path.name}.*"):  # by a process that was killed while it made the folder
        shutil.rmtree(left, ignore_errors=True)
    return sessions.begin(request(), path, observers=unobserved, draw=undrawn)


def is_finished(path: Path) -> bool:
    """Return whether a run lies at a path, trained to its end; raises UserError where its record is damaged."""
    return is_run(path) and Run.open(path).record().get("outcome") == "finished"


def leave_the_networks(run: Run) -> None:
    """Free the disk of what goes on with a training: it is over."""
    sealed.prune(run.checkpoints, 0, lambda images: False)
    run.remove_events()
