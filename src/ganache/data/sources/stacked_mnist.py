"""Stacked MNIST: three digits as the channels of one picture, so that 1,000 modes are known (Metz et al. 2017).

Endless, as the 2-D densities are: row `position` of a seed is three digits drawn with replacement from one split of
MNIST, and its label is the number that they spell, the first digit being the red one.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, seed_sequence
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError, did_you_mean

STACKED_MNIST = "stacked-mnist"
DIGITS = "mnist"  # what the stack is made of
MODES = 1_000

_BLOCK_ROWS = 256
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

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> "StackedStream":
        """Return triples without end; of the named modes alone, each equally often, if any are named.

        Raises UserError for an unknown mode or split, a mode whose digits the split lacks, or a bad seed.
        """
        seed_sequence(seed)
        names = self.label_names
        for label in labels:
            if label not in names:
                raise UserError(f"labels: {label!r} is not one of 000 … 999{did_you_mean(label, names)}")
        rows_of = _rows_by_digit(self.digits.labels_of(split))
        allowed = np.array(sorted({int(label) for label in labels}), np.int64)
        lacking = sorted(
            {int(digit) for digit in (allowed[:, None] // _PLACES % 10).ravel() if not len(rows_of[digit])}
        )
        if lacking or not any(len(rows) for rows in rows_of):
            missing = ", ".join(map(str, lacking)) or "any digit"
            raise UserError(f"labels: no image of the split {split!r} shows {missing}")
        return StackedStream(self.digits, split, rows_of, allowed, seed)


class StackedStream:
    """Triples drawn in numbered blocks, so that each depends on nothing but the seed and its position."""

    def __init__(
        self,
        digits: PackedDataset,
        split: str,
        rows_of: list[npt.NDArray[np.int64]],
        allowed: npt.NDArray[np.int64],
        seed: int,
    ) -> None:
        self.count: int | None = None
        self._digits, self._split = digits, split
        self._rows_of, self._all = rows_of, np.concatenate(rows_of)
        self._digit_of = np.concatenate([np.full(len(rows), digit) for digit, rows in enumerate(rows_of)])
        self._allowed = allowed
        self._seed = seed

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`: images (count, 3, H, W) uint8 and their modes (count,)."""
        assert position >= 0
        assert count >= 1
        first, last = position // _BLOCK_ROWS, (position + count - 1) // _BLOCK_ROWS
        blocks = [self._block(number) for number in range(first, last + 1)]
        wanted = slice(position - first * _BLOCK_ROWS, position - first * _BLOCK_ROWS + count)
        rows = np.concatenate([rows for rows, _ in blocks])[wanted]
        modes = np.concatenate([modes for _, modes in blocks])[wanted]
        pictures = self._digits.pick(self._split, rows.ravel()).images
        return Batch(pictures.reshape(count, 3, *pictures.shape[2:]), modes)

    def _block(self, number: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the rows (256, 3) of one block's digits and their modes (256,)."""
        random = np.random.Generator(np.random.Philox(seed_sequence(self._seed, _STACK_TAG, number)))
        if not len(self._allowed):
            places = random.integers(len(self._all), size=(_BLOCK_ROWS, 3))
            return self._all[places], self._digit_of[places] @ _PLACES
        modes = self._allowed[random.integers(len(self._allowed), size=_BLOCK_ROWS)]
        shares = random.random((_BLOCK_ROWS, 3))
        rows = np.empty((_BLOCK_ROWS, 3), np.int64)
        for place, digits in enumerate((modes[:, None] // _PLACES % 10).T):
            candidates = [self._rows_of[digit] for digit in digits]
            rows[:, place] = [
                choice[int(share * len(choice))] for choice, share in zip(candidates, shares[:, place], strict=True)
            ]
        return rows, modes


def _rows_by_digit(labels: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    return [np.flatnonzero(labels == digit) for digit in range(10)]
