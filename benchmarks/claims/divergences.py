"""Claim 2: for distributions that do not meet, JS says nothing and the Wasserstein distance says how far."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.claims import critics, plots
from benchmarks.claims.claim import Claim, Findings, Table
from benchmarks.claims.distances import BIT, jensen_shannon, wasserstein_on_line
from benchmarks.claims.workshop import Json, Workshop
from ganache.games import TwoPlayers
from ganache.parts.penalties import GradientPenalty
from ganache.support.streams import derive, untouched_global_stream

SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # a square's sides
CELLS_PER_SIDE = 1_000
POINTS = 100_000
STEPS = 400
JUDGED = 10_000
PENALTY = 10.0
SEED = 0


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    return {"shifts": SHIFTS, "cells": CELLS_PER_SIDE, "points": POINTS, "steps": STEPS, "judged": JUDGED, "seed": SEED}


def measure(workshop: Workshop) -> Json:
    """Compute both distances of a unit square and the square shifted along x, and ask trained critics for them."""
    with untouched_global_stream():
        return {"rows": [_row(shift, workshop.scaled(STEPS)) for shift in SHIFTS]}


def exact(shift: float) -> Json:
    """Return JS (nats), from cells, and the Wasserstein-1 distance, from evenly spaced points, of the two squares.

    Both squares are the same in y, so the line along x decides.
    """
    width = CELLS_PER_SIDE + round(shift * CELLS_PER_SIDE)
    cells = np.arange(width)
    first = (cells < CELLS_PER_SIDE) / CELLS_PER_SIDE
    second = (cells >= width - CELLS_PER_SIDE) / CELLS_PER_SIDE
    places = (np.arange(POINTS) + 0.5) / POINTS
    return {"js": jensen_shannon(first, second), "w1": wasserstein_on_line(places, places + shift)}


def _row(shift: float, steps: int) -> Json:
    return {"shift": shift, **exact(shift), **_discriminator(shift, steps), **_critic(shift, steps)}


def _recipe(**fields: Any) -> TwoPlayers:
    return critics.two_players("mlp-2d").changed(**fields)


def _trained(recipe: TwoPlayers, shift: float, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the logits of fresh reals and of fresh fakes, and |∇D| at the fakes, each (JUDGED,)."""
    state = critics.start(recipe, SEED, generator=critics.Given())
    random = torch.Generator().manual_seed(derive(SEED, "claims", "squares"))
    moved = torch.tensor([shift, 0.0])

    def reals(count: int) -> Tensor:
        return torch.rand(count, 2, generator=random)[:, :, None, None]

    critics.improve(state, reals, lambda count: torch.rand(count, 2, generator=random) + moved, steps)
    fakes = reals(JUDGED) + moved[:, None, None]
    return critics.logits(state, reals(JUDGED)), critics.logits(state, fakes), critics.slopes(state, fakes)


def _discriminator(shift: float, steps: int) -> Json:
    """The best discriminator's loss is 2 ln 2 - 2 JS (Goodfellow et al. 2014, theorem 1)."""
    recipe = _recipe()
    real, fake, slopes = _trained(recipe, shift, steps)
    loss = float(recipe.objective.discriminator(real, fake).mean())
    # What reaches a fake through log(1 - D): D |∇ logit|.
    return {"discriminator": BIT - loss / 2.0, "discriminator_slope": float((fake.sigmoid() * slopes).mean())}


def _critic(shift: float, steps: int) -> Json:
    penalty = {"gradient_penalty": GradientPenalty(weight=PENALTY)}
    real, fake, slopes = _trained(_recipe(objective="Wasserstein", penalties=penalty), shift, steps)
    return {"critic": float(real.mean() - fake.mean()), "critic_slope": float(slopes.mean())}


def draw(results: Json, path: Path) -> None:
    """Draw both distances, what the networks make of them, and the slopes that a fake gets from each."""
    rows = results["rows"]
    shifts = [row["shift"] for row in rows]
    figure, (panels,) = plots.sheet(1, 3, 3.5, 3.0)
    blue, red = plots.COLOURS[:2]
    panels[0].plot(shifts, [row["js"] / BIT for row in rows], color=blue, label="exact")
    panels[0].plot(shifts, [row["discriminator"] / BIT for row in rows], "o", color=blue, label="by a discriminator")
    panels[0].axhline(1.0, color=plots.FAINT, linewidth=0.8, linestyle=":")
    plots.dress(panels[0], "Jensen-Shannon", "shift, in sides", "bits")
    panels[1].plot(shifts, [row["w1"] for row in rows], color=red, label="exact")
    panels[1].plot(shifts, [row["critic"] for row in rows], "o", color=red, label="by a critic with penalty")
    plots.dress(panels[1], "Wasserstein-1", "shift, in sides", "sides")
    panels[2].plot(shifts, [row["discriminator_slope"] for row in rows], "o-", color=blue, label="log(1 - D)")
    panels[2].plot(shifts, [row["critic_slope"] for row in rows], "o-", color=red, label="critic")
    plots.dress(panels[2], "slope at the fakes", "shift, in sides", "per side")
    for axes in panels:
        plots.explain(axes)
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Compare the distances where the squares do not meet."""
    apart = [row for row in results["rows"] if row["shift"] >= 1.0]
    near, far = apart[0], apart[-1]
    flat = far["js"] - near["js"]
    growth = (far["w1"] - near["w1"]) / (far["shift"] - near["shift"])
    learned = (far["critic"] - near["critic"]) / (far["shift"] - near["shift"])
    holds = abs(flat) < 1e-6 and abs(growth - 1.0) < 1e-6
    expected = far["shift"] * (1.0 + far["shift"] / (2.0 * PENALTY))
    rows = tuple(
        (
            f"{row['shift']:g}",
            f"{row['js']:.3f}",
            f"{row['js'] / BIT:.3f}",
            f"{row['discriminator'] / BIT:.3f}",
            f"{row['w1']:.3f}",
            f"{row['critic']:.3f}",
            f"{row['discriminator_slope']:.2g}",
            f"{row['critic_slope']:.2g}",
        )
        for row in results["rows"]
    )
    return Findings(
        verdict="holds" if holds else "does not hold",
        number=(
            f"from a shift of {near['shift']:g} side to one of {far['shift']:g} JS stays at {far['js']:.4f} nats "
            f"({far['js'] / BIT:.4f} bits), while W₁ grows by {growth:.3f} for every side"
        ),
        told=(
            f"One sentence of S1 needs its unit: 1 is the bound of JS in bits. With the natural logarithm, which its "
            f"code uses, the bound is ln 2 = {BIT:.4f} and 1 is never reached. Trained networks show the same: the "
            f"discriminator's estimate, ln 2 minus half its loss, is {far['discriminator'] / BIT:.3f} bits at a shift "
            f"of {far['shift']:g}, and what its saturating loss lets through to a fake has fallen to "
            f"{far['discriminator_slope']:.2g} per side. The critic's estimate grows by {learned:.2f} a side and its "
            f"slope at the fakes is {far['critic_slope']:.2f}. It says {far['critic']:.2f} where the distance is "
            f"{far['w1']:.2f}: the penalty is soft, so a slope of 1 + θ/2λ pays, and θ (1 + θ/2λ) = {expected:.2f}."
        ),
        protocol=(
            f"Uniform densities on the unit square and on the same square shifted along x. Exact: {CELLS_PER_SIDE:,} "
            f"cells a side for JS, {POINTS:,} evenly spaced points for W₁ (on a line the cheapest plan keeps the "
            f"order). Learned: the discriminator of `mlp-2d` by {STEPS} steps of 256 points (Adam 1e-3), once with "
            f"the logistic loss and once with the Wasserstein loss and a gradient penalty of {PENALTY:g}; seed {SEED}, "
            f"judged on {JUDGED:,} fresh points of each."
        ),
        caption="A square against its shifted copy: both distances, exact and as trained networks estimate them",
        table=Table(
            (
                "shift",
                "JS, nats",
                "JS, bits",
                "discriminator, bits",
                "W₁",
                "critic",
                "slope of log(1 - D)",
                "slope of the critic",
            ),
            rows,
        ),
    )


CLAIM = Claim(
    slug="divergences",
    title="JS is blind to distance where nothing overlaps",
    says=(
        "S1: where the distributions have little or no overlap the Wasserstein distance remains a valid measure of how "
        "far apart they are, while JS becomes less informative and its gradients vanish. Also S1: JS is bounded "
        "between 0 and 1."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
