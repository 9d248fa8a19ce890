"""`ganache sample` and `ganache interpolate`."""

from typing import Annotated

import typer

from ganache.cli.common import load_code
from ganache.cli.options import Code, Device, Labels, Precision, RunPath, Seed, path_option
from ganache.support.console import show
from ganache.support.units import counted


def sample(
    run: RunPath,
    out: Annotated[str, path_option(help="grid.png, folder/, x.npy or x.npz.")],
    count: Annotated[int, typer.Option(help="How many images.")] = 64,
    seed: Seed = 0,
    labels: Labels = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    code: Code = None,
) -> None:
    """Draw images from a trained generator."""
    from ganache.drawing.sampling import sample_to

    load_code(code)
    sample_to(run, out, count=count, seed=seed, labels=labels or (), device=device, precision=precision)
    show([f"{counted(count, 'image')} from seed {seed}: {out}"])


def interpolate(
    run: RunPath,
    out: Annotated[str, path_option(help="walk.gif, walk.webp or walk.mp4.")],
    frames: Annotated[int, typer.Option(help="How many frames, 25 a second.")] = 100,
    seed: Seed = 0,
    labels: Labels = None,
    device: Device = "auto",
    code: Code = None,
) -> None:
    """Draw a walk through the latent space as an animation."""
    from ganache.drawing.sampling import interpolate_to

    load_code(code)
    interpolate_to(run, out, frames=frames, seed=seed, labels=labels or (), device=device)
    show([f"{counted(frames, 'frame')} from seed {seed}: {out}"])
