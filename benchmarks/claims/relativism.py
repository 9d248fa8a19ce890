"""Claim 7: relativistic objectives against those that they are made from."""

from pathlib import Path

from benchmarks.claims import collapse, plots
from benchmarks.claims.claim import Claim, Findings, Table, clearly_less, spread
from benchmarks.claims.points import STATED, judged
from benchmarks.claims.workshop import Json, Workshop

PAIRS = {"RaGAN": "non-saturating", "RpGAN": "non-saturating", "RaLSGAN": "least squares"}
NAMES = ("non-saturating", "RaGAN", "RpGAN", "least squares", "RaLSGAN")


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    trials = [collapse.trial(data, name) for data in collapse.DENSITIES for name in NAMES]
    return {"trials": [trial.name(seed) for trial in trials for seed in collapse.SEEDS]}


def measure(workshop: Workshop) -> Json:
    """Judge the runs of the section on mode collapse."""
    return {
        data: {name: [judged(workshop, collapse.trial(data, name), seed) for seed in collapse.SEEDS] for name in NAMES}
        for data in collapse.DENSITIES
    }


def draw(results: Json, path: Path) -> None:
    """Draw modes reached and share of high quality of every run."""
    figure, panels = plots.sheet(len(results), 2, 3.9, 1.9)
    for row, (data, found) in zip(panels, results.items(), strict=True):
        plots.bars(row[0], NAMES, [[each["modes_found_20"] for each in found[name]] for name in NAMES])
        plots.bars(
            row[1], NAMES, [[100 * each["high_quality"] for each in found[name]] for name in NAMES], plots.COLOURS[2]
        )
        plots.dress(row[0], data, "modes with ≥ 20 samples")
        plots.dress(row[1], "", "high quality, %")
        row[1].set_yticklabels([])
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Compare each relativistic objective with its own ground."""
    quality = {
        data: {name: [each["high_quality"] for each in found[name]] for name in NAMES}
        for data, found in results.items()
    }
    compared = [(data, name) for data in results for name in PAIRS]
    better = [(data, name) for data, name in compared if clearly_less(quality[data][PAIRS[name]], quality[data][name])]
    worse = [(data, name) for data, name in compared if clearly_less(quality[data][name], quality[data][PAIRS[name]])]
    lines = [
        f"- {name} against {PAIRS[name]} on {data}: {spread(quality[data][name])} against "
        f"{spread(quality[data][PAIRS[name]])}"
        for data, name in compared
    ]
    return Findings(
        verdict="holds" if better == compared else "holds in part" if better else "does not show",
        number=(
            f"in {len(better)} of {len(compared)} comparisons every seed of the relativistic objective has a greater "
            f"share of high quality than every seed of what it is made from, and in {len(worse)} a smaller one"
        ),
        told=(
            "Where neither is so, the seeds' ranges overlap, and three seeds do not tell. Shares of high quality:\n\n"
            + "\n".join(lines)
            + "\n\nFaster convergence, which S1 promises too, would show here as more at a fixed budget."
        ),
        protocol=(
            f"The runs of the section on modes: `mlp-2d`'s networks, {STATED}, seeds "
            f"{', '.join(map(str, collapse.SEEDS))}."
        ),
        caption="Relativistic objectives beside their own ground: mean (bar) and every seed (dot)",
        table=Table(
            ("objective", *(f"{data}: {what}" for data in results for what in ("modes with ≥ 20", "HQ"))),
            tuple(
                (
                    name,
                    *(
                        cell
                        for data, found in results.items()
                        for cell in (
                            spread([each["modes_found_20"] for each in found[name]], 1),
                            spread(quality[data][name]),
                        )
                    ),
                )
                for name in NAMES
            ),
        ),
    )


CLAIM = Claim(
    slug="relativism",
    title="A relative discriminator is a better teacher",
    says=(
        "S1: asking whether a real is more realistic than a fake improves the generator's gradients, reduces mode "
        "collapse, gives better pictures, and speeds up convergence."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
