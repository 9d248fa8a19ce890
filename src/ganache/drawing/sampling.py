"""Images from a trained generator into files: what the commands `sample` and `interpolate` do."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ganache.data.shape import ImageShape
from ganache.drawing import animations, exports, grids, row_files, ways
from ganache.drawing.origins import PLAIN, Marks, Origin, classes, numbers, truncated
from ganache.drawing.spaces import space_of
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.places import check_place, check_room
from ganache.support.units import bytes_text, check_seed

MOST_SHOWN = 2**28  # bytes of rows in one picture
MOST_FRAMES = 90_000  # an hour
MOST_HELD = 2**33  # bytes of frames, where all must be in memory


def sample_to(
    run: Path,
    out: str,
    *,
    count: int,
    seed: int = 0,
    labels: Sequence[str] = (),
    balance: bool = False,
    device: str = "auto",
    precision: str = "fp32",
    truncation: float = 1.0,
    marks: Marks = PLAIN,
) -> None:
    """Draw `count` images into a picture, a folder of PNGs, a NumPy file or a table, by the name of `out`.

    Rows become what they were: a table's columns, an array of numbers. With `balance` the classes of a conditional
    generator take turns, so that none has two images more than another.

    Raises UserError for an unknown run, label, kind of file or precision, or a truncation that cannot be (see
    `TrainedGenerator.truncated`), RunError when the disk refuses.
    """
    check_seed(seed)
    if count < 1:
        raise UserError(f"count: {count} is not a positive number of images")
    kind = exports.kind_to_mark(out, count, marks)
    generator = load(run, device, precision).truncated(truncation)
    labels = balanced(generator, labels) if balance else labels
    batches = generator.stream(count, seed, labels)
    shape = generator.shape
    asked = {"seed": seed, "images": numbers(0, count), **classes(labels), **truncated(truncation)}
    stamp = marks.on(Origin.of(generator, asked))
    if kind in ("table", "array"):
        check_room(Path(out), count, _least_bytes(shape, kind), "count")
    if kind == "table":
        row_files.write_csv(Path(out), generator, count, seed, labels)
    elif kind == "array" and shape.table is not None:
        row_files.write_numbers(Path(out), generator, count, seed, labels, stamp)
    elif kind == "array":
        dtype = np.dtype(np.float32 if shape.is_row else np.uint8)
        exports.write_array(Path(out), batches, count, (shape.height, shape.width, shape.channels), dtype, stamp)
    elif kind == "folder":
        exports.write_folder(Path(out), batches, count, stamp)
    else:
        _refuse_many(count, shape)  # before they are drawn
        exports.save_picture(grids.for_display(np.concatenate(list(batches)), table=shape.table), Path(out), stamp)


def balanced(generator: TrainedGenerator, labels: Sequence[str] = ()) -> Sequence[str]:
    """Return what a conditional generator is asked for in turn: `labels` each once, all its classes if none is named.

    Raises UserError for a generator without classes.
    """
    if not generator.label_names:
        raise UserError("--balance: this generator knows no classes, of which it could draw equally many")
    return tuple(dict.fromkeys(labels)) or generator.label_names


def _least_bytes(shape: ImageShape, kind: exports.Kind) -> int:
    """Return how many bytes an image, or a row, takes in a file at least."""
    if shape.table is None:
        return shape.stored_bytes
    return len(shape.table.columns) * (2 if kind == "table" else 8)  # a digit and what parts it from the next


def _refuse_many(count: int, shape: ImageShape) -> None:
    """Raise UserError for more images, or rows, than one picture can show."""
    if not shape.is_row:
        grids.layout(count, shape.height, shape.width)
    elif count * shape.stored_bytes > MOST_SHOWN:
        raise UserError(f"--count: {count} rows are too many for one picture; write a table or an array (NAME.npy)")


def interpolate_to(
    run: Path,
    out: str,
    *,
    frames: int,
    seed: int = 0,
    labels: Sequence[str] = (),
    through: str | None = None,
    device: str = "auto",
    truncation: float = 1.0,
    marks: Marks = PLAIN,
) -> None:
    """Draw a walk through the latent space as an animation (.gif, .webp, .mp4), 25 frames a second.

    It has 16 images that walk from random ones to others, or a single one on its way `through` the first images of
    several seeds (``3,17,42``) or the pictures of a folder that `project` wrote. Raises UserError for an unknown run,
    label or kind of file, for stops that are none, and for a truncation that cannot be.
    """
    check_seed(seed)
    if not 2 <= frames <= MOST_FRAMES:
        raise UserError(f"frames: {frames:,} is not between 2 and {MOST_FRAMES:,}, an hour")
    check_place(out, "--out")
    generator = load(run, device).truncated(truncation)
    if generator.shape.table is not None:
        raise UserError("run: rows are no pictures, so there is no walk to be seen")
    if through is None:
        images = generator.walk(seed, frames, labels)
    else:
        space = space_of(generator)
        images = (image[None] for image in ways.along(space, ways.stops_of(space, through, labels), frames))
    walk = _held((grids.for_display(shown) for shown in images), frames, out)
    # Stops may be a folder's name, which is nobody's business.
    way = {"seed": seed} if through is None else {"through": through if ways.are_numbers(through) else "projections"}
    asked = {**way, "frames": frames, **classes(labels), **truncated(truncation)}
    stamp = marks.on(Origin.of(generator, asked))
    animations.animate(walk, Path(out), frames_per_second=25.0, hold_last=0.0, stamp=stamp)


def _held(walk: Iterator[Image.Image], frames: int, out: str) -> Iterator[Image.Image]:
    """Return a walk's frames; raises UserError, once the first is drawn, where all would not fit into the memory."""
    first = next(walk)
    held = frames * first.width * first.height * len(first.getbands())
    if held > MOST_HELD and Path(out).suffix.lower() != animations.STREAMED:
        raise UserError(
            f"frames: {frames:,} take {bytes_text(held)} of memory, more than {bytes_text(MOST_HELD)};"
            f" a file {animations.STREAMED} is written frame by frame"
        )
    return itertools.chain([first], walk)
