"""The latent of a given picture: what a generator would have drawn it from, as nearly as it can draw it at all.

Source of optimising a latent for a picture: Zhu et al. 2016, "Generative Visual Manipulation on the Natural Image
Manifold", section 3.1. The distance and the choice among several starts are ours.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import to_device
from ganache.runs.products import GROUP, TrainedGenerator

CANDIDATES = 8  # groups of samples among which the starts are looked for
STARTS = 8  # of each picture, moved beside each other: some end in a bad place
STEPS = 200
LEARNING_RATE = 0.1  # of latents with a deviation of 1; it falls to nothing along half a cosine
SMALLEST = 4  # pixels of the shorter side of the coarsest size that is compared


class Projected(NamedTuple):
    """What was found for one picture: its latent (Z,), condition (K,), image (C, H, W) in [-1, 1] and distance."""

    latent: Tensor
    condition: Tensor
    image: Tensor
    distance: float


def distance(images: Tensor, picture: Tensor) -> Tensor:
    """Return the mean squared difference (N,) of images (N, C, H, W) from a picture (C, H, W), over several sizes.

    The size itself and its halves down to 4 pixels count alike: coarse ones say in which direction a stroke must move
    that does not overlap yet.
    """
    difference, sizes = images - picture, []
    while True:
        sizes.append(difference.square().flatten(1).mean(1))
        if min(difference.shape[2:]) < 2 * SMALLEST:
            return torch.stack(sizes).mean(0)
        difference = nn.functional.avg_pool2d(difference, 2)


class Projector:
    """Finds latents for pictures, each for itself: what is found does not depend on the pictures beside it."""

    def __init__(self, generator: TrainedGenerator, seed: int, labels: tuple[str, ...] = (), steps: int = STEPS):
        """Draw the samples from which the search starts; raises UserError for a label that is not known."""
        self._generator = generator
        self._steps = steps
        wanted = generator.label_indices(labels)
        groups = [generator.inputs(seed, group, wanted) for group in range(CANDIDATES)]
        self._images = torch.cat([generator.draw(*group) for group in groups])
        self._latents, self._conditions = (torch.cat(parts) for parts in zip(*groups, strict=True))

    def find(self, picture: Tensor, first: Tensor | None = None) -> Projected:
        """Return the best of what is found for a picture (C, H, W) in [-1, 1].

        `first` is a latent (Z,) with which one of the starts begins, as an encoder guesses it.
        """
        nearest = distance(self._images, picture).topk(STARTS, largest=False).indices
        latents, conditions = self._latents[nearest], self._conditions[nearest]
        if first is not None:
            latents = torch.cat([first[None], latents[:-1]])
        with torch.enable_grad(), full_precision():
            return self._moved(latents, conditions, picture)

    def _moved(self, latents: Tensor, conditions: Tensor, picture: Tensor) -> Projected:
        network, device = self._generator.network, next(self._generator.network.parameters()).device
        told, goal = to_device(conditions, device), to_device(picture, device)
        points = nn.Parameter(to_device(latents, device))
        optimizer = torch.optim.Adam([points], lr=LEARNING_RATE, betas=(0.9, 0.999))
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self._steps)
        for _ in range(self._steps):
            (points.grad,) = torch.autograd.grad(distance(network(points, told), goal).sum(), [points])
            optimizer.step()
            falling.step()
            with torch.no_grad():
                points.copy_(self._generator.config.latent.plausible(points))
        with torch.no_grad():
            images = network(points, told)
            found = distance(images, goal)
        best = int(found.argmin())
        return Projected(points[best].detach().cpu(), conditions[best], images[best].cpu(), float(found[best]))


assert STARTS <= GROUP
