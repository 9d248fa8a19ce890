"""Claim 5: label smoothing, noise on the discriminator's inputs, and more critic steps."""

from pathlib import Path

from benchmarks.claims import plots
from benchmarks.claims.claim import Claim, Findings, Table, Verdict, clearly_less, mean, spread
from benchmarks.claims.points import IMAGES, STATED, judged, points_trial
from benchmarks.claims.workshop import Json, Trial, Workshop

DENSITIES = ("ring",)
SEEDS = (0, 1, 2)
PLAIN = "as it is"
REMEDIES: dict[str, tuple[str, ...]] = {
    PLAIN: (),
    "reals smoothed to 0.9": ("objective.real_target=0.9",),
    "input noise, 0.1 to 0": ('augment={"kind": "InputNoise", "deviation": FALLING}',),
    "2 critic steps": ("critic_steps=2",),
    "5 critic steps": ("critic_steps=5",),
}


def trial(data: str, remedy: str) -> Trial:
    """Return the training of the non-saturating loss with one remedy; noise falls over the whole budget."""
    falling = f'{{"kind": "Linear", "start": 0.1, "end": 0.0, "until": {IMAGES[data]}}}'
    return points_trial(data, tuple(setting.replace("FALLING", falling) for setting in REMEDIES[remedy]))


def protocol(workshop: Workshop) -> Json:
    """Return what decides the numbers."""
    return {"trials": [trial(data, name).name(seed) for data in DENSITIES for name in REMEDIES for seed in SEEDS]}


def measure(workshop: Workshop) -> Json:
    """Train every remedy on both densities with every seed."""
    return {
        data: {name: [judged(workshop, trial(data, name), seed) for seed in SEEDS] for name in REMEDIES}
        for data in DENSITIES
    }


def draw(results: Json, path: Path) -> None:
    """Draw modes found and quality of every run."""
    figure, panels = plots.sheet(len(DENSITIES), 2, 3.9, 1.9)
    for row, data in zip(panels, DENSITIES, strict=True):
        found = [[each["modes_found"] for each in results[data][name]] for name in REMEDIES]
        quality = [[100 * each["high_quality"] for each in results[data][name]] for name in REMEDIES]
        plots.bars(row[0], list(REMEDIES), found)
        plots.bars(row[1], list(REMEDIES), quality, plots.COLOURS[2])
        plots.dress(row[0], data, "modes found")
        plots.dress(row[1], "", "high quality, %")
        row[1].set_yticklabels([])
    plots.save(figure, path)


def tell(results: Json) -> Findings:
    """Say which remedies found more than the plain training, and by more than its seeds differ."""
    changes = {name: [_change(results[data], name) for data in DENSITIES] for name in REMEDIES if name != PLAIN}
    helped = [name for name, words in changes.items() if "better" in words and "worse" not in words]
    verdict: Verdict = "holds" if len(helped) == len(changes) else "holds in part" if helped else "does not show"
    quality = {
        name: mean([each["high_quality"] for data in DENSITIES for each in results[data][name]]) for name in REMEDIES
    }
    numbers = ", ".join(f"{name} {value:.0%}" for name, value in quality.items())
    lines = [
        f"- {name}: " + ", ".join(f"{word} on {data}" for word, data in zip(words, DENSITIES, strict=True))
        for name, words in changes.items()
    ]
    return Findings(
        verdict=verdict,
        number=f"high-quality samples on {' and '.join(DENSITIES)}, mean over the seeds: {numbers}",
        told=(
            "Better than nothing means here: its worst seed put at least 20 samples at more modes than the best seed "
            "without it, or where those numbers overlap, the same of the share of high quality.\n\n"
            + "\n".join(lines)
            + _about_plain(results)
        ),
        protocol=(
            f"`mlp-2d` with the non-saturating loss, {STATED}. The discriminators see as many images in all variants, "
            f"so two critic steps leave the generator half of the updates, and five a fifth. Seeds "
            f"{', '.join(map(str, SEEDS))}."
        ),
        caption="Modes found and share of high quality, mean (bar) and every seed (dot)",
        table=Table(
            ("variant", *(f"{data}: {what}" for data in DENSITIES for what in ("modes found", "HQ"))),
            tuple((name, *(cell for data in DENSITIES for cell in _cells(results[data][name]))) for name in REMEDIES),
        ),
    )


def _about_plain(results: Json) -> str:
    steady = [data for data in DENSITIES if all(run["modes_found_20"] == run["modes"] for run in results[data][PLAIN])]
    if not steady:
        return ""
    return (
        f"\n\nOn {' and '.join(steady)} the plain training reaches every mode with every seed: it is steady without "
        "them, so this says what they cost, and little about what they cure. The cost of critic steps is that the "
        "generator moves less often; whether they help at equal numbers of its updates was not measured."
    )


def _cells(found: list[Json]) -> tuple[str, str]:
    return (
        f"{spread([each['modes_found'] for each in found], 1)} of {found[0]['modes']}",
        spread([each["high_quality"] for each in found]),
    )


def _change(found: Json, name: str) -> str:
    """Compare a remedy with the plain training: better, worse or no different."""
    for key in ("modes_found_20", "high_quality"):
        plain, other = ([each[key] for each in found[which]] for which in (PLAIN, name))
        if clearly_less(plain, other):
            return "better"
        if clearly_less(other, plain):
            return "worse"
    return "no different"


CLAIM = Claim(
    slug="stabilisers",
    title="Smoothed labels, noise and critic steps steady the game",
    says=(
        "S1: one-sided label smoothing (0.9) keeps the discriminator from overconfidence, noise on its inputs from "
        "overfitting, and the number of its steps for each of the generator's balances the two."
    ),
    protocol=protocol,
    measure=measure,
    draw=draw,
    tell=tell,
)
