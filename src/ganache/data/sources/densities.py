"""Endless two-dimensional densities whose modes are known: points as 2-channel images of 1×1 pixels.

Eight Gaussians on a ring (radius 1, std 0.01: Metz et al. 2017, arXiv 1611.02163) and a 5×5 grid (spacing 2, std 0.05:
Dumoulin et al. 2017, arXiv 1606.00704), scaled into [-1, 1] by 0.8 and 0.2; two spiral arms of ten Gaussians, and two
half circles of ten.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import seed_sequence
from ganache.data.shape import ImageShape
from ganache.data.sources.endless import BLOCK_ROWS, Drawn, EndlessStream
from ganache.support.errors import UserError, did_you_mean

_DENSITY_TAG = 0x3244  # keeps these random numbers apart from all others of the same seed


@dataclass(eq=False)
class Density:
    """A mixture of round Gaussians: `modes` (M, 2) centres, `std` their common deviation, label = mode.

    It is an equal one, or one of `shares` (M,), which add up to 1.
    """

    name: str
    modes: npt.NDArray[np.float64]
    std: float
    shares: npt.NDArray[np.float64] | None = None
    count: ClassVar[None] = None
    shape: ClassVar[ImageShape] = ImageShape(2, 1, 1)

    @property
    def label_names(self) -> tuple[str, ...]:
        """One class per Gaussian: mode 0, mode 1, …"""
        return tuple(f"mode {index}" for index in range(len(self.modes)))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the centres, the deviation and the shares."""
        constants = {"modes": np.round(self.modes, 12).tolist(), "std": self.std, **self._shared(12)}
        return hashlib.sha256(json.dumps(constants).encode()).hexdigest()

    def _shared(self, digits: int) -> dict[str, Any]:
        return {} if self.shares is None else {"shares": np.round(self.shares, digits).tolist()}

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
            **self._shared(6),
            "skipped": [],
            "fingerprint": self.fingerprint,
        }

    def rows_by_label(self, split: str = "train") -> None:
        """Return None: there is no end of any class."""

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> EndlessStream:
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
        allowed = np.array(sorted({names.index(label) for label in labels}) or range(len(names)), np.int64)
        shares = None if self.shares is None else self.shares[allowed] / self.shares[allowed].sum()

        def draw(random: np.random.Generator) -> Drawn:
            if shares is None:
                modes = allowed[random.integers(len(allowed), size=BLOCK_ROWS)]
            else:
                modes = random.choice(allowed, size=BLOCK_ROWS, p=shares)
            points = self.modes[modes] + self.std * random.standard_normal((BLOCK_ROWS, 2))
            return points.astype(np.float32), modes

        return EndlessStream(seed, _DENSITY_TAG, draw, lambda points: points.reshape(-1, 2, 1, 1))


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


def two_moons() -> Density:
    """Return two half circles that reach into each other, of ten Gaussians each, radius 0.5, std 0.02."""
    angles = math.pi * (np.arange(10) + 0.5) / 10
    upper = 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1) - np.array([0.25, 0.125])
    return Density("two-moons", np.concatenate([upper, -upper]), 0.02)


DENSITIES = {"ring": ring, "grid": grid, "spiral": spiral, "two-moons": two_moons}
