"""The bits that a run of `ganache mark` reads from pictures, and how likely so many agree by chance."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganache.data.shape import ImageShape
from ganache.data.sources.single_pictures import read_pictures
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import values_of
from ganache.games.marking import Marking, bits_of
from ganache.networks.feature_networks import Encoder
from ganache.runs.folder import Run
from ganache.runs.network_files import Kept
from ganache.support.errors import UserError
from ganache.support.files import at_home

AT_ONCE = 256  # pictures
LARGEST_CHANCE = 1e-6  # of a picture that is not marked to be taken for a marked one


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """What a run's generator was marked with, and what reads it."""

    reader: nn.Module
    message: str  # hexadecimal digits
    shape: ImageShape
    weights: str  # of the marked generator, as its pictures' metadata name them

    @classmethod
    def load(cls, path: str | Path) -> "Fingerprint":
        """Return that of a run; raises UserError where it is none of `ganache mark`, or damaged."""
        run = Run.open(at_home(path))
        recipe = run.recipe()
        if not isinstance(recipe, Marking):
            raise UserError(f"marked: {str(path)!r} is no run of `ganache mark`, so it has no fingerprint to look for")
        kept = Kept.read(run.path, "reader")
        config = kept.config(Encoder)
        reader = kept.built(lambda: config.build(kept.shape, recipe.bits), config)
        return cls(reader, recipe.message, kept.shape, Kept.read(run.path, "generator").weights)

    @property
    def bits(self) -> int:
        """How many bits it has."""
        return 4 * len(self.message)

    @property
    def threshold(self) -> int:
        """How many bits must agree for a picture to be called marked."""
        enough = (count for count in range(self.bits + 1) if chance(count, self.bits) <= LARGEST_CHANCE)
        return next(enough, self.bits + 1)

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return the bits (N, n) of pictures (N, C, H, W) of the run's shape."""
        found = [np.zeros((0, self.bits), np.bool_)]
        with torch.inference_mode(), full_precision():
            for start in range(0, len(images), AT_ONCE):
                values = values_of(torch.from_numpy(np.ascontiguousarray(images[start : start + AT_ONCE])))
                found.append((self.reader(values) > 0.0).numpy())
        return np.concatenate(found)

    def agreeing(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return how many bits (N,) of pictures are those of the message."""
        return self._agreeing(self.read(images))

    def _agreeing(self, read: NDArray[np.bool_]) -> NDArray[np.int64]:
        agree: NDArray[np.int64] = (read == (bits_of(self.message).numpy() > 0.5)).sum(axis=1)
        return agree

    def of_file(self, path: Path) -> dict[str, Any]:
        """Return what is read from a picture's file, brought to the run's size; raises UserError where it is none."""
        read = self.read(read_pictures([path], self.shape))
        agree = int(self._agreeing(read)[0])
        return {
            "bits": self.bits,
            "agreeing": agree,
            "read": np.packbits(read[0]).tobytes().hex(),
            "chance": chance(agree, self.bits),
            "marked": agree >= self.threshold,
        }


def chance(agreeing: int, bits: int) -> float:
    """Return the probability that of so many fair coins at least `agreeing` fall right: the binomial's tail."""
    return float(sum(math.comb(bits, count) for count in range(agreeing, bits + 1)) / 2**bits)
