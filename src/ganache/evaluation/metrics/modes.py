"""What a generator found of a mixture of round Gaussians: its modes, and how many samples lie at one.

A sample is of high quality when it lies within three standard deviations (of one coordinate) of the nearest centre. A
mode is found when at least one such sample lies at it. Source: Srivastava et al. 2017, "VEEGAN", the experiments on
synthetic data; 2,500 samples are usual. One lucky sample finds a mode, so those with at least twenty are counted too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2_500
WITHIN = 3.0  # standard deviations
MANY = 20  # samples


@dataclass(frozen=True)
class Modes:
    """What was counted; `counts` are the high-quality samples at each mode, in the order of the centres."""

    samples: int
    counts: tuple[int, ...]

    @property
    def known(self) -> int:
        """How many modes the mixture has."""
        return len(self.counts)

    @property
    def found(self) -> int:
        """How many modes have at least one high-quality sample."""
        return sum(count > 0 for count in self.counts)

    @property
    def found_well(self) -> int:
        """How many modes have at least twenty."""
        return sum(count >= MANY for count in self.counts)

    @property
    def high_quality(self) -> float:
        """The share of samples that are of high quality, 0 to 1; the mixture's own points reach 0.989."""
        return sum(self.counts) / self.samples


def count_modes(points: NDArray[np.floating], centres: NDArray[np.floating], std: float) -> Modes:
    """Return what the points (N, 2), N at least 1, found of the equal mixture of Gaussians at the centres (M, 2)."""
    assert len(points), "there is nothing to count"
    distances = np.linalg.norm(points[:, None, :].astype(np.float64) - centres[None, :, :], axis=2)
    nearest = distances.argmin(axis=1)
    near = distances[np.arange(len(points)), nearest] <= WITHIN * std
    return Modes(len(points), tuple(np.bincount(nearest[near], minlength=len(centres)).tolist()))
