"""Rows as a picture: how often which values occur in each column, of a network's rows before those of real ones."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from ganache.data.rows.columns import CategoryColumn
from ganache.data.rows.table import Schema
from ganache.support.errors import shown
from ganache.support.units import brief

MOST_PANELS = 64
MOST_BARS = 24
_WIDTH, _HEIGHT, _TITLE, _GAP = 144, 72, 13, 10  # of a panel, of its title, between panels: pixels
_LETTERS = 23  # of a title
_REAL, _MADE, _FRAME, _INK = (196, 200, 208), (214, 57, 43), (208, 212, 218), (60, 64, 72)

Bars = npt.NDArray[np.float64]


def histograms(rows: npt.NDArray[Any], table: Schema, reals: npt.NDArray[Any] | None = None) -> Image.Image:
    """Draw values (N, W) of rows in [-1, 1], a panel for each of the first 64 columns, over those of reals (M, W).

    A number has 24 bars from -1 to 1, a category one for each name, the first 24; a panel is as high as its highest
    bar.
    """
    panels = min(len(table.columns), MOST_PANELS)
    across = math.isqrt(panels)
    down = -(-panels // across)
    size = (across * (_WIDTH + _GAP) + _GAP, down * (_HEIGHT + _TITLE + _GAP) + _GAP)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for number, (name, made, real) in enumerate(_panels(rows, reals, table)):
        left = _GAP + number % across * (_WIDTH + _GAP)
        top = _GAP + number // across * (_HEIGHT + _TITLE + _GAP)
        pen.text((left, top), _title(name), fill=_INK)
        _draw(pen, left, top + _TITLE, made, real)
    return picture


def _title(name: str) -> str:
    return shown(brief(name, _LETTERS).replace("…", "..")).encode("latin-1", "replace").decode("latin-1")


def _panels(
    rows: npt.NDArray[Any], reals: npt.NDArray[Any] | None, table: Schema
) -> Iterator[tuple[str, Bars, Bars | None]]:
    for number, (column, place) in enumerate(table.places()):
        if number == MOST_PANELS:
            return
        is_category = isinstance(column, CategoryColumn)
        real = None if reals is None else _bars(reals[:, place], is_category)
        yield column.name, _bars(rows[:, place], is_category), real


def _bars(values: npt.NDArray[Any], is_category: bool) -> Bars:
    """Return the shares of values (N, K) in each bar."""
    if is_category:
        counts = np.bincount(values.argmax(axis=1), minlength=values.shape[1])[:MOST_BARS]
    else:
        counts, _ = np.histogram(np.clip(values[:, 0], -1.0, 1.0), MOST_BARS, (-1.0, 1.0))
    return counts / max(1, len(values))


def _draw(pen: ImageDraw.ImageDraw, left: int, top: int, made: Bars, real: Bars | None) -> None:
    highest = max(float(bars.max()) for bars in (made, real) if bars is not None) or 1.0
    step = _WIDTH / len(made)
    for number in range(len(made)):
        first, last = left + round(number * step), left + max(round(number * step), round((number + 1) * step) - 2)
        if real is not None and real[number] > 0:
            pen.rectangle((first, _level(top, real[number] / highest), last, top + _HEIGHT), fill=_REAL)
        if made[number] > 0:
            # Where there are reals what was made stands before them, half as wide.
            inner = (last - first) // 4 if real is not None else 0
            pen.rectangle((first + inner, _level(top, made[number] / highest), last - inner, top + _HEIGHT), fill=_MADE)
    pen.line((left, top + _HEIGHT + 1, left + _WIDTH, top + _HEIGHT + 1), fill=_FRAME)


def _level(top: int, share: float) -> int:
    return top + round((1.0 - share) * _HEIGHT)
