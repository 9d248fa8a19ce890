"""A run's log as one picture: losses, logits, penalties and whatever else was measured, over images seen."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ganache.drawing.figures import FAINT_INK, INK, new_figure, plain_axes, save_figure, space_evenly
from ganache.support.json_files import is_number
from ganache.support.units import count_text

_TITLES = {
    "loss": "losses",
    "logits": "logits",
    "penalty": "penalties",
    "learning_rate": "learning rates",
    "images_per_second": "images per second",
}
_FIRST = ("loss", "logits", "penalty")
_NOT_DRAWN = ("images_seen", "training_seconds")  # what the x axis is, and a clock: neither is a curve

# The two players, and what each sees, keep their colours from panel to panel; others take the rest in turn.
_COLOURS = {"generator": "#d6392b", "fake": "#d6392b", "discriminator": "#2f5d8c", "real": "#2f5d8c"}
_OTHER_COLOURS = ("#3a8f6f", "#b8792a", "#7a5aa6", "#4f9db5", "#a84a7c", "#6b6f76")

_FEW = 25  # points, below which a curve shows them

Draw: TypeAlias = Callable[[list[dict[str, Any]], Path, str], None]  # how a log's lines become a picture with a title


class Series(NamedTuple):
    """One measured quantity: images seen (N,), increasing, and finite values (N,)."""

    name: str
    images_seen: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def draw(lines: list[dict[str, Any]], out: Path, title: str) -> None:
    """Draw the lines of a run's log as a PNG, atomically: one panel for each group of keys (what precedes the "/").

    Raw values are light, smoothed ones strong. An axis is logarithmic where all values are positive and one series
    spans more than a factor of 100. Keys may be missing in any line, and there may be no line.
    """
    panels = panels_of(lines)
    last = max((one.images_seen[-1] for series in panels.values() for one in series), default=0.0) or 1.0
    columns = min(2, max(1, len(panels)))
    rows = max(1, math.ceil(len(panels) / columns))
    figure = new_figure(6.4 * columns, 3.3 * rows + 0.5, title)
    space_evenly(figure, columns, rows)
    if not panels:
        figure.text(0.5, 0.45, "nothing measured yet", ha="center", color=FAINT_INK, fontsize=12)
    for index, (group, series) in enumerate(panels.items()):
        axes = figure.add_subplot(rows, columns, index + 1)
        _panel(axes, _TITLES.get(group, group.replace("_", " ")), series, last)
    save_figure(figure, out)


def panels_of(lines: list[dict[str, Any]]) -> dict[str, list[Series]]:
    """Return the series of each group in drawing order; what is no finite number is left out, line by line."""
    measured: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        for key, value in line.items():
            if "images_seen" in line and key not in _NOT_DRAWN and is_number(value):
                measured.setdefault(key, []).append((line["images_seen"], value))
    panels: dict[str, list[Series]] = {group: [] for group in _FIRST}
    # The speed says least about the model, so it is last.
    for key in sorted(measured, key=lambda key: key == "images_per_second"):
        group, _, name = key.partition("/")
        points = np.array(sorted(measured[key], key=lambda point: point[0]), np.float64)
        panels.setdefault(group, []).append(Series(name, points[:, 0], points[:, 1]))
    return {group: series for group, series in panels.items() if series}


def smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return values (N,) averaged with their neighbours up to N / 20 away, the near ones weighing more.

    Centred, so that nothing is shifted, and never past the ends, so that a constant stays one.
    """
    places = np.arange(len(values))
    reach = max(1, len(values) // 40)
    below, above = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(values))
    # A window's mean twice over is a triangular window, from running sums: the log may be long.
    for _ in range(2):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        values = (sums[above] - sums[below]) / (above - below)
    return values


def logarithmic(series: list[Series]) -> bool:
    """Whether a panel needs a logarithmic axis: all positive, and one series spans more than a factor of 100."""
    if any(one.values.min() <= 0 for one in series):
        return False
    return any(one.values.max() > 100 * one.values.min() for one in series)


def noisy(values: npt.NDArray[np.float64]) -> bool:
    """Whether values (N,) go up and down so often that they are worth smoothing; a schedule is drawn as it is."""
    return len(values) >= _FEW and float(np.abs(np.diff(values)).sum()) > 4 * float(np.ptp(values))


def _panel(axes: Any, title: str, series: list[Series], last: float) -> None:
    log = logarithmic(series)
    if log:
        axes.set_yscale("log")
    others = iter(_OTHER_COLOURS * (1 + len(series) // len(_OTHER_COLOURS)))
    for one in series:
        _curve(axes, one, _COLOURS.get(one.name) or next(others), log)
    plain_axes(axes, title, "images seen")
    # One scale for all panels, so that they can be read against each other.
    axes.set_xlim(-0.02 * last, 1.02 * last)
    _ticks(axes, tiny=not log and all(np.abs(one.values).max() < 0.01 for one in series))
    if any(one.name for one in series):
        # Beside the title: there it covers no curve, and no place has to be searched for among many points.
        axes.legend(
            frameon=False,
            fontsize=9,
            labelcolor=INK,
            loc="lower right",
            bbox_to_anchor=(1, 0.985),
            borderaxespad=0,
            ncols=min(4, len(series)),
            columnspacing=1.2,
            handlelength=1.4,
        )


def _ticks(axes: Any, tiny: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count_text(value)))
    if tiny:
        # A learning rate is written 2.5e-05, not 0.000025.
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def _curve(axes: Any, one: Series, colour: str, log: bool) -> None:
    label = one.name.replace("_", " ") or None
    scaled = np.log(one.values) if log else one.values
    if noisy(scaled):
        # On a logarithmic axis the eye's average is the geometric one.
        smooth = np.exp(smoothed(scaled)) if log else smoothed(scaled)
        axes.plot(one.images_seen, one.values, color=colour, linewidth=0.8, alpha=0.28)
        axes.plot(one.images_seen, smooth, color=colour, linewidth=1.9, label=label)
    else:
        marker = "o" if len(one.values) < _FEW else None
        axes.plot(one.images_seen, one.values, color=colour, linewidth=1.6, marker=marker, markersize=3.5, label=label)
