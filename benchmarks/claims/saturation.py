"""Claim 1: the saturating loss has no gradient left when the discriminator is sure of itself."""

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.claims import critics, plots
from benchmarks.claims.claim import Claim, Findings, Table, mean, spread
from benchmarks.claims.workshop import Json, Workshop
from ganache.data import open_dataset, select
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.parts.objectives import Minimax, NonSaturating, Objective
from ganache.support.streams import derive, untouched_global_stream

SEEDS = (0, 1, 2)
STEPS = (0, 5, 10, 20, 40, 80, 160, 320, 640)  # discriminator updates before each look
LATENTS = 256
OBJECTIVES: dict[str, Objective] = {"saturating": Minimax(), "non-saturating": NonSaturating()}


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    return {"recipe": "minimax", "data": "digits", "seeds": SEEDS, "steps": STEPS, "latents": LATENTS}


def measure(workshop: Workshop) -> Json:
    """Train a discriminator against an untrained generator; look at both generator losses' gradients on the way."""
    with untouched_global_stream():
        return {"looks": [_looks(workshop, seed) for seed in SEEDS]}


def _looks(workshop: Workshop, seed: int) -> list[Json]:
    dataset, recipe = open_dataset("digits"), critics.two_players("minimax")
    state = critics.start(recipe, seed, dataset.shape)
    random = torch.Generator().manual_seed(derive(seed, "claims", "latents"))
    latents = recipe.generator.latent.draw(LATENTS, random)
    draws = StateDraws(select(dataset), state)
    looks, done = [], 0
    for step in (workshop.scaled(step) if step else 0 for step in STEPS):
        for _ in range(step - done):
            iterate(state, draws)
        done = step
        looks.append({"step": step, **look(state, latents)})
    return looks


def look(state: TrainingState, latents: Tensor) -> Json:
    """Return mean D(G(z)), and for each objective the gradient at a logit and at all of the generator's weights."""
    state.cast.train_only("generator")
    none = torch.zeros(len(latents), 0)
    found: Json = {}
    for name, objective in OBJECTIVES.items():
        logits = critics.critic_of(state)(state.cast("generator", latents, none), none).logits
        loss = objective.generator(None, logits)
        (at_logits,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
        weights = list(state.cast.networks["generator"].parameters())
        at_weights = torch.autograd.grad(loss.mean(), weights)
        found[name] = {
            "logit": float(at_logits.abs().mean()),
            "weights": float(torch.cat([each.flatten() for each in at_weights]).norm()),
        }
        found["belief"] = float(logits.detach().sigmoid().mean())
    return found


def draw(results: Json, path: Path) -> None:
    """Draw both gradients over the discriminator's updates."""
    figure, panels = plots.sheet(1, 2, 4.4, 3.0)
    titles = {"weights": "norm over all generator weights", "logit": "mean size at a logit"}
    for axes, (key, title) in zip(panels[0], titles.items(), strict=True):
        for colour, name in zip(plots.COLOURS, OBJECTIVES, strict=False):
            for number, looks in enumerate(results["looks"]):
                steps, values = [each["step"] for each in looks], [each[name][key] for each in looks]
                axes.plot(steps, values, color=colour, linewidth=1.4, label=None if number else name)
        axes.set_yscale("log")
        axes.set_xscale("symlog", linthresh=10)
        axes.set_xlim(0, None)
        plots.dress(axes, title, "discriminator updates, generator fixed", "gradient of the generator's loss")
    plots.explain(panels[0][0])
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Compare the gradients where the discriminator is most confident."""
    last = [looks[-1] for looks in results["looks"]]
    left = mean([_left(looks, "saturating") for looks in results["looks"]])
    ratios = [each["non-saturating"]["weights"] / each["saturating"]["weights"] for each in last]
    belief = mean([each["belief"] for each in last])
    weaker, vanished = min(ratios) > 10.0, left < 0.1
    rows = tuple(
        (
            str(looks[0]["step"]),
            f"{mean([each['belief'] for each in looks]):.2g}",
            *(f"{mean([each[name]['weights'] for each in looks]):.2g}" for name in OBJECTIVES),
        )
        for looks in zip(*results["looks"], strict=True)
    )
    return Findings(
        verdict="holds" if weaker and vanished else "holds in part" if weaker else "does not hold",
        number=(
            f"when the discriminator gives the fakes {belief:.2g} on average, the non-saturating loss moves the "
            f"generator's weights {spread(ratios, 0)} times as strongly as the saturating one"
        ),
        told=(
            "At a logit the two gradients are D and 1 - D, so there the saturating loss's does vanish. What reaches "
            "the weights is that times the slope of the discriminator, which grows as it learns: the saturating loss's "
            f"gradient at first grows too, and after {last[0]['step']:,} updates it is {left:.2f} of its greatest"
            + (". " if vanished else f" and {_grown_mean(results, 'saturating'):.1f} times what it was at the start. ")
            + "The other loss's does not stay as it was either: it is "
            f"{_grown_mean(results, 'non-saturating'):.0f} times what it was. One detail of S0 is not so: the slope of "
            "log(1 - x) that it finds in the plot to be low is -1 at x = 0, which is no small number. It is small "
            "beside that of -log x, and what makes it vanish is the sigmoid before it. Whether this matters for a "
            "whole training is another question: compare the two losses in the section on modes."
        ),
        protocol=(
            f"Networks and optimiser of the recipe `minimax` (S1's) on `digits`; the generator stays as it was drawn, "
            f"the discriminator takes {last[0]['step']} steps of 64 images, and after each number of updates both "
            f"losses are differentiated at the same {LATENTS:,} latents. Seeds {_listed(SEEDS)}; the table has means."
        ),
        caption="How strongly each loss moves a fixed generator while the discriminator learns, three seeds",
        table=Table(("discriminator updates", "mean D(G(z))", *(f"gradient, {name}" for name in OBJECTIVES)), rows),
    )


def _left(looks: list[Json], name: str) -> float:
    """Return the last gradient as a share of the greatest."""
    return float(looks[-1][name]["weights"] / max(look[name]["weights"] for look in looks))


def _grown_mean(results: Json, name: str) -> float:
    """Return the last gradient as a multiple of the first, mean over the seeds."""
    return mean([looks[-1][name]["weights"] / looks[0][name]["weights"] for looks in results["looks"]])


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(str(seed) for seed in seeds)


CLAIM = Claim(
    slug="saturation",
    title="The saturating loss starves the generator",
    says=(
        "S1: log(1 - D(G(z))) tends to saturate when the discriminator is confident, and maximising log D(G(z)) gives "
        "more meaningful gradients early in training. S0 reads the same from the slopes of the two functions; S3: "
        "implementations avoid the first for its vanishing gradients."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
