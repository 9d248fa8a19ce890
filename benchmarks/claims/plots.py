"""What the claims' plots share: one look, small files."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

INK, FAINT = "#3b3f46", "#6b7079"
COLOURS = ("#2f5d8c", "#d6392b", "#3a8f6f", "#b8792a", "#7a5aa6", "#4f9db5", "#a84a7c", "#6b6f76")
_PALETTE = 64  # colours of a file: enough for lines and dots, and a third of the bytes


def sheet(rows: int, columns: int, width: float, height: float) -> tuple[Any, Any]:
    """Return a figure of so many panels, each of this size in inches, and the panels' array (rows, columns)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows), dpi=90, layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, squeeze=False)


def dress(axes: Any, title: str, x: str = "", y: str = "") -> None:
    """Give a panel of curves or bars its title, labels and quiet frame."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(x, fontsize=9, color=FAINT)
    axes.set_ylabel(y, fontsize=9, color=FAINT)
    axes.tick_params(which="both", labelsize=8, colors=FAINT, length=2)
    axes.grid(True, color="#e6e8ec", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#c9cdd4")


def explain(axes: Any, **options: Any) -> None:
    """Add the legend."""
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, **options)


def scatter(axes: Any, title: str, points: Sequence[Sequence[float]], centres: Any, side: float = 1.05) -> None:
    """Draw samples (N, 2) over the centres (M, 2) of a mixture in [-1, 1]²."""
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    axes.scatter(centres[:, 0], centres[:, 1], s=26, facecolors="none", edgecolors="#c08a3a", linewidths=0.8)
    axes.scatter(x, y, s=1.6, color=COLOURS[0], linewidths=0, alpha=0.8)
    axes.set_title(title, fontsize=8.5, color=INK)
    axes.set_xlim(-side, side)
    axes.set_ylim(-side, side)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#d9dce2")


def bars(axes: Any, names: Sequence[str], values: Sequence[Sequence[float]], colour: str = COLOURS[0]) -> None:
    """Draw the mean of each name's values as a bar, and every value as a dot."""
    places = np.arange(len(names))
    axes.barh(places, [float(np.mean(each)) for each in values], color=colour, alpha=0.55, height=0.62)
    for place, each in zip(places, values, strict=True):
        axes.plot(each, [place] * len(each), "o", color=INK, markersize=3)
    axes.set_yticks(places, names)
    axes.invert_yaxis()


def save(figure: Any, path: Path) -> None:
    """Write the figure as a PNG with a palette."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = io.BytesIO()
    FigureCanvasAgg(figure).print_png(drawn)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(_PALETTE, dither=Image.Dither.NONE).save(path, optimize=True)
