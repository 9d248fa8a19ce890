"""What is looked at: grids of images, clouds of points, histograms of rows."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.rows.table import Schema
from ganache.drawing.histograms import histograms
from ganache.support.errors import UserError

MOST_PIXELS = 64_000_000  # of a grid: viewers still open so many, and they take at most 256 MB in memory
GAP = 2  # pixels between the cells of a grid, whatever the cells' enlargement

_REAL_COLOUR = (150, 156, 168)
_GENERATED_COLOUR = (214, 57, 43)
_FRAME_COLOUR = (208, 212, 218)
_DOTS_AT_ONCE = 8192  # some 16 MB of work space, however many points there are


class GridLayout(NamedTuple):
    """How the cells of a grid are arranged; factor is the integer enlargement of a cell."""

    rows: int
    columns: int
    factor: int


def layout(count: int, height: int, width: int, columns: int | None = None, smallest_side: int = 512) -> GridLayout:
    """Arrange `count` cells of height × width pixels in about a square whose longer side is at least `smallest_side`.

    Cheap, so that a count can be refused before anything is generated. Raises UserError above 64 megapixels.
    """
    assert min(count, height, width) >= 1, (count, height, width)
    across = min(count, columns or math.ceil(math.sqrt(count * height / width)))
    down = math.ceil(count / across)
    # The smallest factor with which one side or the other is long enough.
    factors = [
        math.ceil((smallest_side - (cells - 1) * GAP) / (cells * pixels))
        for cells, pixels in ((across, width), (down, height))
    ]
    arranged = GridLayout(down, across, max(1, min(factors)))
    full_height, full_width = _side(down, height, arranged.factor), _side(across, width, arranged.factor)
    if full_height * full_width > MOST_PIXELS:
        raise UserError(
            f"--count: {count} images make one picture of {full_width} × {full_height} pixels, above 64 megapixels; "
            "ask for fewer, or write a folder (--out NAME/) or an array (--out NAME.npy)"
        )
    return arranged


def grid(images: npt.NDArray[np.uint8], columns: int | None = None, smallest_side: int = 512) -> Image.Image:
    """Put images (N, H, W, C), uint8, C from 1 to 4, side by side in one picture of mode L, LA, RGB or RGBA.

    About square unless `columns` says otherwise, white between the cells (transparent where images have alpha);
    small cells are enlarged without interpolation. Raises UserError above 64 megapixels.
    """
    assert images.dtype == np.uint8, images.dtype
    assert images.ndim == 4, images.shape
    count, height, width, channels = images.shape
    assert 1 <= channels <= 4, images.shape
    rows, across, factor = layout(count, height, width, columns, smallest_side)
    canvas = np.full((_side(rows, height, factor), _side(across, width, factor), channels), 255, np.uint8)
    if channels in (2, 4):
        canvas[..., -1] = 0
    for index, image in enumerate(images):
        top = index // across * (height * factor + GAP)
        left = index % across * (width * factor + GAP)
        enlarged = image.repeat(factor, axis=0).repeat(factor, axis=1)
        canvas[top : top + height * factor, left : left + width * factor] = enlarged
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def pairs(above: npt.NDArray[np.uint8], below: npt.NDArray[np.uint8], columns: int) -> Image.Image:
    """Put images (N, H, W, C) in rows of `columns`, below each row that of its counterparts."""
    rows = []
    for start in range(0, len(above), columns):
        rows += [above[start : start + columns], below[start : start + columns]]
        missing = (columns if start else 0) - len(rows[-1])
        if missing > 0:  # the last row's cells stay below each other
            rows[-2:] = [np.concatenate([row, np.full((missing, *row.shape[1:]), 255, np.uint8)]) for row in rows[-2:]]
    return grid(np.concatenate(rows), min(columns, len(above)))


def with_corner(cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the images (N, H, W, C) of a mixture's cells with a white one in front of them."""
    return np.concatenate([np.full_like(cells[:1], 255), cells])


def scatter(points: npt.NDArray[Any], reals: npt.NDArray[Any] | None = None, side: int = 512) -> Image.Image:
    """Draw points (N, 2) in [-1, 1], y upwards, over the gray reals (M, 2), as an RGB picture of side × side pixels.

    Points outside are drawn on the border. Equal points give equal pixels.
    """
    assert side >= 64, side
    unit = side / 512
    # Dots stay whole on the border: the margin is the larger dot's reach.
    margin = math.ceil(5 * unit) + 3
    canvas = np.full((side, side, 3), 255, np.float32)
    if reals is not None:
        _lay_dots(canvas, reals, margin, _REAL_COLOUR, radius=max(1.5, 4.0 * unit), opacity=0.16)
    _lay_dots(canvas, points, margin, _GENERATED_COLOUR, radius=max(1.0, 1.9 * unit), opacity=0.5)
    canvas[[0, -1], :] = canvas[:, [0, -1]] = _FRAME_COLOUR
    return Image.fromarray(np.rint(canvas).astype(np.uint8))


def for_display(
    values: npt.NDArray[Any], reals: npt.NDArray[Any] | None = None, table: Schema | None = None
) -> Image.Image:
    """Draw float32 points (N, 1, 1, 2) as a scatter, rows of a table as histograms, over `reals` of the same layout.

    uint8 images become a grid; raises UserError when that would be above 64 megapixels.
    """
    if values.dtype == np.uint8:
        return grid(values)
    flat, real = values.reshape(len(values), -1), None if reals is None else reals.reshape(len(reals), -1)
    return scatter(flat, real) if table is None else histograms(flat, table, real)


def as_colours(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return images (N, H, W, C) of any channels as colours (N, H, W, 3), over white where they have alpha."""
    channels = images.shape[-1]
    colours = images[..., :3] if channels > 2 else images[..., :1].repeat(3, axis=-1)
    if channels in (1, 3):
        return colours
    seen = images[..., -1:].astype(np.float32) / 255.0
    laid: npt.NDArray[np.uint8] = np.rint(colours * seen + 255.0 * (1.0 - seen)).astype(np.uint8)
    return laid


def over_white(picture: Image.Image) -> Image.Image:
    """Return a picture as it is, or in RGB over white when it has alpha."""
    if not picture.has_transparency_data:
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _side(cells: int, pixels: int, factor: int) -> int:
    return cells * pixels * factor + (cells - 1) * GAP


def _lay_dots(
    canvas: npt.NDArray[np.float32],
    points: npt.NDArray[Any],
    margin: int,
    colour: tuple[int, int, int],
    radius: float,
    opacity: float,
) -> None:
    """Lay translucent discs over the canvas (side, side, 3): where k of them overlap, (1 - opacity)^k shines through.

    A disc's edge is one pixel wide, so that it can stand between pixels; logarithms add up in any order.
    """
    side = len(canvas)
    places = np.clip(points.astype(np.float64) * (1, -1), -1, 1)
    places = margin + (places + 1) / 2 * (side - 1 - 2 * margin)
    reach = math.ceil(radius + 0.5)
    steps = np.arange(-reach, reach + 1)
    shade = np.zeros(side * side)
    for start in range(0, len(places), _DOTS_AT_ONCE):
        some = places[start : start + _DOTS_AT_ONCE, :, None]
        near = np.rint(some).astype(np.int64) + steps  # (n, 2, K): the columns and the rows that a disc may touch
        across, down = ((near - some) ** 2).astype(np.float32).transpose(1, 0, 2)
        distance = np.sqrt(down[:, :, None] + across[:, None, :])
        inside = np.clip(np.float32(radius + 0.5) - distance, 0, 1)
        pixels = near[:, 1, :, None] * side + near[:, 0, None, :]
        shade += np.bincount(pixels.ravel(), np.log1p(np.float32(-opacity) * inside).ravel(), side * side)
    touched = np.flatnonzero(shade)
    flat = canvas.reshape(-1, 3)
    flat[touched] = colour + (flat[touched] - colour) * np.exp(shade[touched])[:, None]
