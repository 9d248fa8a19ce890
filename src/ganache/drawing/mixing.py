"""Styles of some images in some layers of others: what the command `mix` does.

Source: Karras et al. 2019, "A Style-Based Generator Architecture", section 3.1 and figure 3.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ganache.drawing.exports import check_picture, save_picture
from ganache.drawing.grids import grid, layout, with_corner
from ganache.drawing.origins import PLAIN, Marks, Origin, classes, truncated
from ganache.drawing.spaces import Places, Space, StyleSpace, space_of
from ganache.drawing.ways import of_seeds
from ganache.runs.products import load
from ganache.support.errors import UserError
from ganache.support.units import brief


def mix_to(
    run: Path,
    out: Path,
    *,
    rows: str,
    columns: str,
    layers: str | None = None,
    labels: Sequence[str] = (),
    truncation: float = 1.0,
    device: str = "auto",
    marks: Marks = PLAIN,
) -> None:
    """Draw a grid: the first column has the first images of the seeds `rows`, the first row those of `columns`.

    Every other cell is its row's image with the column's styles in the `layers` FIRST-LAST, counted from 0 at the
    coarsest; the coarser half if left out. Raises UserError for a generator without styles, and for layers and seeds
    that are none.
    """
    check_picture(out, "--out")
    space = space_of(load(run, device).truncated(truncation))
    cells = mixture(space, rows, columns, layers, labels)
    shape, width = space.generator.shape, columns.count(",") + 2
    layout(len(cells.points) + 1, shape.height, shape.width, width)  # refuses what is too large
    asked = {"rows": brief(rows), "columns": brief(columns), **classes(labels), **truncated(truncation)}
    stamp = marks.on(Origin.of(space.generator, asked))
    save_picture(grid(with_corner(np.stack(list(space.draw(cells)))), width), out, stamp)


def mixture(space: Space, rows: str, columns: str, layers: str | None = None, labels: Sequence[str] = ()) -> Places:
    """Return the cells of the grid as places, line by line, without the corner that has nothing to show.

    Raises UserError for a space that is none of styles, and for layers and seeds that are none.
    """
    if not isinstance(space, StyleSpace):
        raise UserError("run: the generator has no styles to mix, as those of `stylegan2` have")
    taken = _layers(layers, space.layers)
    down, across = (of_seeds(space, seeds, labels, field) for field, seeds in (("rows", rows), ("columns", columns)))
    lines = [across._replace(points=space.in_layers(across.points).flatten(1))]
    lines += [_line(space, down, number, across, taken) for number in range(len(down.points))]
    return Places(*(torch.cat(parts) for parts in zip(*lines, strict=True)))


def _line(space: StyleSpace, down: Places, number: int, across: Places, taken: slice) -> Places:
    """Return a row's image, and what it is with the styles of each column in some layers."""
    count = len(across.points)
    own = space.in_layers(down.points[number, None]).repeat(count + 1, 1, 1)
    own[1:, taken] = space.in_layers(across.points)[:, taken]
    row = [rows[number, None].expand(count + 1, -1) for rows in (down.latents, down.conditions)]
    return Places(own.flatten(1), *row)


def _layers(asked: str | None, count: int) -> slice:
    if asked is None:
        return slice(0, count // 2)
    first, _, last = asked.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and int(first) <= int(last or first) < count):
        raise UserError(f"layers: {asked!r} is not FIRST-LAST within 0-{count - 1}, the generator's layers")
    return slice(int(first), int(last or first) + 1)
