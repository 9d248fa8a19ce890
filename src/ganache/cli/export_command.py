"""`ganache export`."""

from pathlib import Path
from typing import Annotated

import typer

from ganache.cli.common import load_code
from ganache.cli.options import Code, Direction, RunPath, Seed, Truncation, path_option
from ganache.support.console import show
from ganache.support.units import counted


def export(
    run: RunPath,
    out: Annotated[Path, path_option(help="generator.onnx, or generator.html.")],
    opset: Annotated[int, typer.Option(help="Of ONNX, from 18 on.")] = 18,
    truncation: Truncation = 1.0,
    latents: Annotated[int, typer.Option(metavar="N", help="Write the inputs of the first N images of the seed.")] = 0,
    seed: Seed = 0,
    direction: Direction = "a-to-b",
    code: Code = None,
) -> None:
    """Write a generator, or a translator, as one file that needs no torch."""
    from ganache import api

    load_code(code)
    done = api.export(run, out, opset=opset, truncation=truncation, latents=latents, seed=seed, direction=direction)
    show([f"{out}: differs from torch by {done.max_difference:.1g} at most, of values in [-1, 1] ({done.by})"])
    if latents:
        show([f"the inputs of {counted(latents, 'image')} of seed {seed}: {out.with_suffix('')}.latents.npz"])
