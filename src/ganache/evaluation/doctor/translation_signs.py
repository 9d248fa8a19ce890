"""The signs of what goes wrong from picture to picture; each looks at every way that a game has translators for.

What is measured is in training/observers/translation_vitals.py. A way is sick where both the trained translator and its
average show it. Bounds lie between what healthy and sick runs showed in development (docs/translation.md).
"""

from collections.abc import Callable

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.signs import GROWING, Sign

WHOSE = ("raw", "average")
UNCHANGED = 0.05  # change; 1 leads as far away as pictures of the two domains are from each other
DOMAINS_APART = 0.1  # gap of what is given; two halves of one domain have about 0
TOLD_APART = 0.85  # mean of the discriminators' accuracies
AMPLIFIED = 3.0  # times the error of an undisturbed way back, and times the disturbance itself
DISTURBANCE = 0.04  # E|noise| of what disturbs a translation
INVERTED = -0.5  # correlation of translations with what was given
MUCH_NEARER = 0.7  # times the gap that negatives of what is given have
OPPOSED = -0.2  # correlation of pictures that are wanted with such as are given, by their kind
SAME = 0.15  # diversity


def identity(chart: Chart) -> Sign | None:
    """Translations that are what was given, although what is wanted differs from that."""
    accuracy = (chart.late("accuracy/real") + chart.late("accuracy/fake")) / 2.0

    def told(way: str) -> str:
        change = _highest(chart, f"change/{way}")
        gap = chart.late(f"gap/{way}_given")
        if not (change < UNCHANGED and (gap > DOMAINS_APART or accuracy > TOLD_APART)):
            return ""
        return (
            f"translations {spoken(way)} differ from what was given by {100 * change:.1f}% of what pictures of both "
            f"domains differ by, while the domains are apart (gap {gap:.2f}; the discriminator is right in "
            f"{100 * accuracy:.0f}% of all cases)"
        )

    return _certain(chart, told)


def hidden_signal(chart: Chart) -> Sign | None:
    """Ways back that read what nobody sees: hardly any noise makes them fail."""

    def told(way: str) -> str:
        # Of each translator its own pair counts: the way back of one cannot read what another has hidden.
        pairs = [(chart.late(f"cycle/{way}_{one}"), chart.late(f"disturbed/{way}_{one}")) for one in WHOSE]
        if not all(
            disturbed > AMPLIFIED * cycle and disturbed - cycle > AMPLIFIED * DISTURBANCE for cycle, disturbed in pairs
        ):
            return ""
        cycle, disturbed = min(pairs, key=lambda pair: pair[1] - pair[0])
        return (
            f"what went {spoken(way)} comes back with an error of {cycle:.3f}, but of {disturbed:.3f} where the "
            f"translation is disturbed by {DISTURBANCE}, which is hardly seen: the way back reads a hidden signal"
        )

    return _certain(chart, told)


def inversion(chart: Chart) -> Sign | None:
    """Negatives of what was given, although what is wanted is like that, and not like its negative."""

    def told(way: str) -> str:
        alike = _highest(chart, f"alike/{way}")
        wanted = chart.late(f"alike/{way}_wanted")
        upright, negative = chart.late(f"gap/{way}_given"), chart.late(f"gap/{way}_inverted")
        if not (alike < INVERTED and wanted > OPPOSED and upright < MUCH_NEARER * negative):
            return ""
        return (
            f"translations {spoken(way)} are negatives of what was given (correlation {alike:.2f}), which lies nearer "
            f"to what is wanted as it is (gap {upright:.2f}) than inverted ({negative:.2f})"
        )

    return _certain(chart, told)


def same_for_all(chart: Chart) -> Sign | None:
    """Nearly one picture, whatever was given; translations that still grow more various are young, not sick."""

    def told(way: str) -> str:
        diversity = _highest(chart, f"diversity/{way}")
        before = chart.middle(f"diversity/{way}_raw")
        if not diversity < SAME or chart.late(f"diversity/{way}_raw") > GROWING * before:
            return ""
        return f"translations {spoken(way)} vary {diversity:.2f} times as much as what is wanted, whatever is given"

    return _certain(chart, told)


def spoken(way: str) -> str:
    """Return a way in words: ``from a to b``."""
    return f"from {way.replace('_', ' ')}"


def _highest(chart: Chart, what: str) -> float:
    """Return the late level of the translator of the two, trained and average, that has more of it."""
    return max(chart.late(f"{what}_{whose}") for whose in WHOSE)


def _certain(chart: Chart, told: Callable[[str], str]) -> Sign | None:
    """Return what is told of the ways on which there is something to tell."""
    found = [text for way in chart.ways if (text := told(way))]
    return ("certain", "; ".join(found)) if found else None
