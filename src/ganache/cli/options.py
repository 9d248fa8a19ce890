"""The arguments and options that commands share, and how a path among them is read."""

import functools
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ganache.support.places import check_output


def at_home(value: Any) -> Any:
    """Return a path, or each of several, with the user's folder for ``~``, which a shell leaves in ``--out=~/x``."""
    if isinstance(value, list | tuple):
        return [at_home(one) for one in value]
    return value if value is None else type(value)(os.path.expanduser(value))


def output_of(parameter: typer.CallbackParam, value: Path | None) -> Path | None:
    """Return a file to be written, at home; raises UserError, before anything is computed, for what cannot be one."""
    path: Path | None = at_home(value)
    if path is not None:
        check_output(path, str(parameter.name))
    return path


# Of whatever is a path.
path_option = functools.partial(typer.Option, callback=at_home)
path_argument = functools.partial(typer.Argument, callback=at_home)

RunPath = Annotated[Path, path_argument(metavar="RUN", help="A run's folder, or a generator.safetensors.")]
RunFolder = Annotated[Path, path_argument(metavar="RUN", help="A run's folder.")]
Data = Annotated[
    str,
    typer.Option(help="A folder or zip of pictures, a table (.csv), .npy, .npz, IDX, CIFAR, a packed store or a name."),
]
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="What --data of train takes.")]
Images = Annotated[str | None, typer.Option(help="Budget: images seen by the discriminator, such as 200k.")]
Time = Annotated[str | None, typer.Option(help="Budget: time of training, such as 10m.")]
Size = Annotated[str | None, typer.Option(metavar="HxW", help="Height and width in pixels; the data's if left out.")]
Channels = Annotated[int | None, typer.Option(min=1, max=4, help="1 gray, 2 gray+alpha, 3 RGB, 4 RGBA.")]
MaxSkipped = Annotated[
    float, typer.Option(min=0, max=1, help="Share of images that may be unreadable; 16 always may, unless it is 0.")
]
Range = Annotated[
    str | None,
    typer.Option("--range", metavar="LOW:HIGH", help="What becomes black and white in files of more than 8 bits."),
]
Start = Annotated[
    Path | None,
    path_option("--from", metavar="RUN", help="Begin with another run's weights, and its recipe if none is named."),
]
Mirror = Annotated[bool, typer.Option("--mirror", help="Train on every picture mirrored left to right, too.")]
Second = Annotated[
    str, typer.Option("--data-b", metavar="SOURCE", help="To translate: pictures of the other kind, like --data's.")
]
Domains = Annotated[
    str, typer.Option(metavar="A,B", help="To translate: two classes of the data, what is given and what is wanted.")
]
Task = Annotated[
    str,
    typer.Option(help="To translate: super-resolution:4, colorize, inpaint, edges or side-by-side."),
]
LabelColumn = Annotated[
    str, typer.Option("--label-column", metavar="COLUMN", help="Of a table: the column that names each row's class.")
]
Columns = Annotated[
    list[str] | None, typer.Option("--column", metavar="COLUMN", help="Of a table: take only this; may be repeated.")
]
Missing = Annotated[
    str, typer.Option(help="Of a table, what is missing: refuse, mean or median (filled so), drop (the row).")
]
Numbers = Annotated[str, typer.Option(help="Of a table, how numbers are placed: quantiles, standard or deviations.")]
HoldOut = Annotated[
    float, typer.Option("--hold-out", min=0, max=0.9, help="Of a table: the share of rows that become the split test.")
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME", help="A class by its name; may be repeated.")
]
Crop = Annotated[
    str | None,
    typer.Option(metavar="HxW", help="Train on parts of this size of the pictures, at another place every time."),
]
Seed = Annotated[int, typer.Option(help="Decides every random number.")]
Direction = Annotated[str, typer.Option(help="Of a translator: a-to-b or b-to-a.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Precision = Annotated[str, typer.Option(help="auto, fp32 or bf16.")]
Truncation = Annotated[
    float, typer.Option(help="Less than 1: likelier images that differ less, such as 0.7; not below 0.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the recipe.")
]
Batch = Annotated[int | None, typer.Option(help="Images in a batch; the recipe's if left out.")]
EvaluateEvery = Annotated[
    str | None, typer.Option(metavar="N", help="Score what it draws or translates every N images: 50k.")
]
NoMetadata = Annotated[
    bool, typer.Option("--no-metadata", help="Leave out of what is written that it is generated, by what and how.")
]
Sign = Annotated[
    Path | None,
    path_option(
        metavar="CERT", help="Add C2PA content credentials, signed with this certificate (PEM, its chain behind it)."
    ),
]
Key = Annotated[Path | None, path_option(metavar="KEY", help="Of --sign: the private key, PEM, unless CERT holds it.")]
Code = Annotated[Path | None, path_option(help="A Python file that defines the run's own parts.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", callback=output_of, help="Write all of it there, as JSON.")
]
