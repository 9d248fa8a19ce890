"""Images as the files that are sent: PNG and WebP, animations, arrays; their sizes are known before they are drawn."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.data.npy import add_arrays
from ganache.drawing.animations import animation_bytes
from ganache.drawing.exports import add_origin, file_of, picture_of
from ganache.drawing.grids import GAP, grid, layout, pairs, scatter
from ganache.drawing.origins import Stamp
from ganache.support.errors import UserError
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import MEGAPIXEL, Bounds

Format = Literal["png", "webp", "npz"]

MEDIA = {"png": "image/png", "webp": "image/webp", "npz": "application/zip", "json": "application/json"}
SMALLEST_SCATTER = 64  # pixels
FRAMES_PER_SECOND = 25.0


def still(images: NDArray[Any], kind: Format, columns: int | None, side: int, stamp: Stamp) -> bytes:
    """Return images (N, H, W, C), or points, as a grid whose longer side has at least `side` pixels, or as an array."""
    if kind == "npz":
        return arrays({"arr_0": images}, stamp)
    return _file(_picture(images, columns, side), kind, stamp)


def translation(images: NDArray[np.uint8], kind: Format, stamp: Stamp) -> bytes:
    """Return the one picture of images (1, H, W, C) as it is, or as an array."""
    return arrays({"arr_0": images}, stamp) if kind == "npz" else _file(picture_of(images[0]), kind, stamp)


def animation(images: NDArray[Any], side: int, stamp: Stamp) -> bytes:
    """Return images (N, H, W, C), or points, as a WebP of as many frames."""
    frames = (_picture(image[None], 1, side) for image in images)
    return animation_bytes(frames, FRAMES_PER_SECOND, stamp)


def remade(picture: NDArray[np.uint8], image: NDArray[np.uint8], kind: Literal["png", "webp"], stamp: Stamp) -> bytes:
    """Return a picture (C, H, W) above what a generator made of it (1, H, W, C)."""
    return _file(pairs(picture.transpose(1, 2, 0)[None], image, 1), kind, stamp)


def arrays(found: Mapping[str, NDArray[Any]], stamp: Stamp) -> bytes:
    """Return arrays as an .npz; equal arrays of one origin give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        add_arrays(archive, found)
        add_origin(archive, stamp)
    return file.getvalue()


def check_size(run: Mapping[str, Any], count: int, kind: Format, columns: int | None, side: int, most: Bounds) -> None:
    """Raise RefusedError, before anything is drawn, for images whose file would be too large."""
    if kind == "npz":
        size = count * run["height"] * run["width"] * run["channels"] * (4 if run["points"] else 1)
        if size > most.answer_bytes:
            raise RefusedError(422, f"count: {count:,} images are {size:,} bytes, more than {most.answer_bytes:,}")
    elif not run["points"]:
        height, width = _grid_size(run, count, columns, side)
        if height * width > most.answer_pixels:
            size = f"{width:,} × {height:,} pixels"
            limit = most.answer_pixels // MEGAPIXEL
            raise RefusedError(422, f"count: {count:,} images make {size}, more than {limit} megapixels; ask for fewer")


def check_animation(run: Mapping[str, Any], frames: int, side: int, most: Bounds) -> None:
    """Raise RefusedError for an animation whose frames would have too many pixels."""
    height, width = (max(side, SMALLEST_SCATTER),) * 2 if run["points"] else _grid_size(run, 1, 1, side)
    if frames * height * width > most.animation_pixels:
        size = f"{width:,} × {height:,} pixels"
        limit = f"{most.animation_pixels // MEGAPIXEL} megapixels"
        raise RefusedError(422, f"frames: {frames} of {size} are more than {limit}; ask for fewer, or smaller ones")


def _grid_size(run: Mapping[str, Any], count: int, columns: int | None, side: int) -> tuple[int, int]:
    try:
        rows, across, factor = layout(count, run["height"], run["width"], columns, side)
    except UserError as error:
        raise RefusedError(422, str(error).removeprefix("--")) from None
    sizes = ((rows, run["height"]), (across, run["width"]))
    height, width = (cells * pixels * factor + (cells - 1) * GAP for cells, pixels in sizes)
    return height, width


def _picture(images: NDArray[Any], columns: int | None, side: int) -> Image.Image:
    if images.dtype == np.float32:
        return scatter(images.reshape(-1, 2), None, max(side, SMALLEST_SCATTER))
    return grid(images, columns, side)


def _file(picture: Image.Image, kind: str, stamp: Stamp) -> bytes:
    options = {"lossless": True, "quality": 50, "method": 2} if kind == "webp" else {}
    return file_of(picture, kind.upper(), stamp, **options)
