"""Adaptive discriminator augmentation: transformations that every image undergoes or not, by a chance that is steered.

Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data". A chance below 1 leaves most
images of each kind as they are, so what the transformations do can be told from what the data are, and the generator
does not learn to draw them (section 2.2). The less data, the surer the discriminator becomes of its reals, and the more
of them it needs: the chance p follows r = E sign D(x) (section 3).
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Augmentation, Augmenter, refuse_points
from ganache.parts.moment import Moment, Value
from ganache.parts.schedules import Schedule, within
from ganache.parts.transformations import blitted, deformed, no_places, recoloured, with_holes
from ganache.parts.warping import Warp
from ganache.support.world import batch_mean, here

Strength = Annotated[float, Field(ge=0.0, le=1.0)]


class Adaptive(Augmentation):
    """ADA: every transformation is undergone with the chance p times the strength of its group.

    p is steered, unless `probability` says what it is. The discriminator is sure of its reals when r, the mean sign of
    their logits' excess over the objective's boundary, is above `target`; then p grows, else it falls.
    """

    blit: Strength = 1.0  # mirroring, right angles, shifts by whole pixels
    geometry: Strength = 1.0  # scales, angles, shifts by parts of pixels
    colour: Strength = 1.0  # brightness, contrast, luma flip, hue, saturation
    cutout: Strength = 0.0  # a hole of half the sides
    probability: Annotated[Schedule, within(0.0, 1.0)] | None = None  # p; None: it is steered, from 0 on
    target: float = Field(default=0.6, gt=-1.0, lt=1.0)  # of r
    ramp: int = Field(default=500_000, ge=1)  # images in which p moves by one
    every: int = Field(default=4, ge=1)  # moves of the discriminator between two of p
    most: float = Field(default=0.8, ge=0.0, lt=1.0)  # of a p that is steered: beyond, transformations may be learnt

    def build(self, shape: ImageShape) -> Augmenter:
        """Return the module, p and what was heard among its buffers where it is steered; UserError for points."""
        refuse_points(self, shape)
        return _Scheduled(self, shape, self.probability) if self.probability is not None else _Steered(self, shape)


class _Adaptive(Augmenter):
    """Augments with the chance that a subclass knows."""

    def __init__(self, config: Adaptive, shape: ImageShape) -> None:
        super().__init__()
        self.config = config
        self._pictures = shape.pictures
        self.warp = Warp(shape.height, shape.width) if config.blit or config.geometry else None

    def chance(self, now: Moment) -> Value:
        """Return p at a moment."""
        raise NotImplementedError

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        config, chance = self.config, self.chance(now)
        if self.warp is not None:
            places = no_places(images)
            if config.blit:
                places = places @ blitted(images, chance * config.blit)
            if config.geometry:
                places = places @ deformed(images, chance * config.geometry)
            images = self.warp(images, places[:, :2])
        if config.colour:
            images = recoloured(images, chance * config.colour, self._pictures)
        return with_holes(images, chance * config.cutout) if config.cutout else images

    def marks(self, now: Moment) -> dict[str, float]:
        return {"probability": round(float(self.chance(now)), 6)}


class _Scheduled(_Adaptive):
    """Its chance is a function of the images seen."""

    def __init__(self, config: Adaptive, shape: ImageShape, probability: Schedule) -> None:
        super().__init__(config, shape)
        self.probability = probability

    def chance(self, now: Moment) -> Value:
        return now.at(self.probability)


class _Steered(_Adaptive):
    """Its chance follows what it hears of the reals; all that it remembers is in buffers, changed in place."""

    probability: Tensor
    signs: Tensor
    moves: Tensor

    def __init__(self, config: Adaptive, shape: ImageShape) -> None:
        super().__init__(config, shape)
        for name in ("probability", "signs", "moves"):
            self.register_buffer(name, torch.zeros(()))

    def chance(self, now: Moment) -> Value:
        return self.probability

    @torch.no_grad()
    def heard(self, excess: Tensor) -> None:
        """Count the signs of a batch's logits; every so many moves p takes a step of the images that they saw."""
        config = self.config
        self.signs.add_(batch_mean(excess.sign()))
        self.moves.add_(1.0)
        is_time = self.moves >= config.every
        step = len(excess) * here().size * config.every / config.ramp
        moved = self.probability + step * (self.signs / config.every - config.target).sign()
        self.probability.copy_(torch.where(is_time, moved.clamp(0.0, config.most), self.probability))
        for kept in (self.signs, self.moves):
            kept.masked_fill_(is_time, 0.0)
