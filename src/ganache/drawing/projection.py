"""What a generator would have drawn a given picture from, as nearly as it can draw it at all.

Source of optimising a latent for a picture: Zhu et al. 2016, "Generative Visual Manipulation on the Natural Image
Manifold", section 3.1; a style: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 5.
The distance and the choice among several starts are ours.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganache.drawing.spaces import Places, space_of
from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import to_device
from ganache.runs.products import TrainedGenerator

CANDIDATES = 8  # groups of samples among which the starts are looked for
STARTS = 8  # of each picture, moved beside each other: some end in a bad place
STEPS = 200
LEARNING_RATE = 0.1  # of points with a deviation of about 1; it falls to nothing along half a cosine
SMALLEST = 4  # pixels of the shorter side of the coarsest size that is compared


class Projected(NamedTuple):
    """What was found for one picture: its place, of one row, its image (C, H, W) in [-1, 1] and the distance."""

    place: Places
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
    """Finds where pictures lie, each for itself: what is found does not depend on the pictures beside it."""

    def __init__(
        self, generator: TrainedGenerator, seed: int = 0, labels: tuple[str, ...] = (), steps: int = STEPS
    ) -> None:
        """Note what is looked for how long; raises UserError for a label that is not known."""
        self.space = space_of(generator)
        self._steps, self._seed = steps, seed
        self._wanted = generator.label_indices(labels)
        self._samples: list[tuple[Tensor, Tensor, Tensor]] = []  # images, latents, conditions from which it starts

    def find(self, picture: Tensor, first: Tensor | None = None) -> Projected:
        """Return the best of what is found for a picture (C, H, W) in [-1, 1].

        `first` is a latent (Z,) with which one of the starts begins, as an encoder guesses it.
        """
        return next(found for found in self.steps(picture, first) if found is not None)

    def steps(self, picture: Tensor, first: Tensor | None = None) -> Iterator[Projected | None]:
        """Yield None after each step of a search, so that others may have their turns, and then what `find` returns."""
        generator = self.space.generator
        for group in range(len(self._samples), CANDIDATES):
            latents, conditions = generator.inputs(self._seed, group, self._wanted)
            self._samples.append((generator.draw(latents, conditions), latents, conditions))
            yield None
        images, latents, conditions = (torch.cat(parts) for parts in zip(*self._samples, strict=True))
        nearest = distance(images, picture).topk(STARTS, largest=False).indices
        latents, conditions = latents[nearest], conditions[nearest]
        if first is not None:
            latents = torch.cat([first[None], latents[:-1]])
        yield from self._moved(self.space.places(latents, conditions), picture)

    def _moved(self, places: Places, picture: Tensor) -> Iterator[Projected | None]:
        space, goal = self.space, to_device(picture, self.space.device)
        points, latents, conditions = (to_device(rows, space.device) for rows in places)
        moving = nn.Parameter(points)
        optimizer = torch.optim.Adam([moving], lr=LEARNING_RATE, betas=(0.9, 0.999))
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self._steps)
        for _ in range(self._steps):
            with full_precision():
                loss = distance(space.images(moving, latents, conditions), goal).sum()
                (moving.grad,) = torch.autograd.grad(loss, [moving])
                optimizer.step()
                falling.step()
                with torch.no_grad():
                    moving.copy_(space.plausible(moving))
            yield None
        with torch.no_grad(), full_precision():
            images = space.images(moving, latents, conditions).clamp(-1.0, 1.0)
            found = distance(images, goal)
        best = int(found.argmin())
        row = slice(best, best + 1)
        place = Places(moving.detach()[row].cpu(), places.latents[row], places.conditions[row])
        yield Projected(place, images[best].cpu(), float(found[best]))
