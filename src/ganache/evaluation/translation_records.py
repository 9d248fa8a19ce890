"""Scores of single translations: how far each is from what was wanted, and the way back from the input."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import values_of
from ganache.engine.transfers import to_device
from ganache.evaluation.evidence import Evidence, Setting
from ganache.evaluation.features.efficientnet_features import VERSION
from ganache.evaluation.metrics.counter import ALONE, Beside, Counter
from ganache.evaluation.metrics.inputs import Floats
from ganache.evaluation.metrics.likeness import (
    K1,
    K2,
    SIGMA,
    WINDOW,
    absolute_difference,
    signal_to_noise,
    structural_similarity,
)
from ganache.evaluation.records import Better, Score
from ganache.evaluation.translated import BACK, GIVEN, TRUTH
from ganache.networks.efficientnet import SIDE, EfficientNetLite0, blocks
from ganache.networks.efficientnet_weights import EFFICIENTNET, INSTALL, installed
from ganache.networks.perceptual import PerceptualDistance

MOST_SEEN = 1_000  # pictures that a network compares; of more, every so many
_AT_ONCE = 16  # pictures

Pictures: TypeAlias = NDArray[np.uint8]
Distance: TypeAlias = Callable[[Pictures, Pictures], Floats]


class Compared(Counter):
    """Keeps a value of each of the samples, or of every so many, from two of what lies beside it, "" being itself."""

    def __init__(self, name: str, distance: Distance, ones: str, others: str, every: int = 1) -> None:
        self.name = name
        self._distance, self._ones, self._others, self._every = distance, ones, others, every
        self._seen, self._values = 0, [np.zeros(0)]

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None, beside: Beside = ALONE) -> None:
        """Compare some."""
        taken = slice(-self._seen % self._every, None, self._every)
        self._seen += len(images)
        ones, others = (beside[name] if name else images for name in (self._ones, self._others))
        if len(ones[taken]):
            self._values.append(self._distance(ones[taken], others[taken]))

    @property
    def values(self) -> Floats:
        """What was found (n,)."""
        return np.concatenate(self._values)


@dataclass(frozen=True)
class Likeness:
    """A metric of what lies beside a sample: the mean of a value of each, with its standard error."""

    name: str
    better: Better
    distance: Callable[[Setting], Distance]
    ones: str = ""
    others: str = TRUTH
    least: int = 1  # pixels of a side
    most: int = 0  # pictures that are compared; 0: all
    features: Callable[[], dict[str, Any]] = dict  # what sees the pictures
    settings: tuple[tuple[str, Any], ...] = ()

    def refuse(self, setting: Setting) -> str | None:
        """Return why it cannot be had here, None where it can."""
        absent = next((name for name in (self.ones, self.others) if name and name not in setting.beside), None)
        if absent is not None:
            return _WHY_NOT[absent]
        sides = min(setting.dataset.shape.height, setting.dataset.shape.width)
        if sides < self.least:
            return f"pictures of {self.least}x{self.least} pixels or more have it"
        return f"it needs {INSTALL}" if self.most and installed() is None else None

    def counter(self, setting: Setting, say: Callable[[str], None]) -> Compared:
        """Return what compares."""
        every = -(-setting.count // self.most) if self.most else 1
        return Compared(self.name, self.distance(setting), self.ones, self.others, every)

    def records(self, evidence: Evidence) -> Iterator[Score]:
        """Yield the mean."""
        found = next(one for one in evidence.counters if isinstance(one, Compared) and one.name == self.name).values
        yield evidence.score(
            self.name,
            float(found.mean()),
            self.better,
            samples=len(found),
            uncertainty=float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else None,
            details={"least": float(found.min()), "median": float(np.median(found)), "most": float(found.max())},
            settings=dict(self.settings),
            features=self.features(),
        )


_WHY_NOT = {
    TRUTH: "what was wanted of each picture is not known",
    BACK: "there is no translator that leads back",
    GIVEN: "the samples were made of no pictures",
}


@functools.lru_cache(1)  # for the baselines see by it, too
def _network(device: torch.device) -> PerceptualDistance:
    return PerceptualDistance(EfficientNetLite0(EFFICIENTNET.find()).to(device).eval())


def _seen_by_maps(setting: Setting) -> Distance:
    device = setting.extractor.device
    network = _network(device)

    def distance(ones: Pictures, others: Pictures) -> Floats:
        found = []
        for start in range(0, len(ones), _AT_ONCE):
            both = (_values(part[start : start + _AT_ONCE], device) for part in (ones, others))
            with torch.inference_mode(), full_precision():
                found.append(network(*both).double().cpu().numpy())
        return np.concatenate(found)

    return distance


def _values(images: Pictures, device: torch.device) -> torch.Tensor:
    """Return pictures (n, H, W, C) as a network takes them, (n, C, H, W) in [-1, 1]."""
    return to_device(values_of(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))), device)


def _maps_described() -> dict[str, Any]:
    return {
        "name": "efficientnet-lite0",
        "version": VERSION,
        "size": sum(block.ends for block in blocks()),
        "checksum": EFFICIENTNET.sha256,
        "resize": f"{SIDE}x{SIDE} (torch bilinear, antialiased)",
    }


_UNIT = (("unit", "of the brightest value"),)
LIKENESSES = (
    Likeness("l1", "lower", lambda setting: absolute_difference, settings=_UNIT),
    Likeness("psnr", "higher", lambda setting: signal_to_noise, settings=(("unit", "decibels"),)),
    Likeness(
        "ssim",
        "higher",
        lambda setting: structural_similarity,
        least=WINDOW,
        settings=(("window", f"{WINDOW}x{WINDOW}, Gaussian, σ {SIGMA}"), ("k", [K1, K2])),
    ),
    Likeness(
        "map-distance",
        "lower",
        _seen_by_maps,
        most=MOST_SEEN,
        features=_maps_described,
        settings=(("weights", "equal"),),
    ),
    Likeness("cycle", "lower", lambda setting: absolute_difference, BACK, GIVEN, settings=_UNIT),
)
