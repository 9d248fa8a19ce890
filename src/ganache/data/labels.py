"""Classes: their names, their order, how many of each there are."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_CLASSES = 10_000  # more different labels than these are numbers or texts, not classes
_MAX_LABEL = 200  # letters of a class's name


def count_labels(labels: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    """Return how many labels (N,) there are of each class, and last how many are -1: (classes + 1,)."""
    return np.bincount(np.where(labels < 0, classes, labels), minlength=classes + 1)


def natural_order(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key in which image2 comes before image10."""
    parts = re.split(r"(\d{1,18})", text, flags=re.ASCII)
    key = tuple((0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts))
    return (*key, (-1, 0, text))


def is_class_name(text: str) -> bool:
    """Return whether a text can be the name of a class: of letters that can be shown, and no more than 200."""
    return 0 < len(text) <= _MAX_LABEL and text.isprintable()
