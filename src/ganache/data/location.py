"""What a user means by a source: the name of a set, or a path. Names win; ``./digits`` is the folder of that name."""

import os
from pathlib import Path

from ganache.data.sources.densities import DENSITIES
from ganache.data.sources.named_sets import NAMED_SETS
from ganache.data.sources.stacked_mnist import STACKED_MNIST
from ganache.support.errors import UserError
from ganache.support.files import RECORD, is_run, safe_name
from ganache.support.places import check_place

NAMES = ("digits", *NAMED_SETS, STACKED_MNIST, *DENSITIES)  # the sources that need no path
_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".npy", ".npz", ".json", ".csv", ".tsv")


def as_text(source: str | Path) -> str:
    """Return a source as it is written after ``--data``: a Path is never a name, also where it reads like one."""
    text = str(source)
    _check(text)
    return os.path.join(os.curdir, text) if isinstance(source, Path) and text in NAMES else text


def lasting(text: str) -> str:
    """Return what still means the same data from any folder: a name as it is, a path absolute and resolved."""
    _check(text)
    return text if text in NAMES else os.path.realpath(os.path.expanduser(text))


def _check(text: str) -> None:
    if text not in NAMES:
        check_place(os.path.expanduser(text), "data")


def overlooked(text: str) -> str | None:
    """Return a line about the file or folder that has a set's name and was not meant, None where there is none."""
    if text not in NAMES or not os.path.exists(text):
        return None
    other = os.path.join(os.curdir, text)
    kind = "folder" if os.path.isdir(text) else "file"
    return f"data: {text} is the set of that name; the {kind} {other} was not taken, --data {other} takes it"


def title(text: str) -> str:
    """Return what a run of this source is called after: a set's name, or a path's last part without its suffix."""
    if text in NAMES:
        return text
    path = lasting(text)
    last = os.path.basename(path)
    while os.path.isfile(path) and os.path.splitext(last)[1].lower() in _SUFFIXES:
        last = os.path.splitext(last)[0]
    return safe_name(last) or "data"


def refuse_among(out: Path, text: str) -> None:
    """Raise UserError for a place inside the data, which what is written there would become, and inside a run."""
    place = Path(os.path.realpath(os.path.expanduser(out)))
    if text not in NAMES and os.path.isdir(data := lasting(text)) and place.is_relative_to(data):
        raise UserError(f"out: {str(out)!r} lies in the data, {data!r}; name a folder outside it with --out")
    for folder in place.parents:
        if _is_any_run(folder):
            raise UserError(f"out: {str(out)!r} lies in the run {str(folder)!r}; name a folder outside it with --out")


def refuse_run(path: Path, text: str) -> None:
    """Raise UserError for a run's folder and for whatever lies in one: what a run wrote is not what it learnt from."""
    place = Path(os.path.realpath(path))
    if _is_any_run(place):
        raise UserError(f"data: {text!r} is a run, which is no data; name what is to be learnt from")
    for folder in place.parents:
        if _is_any_run(folder):
            raise UserError(
                f"data: {text!r} lies in the run {str(folder)!r}, and what a run draws is no data; "
                "copy pictures out of it if they are what you mean"
            )


def _is_any_run(folder: Path) -> bool:
    # A classifier that an earlier version of `ganache.scratch` trained has no recipe.
    return is_run(folder) or ((folder / RECORD).is_file() and (folder / "checkpoints").is_dir())
