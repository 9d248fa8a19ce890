"""One iteration of training: batches and latents come in, both players move, the average follows."""

import torch

from ganache.data import Batch, Selection
from ganache.engine.state import TrainingState
from ganache.games.step import TrainingBatch, discriminator_step, generator_step
from ganache.parts.schedules import at


class Reals:
    """The data as the loop takes it: an endless sequence of batches on the device, read from where it stands."""

    def __init__(self, data: Selection, state: TrainingState) -> None:
        self._stream = data.stream(state.streams_seed)
        self._state = state

    def next(self) -> TrainingBatch:
        """Return the next batch and move on."""
        state, size = self._state, self._state.recipe.batch_size
        batch = self._stream.batch(state.counters.images_drawn, size)
        state.counters.images_drawn += size
        return on_device(batch, state)

    def none(self) -> TrainingBatch:
        """Return a batch without reals and labels, for a generator that needs neither."""
        size, shape = self._state.recipe.batch_size, self._state.shape
        empty = torch.zeros(size, 0, device=self._state.device)
        return TrainingBatch(empty.reshape(0, shape.channels, shape.height, shape.width), empty)


def on_device(batch: Batch, state: TrainingState) -> TrainingBatch:
    """Return a batch as the networks take it: pixels in [-1, 1], labels one-hot, empty when they are not told."""
    images = torch.from_numpy(batch.images).to(state.device, non_blocking=True)
    if images.dtype == torch.uint8:
        images = images.float().div_(127.5).sub_(1.0)
    if not state.labels:
        return TrainingBatch(images, torch.zeros(len(images), 0, device=state.device))
    labels = torch.nn.functional.one_hot(torch.from_numpy(batch.labels), state.labels).float()
    return TrainingBatch(images, labels.to(state.device, non_blocking=True))


def iterate(state: TrainingState, reals: Reals) -> None:
    """Move each player, every time on another batch: `critic_steps` times and `generator_steps` times."""
    if state.recipe.first == "generator":
        _move_generator(state, reals)
    for _ in range(state.recipe.critic_steps):
        _move_discriminator(state, reals)
    if state.recipe.first == "discriminator":
        _move_generator(state, reals)
    half_life = at(state.recipe.ema_half_life, state.counters.images_seen)
    state.average.update(state.players.networks["generator"], state.recipe.images_per_iteration, half_life)


def _move_discriminator(state: TrainingState, reals: Reals) -> None:
    recipe, latents = state.recipe, state.draw_latents()
    state.tally.add(discriminator_step(state.players, reals.next(), latents, recipe, state.moment()))
    state.counters.critic_updates += 1
    state.counters.images_seen += recipe.batch_size


def _move_generator(state: TrainingState, reals: Reals) -> None:
    recipe = state.recipe
    for _ in range(recipe.generator_steps):
        latents = state.draw_latents()
        batch = reals.next() if recipe.generator_takes_reals else reals.none()
        state.tally.add(generator_step(state.players, batch, latents, recipe, state.moment()))
