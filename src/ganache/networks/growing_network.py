"""Networks that grow: they begin with small images, and larger sizes are faded in while they train.

A network knows by a buffer where it stands, so that its average and its file know it too. What it computes follows from
the buffer alone, all sizes of it; while it trains, whoever plays says which of them count at all.
Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and Variation", section 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganache.networks.halving import averaged, repeated
from ganache.networks.resampling import Size
from ganache.parts.moment import Moment, Value

MOST_DOUBLINGS = 16  # more than any image has


@dataclass(frozen=True)
class Growth:
    """How often sides have been doubled: every size has `steady` images, then `fade` of them bring the next one in.

    2.25 is a quarter of the way from the third size to the fourth.
    """

    steady: int
    fade: int

    def value(self, images_seen: float) -> float:
        """Return the stage after so many images."""
        turn = self.steady + self.fade
        if turn == 0 or images_seen >= turn * MOST_DOUBLINGS:
            return float(MOST_DOUBLINGS)
        done, rest = divmod(images_seen, turn)
        return done + (max(0.0, rest - self.steady) / self.fade if self.fade else 0.0)


class GrowingNetwork(nn.Module):
    """A network for images of several sizes, of which one counts, or two neighbours in shares that sum to 1."""

    stage: Tensor  # (), which size: 0 is the smallest, 1.25 a quarter of the third beside the second

    def __init__(self, sizes: Sequence[Size]) -> None:
        """Take the sizes, the smallest first; the network begins fully grown."""
        super().__init__()
        self.sizes = list(sizes)
        self.register_buffer("stage", torch.tensor(float(self.last)))
        self._trained = (0, self.last)

    @property
    def last(self) -> int:
        """The number of the largest size."""
        return len(self.sizes) - 1

    @property
    def counting(self) -> tuple[int, int]:
        """The first and the last of the sizes that are computed: while not training all, for only the buffer knows."""
        return self._trained if self.training else (0, self.last)

    def stand_at(self, stage: Value, around: float) -> None:
        """Go to a stage, of which `around` is a number that lies between the same two sizes."""
        self._trained = min(math.floor(around), self.last), min(math.ceil(around), self.last)
        with torch.no_grad():
            if isinstance(stage, Tensor):
                self.stage.copy_(stage.clamp(max=float(self.last)))
            else:
                self.stage.fill_(min(stage, float(self.last)))

    def marks(self, now: Moment) -> dict[str, float]:
        """Return the stage, for a line of the log."""
        return {"stage": float(self.stage)}

    def shares(self) -> Tensor:
        """Return how much each of the sizes counts (S,)."""
        numbers = torch.arange(len(self.sizes), device=self.stage.device, dtype=self.stage.dtype)
        return (1.0 - (numbers - self.stage).abs()).clamp(min=0.0)

    def views(self, images: Tensor) -> dict[int, Tensor]:
        """Return images (N, C, H, W) at all sizes that are computed, by the number of the size."""
        first, last = self.counting
        found: dict[int, Tensor] = {}
        for number in range(self.last, first - 1, -1):
            images = averaged(images, self.sizes[number])
            found[number] = images
        return {number: view for number, view in found.items() if number <= last}

    def joined(self, views: dict[int, Tensor]) -> Tensor:
        """Return images (N, C, H, W) of the largest size in which each view has its share."""
        first, shares = min(views), self.shares()
        images = views[first] * shares[first]
        for number in range(first + 1, len(self.sizes)):
            images = repeated(images, self.sizes[number])
            if number in views:
                images = images + views[number] * shares[number]
        return images
