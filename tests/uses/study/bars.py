"""Pictures of bars in noise: three classes that a classifier of few has some trouble with."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = np.array(["left", "middle", "right"])


def bars(each: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Return pictures (N, 6, 6, 1), as many of each class in turn, and their classes."""
    random = np.random.default_rng(seed)
    kinds = np.arange(3 * each) % 3
    images = random.integers(0, 150, (len(kinds), 6, 6, 1))
    images[np.arange(len(kinds)), :, 1 + 2 * kinds] += 60
    return images.astype(np.uint8), NAMES[kinds]


def write(path: Path, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> Path:
    """Write labelled pictures as an array."""
    np.savez(path, images=images, labels=labels)
    return path


def write_data(path: Path) -> Path:
    """Write 60 pictures of each class to learn from and 30 that judge."""
    (images, labels), (tested, kinds) = bars(60, 0), bars(30, 1)
    np.savez(path, train_images=images, train_labels=labels, test_images=tested, test_labels=kinds)
    return path
