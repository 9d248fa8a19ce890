"""Means with their intervals over numbers of something, as one picture of some panels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ganache.drawing.figures import FAINT_INK, INK, new_figure, plain_axes, save_figure, space_by_labels
from ganache.support.units import count_text

_APART = 0.06  # between points of one number, as a share of the way to the next, so that intervals do not overlap


class Estimates(NamedTuple):
    """One line: for each number a middle and the two ends of its interval."""

    name: str
    colour: str
    numbers: Sequence[float]
    middles: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


class IntervalPanel(NamedTuple):
    """One frame: its title, what its two axes are, its lines, and whether 0 means that nothing differs."""

    title: str
    across: str
    up: str
    lines: Sequence[Estimates]
    has_zero: bool = False


def draw_intervals(panels: Sequence[IntervalPanel], out: Path, title: str) -> None:
    """Draw panels side by side as a PNG, atomically. Raises RunError when the disk refuses."""
    figure = new_figure(6.0 * len(panels), 5.2, title)
    space_by_labels(figure)  # as much below as the legend has lines
    for place, panel in enumerate(panels):
        _draw(figure.add_subplot(1, len(panels), place + 1), panel)
    save_figure(figure, out)


def _draw(axes: Any, panel: IntervalPanel) -> None:
    numbers = sorted({number for line in panel.lines for number in line.numbers})
    places = {number: place for place, number in enumerate(numbers)}  # evenly: they are chosen, not measured
    if panel.has_zero:
        axes.axhline(0.0, color="#9aa0a8", linewidth=1.0)
    for turn, line in enumerate(panel.lines):
        aside = _APART * (turn - (len(panel.lines) - 1) / 2)
        across = [places[number] + aside for number in line.numbers]
        ends = [
            [middle - low for middle, low in zip(line.middles, line.lows, strict=True)],
            [high - middle for middle, high in zip(line.middles, line.highs, strict=True)],
        ]
        axes.errorbar(
            across,
            line.middles,
            yerr=ends,
            color=line.colour,
            marker="o",
            markersize=4.5,
            linewidth=1.6,
            elinewidth=1.2,
            capsize=3,
            label=line.name,
        )
    axes.set_xticks(range(len(numbers)), [count_text(number) for number in numbers])
    axes.set_xlim(-0.5, max(0.5, len(numbers) - 0.5))
    axes.set_ylabel(panel.up, fontsize=9, color=FAINT_INK)
    plain_axes(axes, panel.title, panel.across, ruled="y")
    # Below the frame: there it covers nothing, and long names have room.
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=1)
