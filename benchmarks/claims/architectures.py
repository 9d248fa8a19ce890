"""Claim 8: fully connected networks against convolutions, at equal images and at equal time.

Time is that of the runs' own clocks: measure this on a machine that does nothing else meanwhile.
"""

from pathlib import Path

import numpy as np

from benchmarks.claims import digits, plots
from benchmarks.claims.claim import Claim, Findings, Table, clearly_less, mean, spread
from benchmarks.claims.conditioning import digits_trial
from benchmarks.claims.workshop import Finished, Json, Trial, Workshop

SEEDS = (0, 1)
_ADAM = tuple(
    f"optimizers.{role}.{field}"
    for role in ("generator", "discriminator")
    for field in ("learning_rate=2e-4", "betas=[0.5, 0.999]")
)
CONVOLUTIONS, CONNECTED, LONGER = "DCGAN", "connected, equal images", "connected, equal time"


def connected_trial(images: int) -> Trial:
    """Return the training of fully connected networks with the DCGAN's optimiser, batches and average."""
    return Trial("digits", "nonsaturating", (*_ADAM, "ema_half_life=5000"), images)


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    trials = (digits_trial("unconditional"), connected_trial(digits.IMAGES))
    return {"trials": [trial.name(seed) for trial in trials for seed in SEEDS], "third": "as long as the first"}


def measure(workshop: Workshop) -> Json:
    """Train convolutions, then fully connected networks for as many images, and for as long."""
    found: Json = {CONVOLUTIONS: [], CONNECTED: [], LONGER: []}
    for seed in SEEDS:
        convolutions = workshop.train(digits_trial("unconditional"), seed)
        connected = workshop.train(connected_trial(digits.IMAGES), seed)
        longer = workshop.train(connected_trial(_images_in_time(connected, convolutions)), seed)
        for name, run in ((CONVOLUTIONS, convolutions), (CONNECTED, connected), (LONGER, longer)):
            found[name].append(digits.judged(run))
    return found


def _images_in_time(run: Finished, other: Finished) -> int:
    """Return how many images the first kind of run sees in the time of the second, to a thousand."""
    share = other.training_seconds / run.training_seconds
    return max(1_000, 1_000 * round(digits.IMAGES * share / 1_000))


def draw(results: Json, path: Path) -> None:
    """Draw digits of the first seed."""
    figure, panels = plots.sheet(1, len(results), 3.4, 1.5)
    for axes, (name, found) in zip(panels[0], results.items(), strict=True):
        axes.imshow(digits.strip(found[0]["pictures"]), cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{name}, {found[0]['images_seen'] / 1000:.0f}k images", fontsize=8.5, color=plots.INK)
        axes.set_axis_off()
    plots.save(figure, path)


def _deviation(results: Json, name: str) -> float:
    """Return how much the pictures of a row vary: a pixel's deviation across them, 0 to 255, on average."""
    return mean([float(np.asarray(found["pictures"]).std(axis=0).mean()) for found in results[name]])


def tell(results: Json) -> Findings:
    """Compare the Fréchet distances."""
    frechet = {name: mean(_frechet(results, name)) for name in results}
    wins = [
        name for name in (CONNECTED, LONGER) if clearly_less(_frechet(results, CONVOLUTIONS), _frechet(results, name))
    ]
    speed = {
        name: mean([each["images_seen"] / each["training_seconds"] for each in found])
        for name, found in results.items()
    }
    variety = _deviation(results, CONNECTED) / _deviation(results, CONVOLUTIONS)
    return Findings(
        verdict="holds" if len(wins) == 2 else "holds in part" if wins else "does not hold",
        number=(
            f"Fréchet distance to the digits {frechet[CONVOLUTIONS]:.2f} for the DCGAN, {frechet[CONNECTED]:.2f} for "
            f"the connected networks after as many images and {frechet[LONGER]:.2f} after as much time"
        ),
        told=(
            f"The connected networks' pixels vary {variety:.0%} as much across the pictures as the DCGAN's. "
            f"On one thread the DCGAN saw {speed[CONVOLUTIONS]:.0f} images a second and the connected networks "
            f"{speed[CONNECTED]:.0f}. These pictures have 64 pixels, where a fully connected layer has little to "
            "waste; the gap that the documents speak of is one of larger pictures, for which see the table of recipes "
            "on MNIST in the README."
        ),
        protocol=(
            f"`digits`; the DCGAN has 16 features at half size, the connected networks are S1's (256-512-1024 and "
            f"512-256). Both: non-saturating loss, Adam 2e-4, betas (0.5, 0.999), batches of 64, average with a "
            f"half-life of 5,000 images, {digits.IMAGES // 1000}k images; the third row's number of images is what the "
            f"connected networks see in the DCGAN's time. Seeds {', '.join(map(str, SEEDS))}; {digits.SAMPLES:,} "
            "samples against all 1,797 in the classifier's features."
        ),
        caption="Digits of seed 0: convolutions, connected after as many images, connected after as long",
        table=Table(
            ("networks", "images", "seconds", "Fréchet", "smallest class share", "confidence"),
            tuple(
                (
                    name,
                    f"{mean([each['images_seen'] for each in found]) / 1000:.0f}k",
                    spread([each["training_seconds"] for each in found], 0),
                    spread([each["frechet"] for each in found]),
                    spread([each["smallest_share"] for each in found], 3),
                    spread([each["confidence"] for each in found], 3),
                )
                for name, found in results.items()
            ),
        ),
    )


def _frechet(results: Json, name: str) -> list[float]:
    return [each["frechet"] for each in results[name]]


CLAIM = Claim(
    slug="architectures",
    title="Convolutions draw better than connected layers",
    says=(
        "S1: fully connected layers may not capture the spatial hierarchies of images, and DCGANs generate better and "
        "more realistic ones; its exercise asks for the comparison. S3: convolutional models are dramatically more "
        "capable of spatial reasoning."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
