"""The sheets of samples that a training drew, as pictures small enough for a page: cells without gaps, not enlarged."""

import io
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from ganache.data.shape import ImageShape
from ganache.drawing.animations import fit_frames
from ganache.drawing.grids import GAP, MOST_PIXELS, layout, over_white
from ganache.support.errors import UserError
from ganache.training.observers.sample_sheet import cells_of_sheet
from ganache.training.observers.translation_sheet import COLUMNS, rows_of_sheet
from ganache.web.pages import data_address
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import mapping, sequence, text

MOST_SHEETS, FEWEST_SHEETS = 60, 8
MOST_BYTES = 4_500_000  # of all sheets together, before they become text
MOST_SIDE = 1_100  # pixels of a sheet
EXACT_SIDE = 32  # pixels of a cell, up to which it is kept without loss
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)

Sheet = tuple[int, bytes]  # images seen, and a picture's file


class Atlas(NamedTuple):
    """How a sheet's cells lie in its picture: `factor` is their enlargement, `gap` lies between two."""

    images: int
    columns: int
    height: int
    width: int
    factor: int = 1
    gap: int = 0

    @property
    def rows(self) -> int:
        """The number of rows."""
        return math.ceil(self.images / self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, in pixels."""
        across = self.columns * self.width * self.factor + (self.columns - 1) * self.gap
        return across, self.rows * self.height * self.factor + (self.rows - 1) * self.gap


def sheets_of(found: FoundRun, room: float = 1.0) -> dict[str, Any] | None:
    """Return the sheets of a run with the images seen before each, and their cells; None where there are none.

    They take the share `room` of what a page has room for.
    """
    paths = _paths(found, max(FEWEST_SHEETS, round(MOST_SHEETS * room)))
    cells, most_bytes = _cells(found), round(MOST_BYTES * room)
    shrink = 1.0
    sheets: list[Sheet] = []
    for path in reversed(paths):  # the last one, which has most to show, decides how large all may be
        picture = _opened(path)
        if picture is None:
            found.missing.append(f"{path.name} cannot be read, and is not shown.")
            continue
        if not sheets:
            if cells is None or cells.size != picture.size:
                cells = Atlas(1, 1, picture.height, picture.width)
            shrink = _shrink(picture, cells, most_bytes / len(paths))
        if cells is not None and cells.size == picture.size:  # else it is of another training than the last
            sheets.append((int(path.stem), _encoded(_small(picture, cells, shrink), cells)))
    if not sheets or cells is None:
        return None
    sheets = _fitting(sheets, most_bytes)[::-1]
    height, width = _shrunk(cells, shrink)
    return {
        "images_seen": [seen for seen, _ in sheets],
        "pictures": [data_address(_kind(), content) for _, content in sheets],
        "cells": {"count": cells.images, "columns": cells.columns, "width": width, "height": height},
        "names": _names(found, cells),
        "rows": list(_rows(found)) if cells.images > 1 else [],
    }


def picture_of(path: Path, most_side: int = MOST_SIDE) -> str | None:
    """Return a picture of the run as an address, made smaller where it is large; None where there is none."""
    picture = _opened(path) if path.is_file() else None
    if picture is None:
        return None
    picture.thumbnail((most_side, most_side))
    return data_address(_kind(), _saved(picture, exact=False))


def _paths(found: FoundRun, most: int) -> list[Path]:
    try:
        return fit_frames(found.run.sample_files(), most)
    except (ValueError, OSError):  # a name that is no number after all
        found.missing.append("The folder of samples holds something that is no sample.")
        return []


def _classes(found: FoundRun) -> list[str]:
    if not found.tree.get("conditional"):
        return []
    return [text(name, 60) for name in sequence(mapping(found.record.get("selection")).get("classes"), most=10**6)]


def _cells(found: FoundRun) -> Atlas | None:
    """Return how the sheets of a training with this record are arranged; None for rows and points."""
    try:
        shape = ImageShape.recorded(found.record["data"])
        rows = len(_rows(found))
        count, columns = (rows * COLUMNS, COLUMNS) if rows else cells_of_sheet(shape, len(_classes(found)))
        arranged = layout(count, shape.height, shape.width, columns)
    except (UserError, KeyError, TypeError):
        return None
    return None if shape.is_row else Atlas(count, arranged.columns, shape.height, shape.width, arranged.factor, GAP)


def _rows(found: FoundRun) -> tuple[str, ...]:
    """Return what the rows of a translation's sheets show; none of others."""
    return rows_of_sheet(found.recipe) if found.recipe is not None and found.recipe.translators else ()


def _names(found: FoundRun, cells: Atlas) -> list[str]:
    """Return the class of each column, where each column has one."""
    names = _classes(found)
    return names if cells.images > 1 and len(names) == cells.columns else []


def _opened(path: Path) -> Image.Image | None:
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.load()
            flat = over_white(picture)
            return flat.convert("L" if flat.mode in ("1", "L", "LA") else "RGB")
    except _UNREADABLE:
        return None


def _small(picture: Image.Image, cells: Atlas, shrink: float) -> Image.Image:
    """Return the cells at their own size without the gaps between them, or smaller."""
    tight = picture if cells.factor == 1 and not cells.gap else Image.fromarray(_tight(np.asarray(picture), cells))
    if shrink == 1.0:
        return tight
    height, width = _shrunk(cells, shrink)
    return tight.resize((cells.columns * width, cells.rows * height), Image.Resampling.BOX)


def _shrunk(cells: Atlas, shrink: float) -> tuple[int, int]:
    """Return a cell's height and width after it was made smaller."""
    return max(1, int(cells.height * shrink)), max(1, int(cells.width * shrink))


def _tight(pixels: npt.NDArray[np.uint8], cells: Atlas) -> npt.NDArray[np.uint8]:
    """Return the first pixel of each enlarged one, (rows · height, columns · width[, C])."""
    down, across = cells.height * cells.factor, cells.width * cells.factor
    ends = [(0, cells.gap), (0, cells.gap), *[(0, 0)] * (pixels.ndim - 2)]
    padded = np.pad(pixels, ends).reshape(cells.rows, down + cells.gap, cells.columns, across + cells.gap, -1)
    small = padded[:, : down : cells.factor, :, : across : cells.factor]
    joined = small.reshape(cells.rows * cells.height, cells.columns * cells.width, -1)
    return np.ascontiguousarray(joined[..., 0] if pixels.ndim == 2 else joined)


def _shrink(picture: Image.Image, cells: Atlas, most_bytes: float) -> float:
    """Return by how much each sheet is made smaller, so that the last one, which shows most, has its share of bytes."""
    tight = _small(picture, cells, 1.0)
    shrink = min(1.0, MOST_SIDE / max(tight.size))
    return shrink * min(1.0, math.sqrt(most_bytes / len(_encoded(_small(picture, cells, shrink), cells))))


def _encoded(picture: Image.Image, cells: Atlas) -> bytes:
    return _saved(picture, exact=cells.images > 1 and max(cells.height, cells.width) <= EXACT_SIDE)


def _saved(picture: Image.Image, exact: bool) -> bytes:
    file = io.BytesIO()
    if features.check("webp"):
        picture.save(file, "WEBP", lossless=exact, quality=50 if exact else 82, method=2)
    else:
        picture.save(file, "PNG")
    return file.getvalue()


def _kind() -> str:
    return "image/webp" if features.check("webp") else "image/png"


def _fitting(sheets: list[Sheet], most_bytes: int) -> list[Sheet]:
    """Return sheets, every second one left out until they fit; the first one is always kept."""
    kept = list(sheets)
    while sum(len(content) for _, content in kept) > most_bytes and len(kept) > 1:
        del kept[1::2]
    return kept
