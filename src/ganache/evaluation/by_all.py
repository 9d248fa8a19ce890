"""The long part of an evaluation by all processes of a world: drawing the samples, and seeing samples and reals.

Whatever a network computes at once is computed by one process, so that the values are in their bits those of a process
alone; process 0 gets them in order, and does with them all the rest. Every process makes these functions, of its own
networks, in the same order; process 0 calls them, and the others help while they are in `World.by_first`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.evaluation.features.extractor import Extracted, Extractor, See
from ganache.evaluation.pieces import PIECE, PIECE_BYTES
from ganache.evaluation.samples import Draw, drawn_alone
from ganache.runs.products import GROUP, TrainedGenerator
from ganache.support.world import Tensors, World

Make: TypeAlias = Callable[[Tensor, Tensor], NDArray[Any]]  # as TrainedGenerator's


def drawn_by_all(make: Make, shape: ImageShape, world: World) -> Draw:
    """Return what draws a generator's samples; `make` makes them of latents and conditions in each process.

    Process 0 holds the images of about one piece of an evaluation, or of one group of each process.
    """
    if world.size == 1:
        return drawn_alone
    made_by_all = world.by_all(lambda *inputs: (torch.from_numpy(make(*inputs)),))
    piece = max(1, min(PIECE, PIECE_BYTES // shape.pixels) // GROUP)
    own = max(1, piece // world.size)  # groups of a process at a time

    def draw(generator: TrainedGenerator, count: int, seed: int, asked: Sequence[str]) -> Iterator[NDArray[Any]]:
        wanted = generator.label_indices(asked)

        def inputs() -> Iterator[Tensors]:
            groups = -(-count // GROUP)
            for first in range(0, groups, own):
                some = [generator.inputs(seed, group, wanted) for group in range(first, min(first + own, groups))]
                yield tuple(torch.cat(parts) for parts in zip(*some, strict=True))

        done = 0
        for (images,) in made_by_all(inputs()):
            yield images.numpy()[: count - done]
            done += len(images)

    return draw


def seen_by_all(extractor: Extractor, world: World) -> See:
    """Return what sees images as an extractor does, which each process has."""
    if world.size == 1:
        return extractor

    def seen(images: Tensor) -> Tensors:
        found = extractor(images.numpy())
        return tuple(torch.from_numpy(values) for values in (found.features, found.logits) if values is not None)

    seen_by_each = world.by_all(seen)

    def see(images: NDArray[Any]) -> Extracted:
        at_once = extractor.at_once(images)
        own = -(-len(images) // (at_once * world.size)) * at_once  # images of a process
        every = torch.from_numpy(np.require(images, requirements=["C", "W"]))
        parts = list(seen_by_each((part,) for part in torch.split(every, own)))
        return Extracted(*(np.concatenate([one.numpy() for one in same]) for same in zip(*parts, strict=True)))

    return see
