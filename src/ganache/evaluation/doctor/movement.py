"""How fast players move: remedies that change their optimisers."""

import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from ganache.evaluation.doctor.chart import MOVEMENT, PAIR, Chart
from ganache.games import Game
from ganache.parts.schedules import Curve, Schedule, at

Prescription: TypeAlias = tuple[str, tuple[str, ...]]  # a sentence, and settings
Remedy: TypeAlias = Callable[[Chart], Prescription | None]

SLOW = 1e-3  # movement of a player's weights; recipes that work have 0.002 … 0.03
USUAL = 0.005
LEAST_LOWER = 1.5  # times that a rate is lowered; less changes nothing that anybody would see
STEADY_MOMENTUM = 0.5  # Radford et al. 2016, section 4: 0.9 made training oscillate


def slower(role: str, factor: float = 10.0) -> Remedy:
    """Return the remedy that divides a player's learning rate."""

    def remedy(chart: Chart) -> Prescription:
        return f"lower the {role}'s learning rate {factor:g} times", _rate(chart.game, role, 1.0 / factor)

    return remedy


def moderate(role: str) -> Remedy:
    """Return the remedy that lowers a player's learning rate until its weights move by half a percent at most.

    There is none where that would hardly change it.
    """

    def remedy(chart: Chart) -> Prescription | None:
        moved = (chart.early(f"{MOVEMENT}{role}"), chart.late(f"{MOVEMENT}{role}"))
        factor = USUAL / max((USUAL, *(share for share in moved if math.isfinite(share))))
        if factor > 1 / LEAST_LOWER:
            return None
        return f"lower the {role}'s learning rate {1 / factor:.0f} times", _rate(chart.game, role, factor)

    return remedy


def faster(role: str) -> Remedy:
    """Return the remedy that gives a player that hardly moves the other's learning rate."""

    def remedy(chart: Chart) -> Prescription | None:
        if not chart.late(f"{MOVEMENT}{role}") < SLOW:
            return None
        (other,) = (player for player in PAIR if player != role)
        factor = _rate_of(chart.game, other) / max(_rate_of(chart.game, role), 1e-12)
        if factor <= 1.0:
            return None
        return f"raise the {role}'s learning rate to the {other}'s", (
            f"optimizers.{role}.learning_rate={written(_optimizer(chart.game, other).learning_rate)}",
        )

    return remedy


def equal_rates(chart: Chart) -> Prescription | None:
    """Give a discriminator that learns faster the generator's learning rate."""
    if _rate_of(chart.recipe, "discriminator") <= 1.5 * _rate_of(chart.recipe, "generator"):
        return None
    return "give the discriminator the generator's learning rate", (
        f"optimizers.discriminator.learning_rate={written(_optimizer(chart.recipe, 'generator').learning_rate)}",
    )


def less_momentum(chart: Chart) -> Prescription | None:
    """Take momentum out of the game."""
    settings = []
    for role in PAIR:
        betas = getattr(_optimizer(chart.recipe, role), "betas", None)
        if betas is not None and at(betas[0], chart.images_seen) > STEADY_MOMENTUM:
            settings.append(f"optimizers.{role}.betas=[{STEADY_MOMENTUM}, {at(betas[1], chart.images_seen):g}]")
    return ("take out momentum, which lets the two overshoot each other", tuple(settings)) if settings else None


def _optimizer(game: Game, role: str) -> Any:
    """Return a player's optimiser, None of one that the recipe does not know."""
    return getattr(getattr(game, "optimizers", None), role, None)


def _rate_of(game: Game, role: str) -> float:
    return at(getattr(_optimizer(game, role), "learning_rate", 0.0), 0)


def _rate(game: Game, role: str, factor: float) -> tuple[str, ...]:
    rate = getattr(_optimizer(game, role), "learning_rate", None)
    return () if rate is None else _scaled(f"optimizers.{role}.learning_rate", rate, factor)


def _scaled(path: str, value: Schedule, factor: float) -> tuple[str, ...]:
    """Return the settings that multiply a number, or both ends of a curve, to one digit."""
    if isinstance(value, Curve):
        return f"{path}.start={value.start * factor:.1g}", f"{path}.end={value.end * factor:.1g}"
    return (f"{path}={value * factor:.1g}",)


def written(value: Schedule) -> str:
    """Return a number or a curve as a setting's value."""
    return json.dumps(value.model_dump(mode="json")) if isinstance(value, Curve) else f"{value:g}"
