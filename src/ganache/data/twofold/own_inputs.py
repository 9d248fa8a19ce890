"""What a picture itself can give: tasks, by which one set has inputs and targets.

``super-resolution:4``  the picture at a quarter of its size is given, each pixel repeated 4×4 times
``colorize``            its luminance
``inpaint``             the picture with a transparent hole, half as high and wide, at a place of the row's own
``edges``               how steep its luminance is, as a drawing in black on white
``side-by-side``        the left half of each picture, and wanted is its right half; side-by-side:b-to-a the other way
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.shape import ImageShape
from ganache.data.twofold.domains import Integers
from ganache.support.errors import UserError, did_you_mean

Pixels = npt.NDArray[np.uint8]
Make = Callable[[Pixels, Integers], Pixels]  # images (N, C, H, W) and their places to others of the same number

SMALLER = "super-resolution"
SIDE_BY_SIDE = ("side-by-side", "side-by-side:b-to-a")
_LUMA = np.array([19_595, 38_470, 7_471])  # of 65,536: ITU-R BT.601, as Pillow makes a picture grey
_EDGE = 4.0  # by so much a slope of luminance darkens the drawing


@dataclass(frozen=True)
class Task:
    """What becomes of pictures: images of this shape, inputs first in the channels, made of pictures and places."""

    text: str
    shape: ImageShape
    make: Make


def task_of(text: str, shape: ImageShape) -> Task:
    """Return the task of a name for pictures of a shape; raises UserError for one that is not known or cannot be."""
    name, _, parameter = text.partition(":")
    if name == SMALLER:
        return _super_resolution(text, _scale(text, parameter), shape)
    if text in SIDE_BY_SIDE:
        return _side_by_side(text, shape)
    if text not in _INPUTS:
        known = [f"{SMALLER}:4", *_INPUTS, *SIDE_BY_SIDE]
        raise UserError(f"task: {text!r} is not one of {', '.join(known)}{did_you_mean(name, known)}")
    if shape.channels in (2, 4):
        raise UserError(f"task: {name} is for pictures without transparency; --channels 3 or 1 lays them on white")
    channels, make = _INPUTS[name]
    return _beside(text, channels or shape.channels + 1, make, shape)


@dataclass(frozen=True)
class Use:
    """How a picture that is to be translated becomes an input; others than these are given as they are.

    Its size grows by `scale`. Where it is `greyed` it is read in the target's channels first, as in training: made grey
    before it was brought to a size it would be another.
    """

    scale: int = 1
    greyed: bool = False

    def prepared(self, images: Pixels) -> Pixels:
        """Return inputs of pictures (N, C, H, W)."""
        return _grey(images, np.arange(len(images))) if self.greyed else repeated(images, self.scale)


def use_of(text: str) -> Use:
    """Return what is done with a picture at use by a task's translator, ``""`` being none."""
    name, _, parameter = text.partition(":")
    return Use(scale=_scale(text, parameter) if name == SMALLER else 1, greyed=name == "colorize")


def doubled(size: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width that a picture of two halves must have for one half to have this size."""
    return size[0], 2 * size[1]


def _beside(text: str, channels: int, make: Make, shape: ImageShape) -> Task:
    """Return the task whose inputs, of so many channels, are made of the targets."""
    both = ImageShape(channels + shape.channels, shape.height, shape.width, given=channels)
    return Task(text, both, lambda images, places: np.concatenate([make(images, places), images], axis=1))


def _side_by_side(text: str, shape: ImageShape) -> Task:
    if shape.width % 2:
        raise UserError(f"task: pictures of {shape.height}x{shape.width} pixels have no two halves")
    half = shape.width // 2

    def make(images: Pixels, places: Integers) -> Pixels:
        halves = [images[..., :half], images[..., half:]]
        return np.concatenate(halves if text == SIDE_BY_SIDE[0] else halves[::-1], axis=1)

    return Task(text, ImageShape(2 * shape.channels, shape.height, half, given=shape.channels), make)


def _scale(text: str, parameter: str) -> int:
    if re.fullmatch("[0-9]{0,2}", parameter) is None or not 2 <= (scale := int(parameter or 4)) <= 16:
        raise UserError(f"task: {text[:40]!r} names no scale from 2 to 16, as in super-resolution:4")
    return scale


def _super_resolution(text: str, scale: int, shape: ImageShape) -> Task:
    if shape.height % scale or shape.width % scale:
        raise UserError(
            f"task: {shape.height}x{shape.width} pixels cannot be divided by {scale}; --size HEIGHTxWIDTH says another"
        )

    def make(images: Pixels, places: Integers) -> Pixels:
        return repeated(np.stack([shrunk(image, scale) for image in images]), scale)

    return _beside(text, shape.channels, make, shape)


def shrunk(image: Pixels, scale: int) -> Pixels:
    """Return a picture (C, H, W) at a fraction of its size, by Pillow's antialiased bicubic filter."""
    _, height, width = image.shape
    size = (width // scale, height // scale)
    return np.stack([np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC)) for plane in image])


def repeated(images: Pixels, scale: int) -> Pixels:
    """Return pictures (N, C, H, W) with each pixel repeated, scale times down and across."""
    return images.repeat(scale, axis=2).repeat(scale, axis=3)


def _grey(images: Pixels, places: Integers) -> Pixels:
    if images.shape[1] == 1:
        return images
    return (np.tensordot(images.astype(np.int64), _LUMA, (1, 0)) + 32_768 >> 16).astype(np.uint8)[:, None]


def _edges(images: Pixels, places: Integers) -> Pixels:
    grey = np.pad(_grey(images, places).astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    down = (grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]) / 2.0
    across = (grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2]) / 2.0
    return np.rint(255.0 - np.minimum(255.0, _EDGE * np.hypot(down, across))).astype(np.uint8)


def _with_hole(images: Pixels, places: Integers) -> Pixels:
    _, _, height, width = images.shape
    high, wide = (height + 1) // 2, (width + 1) // 2
    seen = np.full((len(images), 1, height, width), 255, np.uint8)
    for hole, place in zip(seen, places, strict=True):
        random = np.random.Generator(np.random.Philox(key=int(place)))
        top, left = random.integers(height - high + 1), random.integers(width - wide + 1)
        hole[:, top : top + high, left : left + wide] = 0
    return np.concatenate([np.where(seen, images, np.uint8(128)), seen], axis=1)


# The channels of an input, 0 for one more than the picture's, and how it is made.
_INPUTS: dict[str, tuple[int, Make]] = {"colorize": (1, _grey), "inpaint": (0, _with_hole), "edges": (1, _edges)}
