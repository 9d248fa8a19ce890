"""What each code of a generator controls, in one picture."""

from pathlib import Path

import torch
from torch import Tensor

from ganache.drawing.exports import check_picture, save_picture
from ganache.drawing.grids import grid
from ganache.drawing.origins import PLAIN, Marks, Origin
from ganache.parts.latents import Coded
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.units import check_seed

ROWS = 5  # for each code, each with other noise
SWEEP = 2.0  # continuous codes are drawn from -1 to 1, and shown to twice as far
STEPS = 10  # of a sweep, where there is no category to say how many columns there are
SIDE = 1_000  # pixels of the longer side: there are many more rows than columns


def codes_to(run: Path, out: Path, *, seed: int = 0, device: str = "auto", marks: Marks = PLAIN) -> None:
    """Draw ROWS rows for each code, in which it alone changes from column to column.

    A category takes its values in turn; a continuous code goes from -2 to 2. Raises UserError for a generator without
    codes.
    """
    check_picture(out, "--out")
    generator = load(run, device)
    latents, columns = varied(generator, check_seed(seed))
    images = generator.make(latents, torch.zeros(len(latents), 0))
    stamp = marks.on(Origin.of(generator, {"codes of seed": seed}))
    save_picture(grid(images, columns, smallest_side=SIDE), out, stamp)


def varied(generator: TrainedGenerator, seed: int) -> tuple[Tensor, int]:
    """Return latents (rows · columns, Z), row by row, and how many columns there are.

    Raises UserError for a generator whose latents hold no codes.
    """
    latent = generator.config.latent
    if not isinstance(latent, Coded):
        raise UserError("run: the generator's latents hold no codes, as those of `infogan` do")
    if generator.shape.is_row or generator.label_names:
        raise UserError("run: codes are drawn of generators of pictures that are told no class")
    columns = max(latent.categories, default=STEPS)
    drawn, _ = generator.inputs(seed, 0)
    first, rows = latent.noise, []
    for category in latent.categories:
        choices = torch.eye(category)[torch.arange(columns) % category]
        rows += [_with_part(start, first, choices) for start in drawn[:ROWS]]
        first += category
    sweep = torch.linspace(-SWEEP, SWEEP, columns)[:, None]
    for code in range(latent.continuous):
        rows += [_with_part(start, first + code, sweep) for start in drawn[:ROWS]]
    return torch.cat(rows), columns


def _with_part(latent: Tensor, first: int, values: Tensor) -> Tensor:
    """Return a latent (Z,) once for each of the values (columns, k), which take the place of k of its own."""
    row = latent.repeat(len(values), 1)
    row[:, first : first + values.shape[1]] = values
    return row
