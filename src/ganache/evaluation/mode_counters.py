"""Modes that are known in advance, counted while samples pass: of 2-D mixtures, and of stacked digits."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.dataset import Dataset
from ganache.data.sources.densities import Density
from ganache.data.sources.stacked_mnist import StackedDigits
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.extractor import Extractor
from ganache.evaluation.metrics.counter import ALONE, Beside, Counter
from ganache.evaluation.metrics.modes import MANY, SAMPLES, WITHIN, Modes, count_modes
from ganache.evaluation.metrics.stacked_modes import PUBLISHED_SAMPLES, stacked_modes
from ganache.evaluation.records import Better


@dataclass(frozen=True)
class Counted:
    """One number of a count, with what a record needs of it."""

    metric: str
    value: float
    better: Better
    details: dict[str, Any]
    settings: dict[str, Any]


class ModeCounter(Counter):
    """Counts the modes of what passes; of a sample it keeps three bytes at most."""

    features: dict[str, Any] | None = None  # the description of what sees the modes, where that is a network

    @abc.abstractmethod
    def found(self) -> list[Counted]:
        """Return what was counted of at least one sample."""


class MixtureCounter(ModeCounter):
    """Modes of a 2-D mixture, by metrics/modes.py; only those of the named classes if there are any."""

    def __init__(self, density: Density, labels: Sequence[str]) -> None:
        wanted = [index for index, name in enumerate(density.label_names) if not labels or name in labels]
        self._centres, self._std = density.modes[wanted], density.std
        self._counts = np.zeros(len(wanted), np.int64)
        self._samples = 0

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None = None, beside: Beside = ALONE) -> None:
        """Count points (n, 1, 1, 2)."""
        modes = count_modes(images.reshape(-1, 2), self._centres, self._std)
        self._counts += np.array(modes.counts)
        self._samples += modes.samples

    def found(self) -> list[Counted]:
        """Return the modes found and the share of samples of high quality."""
        modes = Modes(self._samples, tuple(self._counts.tolist()))
        settings = {"within_deviations": WITHIN, "modes": modes.known}
        details = {"counts": list(modes.counts), f"found_{MANY}": modes.found_well}
        return [
            Counted("modes-found", modes.found, "higher", details, settings),
            Counted("high-quality", modes.high_quality, "higher", {}, settings),
        ]


class StackedCounter(ModeCounter):
    """Modes of stacked digits, as the classifier of single digits sees them, by metrics/stacked_modes.py."""

    def __init__(self, judge: Extractor) -> None:
        self._judge = judge
        self.features = judge.describe()
        self._digits: list[NDArray[np.int8]] = []

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None = None, beside: Beside = ALONE) -> None:
        """Count pictures (n, H, W, 3)."""
        channels = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(-1, *images.shape[1:3], 1)
        seen = self._judge(channels).logits
        assert seen is not None
        self._digits.append(seen.argmax(axis=1).reshape(-1, 3).astype(np.int8))

    def found(self) -> list[Counted]:
        """Return how many of the 1,000 modes were drawn, and the divergence from equal shares."""
        modes = stacked_modes(np.concatenate(self._digits))
        settings = {"modes": 1_000}
        return [
            Counted("modes-found", modes.found, "higher", {}, settings),
            Counted("modes-divergence", modes.divergence, "lower", {"unit": "nats"}, settings),
        ]


def mode_counter(
    dataset: Dataset,
    labels: Sequence[str],
    cache: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
    device: torch.device | None = None,
) -> ModeCounter:
    """Return what counts the modes of a data set that are known; `say` hears of a classifier to be trained for it."""
    if isinstance(dataset, Density):
        return MixtureCounter(dataset, labels)
    assert isinstance(dataset, StackedDigits), dataset.name
    return StackedCounter(find("classifier", dataset.digits, cache=cache, device=device, say=say))


def knows_modes(dataset: Dataset) -> bool:
    """Whether the data's modes are known in advance."""
    return isinstance(dataset, Density | StackedDigits)


def published_samples(dataset: Dataset) -> int | None:
    """Return how many samples the published protocol for this data draws; None when there is none."""
    if isinstance(dataset, Density):
        return SAMPLES
    return PUBLISHED_SAMPLES if isinstance(dataset, StackedDigits) else None
