"""`ganache sample`, `interpolate`, `codes`, `encode`, `project`, `mix` and `translate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ganache.cli.common import load_code, marks_of, mention_overlooked, packing_bar
from ganache.cli.options import (
    Code,
    Device,
    Direction,
    Key,
    Labels,
    NoMetadata,
    Precision,
    Range,
    RunFolder,
    RunPath,
    Seed,
    Sign,
    Truncation,
    path_argument,
    path_option,
)
from ganache.support.console import show
from ganache.support.errors import UserError
from ganache.support.units import counted, listed, parse_count


def sample(
    run: RunPath,
    out: Annotated[str, path_option(help="grid.png, folder/, x.npy, x.npz or rows.csv.")],
    count: Annotated[int | None, typer.Option("--count", "-n", help="How many images; 64 if left out.")] = None,
    seed: Seed = 0,
    labels: Labels = None,
    like_training: Annotated[
        str | None,
        typer.Option(metavar="N", help="A labelled set of N, with the shares that classes had: folder/, x.npz."),
    ] = None,
    balance: Annotated[bool, typer.Option("--balance", help="As many of each class that it knows, in turn.")] = False,
    device: Device = "auto",
    precision: Precision = "fp32",
    truncation: Truncation = 1.0,
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Draw images from a trained generator."""
    from ganache.drawing.labelled_sets import labelled_set_to
    from ganache.drawing.sampling import sample_to

    load_code(code)
    how: dict[str, Any] = {"device": device, "precision": precision, "truncation": truncation}
    how |= {"seed": seed, "marks": marks_of(no_metadata, sign, key)}
    if like_training is not None:
        if labels or balance or count is not None:
            raise UserError("like_training: it says how many and of which classes; leave --count and --label out")
        found = labelled_set_to(run, out, count=parse_count(like_training, "like_training"), **how)
        shares = [f"{name} ({number:,})" for name, number in found.items()]
        show([f"{counted(sum(found.values()), 'image')} from seed {seed}{_told(truncation)}: {out}", listed(shares)])
        return
    count = 64 if count is None else count
    sample_to(run, out, count=count, labels=labels or (), balance=balance, **how)
    show([f"{counted(count, 'image')} from seed {seed}{_told(truncation)}: {out}"])


def interpolate(
    run: RunPath,
    out: Annotated[str, path_option(help="walk.gif, walk.webp or walk.mp4.")],
    frames: Annotated[int, typer.Option(help="How many frames, 25 a second.")] = 100,
    seed: Seed = 0,
    labels: Labels = None,
    through: Annotated[
        str | None, typer.Option(metavar="STOPS", help="Seeds, as in 3,17,42, or a folder that `project` wrote.")
    ] = None,
    device: Device = "auto",
    truncation: Truncation = 1.0,
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Draw a walk through the latent space as an animation."""
    from ganache.drawing.sampling import interpolate_to

    load_code(code)
    interpolate_to(
        run,
        out,
        frames=frames,
        seed=seed,
        labels=labels or (),
        through=through,
        device=device,
        truncation=truncation,
        marks=marks_of(no_metadata, sign, key),
    )
    way = f"through {through}" if through else f"from seed {seed}"
    show([f"{counted(frames, 'frame')} {way}{_told(truncation)}: {out}"])


def _told(truncation: float) -> str:
    return "" if truncation == 1.0 else f", truncation {truncation:g}"


def codes(
    run: RunPath,
    out: Annotated[Path, path_option(help="codes.png.")],
    seed: Seed = 0,
    device: Device = "auto",
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Draw what each code of a generator controls, one row for each start."""
    from ganache.drawing.codes import codes_to

    load_code(code)
    codes_to(run, out, seed=seed, device=device, marks=marks_of(no_metadata, sign, key))
    show([f"the codes from seed {seed}: {out}"])


def encode(
    run: RunFolder,
    pictures: Annotated[str, path_argument(metavar="PICTURES", help="What --data of train takes.")],
    out: Annotated[Path, path_option(help="z.npz.")],
    picture: Annotated[
        Path | None, path_option(metavar="PNG", help="Draw pictures above what the generator makes of their latents.")
    ] = None,
    device: Device = "auto",
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Write the latents that a run's encoder finds for pictures."""
    from ganache.drawing.picture_latents import encode_to

    load_code(code)
    mention_overlooked(pictures)
    marks = marks_of(no_metadata, sign, key)
    with packing_bar() as progress:
        count = encode_to(run, pictures, out, reconstructions=picture, device=device, progress=progress, marks=marks)
    show([f"{counted(count, 'latent')}: {out}", *([f"reconstructions: {picture}"] if picture else [])])


def project(
    run: RunPath,
    pictures: Annotated[
        list[str],
        path_argument(metavar="PICTURE…", help="Picture files, or one source as --data of train takes it."),
    ],
    out: Annotated[Path, path_option(help="A new folder.")],
    split: Annotated[str | None, typer.Option(help="Of a source: the split; all if left out.")] = None,
    count: Annotated[int | None, typer.Option(help="Of a source: how many pictures.")] = None,
    labels: Labels = None,
    steps: Annotated[int, typer.Option(help="How long is looked for each.")] = 200,
    seed: Seed = 0,
    device: Device = "auto",
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Find the latents from which a generator draws given pictures, as nearly as it can."""
    from ganache.drawing.projecting import project_to

    load_code(code)
    if len(pictures) == 1:
        mention_overlooked(pictures[0])
    with packing_bar() as progress:
        done = project_to(
            run,
            pictures,
            out,
            split=split,
            count=count,
            labels=labels or (),
            steps=steps,
            seed=seed,
            device=device,
            progress=progress,
            found=lambda name, distance: show([f"{distance:.4f}  {name}"]),
            marks=marks_of(no_metadata, sign, key),
        )
    show([f"{counted(done, 'picture')}: {out}"])


def mix(
    run: RunPath,
    out: Annotated[Path, path_option(help="grid.png.")],
    rows: Annotated[str, typer.Option(metavar="SEEDS", help="Of the rows' images, as in 1,2,3.")],
    columns: Annotated[str, typer.Option(metavar="SEEDS", help="Of the columns' images, as in 4,5,6,7.")],
    layers: Annotated[
        str | None,
        typer.Option(metavar="FIRST-LAST", help="Which get the column's style; the coarser half if left out."),
    ] = None,
    labels: Labels = None,
    truncation: Truncation = 1.0,
    device: Device = "auto",
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Draw images that have the styles of others in some of their layers."""
    from ganache.drawing.mixing import mix_to

    load_code(code)
    mix_to(
        run,
        out,
        rows=rows,
        columns=columns,
        layers=layers,
        labels=labels or (),
        truncation=truncation,
        device=device,
        marks=marks_of(no_metadata, sign, key),
    )
    show([f"styles of {columns} in images of {rows}: {out}"])


def translate(
    run: RunPath,
    pictures: Annotated[
        Path, path_argument(metavar="INPUT", help="A picture or animation, or a folder or zip of them.")
    ],
    out: Annotated[
        Path, path_option(help="A file for one (.png, .jpg, .webp; moving: .png, .webp, .gif), else a folder.")
    ],
    direction: Direction = "a-to-b",
    whole: Annotated[
        bool, typer.Option("--whole", help="Pictures of any size as they are, not brought to that of the training.")
    ] = False,
    value_range: Range = None,
    device: Device = "auto",
    no_metadata: NoMetadata = False,
    sign: Sign = None,
    key: Key = None,
    code: Code = None,
) -> None:
    """Translate pictures with a trained translator."""
    from ganache.drawing.translating import translate_to

    load_code(code)
    with packing_bar() as progress:
        done = translate_to(
            run,
            pictures,
            out,
            direction=direction,
            whole=whole,
            value_range=value_range,
            device=device,
            progress=progress,
            marks=marks_of(no_metadata, sign, key),
        )
    frames = f" ({counted(done.frames, 'frame')} of animations)" if done.frames else ""
    show(
        [
            f"{counted(done.pictures, 'picture')}{frames} translated {direction}: {out}",
            *(f"range         {sentence}" for sentence in done.ranges),
            *(f"not read      {name}: {why}" for name, why in [*done.skipped.items()][:10]),
        ]
    )
