"""Games that are worth a look: each shows in a minute what a text claims, or where the claim ends (docs/claims.md)."""

from dataclasses import dataclass
from typing import Any

from ganache import recipes
from ganache.recipes.settings import with_settings


@dataclass(frozen=True)
class Duel:
    """A game of a preset: a recipe by its name, with settings as `--set` takes them."""

    settings: tuple[str, ...] = ()
    base: str = "mlp-2d"

    def to_json(self) -> dict[str, Any]:
        """Return the name and the whole recipe."""
        recipe = with_settings(recipes.find(self.base), list(self.settings))
        return {"base": self.base, "recipe": recipe.model_dump(mode="json")}


@dataclass(frozen=True)
class Showcase:
    """One or two games from one seed, what to look at, and what is to be seen.

    `data` are a name, or cells (x, y, weight) of a drawn density.
    """

    name: str
    title: str
    says: str
    duels: tuple[Duel, ...]
    data: str | tuple[tuple[float, float, float], ...] = "ring"
    seed: int = 0
    layers: tuple[str, ...] = ("field",)
    speed: float | None = None  # iterations a second

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        drawn = {"cells": [list(cell) for cell in self.data], "std": DEVIATION}
        return {
            "name": self.name,
            "title": self.title,
            "says": self.says,
            "games": [duel.to_json() for duel in self.duels],
            "data": self.data if isinstance(self.data, str) else drawn,
            "seed": self.seed,
            "layers": {name: name in self.layers for name in ("field", "lattice", "arrows", "average")},
            "speed": self.speed,
        }


DEVIATION = 0.032  # of a drawn cell's points, as the page has it


def rates(generator: float, discriminator: float | None = None, betas: str = "[0.0, 0.9]") -> tuple[str, ...]:
    """Return settings for both learning rates, the generator's for both where there is one, and both players' betas."""
    found = {"generator": generator, "discriminator": generator if discriminator is None else discriminator}
    return tuple(
        setting
        for role, rate in found.items()
        for setting in (f"optimizers.{role}.learning_rate={rate}", f"optimizers.{role}.betas={betas}")
    )


# Small batches and a short memory of the average, for games of some hundred iterations; a line of the log for every
# eighth of them, so that the doctor has something to read.
_QUICK = ("batch_size=128", "ema_half_life=5000", "images=200000")
_PLAIN = (*_QUICK, *rates(2e-3))
_STILL = (*_QUICK, *rates(1e-5, 2e-3))  # the generator hardly moves
_CRITIC = (*_PLAIN, "objective=Wasserstein", "critic_steps=5")
_R1_R2 = tuple(f'penalties.{name.lower()}={{"kind": "{name}", "weight": 0.01}}' for name in ("R1", "R2"))
_CORNER = tuple((0.76 + 0.08 * column, 0.76 + 0.08 * row, 1.0) for row in range(2) for column in range(2))


def _penalty(weight: float) -> str:
    return f'penalties.gradient={{"kind": "GradientPenalty", "weight": {weight}}}'


PRESETS = (
    Showcase(
        "ring",
        "A GAN learns a ring",
        "Red points are the generator's, grey ones real. Where the plane is blue the discriminator believes in reals; "
        "the generator follows the blue. The average of its weights, which is shown, comes to rest while the "
        "generator itself runs in circles: switch the average off to see it.",
        (Duel(_PLAIN),),
        layers=("field", "average"),
    ),
    Showcase(
        "moons",
        "How a plane is bent into two moons",
        "The lattice is the plane of latents as the generator bends it. It cannot be torn: between the moons it is "
        "drawn out thin, and the few points that lie there are what it costs.",
        (Duel(_PLAIN),),
        data="two-moons",
        layers=("field", "lattice", "average"),
    ),
    Showcase(
        "vanishing",
        "The saturating loss starves the generator",
        "Both generators hardly move, so that both discriminators soon win. In A the generator's loss is log(1 - D): "
        "the better the discriminator, the less it has to learn from, down to nothing (see the slope). In B it is "
        "-log D, and the slope grows. Claim 1 of docs/claims.md.",
        (Duel((*_STILL, "objective=Minimax")), Duel(_STILL)),
        layers=("field", "arrows"),
    ),
    Showcase(
        "blind",
        "Far apart, one loss is blind and the other is not",
        "The reals lie in a corner that the generator does not reach, and it hardly moves. The logistic discriminator "
        "of A becomes flat at the fakes: nothing says where to go. The critic of B keeps a slope of about 1 "
        "everywhere, and its generator arrives. Claim 2.",
        (
            Duel((*_STILL, "objective=Minimax")),
            Duel((*_STILL, "objective=Wasserstein", _penalty(0.1))),
        ),
        data=_CORNER,
        layers=("field", "arrows"),
    ),
    Showcase(
        "clipping",
        "Clipping makes the critic too simple",
        "Both critics are for the Wasserstein loss, each with five steps for one of the generator. A is held by "
        "clipped weights, and its field is a slope with a bend at most; B by a penalty on its gradient, and its field "
        "follows the modes. Claim 3.",
        (
            Duel((*_CRITIC, 'constraint={"kind": "WeightClipping", "limit": 0.01}')),
            Duel((*_CRITIC, _penalty(0.1))),
        ),
    ),
    Showcase(
        "collapse",
        "Mode collapse, and what helps",
        "In A the generator takes five steps, with much momentum, for each of the discriminator's: it throws all "
        "points to where the discriminator is wrong just now, one or two modes, and on to the next. In B both take "
        "one step, reals are compared with fakes in pairs, and slopes cost the discriminator something (R1, R2). "
        "Claim 4.",
        (
            Duel((*_QUICK, "generator_steps=5", *rates(2e-3, 1e-3, "[0.9, 0.999]"))),
            Duel((*_PLAIN, "objective=RelativisticPairing", *_R1_R2)),
        ),
    ),
    Showcase(
        "steps",
        "More steps for the discriminator?",
        "B's discriminator takes five steps for each of its generator's. At equal numbers of reals seen, which is how "
        "the curves count, its generator moves a fifth as often, and is behind. Claim 5.",
        (Duel(_PLAIN), Duel((*_PLAIN, "critic_steps=5"))),
        layers=("field", "average"),
    ),
    Showcase(
        "labels",
        "Labels give control",
        "The grid has 25 modes. B's networks are told which mode each point belongs to, and each of its fakes goes to "
        "the mode that it was asked for; A has to find out by itself. Claim 6.",
        (Duel((*_QUICK, *rates(4e-3))), Duel((*_QUICK, *rates(4e-3), "conditional=true"))),
        data="grid",
        layers=("average",),
    ),
    Showcase(
        "relativism",
        "Is a relative discriminator a better teacher?",
        "A asks whether a point is real, B whether a real is more real than the average fake. The text promises more "
        "modes and quality; here both do about as well. Claim 7.",
        (Duel(_PLAIN), Duel((*_PLAIN, "objective=RelativisticAverage"))),
        layers=("field", "average"),
    ),
    Showcase(
        "convolutions",
        "Convolutions draw better than connected layers",
        "The same digits for a small DCGAN (A) and for connected layers (B). After a minute A's are digits, and B's "
        "are nearly all the same blot. Claim 8.",
        (
            Duel(("generator.width=16", "discriminator.width=16", "images=50000"), "dcgan"),
            Duel(("images=50000",), "vanilla"),
        ),
        data="digits",
    ),
    Showcase(
        "rates",
        "The learning rate decides",
        "A's rate is 0.0002, B's 0.02: one hardly gets anywhere in a minute, the other jumps about and never comes to "
        "rest. In between lies the preset of the ring, with 0.002. Claim 9.",
        (Duel((*_QUICK, *rates(2e-4))), Duel((*_QUICK, *rates(2e-2)))),
    ),
)


def presets() -> tuple[Showcase, ...]:
    """Return all presets; the first is where a page begins."""
    return PRESETS
