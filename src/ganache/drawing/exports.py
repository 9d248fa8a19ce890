"""Generated images as files: one array, or a folder of pictures, written batch by batch in constant memory."""

import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.npy import new_member, write_member, write_rows
from ganache.drawing.grids import layout, over_white
from ganache.drawing.origins import BARE, MEMBER, Marks, Stamp
from ganache.support.errors import UserError, did_you_mean
from ganache.support.files import replacing, writing
from ganache.support.places import check_output, check_place

Kind = Literal["picture", "array", "table", "folder"]
"""What --out can name: one picture of all images, one array, a table of rows, or a folder with a picture of each."""

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
PICTURE_SUFFIXES = tuple(_FORMATS)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(PICTURE_SUFFIXES, "picture"),
    ".npy": "array",
    ".npz": "array",
    ".csv": "table",
}


def destination(out: str, count: int) -> Kind:
    """Return what `count` images written to `out` become: decided by its suffix, a folder where there is none.

    Raises UserError for another suffix, and for a picture of so many images that no size of image would fit.
    """
    check_place(out, "--out")
    suffix = Path(out).suffix.lower()
    if out and (out.endswith(("/", os.sep)) or not suffix):
        return "folder"
    if suffix not in _KINDS:
        raise UserError(
            f"--out: {out!r} is neither a picture, array or table ({', '.join(_KINDS)}) nor a folder (NAME/)"
            f"{did_you_mean(suffix, _KINDS)}"
        )
    if _KINDS[suffix] == "picture":
        layout(count, 1, 1)
    return _KINDS[suffix]


def kind_to_mark(out: str, count: int, marks: Marks) -> Kind:
    """Return the `destination` of images that get marks; raises UserError too where credentials have no place in it."""
    kind = destination(out, count)
    if kind in ("array", "table") and marks.signer is not None:
        raise UserError("--sign: credentials go into pictures, not into arrays and tables")
    return kind


def check_picture(path: Path, field: str) -> None:
    """Raise UserError, before anything is computed for it, for a name that is no picture's."""
    check_output(path, field)
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise UserError(f"{field}: {str(path)!r} is no picture; its name may end in {', '.join(PICTURE_SUFFIXES)}")


def save_picture(picture: Image.Image, path: Path, stamp: Stamp = BARE) -> None:
    """Write a picture, atomically; a JPEG has no alpha, so white is laid under it. Raises RunError as the disk does."""
    kind = _FORMATS[path.suffix.lower()]
    if kind == "JPEG":
        picture = over_white(picture)
    with replacing(path) as temporary:
        temporary.write_bytes(file_of(picture, kind, stamp))


def file_of(picture: Image.Image, kind: str, stamp: Stamp, **options: int | bool) -> bytes:
    """Return a picture as the bytes of a PNG, JPEG or WEBP, as Pillow's options and a stamp say."""
    file = io.BytesIO()
    picture.save(file, kind, **options, **stamp.saved_with(kind))
    return stamp.signed(file.getvalue(), kind)


def write_array(
    path: Path,
    batches: Iterator[npt.NDArray[Any]],
    count: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stamp: Stamp = BARE,
) -> None:
    """Write batches (n, *shape) of `dtype`, `count` rows in all, as one .npy, or as ``arr_0`` of an .npz; atomically.

    Equal rows give equal bytes. Raises RunError when the file cannot be written; `path` is then as it was.
    """
    suffix = path.suffix.lower()
    assert suffix in (".npy", ".npz"), path
    with replacing(path) as temporary, open(temporary, "wb") as file:
        if suffix == ".npy":
            write_rows(file, batches, count, shape, dtype)
            return
        with zipfile.ZipFile(file, "w") as archive:
            write_member(archive, "arr_0", batches, count, shape, dtype)
            add_origin(archive, stamp)


def add_origin(archive: zipfile.ZipFile, stamp: Stamp) -> None:
    """Put what a stamp says into the archive of an .npz, as JSON beside its arrays."""
    content = stamp.member()
    if content is not None:
        with new_member(archive, MEMBER) as stored:
            stored.write(content)


def write_folder(
    folder: Path,
    batches: Iterator[npt.NDArray[Any]],
    count: int,
    stamp: Stamp = BARE,
    classes: Sequence[str] | None = None,
) -> None:
    """Write `count` images from uint8 batches (n, H, W, C), C from 1 to 4, as 000000.png, 000001.png …, each whole.

    With `classes` (count,) each lies in the folder of its class. Raises UserError when the folder holds anything
    already or when the batches are points, RunError when writing fails.
    """
    refuse_to_mix(folder)
    digits = max(6, len(str(count - 1)))
    written = 0
    for batch in batches:
        if batch.dtype != np.uint8:
            kind, other = ("points", "an array") if batch.shape[1:] == (1, 1, 2) else ("rows", "a table or an array")
            raise UserError(f"--out: {kind} cannot be a folder of pictures; write {other}, such as {folder.name}.npy")
        assert batch.dtype == np.uint8, batch.dtype
        assert batch.ndim == 4, batch.shape
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for image in batch:
                told = () if classes is None else (classes[written],)
                own = folder.joinpath(*told)
                if told:
                    own.mkdir(parents=True, exist_ok=True)
                _write_png(own / f"{written:0{digits}d}.png", image, stamp.of_image(written, told))
                written += 1
    assert written == count, f"{written} images came, {count} were announced"


def picture_of(image: npt.NDArray[np.uint8]) -> Image.Image:
    """Return an image (H, W, C), C from 1 to 4, as a picture."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def refuse_to_mix(folder: Path) -> None:
    """Raise UserError for a folder that holds anything already, and for what is none."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out: {str(folder)!r} is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"--out: the folder {str(folder)!r} is not empty; name a new one, or empty it first")


def _write_png(path: Path, image: npt.NDArray[np.uint8], stamp: Stamp) -> None:
    # Renamed but not flushed one by one: that would take longer than generating the images.
    temporary = path.with_name(f".{path.name}.partial")
    try:
        temporary.write_bytes(file_of(picture_of(image), "PNG", stamp))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
