"""Batches and latents for an iteration, each a function of (seed, name, position).

Nothing depends on what was drawn before, or on who measured or drew a picture in between: a training that is continued
needs no state of any random generator, only the number of its iteration.
"""

import torch
from torch import Tensor

from ganache.data import Batch, Selection
from ganache.engine.feeding import Fed, feed_for
from ganache.engine.pixel_values import values_of
from ganache.engine.state import TrainingState
from ganache.games.game import TrainingBatch
from ganache.parts.latents import Latent
from ganache.support.streams import begin_default_streams, derive


class StateDraws:
    """The draws of a training that stands where its state says; what modules draw themselves comes from `begin`."""

    def __init__(self, data: Selection, state: TrainingState) -> None:
        stream = data.stream(state.streams_seed)
        self._feed = feed_for(stream, state.device, state.shape.stored_bytes, state.recipe.batch_size)
        self._state = state
        self._latents = 0  # drawn in this iteration
        self._random = torch.Generator(state.device)

    def begin(self) -> None:
        """Begin an iteration: what dropout, noise and penalties draw inside it is a function of its number."""
        self._latents = 0
        state = self._state
        begin_default_streams(state.device, derive(state.streams_seed, "step", state.counters.iterations))

    def batch(self) -> TrainingBatch:
        """Return the next batch of the data and move on."""
        state, size = self._state, self._state.recipe.batch_size
        first = state.counters.images_drawn + state.world.place(size).start
        fed = self._feed.batch(first, state.world.share(size))
        state.counters.images_drawn += size
        return _as_training(fed, state)

    def nothing(self) -> TrainingBatch:
        """Return a batch without reals and conditions, for a player that needs neither."""
        state, shape = self._state, self._state.shape
        size = state.world.share(state.recipe.batch_size)
        empty = torch.zeros(size, 0, device=state.device)
        return TrainingBatch(empty.reshape(0, shape.channels, shape.height, shape.width), empty)

    def latents(self, latent: Latent) -> Tensor:
        """Return the next latents (N, Z) of this iteration."""
        state = self._state
        self._random.manual_seed(derive(state.streams_seed, "latents", state.counters.iterations, self._latents))
        self._latents += 1
        size = state.recipe.batch_size
        return latent.draw(size, self._random)[state.world.place(size)]


def on_device(batch: Batch, state: TrainingState) -> TrainingBatch:
    """Return a batch as the networks take it: pixels in [-1, 1], labels one-hot, empty when they are not told."""
    return _as_training(Fed.of(batch).on(state.device), state)


def _as_training(fed: Fed, state: TrainingState) -> TrainingBatch:
    images = values_of(fed.images) if fed.images.dtype == torch.uint8 else fed.images
    if not state.conditions:
        return TrainingBatch(images, torch.zeros(len(images), 0, device=state.device))
    return TrainingBatch(images, torch.nn.functional.one_hot(fed.labels, state.conditions).float())
