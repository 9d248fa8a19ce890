"""Pictures for comparing with the eye: samples of several runs beside the reals, samples beside their nearest reals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganache.drawing.grids import grid
from ganache.evaluation.scoring import Scored

PAIRS = 32
PAIRS_A_ROW = 4
_TITLE = 16  # pixels
_MARGIN = 8  # pixels
_INK = "#3b3f46"


def pairs_picture(found: Scored, count: int = PAIRS) -> Image.Image:
    """Draw the nearest pairs of an evaluation with `memorisation`: each sample, then its nearest training image."""
    pairs = found.evidence.pairs
    assert pairs is not None, "memorisation was not among the metrics"
    count = min(count, len(pairs.samples))
    samples = found.images(pairs.samples[:count].tolist())
    reals = pairs.training.images(pairs.places[:count].tolist())
    together = np.stack([samples, reals], axis=1).reshape(2 * count, *samples.shape[1:])
    return grid(together, columns=2 * min(PAIRS_A_ROW, count))


def panels(titled: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Draw pictures from left to right, each under its title."""
    drawn = [(title, picture.convert("RGB")) for title, picture in titled]
    height = max(picture.height for _, picture in drawn) + _TITLE + 2 * _MARGIN
    width = sum(picture.width + _MARGIN for _, picture in drawn) + _MARGIN
    canvas = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default()
    left = _MARGIN
    for title, picture in drawn:
        pen.text((left, _MARGIN // 2), _fitting(title, picture.width, pen, font), fill=_INK, font=font)
        canvas.paste(picture, (left, _TITLE + _MARGIN))
        left += picture.width + _MARGIN
    return canvas


def _fitting(title: str, width: int, pen: ImageDraw.ImageDraw, font: Any) -> str:
    """Return the end of a title that is too long: there the names of runs differ."""
    if pen.textlength(title, font=font) <= width:
        return title
    while len(title) > 1 and pen.textlength(f"…{title}", font=font) > width:
        title = title[1:]
    return f"…{title}"
