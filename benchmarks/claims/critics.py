"""Discriminators trained alone, against a generator that does not move."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.games.recipe import Recipe
from ganache.games.step import TrainingBatch, discriminator_step
from ganache.support.precision import Autocast

POINT = ImageShape(2, 1, 1)
Draw = Callable[[int], Tensor]


class Given(nn.Module):
    """A generator whose latents are its points: (N, 2) to images (N, 2, 1, 1)."""

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Return the points as images."""
        return latent[:, :, None, None]


def start(recipe: Recipe, seed: int, shape: ImageShape = POINT, generator: nn.Module | None = None) -> TrainingState:
    """Return a training that has not begun, with this generator in the place of the recipe's if one is given.

    Sets torch's global stream, from which penalties draw.
    """
    state = TrainingState(recipe, shape, 0, seed, torch.device("cpu"), Autocast("cpu", None))
    if generator is not None:
        state.players.networks["generator"] = generator
    return state


def improve(state: TrainingState, reals: Draw, latents: Draw, steps: int) -> None:
    """Move the discriminator alone, by so many steps on fresh reals (N, C, H, W) and latents (N, Z)."""
    count = state.recipe.batch_size
    for _ in range(steps):
        batch = TrainingBatch(reals(count), torch.zeros(count, 0))
        discriminator_step(state.players, batch, latents(count), state.recipe, state.moment())
        state.counters.critic_updates += 1
        state.counters.images_seen += count


def logits(state: TrainingState, images: Tensor) -> Tensor:
    """Return the discriminator's logits (N,) of images (N, C, H, W)."""
    with torch.no_grad():
        return state.players.critic(state.counters.images_seen)(images, torch.zeros(len(images), 0)).flatten()


def slopes(state: TrainingState, images: Tensor) -> Tensor:
    """Return |∇D| (N,) at images (N, C, H, W)."""
    points = images.detach().requires_grad_()
    said = state.players.critic(state.counters.images_seen)(points, torch.zeros(len(points), 0))
    (gradient,) = torch.autograd.grad(said.sum(), points)
    sizes: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return sizes
