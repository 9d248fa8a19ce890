"""Rows as a picture: bars as high as values are frequent."""

import numpy as np

from ganache.data.rows.columns import CategoryColumn
from ganache.data.rows.table import Schema
from ganache.drawing.grids import for_display
from ganache.drawing.histograms import histograms

TABLE = Schema(columns=(*Schema.unnamed(1).columns, CategoryColumn(name="y\x1b", names=("a", "b"))))


def red(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (picture == (214, 57, 43)).all(axis=-1)
    return found


def test_bars_are_as_high_as_values_are_frequent() -> None:
    rows = np.array([[-1, 1, -1]] * 3 + [[0.99, -1, 1]], np.float32)
    picture = histograms(rows, TABLE)
    assert (picture.mode, picture.size) == ("RGB", (164, 200))  # two panels of 144 × 72, one above the other
    pixels = np.asarray(picture)
    number, category = pixels[23:96, 10:154], pixels[118:191, 10:154]
    heights = red(number).sum(axis=0)
    assert (heights[:4].max(), heights[-4:].max(), heights[10:130].max()) == (73, 25, 0)
    heights = red(category).sum(axis=0)
    assert (heights[0], heights[-5]) == (73, 25)


def test_reals_stand_behind() -> None:
    rows, reals = np.array([[-1, 1, -1]], np.float32), np.array([[1, 1, -1]], np.float32)
    pixels = np.asarray(for_display(rows.reshape(1, 1, 1, 3), reals.reshape(1, 1, 1, 3), TABLE))
    grey = (pixels == (196, 200, 208)).all(axis=-1)
    assert not grey[23:96, 10:20].any()  # where there is no real
    assert grey[23:96, 148:154].any()
    assert not red(pixels[23:96, 148:154]).any()
    assert red(pixels[118:191, 10:80]).sum() < grey[118:191, 10:80].sum() + red(pixels[118:191, 10:80]).sum()


def test_no_more_panels_than_fit_a_page() -> None:
    assert histograms(np.zeros((1, 100), np.float32), Schema.unnamed(100)).size == (8 * 154 + 10, 8 * 95 + 10)
