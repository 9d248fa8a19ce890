"""Claim 7: relativistic objectives against those that they are made from."""

from pathlib import Path

from benchmarks.claims import collapse, digits, plots
from benchmarks.claims.claim import Claim, Findings, Table, mean, spread
from benchmarks.claims.conditioning import digits_trial
from benchmarks.claims.points import judged
from benchmarks.claims.workshop import Json, Trial, Workshop

SEEDS = (0, 1)
PAIRS = {"RaGAN": "non-saturating", "RpGAN": "non-saturating", "RaLSGAN": "least squares"}
NAMES = ("non-saturating", "RaGAN", "RpGAN", "least squares", "RaLSGAN")


def trial(objective: str) -> Trial:
    """Return the training of a small dcgan on the digits with this objective."""
    if objective == "non-saturating":
        return digits_trial("unconditional")
    return Trial("digits", "dcgan", (*digits.SMALL, *collapse.OBJECTIVES[objective]), digits.IMAGES)


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    on_points = [
        collapse.trial(data, name).name(seed)
        for data in collapse.DENSITIES
        for name in NAMES
        for seed in collapse.SEEDS
    ]
    return {"trials": [*(trial(name).name(seed) for name in NAMES for seed in SEEDS), *on_points]}


def measure(workshop: Workshop) -> Json:
    """Train every objective on the digits; those on the densities are the runs of the section on collapse."""
    return {
        name: {
            "digits": [digits.judged(workshop.train(trial(name), seed)) for seed in SEEDS],
            **{
                data: [judged(workshop, collapse.trial(data, name), seed) for seed in collapse.SEEDS]
                for data in collapse.DENSITIES
            },
        }
        for name in NAMES
    }


def draw(results: Json, path: Path) -> None:
    """Draw Fréchet distances and modes found."""
    figure, (panels,) = plots.sheet(1, 3, 3.2, 2.1)
    plots.bars(panels[0], NAMES, [[each["frechet"] for each in results[name]["digits"]] for name in NAMES])
    plots.dress(panels[0], "digits", "Fréchet distance, less is better")
    for axes, data in zip(panels[1:], collapse.DENSITIES, strict=True):
        plots.bars(axes, NAMES, [[each["modes_found"] for each in results[name][data]] for name in NAMES])
        plots.dress(axes, data, "modes found, more is better")
        axes.set_yticklabels([])
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Compare each relativistic objective with its own ground."""
    frechet = {name: mean([each["frechet"] for each in results[name]["digits"]]) for name in NAMES}
    modes = {
        name: mean([each["modes_found"] / each["modes"] for data in collapse.DENSITIES for each in results[name][data]])
        for name in NAMES
    }
    closer = [name for name, plain in PAIRS.items() if frechet[name] < frechet[plain]]
    wider = [name for name, plain in PAIRS.items() if modes[name] > modes[plain]]
    both = [name for name in closer if name in wider]
    lines = [
        f"- {name} against {plain}: Fréchet distance {frechet[name]:.2f} against {frechet[plain]:.2f}, "
        f"{modes[name]:.0%} of the modes against {modes[plain]:.0%}"
        for name, plain in PAIRS.items()
    ]
    return Findings(
        verdict="holds" if len(both) == len(PAIRS) else "holds in part" if closer or wider else "does not hold",
        number=(
            f"{len(closer)} of {len(PAIRS)} relativistic objectives come nearer to the digits than what they are made "
            f"from, and {len(wider)} of {len(PAIRS)} find more modes"
        ),
        told="Pair by pair:\n\n" + "\n".join(lines),
        protocol=(
            f"`dcgan` with 16 features at half size on `digits`, {digits.IMAGES // 1000}k images in batches of 64, "
            f"seeds {', '.join(map(str, SEEDS))}; Fréchet distance of {digits.SAMPLES:,} samples to all 1,797 in the "
            "classifier's features. The densities' runs are those of the section on mode collapse."
        ),
        caption="Relativistic objectives beside their own ground: mean (bar) and every seed (dot)",
        table=Table(
            ("objective", "digits: Fréchet", "smallest class share", "ring: modes found", "grid: modes found"),
            tuple(
                (
                    name,
                    spread([each["frechet"] for each in results[name]["digits"]]),
                    spread([each["smallest_share"] for each in results[name]["digits"]], 3),
                    *(spread([each["modes_found"] for each in results[name][data]], 1) for data in collapse.DENSITIES),
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
