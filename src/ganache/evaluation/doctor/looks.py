"""What can be seen to be wrong with the fakes themselves, whatever its cause: symptoms, in words with numbers.

Each bound lies between what healthy runs showed in development (seeds below 30, docs/doctor.md) and what sick ones did.
"""

from ganache.evaluation.doctor.chart import Chart

NARROW = 0.5  # diversity; healthy 0.75 … 1.05, an untrained generator 0.15 … 0.4
SCATTERED = 1.6  # diversity; healthy as above
REPEATED = 0.3  # share of duplicates; healthy 0 … 0.02
ASTRAY = 0.6  # deviations from the reals' mean along a principal component; healthy below 0.3
MODES_REACHED = 0.75  # share; healthy 0.95 … 1
SATURATED_TOO_OFTEN = 0.25  # share of pixels, more than among the reals; healthy below 0
DEAD = 0.25  # share of pixels; healthy 0 … 0.05


def complaints(chart: Chart) -> list[str]:
    """Return what is wrong with both the raw generator's fakes and the average one's; [] when nothing is."""
    found = [_diversity(chart), _duplicates(chart), _modes(chart), _place(chart), _saturation(chart), _death(chart)]
    return [complaint for complaint in found if complaint]


def of_both(chart: Chart, what: str) -> tuple[float, float]:
    """Return the lower and the higher late level of a measurement of the two generators; NaN when one is missing.

    Early in a run the average lags far behind, and between two jumps the raw one is alone: only what holds of both
    is told.
    """
    raw, average = chart.late(f"{what}/raw"), chart.late(f"{what}/average")
    return (raw, average) if raw <= average else (average, raw)


def _diversity(chart: Chart) -> str:
    low, high = of_both(chart, "diversity")
    if high < NARROW:
        return f"the samples vary {high:.2f} times as much as real ones"
    return f"the samples vary {low:.2f} times as much as real ones" if low > SCATTERED else ""


def _duplicates(chart: Chart) -> str:
    least, _ = of_both(chart, "duplicates")
    return f"{100 * least:.0f}% of the samples have a near double among 64" if least > REPEATED else ""


def _modes(chart: Chart) -> str:
    _, most = of_both(chart, "reached")
    return f"samples lie near {100 * most:.0f}% of the modes only" if most < MODES_REACHED else ""


def _place(chart: Chart) -> str:
    places = [abs(chart.late(f"centre/raw_{axis}")) for axis in (1, 2)]
    far = max((place for place in places if place > ASTRAY), default=0.0)
    return f"the samples' mean lies {far:.1f} deviations beside that of the reals" if far else ""


def _saturation(chart: Chart) -> str:
    least, _ = of_both(chart, "saturated")
    reals = chart.late("saturated/real")
    if least - reals > SATURATED_TOO_OFTEN:
        return (
            f"{100 * least:.0f}% of the samples' pixels are at black or white, against {100 * reals:.0f}% of real ones"
        )
    return ""


def _death(chart: Chart) -> str:
    least, _ = of_both(chart, "dead")
    return f"{100 * least:.0f}% of the pixels are the same in every sample" if least > DEAD else ""
