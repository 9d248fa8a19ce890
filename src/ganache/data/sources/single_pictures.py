"""Picture files that are named one by one, read as those of a set are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganache.data.containers import open_container
from ganache.data.containers.listing import IMAGE_SUFFIXES
from ganache.data.decoding.pool import Decoders
from ganache.data.decoding.value_ranges import ranges_at_use
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError


def is_picture(path: Path) -> bool:
    """Return whether a path is a file with the name of a picture."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def read_pictures(paths: Sequence[Path], shape: ImageShape, ranges: Ranges | None = None) -> NDArray[np.uint8]:
    """Return picture files as (N, C, H, W) uint8: covered and cropped to a shape, by a process of their own.

    Those of more than 8 bits are read by `ranges`, or else by what those of their folder show. Raises UserError naming
    the first that cannot be read.
    """
    images = np.zeros((len(paths), shape.channels, shape.height, shape.width), np.uint8)
    for folder in dict.fromkeys(path.parent for path in paths):
        own = [number for number, path in enumerate(paths) if path.parent == folder]
        with Decoders(open_container(folder)) as decoders:
            names = [paths[number].name for number in own]
            used, _ = ranges_at_use(decoders, names, ranges)
            found = decoders.pixels([[name] for name in names], shape, used, {})
            for number, pixels in zip(own, found, strict=True):
                (reason,) = pixels.reasons
                if reason is not None:
                    raise UserError(f"pictures: {str(paths[number])!r} cannot be read: {reason}")
                images[number] = pixels.images[0]
    return images
