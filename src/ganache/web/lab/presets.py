"""Games that are worth a look: each shows in a minute what a text claims, or where the claim ends (docs/claims.md)."""

from dataclasses import dataclass
from typing import Any

from ganache import recipes
from ganache.recipes.settings import with_settings


@dataclass(frozen=True)
class Duel:
    """A game of a preset: a recipe by its name, with settings as `--set` takes them."""

    base: str
    settings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the name and the whole recipe."""
        recipe = with_settings(recipes.find(self.base), list(self.settings))
        return {"base": self.base, "recipe": recipe.model_dump(mode="json")}


@dataclass(frozen=True)
class Showcase:
    """One or two games from one seed, what to look at, and what is to be seen."""

    name: str
    title: str
    says: str
    duels: tuple[Duel, ...]
    data: str = "ring"
    seed: int = 0
    layers: tuple[str, ...] = ("field",)
    speed: float | None = None  # iterations a second

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        layers = {name: name in self.layers for name in ("field", "lattice", "arrows", "average")}
        return {
            "name": self.name,
            "title": self.title,
            "says": self.says,
            "games": [duel.to_json() for duel in self.duels],
            "data": self.data,
            "seed": self.seed,
            "layers": layers,
            "speed": self.speed,
        }


def rates(generator: float, discriminator: float | None = None, betas: str = "[0.0, 0.9]") -> tuple[str, ...]:
    """Return settings for both learning rates, the generator's alone where there is one, and both players' betas."""
    found = {"generator": generator, "discriminator": generator if discriminator is None else discriminator}
    return tuple(
        setting
        for role, rate in found.items()
        for setting in (f"optimizers.{role}.learning_rate={rate}", f"optimizers.{role}.betas={betas}")
    )


BATCH = "batch_size=128"
_PLAIN = (BATCH, "ema_half_life=5000", *rates(2e-3))
_R1_R2 = tuple(f'penalties.{name.lower()}={{"kind": "{name}", "weight": 0.01}}' for name in ("R1", "R2"))
_CRITIC = ("objective=Wasserstein", "critic_steps=5")


def presets() -> tuple[Showcase, ...]:
    """Return all presets; the first is where a page begins."""
    return PRESETS


PRESETS = (
    Showcase(
        "ring",
        "A GAN learns a ring",
        "Red points are the generator's, grey ones real. Where the plane is blue the discriminator believes in reals: "
        "it chases the fakes, and they chase its blue. After some hundred iterations all eight modes are found.",
        (Duel("mlp-2d", _PLAIN),),
    ),
)
