"""What a generator found of a mixture of round Gaussians: its modes, and how many samples lie at one.

A sample is of high quality when it lies within three standard deviations (of one coordinate) of the nearest centre. A
mode is found when at least one such sample lies at it. Source: Srivastava et al. 2017, "VEEGAN", the experiments on
synthetic data; 2,500 samples are usual. One lucky sample finds a mode, so those with at least twenty are counted too.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2_500
WITHIN = 3.0  # standard deviations
MANY = 20  # samples

# Of the mixture's own points: the radius of a round Gaussian in two dimensions has P(r > kσ) = exp(-k²/2).
SHARE_OF_REALS = 1.0 - math.exp(-(WITHIN**2) / 2.0)


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

    def to_json(self) -> dict[str, Any]:
        """Return the scores with their protocol as JSON values."""
        return {
            "modes": self.known,
            "modes_found": self.found,
            f"modes_found_{MANY}": self.found_well,
            "high_quality": self.high_quality,
            "samples": self.samples,
            "within_deviations": WITHIN,
            "counts": list(self.counts),
        }


def count_modes(points: NDArray[np.floating], centres: NDArray[np.floating], std: float) -> Modes:
    """Return what the points (N, 2), N at least 1, found of the equal mixture of Gaussians at the centres (M, 2)."""
    assert len(points), "there is nothing to count"
    distances = np.linalg.norm(points[:, None, :].astype(np.float64) - centres[None, :, :], axis=2)
    nearest = distances.argmin(axis=1)
    near = distances[np.arange(len(points)), nearest] <= WITHIN * std
    return Modes(len(points), tuple(np.bincount(nearest[near], minlength=len(centres)).tolist()))
