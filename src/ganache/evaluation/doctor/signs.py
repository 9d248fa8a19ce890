"""The signs: each function looks at a chart for one disease, and returns its confidence and the evidence, or None.

Accuracies, gradients and what the fakes look like are compared, never losses, whose scale each objective chooses for
itself. Bounds lie between what healthy runs showed in development (seeds below 30, docs/doctor.md) and what sick ones
did, unless a source is given.
"""

import math
from collections.abc import Callable

from ganache.evaluation.doctor import looks, movement, remedies
from ganache.evaluation.doctor.chart import MOVEMENT, Chart
from ganache.evaluation.doctor.finding import Confidence
from ganache.evaluation.doctor.movement import Remedy
from ganache.games import TwoPlayers
from ganache.parts.penalties import R1, R2
from ganache.parts.schedules import at

Sign = tuple[Confidence, str]

EXPLODED, EXPLODED_TIMES = 100.0, 10.0  # size of the logits at the end, and in relation to the beginning
STEEPER = 5.0  # times the slope of the beginning: relativistic logits may drift away together, which does no harm
LEAPING = 0.05  # movement; recipes that work have 0.002 … 0.03, and 0.05 with an unusually small start
ABSURD = 0.1  # movement that is too much even where no harm is seen yet
FADED = 0.1  # of the slope at the fakes in the first quarter
UNBEATEN = 0.99  # accuracy; healthy 0.7 … 0.95
NEARLY_UNBEATEN, STEEPENING = 0.97, 1.5  # accuracy, and times the slope of the middle, of one that runs away
EARNED = (
    movement.faster("generator"),
    movement.equal_rates,
    remedies.one_critic_step,
)  # why it may be ahead, if they fit
# Deviation of the accuracy on held-out reals, and its least; two healthy runs had 0.08 and 0.65, 0.14 and 0.52.
UNSTEADY, REFUSED = 0.15, 0.45
GUESSING = 0.62  # mean of both accuracies
OVERFIT = 0.4  # r_v of Karras et al. 2020, "Training GANs with Limited Data", equation 1; 0.55 with 64 images
KNOWS, GUESSES = 0.75, 0.5  # accuracy on the reals of training, and on held-out ones
COLLAPSED, COLLAPSED_DOUBLES = 0.3, 0.5  # diversity, and share of duplicates
COLLAPSED_MODES = 0.4  # share reached
GROWING = 1.15  # times as much as in the middle of the run; samples that still grow more various are young, not sick
ROAMING = 0.4  # deviations of the reals; healthy below 0.15
TURNING = 0.3  # of those, what no straight way explains: a generator that is on its way does not oscillate
TINY = 1e-12
ARTEFACTS, ARTEFACT_TIMES = 0.03, 3.0  # share of energy more than, and in relation to, the reals'

# What in a recipe can make a discriminator weak.
WEAKENED: tuple[Remedy, ...] = (
    remedies.truthful_labels,
    remedies.less_noise,
    remedies.lighter_penalties,
    movement.faster("discriminator"),
    remedies.larger_discriminator,
)


def divergence(chart: Chart) -> Sign | None:
    """Numbers that leave every bound, or that have left it already."""
    rollbacks = int(chart.record.get("rollbacks", 0))
    failed = "non-finite" in str(chart.record.get("outcome", ""))
    if failed or rollbacks:
        times = f"{rollbacks} time{'s' * (rollbacks > 1)}" if rollbacks else "for good"
        return ("certain" if failed or rollbacks > 1 else "likely"), f"the state became non-finite {times}"
    before, now = (max(abs(level("logits/real")), abs(level("logits/fake"))) for level in (chart.early, chart.late))
    steeper = chart.late("gradient/fakes") / max(chart.early("gradient/fakes"), TINY)
    if not (now > EXPLODED and now > EXPLODED_TIMES * before and steeper > STEEPER):
        return None
    return "certain", (
        f"the logits grew from {before:.3g} to {now:.3g}, the slope at the samples {steeper:.3g}-fold, "
        "and neither has a bound"
    )


def leaps(player: str) -> Callable[[Chart], Sign | None]:
    """Return the rule for steps that are too long for one player."""

    def rule(chart: Chart) -> Sign | None:
        moved, complaints = chart.late(f"{MOVEMENT}{player}"), looks.complaints(chart)
        jumps = max(chart.deviation(f"accuracy/{side}") for side in ("real", "fake"))
        if player == "discriminator" and jumps > 0.2:
            complaints.append(f"its accuracy jumps by {100 * jumps:.0f} points from line to line")
        length = f"each update can move the {player}'s weights by {100 * moved:.0f}% of their size, where 1% is usual"
        if moved > LEAPING and complaints:
            return "certain", f"{length}: {_joined(complaints)}"
        return ("likely", length) if moved > ABSURD else None

    return rule


def vanishing_gradient(chart: Chart) -> Sign | None:
    """A discriminator so sure of itself that nothing is left to learn from."""
    before, now = chart.early("gradient/fakes"), chart.late("gradient/fakes")
    complaints = looks.complaints(chart)
    if not (_least_accuracy(chart) > UNBEATEN and now < FADED * before and complaints):
        return None
    return "certain", (
        f"the slope at the samples fell to {now / before:.2g} of what it was ({before:.2g} → {now:.2g}) while the "
        f"discriminator is right about {_accuracies(chart)}: {_joined(complaints)}"
    )


def held_loosely(chart: Chart) -> Sign | None:
    """A discriminator that is hardly ever wrong since the run's first quarter, although slopes cost it something.

    They cost it too little. The symptoms come later: samples that run from place to place, pixels that die or saturate.
    """
    price = _price_of_slopes(chart)
    least = min(level(f"accuracy/{side}") for level in (chart.middle, chart.late) for side in ("real", "fake"))
    complaints = looks.complaints(chart)
    if not (price and least > NEARLY_UNBEATEN and complaints) or _is_catching_up(chart):
        return None
    if vanishing_gradient(chart) or remedies.fit(chart, EARNED):
        return None
    return "certain", (
        f"the discriminator is right about {_accuracies(chart)}, and was since the run's first quarter: slopes cost "
        f"it too little ({price}); {_joined(complaints)}"
    )


def too_strong(chart: Chart) -> Sign | None:
    """A discriminator that is hardly ever wrong, and ever surer, while the fakes stay bad.

    One that is still wrong now and then must also grow steeper: its slopes are held too loosely.
    """
    gap_before, gap_now = _gap(chart.middle), _gap(chart.late)
    slope_before, slope_now = chart.middle("gradient/fakes"), chart.late("gradient/fakes")
    is_steepening = slope_now > STEEPENING * slope_before
    complaints = looks.complaints(chart)
    is_sure = _least_accuracy(chart) > (NEARLY_UNBEATEN if is_steepening else UNBEATEN)
    if not (is_sure and gap_now > GROWING * gap_before and complaints):
        return None
    if vanishing_gradient(chart) or held_loosely(chart):
        return None
    slope = f", the slope at the samples from {slope_before:.2g} to {slope_now:.2g}" if is_steepening else ""
    free = "" if remedies.is_held(chart) else "; nothing makes slopes cost it anything"
    return "certain", (
        f"the discriminator is right about {_accuracies(chart)}, and the distance between their logits grew from "
        f"{gap_before:.3g} to {gap_now:.3g}{slope}{free}: {_joined(complaints)}"
    )


def too_weak(chart: Chart) -> Sign | None:
    """A discriminator that cannot tell fakes which anybody can.

    It is certain where the recipe shows why: one that is merely led around by a restless generator guesses too.
    """
    accuracy = (chart.late("accuracy/real") + chart.late("accuracy/fake")) / 2.0
    complaints = looks.complaints(chart)
    if not (accuracy < GUESSING and complaints):
        return None
    is_explained = remedies.fit(chart, WEAKENED)
    return "certain" if is_explained else "likely", (
        f"the discriminator is right in {100 * accuracy:.0f}% of all cases, hardly more than by chance, although "
        f"{_joined(complaints)}"
    )


def overfitting(chart: Chart) -> Sign | None:
    """A discriminator that knows its training images by heart."""
    known, unseen, fake = (
        chart.late(name) for name in ("logits/trained", "held_out/logits_real", "held_out/logits_fake")
    )
    ratio = (known - unseen) / (known - fake) if known > fake else math.nan
    learnt, told = chart.late("accuracy/real"), chart.late("held_out/accuracy_real")
    if not (ratio > OVERFIT and learnt > KNOWS and told < GUESSES):
        return None
    return "certain", (
        f"the discriminator takes {100 * learnt:.0f}% of the training images for real, but {100 * told:.0f}% of "
        f"held-out ones, which lie {100 * min(ratio, 9.99):.0f}% of the way from those to the fakes"
    )


def unsteady(chart: Chart) -> Sign | None:
    """A discriminator whose verdict on real images that it never saw changes from pass to pass, but not on fakes.

    With batch norm these verdicts depend on statistics that follow the last batches.
    """
    fakes, jumps = chart.late("held_out/accuracy_fake"), chart.wandering("held_out/accuracy_real")
    told = chart.values("held_out/accuracy_real", "second half")
    if not (jumps > UNSTEADY and min(told) < REFUSED and fakes > 1.0 - UNSTEADY):
        return None
    return "likely", (
        f"the discriminator is right about {100 * min(told):.0f}% of held-out images after one pass and "
        f"{100 * max(told):.0f}% after another, and about {100 * fakes:.0f}% of the fakes all the time"
    )


def collapse(chart: Chart) -> Sign | None:
    """Nearly the same image from every latent, or hardly any of the modes."""
    _, diversity = looks.of_both(chart, "diversity")
    _, modes = looks.of_both(chart, "reached")
    is_one_image = diversity < COLLAPSED and chart.late("duplicates/raw") > COLLAPSED_DOUBLES
    if not (is_one_image or modes < COLLAPSED_MODES) or _is_growing(chart) or _is_mending(chart):
        return None
    return "certain", _joined(looks.complaints(chart))


def partial_collapse(chart: Chart) -> Sign | None:
    """Samples that repeat each other, or modes that are never drawn."""
    doubles, _ = looks.of_both(chart, "duplicates")
    _, modes = looks.of_both(chart, "reached")
    if not (doubles > looks.REPEATED or modes < looks.MODES_REACHED) or _is_mending(chart) or collapse(chart):
        return None
    return "likely", _joined(looks.complaints(chart))


def oscillation(chart: Chart) -> Sign | None:
    """A generator that runs from place to place, and a discriminator after it."""
    axes = [f"centre/raw_{axis}" for axis in (1, 2)]
    roaming = max(chart.wandering(axis) for axis in axes)
    if not (roaming > ROAMING and any(chart.turning(axis) > TURNING for axis in axes)):
        return None
    return "certain", (
        f"in the second half of the run the samples' mean wandered by {roaming:.2f} of the reals' deviation "
        "(healthy runs: below 0.15)"
    )


def dead_pixels(chart: Chart) -> Sign | None:
    """Pixels that no latent changes."""
    least, _ = looks.of_both(chart, "dead")
    if not least > looks.DEAD:
        return None
    return "certain", f"{100 * least:.0f}% of the pixels that vary among the reals are the same in every sample"


def saturated_pixels(chart: Chart) -> Sign | None:
    """Pixels that are driven to black or white."""
    least, _ = looks.of_both(chart, "saturated")
    reals = chart.late("saturated/real")
    if not least - reals > looks.SATURATED_TOO_OFTEN:
        return None
    return "certain", (
        f"{100 * least:.0f}% of the samples' pixels are at black or white, where the last layer hardly learns, "
        f"against {100 * reals:.0f}% of the reals'"
    )


def artefacts(chart: Chart) -> Sign | None:
    """A grid of two pixels over every image, in images that are otherwise past their beginnings."""
    least, _ = looks.of_both(chart, "checkerboard")
    reals = chart.late("checkerboard/real")
    if not (
        least > reals + ARTEFACTS and least > ARTEFACT_TIMES * reals and chart.late("diversity/raw") > looks.NARROW
    ):
        return None
    return "likely", (
        f"{100 * least:.1f}% of the samples' energy alternates from pixel to pixel, against {100 * reals:.1f}% of "
        "the reals'"
    )


def _price_of_slopes(chart: Chart) -> str:
    """Return what R1 and R2 weigh now: ``γ 0.05``; nothing where no such penalty is known."""
    terms = chart.recipe.penalties.values() if isinstance(chart.game, TwoPlayers) else ()
    weights = [at(one.weight, chart.images_seen) for one in terms if isinstance(one, R1 | R2)]
    return f"γ {min(weights):.2g}" if weights else ""


def _gap(level: Callable[[str], float]) -> float:
    return level("logits/real") - level("logits/fake")


def _is_catching_up(chart: Chart) -> bool:
    """Whether the generator gains on a discriminator that is ahead: logits that draw near, samples that mend."""
    return _gap(chart.late) < _gap(chart.middle) / GROWING or _is_growing(chart) or _is_mending(chart)


def _is_growing(chart: Chart) -> bool:
    """Whether samples still become more various: a young generator begins with little."""
    return chart.late("diversity/raw") > GROWING * chart.middle("diversity/raw")


def _is_mending(chart: Chart) -> bool:
    """Whether samples repeat each other less than they did, or reach more modes."""
    fewer = chart.late("duplicates/raw") < chart.middle("duplicates/raw") / GROWING
    return fewer or chart.late("reached/raw") > GROWING * chart.middle("reached/raw")


def _least_accuracy(chart: Chart) -> float:
    return min(chart.late("accuracy/real"), chart.late("accuracy/fake"))


def _accuracies(chart: Chart) -> str:
    real, fake = chart.late("accuracy/real"), chart.late("accuracy/fake")
    return f"{100 * real:.0f}% of the reals and {100 * fake:.0f}% of the fakes"


def _joined(complaints: list[str]) -> str:
    return "; ".join(complaints)
