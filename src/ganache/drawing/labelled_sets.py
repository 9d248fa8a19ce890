"""A labelled set of generated pictures whose classes have the shares of the training data: files that train again."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.containers.listing import is_dropping
from ganache.data.npy import add_arrays, write_member
from ganache.data.sources.layout import arrange
from ganache.drawing import exports
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp, numbers, truncated
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.files import replacing
from ganache.support.places import check_room
from ganache.support.units import check_seed, listed

Integers = NDArray[np.int64]


def labelled_set_to(
    run: Path,
    out: str,
    *,
    count: int,
    seed: int = 0,
    device: str = "auto",
    precision: str = "fp32",
    truncation: float = 1.0,
    marks: Marks = PLAIN,
) -> dict[str, int]:
    """Draw `count` pictures with the training data's shares of classes; return how many each class has.

    `out` is a folder of class folders, or an .npz with ``images`` (N, H, W, C) and ``labels`` (N,), which are names.
    Picture i depends on (seed, i) alone: its class is that of `classes_by_shares`, and the picture the one that
    `sample` draws where it is asked for that class. Raises UserError for what is no run, for a generator that is told
    no classes or draws no pictures, and as `sample_to` does.
    """
    check_seed(seed)
    if count < 1:
        raise UserError(f"like_training: {count} is not a positive number of images")
    kind = exports.kind_to_mark(out, count, marks)
    if kind != "folder" and Path(out).suffix.lower() != ".npz":
        raise UserError(f"--out: {out!r} has no place for classes; a folder (NAME/) or an array (NAME.npz) has")
    generator = load(run, device, precision).truncated(truncation)
    shares = training_shares(run, generator)
    if kind != "folder":
        check_room(Path(out), count, generator.shape.stored_bytes, "like_training")
    classes = classes_by_shares(shares, count)
    names = np.array(generator.label_names)[classes]
    stamp = marks.on(Origin.of(generator, {"seed": seed, "images": numbers(0, count), **truncated(truncation)}))
    if kind == "folder":
        _refuse_other_meanings(sorted(set(names.tolist())))
        exports.write_folder(Path(out), generator.stream_of(classes, seed), count, stamp, names.tolist())
    else:
        _write_array(Path(out), generator, classes, seed, names, stamp)
    found = np.bincount(classes, minlength=len(generator.label_names))
    return dict(zip(generator.label_names, found.tolist(), strict=True))


def training_shares(run: Path, generator: TrainedGenerator) -> NDArray[np.float64]:
    """Return the share (K,) of each class of a conditional generator among the rows that its run learnt from.

    Records of earlier versions know the whole data's classes alone, held-out rows among them. Raises UserError where no
    classes are told, or nobody knows how many rows each had.
    """
    if not generator.label_names:
        raise UserError("like_training: this generator is told no classes, so its pictures would have none")
    if generator.shape.is_row:
        raise UserError("like_training: it is for pictures; a table (rows.csv) has a column with each row's class")
    if not run.is_dir():
        raise UserError("like_training: a file of weights does not know the shares of classes; name the run's folder")
    record = Run.open(run).record()
    told = _counts(record.get("selection"), "by_class") or _counts(record.get("data"), "classes")
    rows = np.array([float(told.get(name, 0)) for name in generator.label_names])
    if not rows.any():
        raise UserError(f"like_training: {run} does not say how many pictures of each class it learnt from")
    return np.asarray(rows / rows.sum())


def classes_by_shares(shares: NDArray[np.float64], count: int) -> Integers:
    """Return the classes (count,) of pictures 0, 1, … such that any first ones have about the shares (K,).

    Class k comes for the j-th time at (j - ½) / share, so the classes do not depend on how many are wanted (Webster's
    method of 1832, which Sainte-Laguë proposed again in 1910).
    """
    most = np.ceil(shares * (count + len(shares))).astype(np.int64) + 1
    classes = np.repeat(np.arange(len(shares)), np.where(shares > 0, most, 0))
    turns = np.concatenate([np.arange(turns) for turns, share in zip(most, shares, strict=True) if share > 0])
    order = np.argsort((turns + 0.5) / shares[classes], kind="stable")
    return classes[order[:count]]


def _counts(told: Any, field: str) -> dict[str, int]:
    found = told.get(field) if isinstance(told, dict) else None
    counts = found.items() if isinstance(found, dict) else ()
    return {str(name): count for name, count in counts if type(count) is int and 0 <= count < 2**53}


def _refuse_other_meanings(names: list[str]) -> None:
    """Raise UserError where folders of these names would not be read back as these classes."""
    hidden = [name for name in names if any(part in ("", ".", "..") or is_dropping(part) for part in name.split("/"))]
    rows = arrange([f"{name}/0.png" for name in names]).rows
    if hidden or {(row.split, row.label) for row in rows} != {("train", name) for name in names}:
        which = listed(hidden or names)
        raise UserError(
            f"--out: folders called {which} would not be read back as classes; write an array, such as NAME.npz"
        )


def _write_array(
    path: Path, generator: TrainedGenerator, classes: Integers, seed: int, names: NDArray[np.str_], stamp: Stamp
) -> None:
    shape, count = generator.shape, len(classes)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        sides = (shape.height, shape.width, shape.channels)
        write_member(archive, "images", generator.stream_of(classes, seed), count, sides, np.dtype(np.uint8))
        add_arrays(archive, {"labels": names})
        exports.add_origin(archive, stamp)
