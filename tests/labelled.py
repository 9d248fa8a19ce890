"""Small labelled data sets in memory, for what judges by labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.store.packed import PackedDataset


def labelled(
    images: NDArray[np.uint8], labels: Sequence[int], names: Sequence[str] = ("dark", "light"), **splits: int
) -> PackedDataset:
    """Return images (N, C, H, W) with labels (-1: none); `splits` cut the rows in order, all of them train if none."""
    held: dict[str, tuple[int, int]] = {}
    for name, count in (splits or {"train": len(images)}).items():
        start = max((stop for _, stop in held.values()), default=0)
        held[name] = (start, start + count)
    manifest: dict[str, Any] = {
        "shape": images.shape[1:],
        "label_names": list(names),
        "fingerprint": "f" * 64,
        "count": len(images),
        "splits": {name: list(rows) for name, rows in held.items()},
    }
    return PackedDataset("shades", manifest, images, np.asarray(labels, np.int32), held)


def shades(labels: Sequence[int], shape: tuple[int, int, int] = (1, 4, 4)) -> NDArray[np.uint8]:
    """Return one image (C, H, W) a label: noise below 100 for all labels but 1, above 155 for 1."""
    noise = np.random.default_rng(0).integers(0, 100, (len(labels), *shape), dtype=np.uint8)
    noise[np.asarray(labels) == 1] += 156
    return noise
