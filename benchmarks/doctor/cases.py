"""The runs: each sick one is a healthy recipe with one named fault."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.claims.workshop import Trial

DIGITS, SPLIT, FEW = "digits", "SPLIT", "FEW"  # the last two are folders that `data_for` writes
HELD_OUT = 400  # digits
SOME = 64  # digits to learn from

GENERATOR, DISCRIMINATOR = "optimizers.generator.learning_rate", "optimizers.discriminator.learning_rate"
SMALL = ("generator.width=16", "discriminator.width=16", "ema_half_life=1000")
NO_NORM = (*SMALL, "discriminator.batch_norm=false")
PAIRING = "objective=RelativisticPairing"
SLOPES = tuple(f'penalties.{name.lower()}={{"kind": "{name}", "weight": 0.1}}' for name in ("R1", "R2"))
# Every second time, with twice the weight: cheaper on a slow machine.
POINT_SLOPES = tuple(
    f'penalties.{name.lower()}={{"kind": "{name}", "weight": 0.01, "every": 2}}' for name in ("R1", "R2")
)
POINTS = ("ema_half_life=5000",)
STEADY_POINTS = (*POINTS, PAIRING, *POINT_SLOPES)
CONNECTED = (
    *("generator.widths=[128, 128]", "discriminator.widths=[128, 128]", "ema_half_life=1000"),
    *(f"{GENERATOR}=2e-4", f"{DISCRIMINATOR}=2e-4"),
    *("optimizers.generator.betas=[0.5, 0.999]", "optimizers.discriminator.betas=[0.5, 0.999]"),
)


@dataclass(frozen=True)
class Case:
    """A training; `fault` says what was done to it, and `expected` what the doctor must say first. Healthy: neither."""

    name: str
    data: str
    recipe: str
    images: int
    settings: tuple[str, ...]
    fault: str = ""
    expected: str = ""

    def trial(self, folder: Path, settings: tuple[str, ...] = ()) -> Trial:
        """Return the training, with some settings more."""
        return Trial(data_for(self.data, folder), self.recipe, (*self.settings, *settings), self.images)


SICK: tuple[Case, ...] = (
    Case(
        *("saturating", DIGITS, "dcgan", 60_000),
        (*SMALL, "objective=Minimax", "critic_steps=3", f"{DISCRIMINATOR}=1e-3"),
        "the saturating loss against a discriminator that learns 15 times as fast",
        "vanishing generator gradient",
    ),
    Case(
        *("fast-generator", "ring", "mlp-2d", 120_000, (*STEADY_POINTS, f"{GENERATOR}=0.05")),
        "the generator's learning rate × 50",
        "generator learning rate too high",
    ),
    Case(
        *("fast-generator-grid", "grid", "mlp-2d", 120_000, (*POINTS, f"{GENERATOR}=1e-2")),
        "the generator's learning rate × 10",
        "generator learning rate too high",
    ),
    Case(
        *("fast-discriminator", DIGITS, "dcgan", 20_000, (*SMALL, f"{DISCRIMINATOR}=0.1")),
        "the discriminator's learning rate × 500",
        "discriminator learning rate too high",
    ),
    Case(
        *("slow-generator", DIGITS, "dcgan", 20_000, (*SMALL, f"{GENERATOR}=2e-6")),
        "the generator's learning rate / 100",
        "discriminator too strong",
    ),
    Case(
        *("slow-discriminator", DIGITS, "dcgan", 20_000, (*SMALL, f"{DISCRIMINATOR}=2e-7")),
        "the discriminator's learning rate / 1000",
        "discriminator too weak",
    ),
    Case(
        *("false-labels", DIGITS, "dcgan", 20_000, (*SMALL, "label_flips=0.5")),
        "half of all labels exchanged",
        "discriminator too weak",
    ),
    Case(
        *("drowned", DIGITS, "dcgan", 20_000, (*SMALL, 'augment={"kind": "InputNoise", "deviation": 4}')),
        "noise of deviation 4 on the discriminator's inputs",
        "discriminator too weak",
    ),
    Case(
        *("one-latent", DIGITS, "dcgan", 20_000, (*SMALL, "generator.latent.size=1")),
        "a single latent number",
        "partial mode collapse",
    ),
    Case(
        *("few-images", FEW, "dcgan", 20_000),
        (
            *("generator.width=16", "ema_half_life=1000"),
            'discriminator={"kind": "MLPDiscriminator", "widths": [512, 512], "slope": 0.2}',
        ),
        "64 training images and a large discriminator",
        "discriminator overfitting",
    ),
    Case(
        *("collapse", DIGITS, "nonsaturating", 60_000, CONNECTED),
        "small connected networks without any penalty",
        "mode collapse",
    ),
    Case(
        *("unbounded-points", "ring", "mlp-2d", 300_000, (*POINTS, "objective=Wasserstein", "critic_steps=5")),
        "a Wasserstein critic without a bound on its slope",
        "divergence",
    ),
    Case(
        *("unbounded", DIGITS, "dcgan", 40_000),
        (*NO_NORM, "objective=Wasserstein", "critic_steps=2", f"{DISCRIMINATOR}=1e-3"),
        "the same on pictures",
        "divergence",
    ),
)

HEALTHY: tuple[Case, ...] = (
    Case("dcgan", DIGITS, "dcgan", 20_000, SMALL),
    Case("dcgan-least-squares", DIGITS, "dcgan", 20_000, (*SMALL, "objective=LeastSquares")),
    Case("dcgan-relativistic", DIGITS, "dcgan", 20_000, (*SMALL, "objective=RelativisticAverage")),
    Case("dcgan-conditional", DIGITS, "dcgan", 20_000, (*SMALL, "conditional=true")),
    Case("dcgan-smoothed", DIGITS, "dcgan", 20_000, (*SMALL, "objective.real_target=0.9")),
    Case("dcgan-pairing", DIGITS, "dcgan", 20_000, (*NO_NORM, PAIRING, *SLOPES)),
    Case("dcgan-hinge", DIGITS, "dcgan", 20_000, (*NO_NORM, "objective=Hinge")),
    Case("dcgan-held-out", SPLIT, "dcgan", 20_000, SMALL),
    Case(
        *("dcgan-wgan-gp", DIGITS, "dcgan", 60_000),
        (
            *(*NO_NORM, "objective=Wasserstein", "critic_steps=3"),
            'penalties.slope={"kind": "GradientPenalty", "weight": 10}',
        ),
    ),
    Case("ring", "ring", "mlp-2d", 120_000, STEADY_POINTS),
    Case("grid", "grid", "mlp-2d", 120_000, STEADY_POINTS),
    # With slopes weighed 0.01 it wanders, and the doctor says so.
    Case(
        *("spiral", "spiral", "mlp-2d", 120_000),
        (*STEADY_POINTS, "penalties.r1.weight=0.1", "penalties.r2.weight=0.1"),
    ),
)


def data_for(name: str, folder: Path) -> str:
    """Return what --data takes; the folders of digits with a held-out split are written on first use."""
    counts = {FEW: SOME, SPLIT: 1_797 - HELD_OUT}
    if name not in counts:
        return name
    place = folder / f"digits-{counts[name]}"
    if not place.exists():
        _write_digits(place, counts[name])
    return str(place)


def _write_digits(place: Path, count: int) -> None:
    from sklearn.datasets import load_digits

    values = load_digits().images
    images = np.floor(values * (255 / 16) + 0.5).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(images))
    for split, rows in (("test", order[:HELD_OUT]), ("train", order[HELD_OUT : HELD_OUT + count])):
        (place / split).mkdir(parents=True)
        for row in rows:
            Image.fromarray(images[row]).save(place / split / f"{row:04d}.png")
