"""Endless two-dimensional densities whose modes are known: points as 2-channel images of 1×1 pixels.

Eight Gaussians on a ring (radius 1, std 0.01: Metz et al. 2017, arXiv 1611.02163) and a 5×5 grid (spacing 2, std 0.05:
Dumoulin et al. 2017, arXiv 1606.00704), scaled into [-1, 1] by 0.8 and 0.2; and two spiral arms of ten Gaussians.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, seed_sequence
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError, did_you_mean

_BLOCK_POINTS = 256
_DENSITY_TAG = 0x3244  # keeps these random numbers apart from all others of the same seed
_KEPT_BLOCKS = 8


class Density:
    """An equal mixture of round Gaussians: `modes` (M, 2) centres, `std` their common deviation, label = mode."""

    count: None = None
    shape = ImageShape(2, 1, 1)

    def __init__(self, name: str, modes: npt.NDArray[np.float64], std: float) -> None:
        self.name = name
        self.modes = modes
        self.std = std

    @property
    def label_names(self) -> tuple[str, ...]:
        """One class per Gaussian: mode 0, mode 1, …"""
        return tuple(f"mode {index}" for index in range(len(self.modes)))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the centres and the deviation."""
        constants = json.dumps({"modes": np.round(self.modes, 12).tolist(), "std": self.std})
        return hashlib.sha256(constants.encode()).hexdigest()

    def summary(self) -> dict[str, Any]:
        """Return the density's constants as JSON values."""
        return {
            "source": self.name,
            "kind": "2-D density",
            "count": None,
            "shape": [2, 1, 1],
            "label_names": list(self.label_names),
            "classes": dict.fromkeys(self.label_names),
            "splits": {"train": None},
            "modes": self.modes.tolist(),
            "std": self.std,
            "skipped": [],
            "fingerprint": self.fingerprint,
        }

    def rows_by_label(self, split: str = "train") -> None:
        """Return None: there is no end of any class."""

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> "DensityStream":
        """Return fresh points without end, only of the named modes if any are named.

        Raises UserError for an unknown mode, a split other than train (another seed is new data), or a bad seed.
        """
        if split != "train":
            raise UserError(f"split: {split!r} is not in {self.name!r}, which has train; another seed gives new points")
        seed_sequence(seed)
        names = self.label_names
        for label in labels:
            if label not in names:
                raise UserError(f"labels: {label!r} is not one of mode 0 … {names[-1]}{did_you_mean(label, names)}")
        allowed = sorted({names.index(label) for label in labels}) or range(len(names))
        return DensityStream(self.modes, self.std, np.array(allowed, np.int64), seed)


class DensityStream:
    """Points drawn in numbered blocks, so that each depends on nothing but the seed and its position."""

    def __init__(
        self, modes: npt.NDArray[np.float64], std: float, allowed: npt.NDArray[np.int64], seed: int
    ) -> None:  # fmt: skip
        self.count: int | None = None
        self._modes = modes
        self._std = std
        self._allowed = allowed
        self._seed = seed
        self._blocks: dict[int, tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]] = {}

    def batch(self, position: int, count: int) -> Batch:
        """Return points `position … position + count` as float32 images (count, 2, 1, 1) and their modes."""
        assert position >= 0
        assert count >= 1
        first, last = position // _BLOCK_POINTS, (position + count - 1) // _BLOCK_POINTS
        blocks = [self._block(number) for number in range(first, last + 1)]
        start = position - first * _BLOCK_POINTS
        points = np.concatenate([points for points, _ in blocks])[start : start + count]
        labels = np.concatenate([labels for _, labels in blocks])[start : start + count]
        return Batch(points.reshape(count, 2, 1, 1).copy(), labels.copy())

    def _block(self, number: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        if number not in self._blocks:
            while len(self._blocks) >= _KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            generator = np.random.Generator(np.random.Philox(seed_sequence(self._seed, _DENSITY_TAG, number)))
            labels = self._allowed[generator.integers(len(self._allowed), size=_BLOCK_POINTS)]
            points = self._modes[labels] + self._std * generator.standard_normal((_BLOCK_POINTS, 2))
            self._blocks[number] = points.astype(np.float32), labels
        return self._blocks[number]


def ring() -> Density:
    """Return eight Gaussians on a circle of radius 0.8, std 0.008."""
    angles = np.arange(8) * (2 * math.pi / 8)
    return Density("ring", 0.8 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.008)


def grid() -> Density:
    """Return twenty-five Gaussians at {-0.8, -0.4, 0, 0.4, 0.8}², std 0.01."""
    steps = np.array([-0.8, -0.4, 0.0, 0.4, 0.8])
    return Density("grid", np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2), 0.01)


def spiral() -> Density:
    """Return two opposite arms of ten Gaussians each, radius 0.08 to 0.8 in three quarters of a turn, std 0.015."""
    way = np.arange(1, 11) / 10
    angles = np.concatenate([1.5 * math.pi * way, 1.5 * math.pi * way + math.pi])
    radii = 0.8 * np.concatenate([way, way])
    return Density("spiral", radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.015)


DENSITIES = {"ring": ring, "grid": grid, "spiral": spiral}
