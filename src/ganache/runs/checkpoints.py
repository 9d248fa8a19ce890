"""What a run keeps of a training's state, and how it is found again."""

from collections.abc import Callable
from typing import Any

from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.parts.part import parse
from ganache.runs import sealed
from ganache.runs.folder import Run, numbered
from ganache.support.errors import UserError
from ganache.support.trees import differences
from ganache.support.units import listed

FORMAT = 2


def save_state(run: Run, state: TrainingState, fingerprint: str) -> None:
    """Write the checkpoint of this moment."""
    description = {
        "format": FORMAT,
        "content": "checkpoint",
        "counters": state.counts(),
        "recipe": state.recipe.model_dump(mode="json"),
        "seed": state.seed,
        "data": fingerprint,
    }
    path = run.checkpoints / f"{numbered(state.counters.images_seen)}.safetensors"
    sealed.save(path, state.tensors(), description)


def refuse_without_checkpoints(run: Run) -> None:
    """Raise UserError for a run that was trained and whose checkpoints are gone.

    It would begin anew, over the networks that it has.
    """
    seen = run.record().get("images_seen", 0)
    if seen and not sealed.newest(run.checkpoints):
        raise UserError(f"run: {run.path} has no checkpoint any more and cannot be continued; what it has learnt draws")


def restore(
    run: Run, state: TrainingState, fingerprint: str, say: Callable[[str], None], accept: Callable[[int], bool]
) -> None:
    """Put the newest readable checkpoint whose number is accepted in the place of the state.

    Without any the state stays as it is built.
    Raises UserError, listing what differs, when the checkpoint belongs to another recipe, seed or data, and RunError
    when there are checkpoints but none can be read.
    """
    found = sealed.newest_readable(run.checkpoints, say, accept)
    if found is None:
        return
    path, tensors, description = found
    _refuse_changes(run, description, state, fingerprint)
    try:
        state.load(tensors, description["counters"])
    except RuntimeError as error:  # the recipe is the same, but the code that it names builds other networks
        raise UserError(f"run: {path} does not fit the networks any more: {str(error).splitlines()[0]}") from None


def forget_after(run: Run, images_seen: int) -> None:
    """Delete the checkpoints of a future that was given up."""
    for path in sealed.newest(run.checkpoints, lambda images: images > images_seen):
        path.unlink()


def seconds_at(run: Run, images_seen: int) -> float:
    """Return the training seconds that a run had used when it stood at so many images.

    They are not in the checkpoint, whose bytes depend on nothing but the state.
    """
    points = [*run.log_lines(), run.record()]
    reached = [point for point in points if 0 < point.get("images_seen", 0) <= images_seen]
    return max((float(point["training_seconds"]) for point in reached), default=0.0)


def _refuse_changes(run: Run, description: dict[str, Any], state: TrainingState, fingerprint: str) -> None:
    saved = {
        "recipe": _completed(description.get("recipe")),
        "seed": description.get("seed"),
        "data": description.get("data"),
    }
    current = {"recipe": state.recipe.model_dump(mode="json"), "seed": state.seed, "data": fingerprint}
    changes = differences(saved, current)
    found = (description.get("content"), description.get("format"))
    if found != ("checkpoint", FORMAT):
        raise UserError(
            f"run: its checkpoint is a {found[0]} of format {found[1]}; continue it with the version that wrote it"
        )
    if changes:
        raise UserError(
            f"run: {run.path} cannot be continued, this changed since it was saved: {listed(changes, 5, '; ')}"
        )


def _completed(recipe: Any) -> Any:
    """Give a recipe that an earlier version saved the fields that it did not know, which then have their defaults."""
    try:
        return parse(Game, recipe).model_dump(mode="json")
    except UserError:
        return recipe  # what this version cannot read is shown as a difference
