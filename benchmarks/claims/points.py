"""Trainings on 2-D densities: one optimiser, one budget and one judgement for all sections."""

from typing import Any

from benchmarks.claims.workshop import Json, Trial, Workshop
from ganache.data.sources.densities import DENSITIES
from ganache.evaluation.metrics.modes import SAMPLES, WITHIN, count_modes
from ganache.runs import products

IMAGES = {"ring": 150_000, "grid": 450_000}
RATES = {"ring": 2e-3, "grid": 4e-3}
SLOWING = 50  # the rate ends at so much less
STATED = (
    f"batches of 256, Adam with betas (0, 0.9), its rate falling to a fiftieth along a cosine from {RATES['ring']:g} "
    f"(ring, {IMAGES['ring'] // 1000}k images) or {RATES['grid']:g} (grid, {IMAGES['grid'] // 1000}k)"
)
_SHOWN = 600  # points that a plot shows


def adam(rate: float, images: int) -> tuple[str, ...]:
    """Return the optimiser's settings for both players over a budget.

    The recipe's own rate and betas are for a budget ten times as long. These were chosen by a few trials of the
    non-saturating loss alone.
    """
    falling = f'{{"kind": "Cosine", "start": {rate}, "end": {rate / SLOWING}, "until": {images}}}'
    return tuple(
        f"optimizers.{role}.{field}"
        for role in ("generator", "discriminator")
        for field in (f"learning_rate={falling}", "betas=[0.0, 0.9]")
    )


def points_trial(data: str, settings: tuple[str, ...] = (), rate: float | None = None) -> Trial:
    """Return a training of `mlp-2d` with some settings on a density."""
    images = IMAGES[data]
    return Trial(data, "mlp-2d", (*adam(rate or RATES[data], images), *settings), images)


def judged(workshop: Workshop, trial: Trial, seed: int, **facts: Any) -> Json:
    """Train, and return what was found of the density's modes, with a few of the points."""
    run = workshop.train(trial, seed)
    density = DENSITIES[trial.data]()
    points = products.load(run.path).sample(SAMPLES).reshape(SAMPLES, 2)
    modes = count_modes(points, density.modes, density.std)
    return {
        **facts,
        "modes": modes.known,
        "modes_found": modes.found,
        "modes_found_20": modes.found_well,
        "high_quality": modes.high_quality,
        "samples": modes.samples,
        "within_deviations": WITHIN,
        "counts": list(modes.counts),
        "points": points[:_SHOWN].round(3).tolist(),
        "images_seen": run.images_seen,
        "training_seconds": run.training_seconds,
        "diverged": run.diverged,
        "seed": seed,
    }
