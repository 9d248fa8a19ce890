"""Claim 9: the learning rate and the batch size decide whether it works."""

from pathlib import Path

import numpy as np

from benchmarks.claims import plots
from benchmarks.claims.claim import Claim, Findings, Table
from benchmarks.claims.points import IMAGES, judged, points_trial
from benchmarks.claims.workshop import Json, Trial, Workshop

RATES = (2e-4, 2e-3, 2e-2)
BATCHES = (64, 256, 1024)
SEED = 0


def trial(rate: float, batch: int) -> Trial:
    """Return a training of `mlp-2d` on the ring."""
    return points_trial("ring", (f"batch_size={batch}",), rate)


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    return {"trials": [trial(rate, batch).name(SEED) for rate in RATES for batch in BATCHES]}


def measure(workshop: Workshop) -> Json:
    """Train with every rate and batch size."""
    return {
        "runs": [
            judged(workshop, trial(rate, batch), SEED, rate=rate, batch=batch) for rate in RATES for batch in BATCHES
        ]
    }


def _cells(results: Json, key: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([run[key] for run in results["runs"]], np.float64).reshape(len(RATES), len(BATCHES))


def draw(results: Json, path: Path) -> None:
    """Draw modes found and quality for every pair."""
    figure, (panels,) = plots.sheet(1, 2, 3.6, 2.6)
    for axes, key, title, factor, most in (
        (panels[0], "modes_found", "modes found, of 8", 1, 8),
        (panels[1], "high_quality", "high quality, %", 100, 100),
    ):
        cells = factor * _cells(results, key)
        axes.imshow(cells, cmap="Blues", vmin=0, vmax=most, aspect="auto")
        for row, column in np.ndindex(cells.shape):
            value = cells[row, column]
            ink = "white" if value > most / 2 else plots.INK
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=9, color=ink)
        axes.set_xticks(range(len(BATCHES)), [str(batch) for batch in BATCHES])
        axes.set_yticks(range(len(RATES)), [f"{rate:g}" for rate in RATES])
        plots.dress(axes, title, "batch size", "learning rate")
        axes.grid(False)
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Say what the extremes did."""
    best = max(results["runs"], key=lambda run: (run["modes_found_20"], run["high_quality"]))
    quality = _cells(results, "high_quality")
    modes = _cells(results, "modes_found")
    low, middle, high = quality.max(axis=1)
    larger = quality[:, -1].mean() > quality[:, 0].mean()
    rate_holds = middle > low and middle > high
    return Findings(
        verdict="holds" if rate_holds and larger else "holds in part" if rate_holds or larger else "does not hold",
        number=(
            f"best of nine: rate {best['rate']:g} with batches of {best['batch']}, {best['modes_found']} of 8 modes "
            f"and {best['high_quality']:.0%} of high quality; the best at rates {', '.join(f'{r:g}' for r in RATES)}: "
            f"{low:.0%}, {middle:.0%}, {high:.0%}"
        ),
        told=_told(results),
        protocol=(
            f"`mlp-2d` on `ring`, non-saturating loss, betas (0, 0.9), both players with the same rate, "
            f"falling to a fiftieth, {IMAGES['ring'] // 1000}k images, seed {SEED}; one run a cell, so neighbours may "
            "differ by luck."
        ),
        caption="Modes found and share of high quality on the ring for each learning rate and batch size",
        table=Table(
            ("learning rate", *(f"batch {batch}: modes, HQ" for batch in BATCHES)),
            tuple(
                (f"{rate:g}", *(f"{modes[row, column]:.0f}, {quality[row, column]:.2f}" for column in range(3)))
                for row, rate in enumerate(RATES)
            ),
        ),
    )


def _told(results: Json) -> str:
    quality, modes = _cells(results, "high_quality"), _cells(results, "modes_found")
    seconds = ", ".join(f"{each:.0f}" for each in _cells(results, "training_seconds").mean(axis=0))
    diverged = sum(run["diverged"] for run in results["runs"])
    better = "better" if quality[:, -1].mean() > quality[:, 0].mean() else "not better"
    return (
        f"After {IMAGES['ring'] // 1000}k images the lowest rate found at most {modes[0].max():.0f} modes, the highest "
        f"at most {modes[2].max():.0f}; {diverged or 'none'} of the nine runs became non-finite. At equal images "
        f"batches of {BATCHES[-1]} are {better} on average than batches of {BATCHES[0]}; they take a sixteenth "
        f"of the updates and, on networks this small, less time: {seconds} s for {', '.join(map(str, BATCHES))}. That "
        "larger batches need more computing is true of one update, not of one image."
    )


CLAIM = Claim(
    slug="batch-and-rate",
    title="Learning rate and batch size decide",
    says=(
        "S1: a high learning rate can cause divergence, a low one slow convergence or stagnation, around 1e-4 is "
        "common; larger batches are more stable and cost more."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
