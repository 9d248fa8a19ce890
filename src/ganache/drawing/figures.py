"""What all plotted figures share: their spacing, their inks, axes with little on them, and how they are saved."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganache.support.errors import shown
from ganache.support.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT_INK = "#3b3f46", "#6b7079"
_TITLE, _LEFT, _RIGHT, _ABOVE, _BELOW = 0.5, 0.75, 0.2, 0.4, 0.6  # inches: of the figure, and around each panel


def new_figure(width: float, height: float, title: str) -> "Figure":
    """Return an empty figure of so many inches with its title, none of whose signs is read as mathematics."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    top = 1 - _TITLE / 2 / height
    figure.suptitle(shown(title), y=top, va="center", fontsize=13, color=INK, fontweight="bold", parse_math=False)
    return figure


def space_evenly(figure: "Figure", columns: int, rows: int) -> None:
    """Give each panel the same margins, wide enough for its labels.

    matplotlib's own layout engines draw all texts three times to find narrower ones, and half of the time goes to that.
    """
    width, height = figure.get_size_inches()
    height_of_panels = height - _TITLE
    figure.subplots_adjust(
        left=_LEFT / width,
        right=1 - _RIGHT / width,
        bottom=_BELOW / height,
        top=1 - (_TITLE + _ABOVE) / height,
        wspace=(_LEFT + _RIGHT) / (width / columns - _LEFT - _RIGHT),
        hspace=(_ABOVE + _BELOW) / (height_of_panels / rows - _ABOVE - _BELOW),
    )


def space_by_labels(figure: "Figure") -> None:
    """Give each panel the margins that its labels and a legend outside of it need, found when the figure is saved."""
    below_title = (0.0, 0.0, 1.0, 1 - _TITLE / figure.get_size_inches()[1])
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12, rect=below_title)


def plain_axes(axes: Any, title: str, across: str, ruled: Literal["both", "y"] = "both") -> None:
    """Give axes their title, say what lies across, and leave of frame and ticks only a faint grid and a base."""
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel(across, fontsize=9, color=FAINT_INK)
    axes.tick_params(labelsize=9, colors=FAINT_INK, length=0, which="both")
    axes.grid(True, axis=ruled, color="#e6e8ec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#c9cdd4")


def save_figure(figure: "Figure", out: Path) -> None:
    """Write a figure as a PNG, atomically. Raises RunError when the disk refuses."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with replacing(out) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a title in letters that the fonts here lack shows boxes
        FigureCanvasAgg(figure).print_png(temporary)
