"""Pictures to train on and to pack, drawn here: smooth random patches, always the same ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.store.packing import write_store
from ganache.data.store.survey import Block

PATCHES = 8  # random values along each side of a picture


def draw(shape: ImageShape, count: int, seed: int = 0) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield pictures (C, H, W)."""
    random = np.random.Generator(np.random.Philox(seed))
    for _ in range(count):
        coarse = random.integers(0, 256, (shape.channels, PATCHES, PATCHES), dtype=np.uint8)
        planes = [
            Image.fromarray(plane).resize((shape.width, shape.height), Image.Resampling.BICUBIC) for plane in coarse
        ]
        yield np.stack([np.asarray(plane) for plane in planes])


def write_pictures(shape: ImageShape, count: int, store: Path, classes: tuple[str, ...] = ()) -> None:
    """Write a packed store of pictures, as many of each class one after the other, as `ganache data pack` writes it."""
    labels = np.arange(count, dtype=np.int32) * len(classes) // count if classes else np.full(count, -1, np.int32)

    def parts() -> Iterator[Block]:
        yield Block("train", np.stack(list(draw(shape, count))), labels)

    contents = Contents("synthetic", shape, count, classes, parts)
    source = ArraySource("synthetic", lambda digests: "synthetic", lambda: contents)
    write_store(source, store, Conversion(), Workers(1), lambda done, total: None)


def write_jpegs(shape: ImageShape, count: int, folder: Path) -> None:
    """Write pictures in RGB as JPEGs of quality 90."""
    folder.mkdir()
    for number, picture in enumerate(draw(shape, count)):
        Image.fromarray(picture.transpose(1, 2, 0)).save(folder / f"{number:06}.jpg", quality=90)
