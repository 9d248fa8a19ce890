"""Stacked MNIST: three digits as the channels of one picture, so that 1,000 modes are known (Metz et al. 2017).

Endless, as the 2-D densities are: row `position` of a seed is three digits drawn with replacement from one split of
MNIST, and its label is the number that they spell, the first digit being the red one.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import seed_sequence
from ganache.data.shape import ImageShape
from ganache.data.sources.endless import BLOCK_ROWS, Drawn, EndlessStream
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError, did_you_mean

STACKED_MNIST = "stacked-mnist"
DIGITS = "mnist"  # what the stack is made of
MODES = 1_000

_STACK_TAG = 0x5354  # keeps these random numbers apart from all others of the same seed
_PLACES = np.array([100, 10, 1])


class StackedDigits:
    """Triples of the images of `digits`, which have one channel and ten classes, in the order 0 to 9."""

    count: None = None

    def __init__(self, digits: PackedDataset, name: str = STACKED_MNIST) -> None:
        assert digits.shape.channels == 1, digits.shape
        assert len(digits.label_names) == 10, digits.label_names
        self.name = name
        self.digits = digits
        self.shape = ImageShape(3, digits.shape.height, digits.shape.width)

    @property
    def label_names(self) -> tuple[str, ...]:
        """One class for each mode: 000 … 999."""
        return tuple(f"{mode:03d}" for mode in range(MODES))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the digits' fingerprint and of the rule by which they are stacked; empty without the former."""
        if not self.digits.fingerprint:
            return ""
        rule = json.dumps({"stacked": 3, "digits": self.digits.fingerprint, "version": 1})
        return hashlib.sha256(rule.encode()).hexdigest()

    def summary(self) -> dict[str, Any]:
        """Return what is known of the data as JSON values."""
        kept = self.digits.summary()
        return {
            "source": self.name,
            "kind": "stacked digits",
            "count": None,
            "shape": [3, self.shape.height, self.shape.width],
            "label_names": list(self.label_names),
            "classes": {},
            "splits": dict.fromkeys(kept["splits"]),
            "digits": {"count": kept["count"], "fingerprint": kept["fingerprint"]},
            "skipped": [],
            "fingerprint": self.fingerprint or None,
        }

    def rows_by_label(self, split: str = "train") -> None:
        """Return None: there is no end of any class."""

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> EndlessStream:
        """Return triples without end; of the named modes alone, each equally often, if any are named.

        Raises UserError for an unknown mode or split, a mode whose digits the split lacks, or a bad seed.
        """
        seed_sequence(seed)
        names = self.label_names
        for label in labels:
            if label not in names:
                raise UserError(f"labels: {label!r} is not one of 000 … 999{did_you_mean(label, names)}")
        numbers = self.digits.labels_of(split)
        rows_of = [np.flatnonzero(numbers == digit) for digit in range(10)]
        allowed = np.array(sorted({int(label) for label in labels}), np.int64)
        lacking = sorted(
            {int(digit) for digit in (allowed[:, None] // _PLACES % 10).ravel() if not len(rows_of[digit])}
        )
        if lacking or not any(len(rows) for rows in rows_of):
            missing = ", ".join(map(str, lacking)) or "any digit"
            raise UserError(f"labels: no image of the split {split!r} shows {missing}")

        def images(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
            pictures = self.digits.pick(split, rows.ravel()).images
            return pictures.reshape(len(rows), 3, *pictures.shape[2:])

        return EndlessStream(seed, _STACK_TAG, _triples(rows_of, allowed), images)


def _triples(
    rows_of: list[npt.NDArray[np.int64]], allowed: npt.NDArray[np.int64]
) -> Callable[[np.random.Generator], Drawn]:
    """Return what draws the rows (256, 3) of a block's digits and their modes (256,)."""
    every = np.concatenate(rows_of)
    digit_of = np.concatenate([np.full(len(rows), digit) for digit, rows in enumerate(rows_of)])

    def draw_any(random: np.random.Generator) -> Drawn:
        places = random.integers(len(every), size=(BLOCK_ROWS, 3))
        return every[places], digit_of[places] @ _PLACES

    def draw_allowed(random: np.random.Generator) -> Drawn:
        modes = allowed[random.integers(len(allowed), size=BLOCK_ROWS)]
        digits, shares = modes[:, None] // _PLACES % 10, random.random((BLOCK_ROWS, 3))
        counts = np.array([len(rows) for rows in rows_of])
        starts = np.cumsum(counts) - counts
        return every[starts[digits] + (shares * counts[digits]).astype(np.int64)], modes

    return draw_allowed if len(allowed) else draw_any
