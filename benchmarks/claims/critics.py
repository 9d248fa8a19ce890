"""Discriminators trained alone, against a generator that does not move."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.games import Moment, TwoPlayers
from ganache.games.game import TrainingBatch
from ganache.parts.critic import Critic
from ganache.parts.latents import Latent
from ganache.support.precision import Autocast

POINT = ImageShape(2, 1, 1)
Draw = Callable[[int], Tensor]


class Given(nn.Module):
    """A generator whose latents are its points: (N, 2) to images (N, 2, 1, 1)."""

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        """Return the points as images."""
        return latent[:, :, None, None]


def two_players(name: str) -> TwoPlayers:
    """Return a recipe of a generator and a discriminator."""
    game = recipes.find(name)
    assert isinstance(game, TwoPlayers), f"{name} is another game"
    return game


def start(
    recipe: TwoPlayers, seed: int, shape: ImageShape = POINT, generator: nn.Module | None = None
) -> TrainingState:
    """Return a training of the discriminator alone, with this generator in the recipe's place if one is given.

    Sets torch's global stream, from which penalties draw.
    """
    alone = recipe.changed(generator_steps=0, critic_steps=1)
    state = TrainingState(alone, shape, 0, seed, torch.device("cpu"), Autocast("cpu", None))
    if generator is not None:
        state.cast.networks["generator"] = generator
    return state


class _Given:
    """Reals and latents as a claim draws them, as a game takes them."""

    def __init__(self, count: int, reals: Draw, latents: Draw) -> None:
        self._count, self._reals, self._latents = count, reals, latents

    def batch(self) -> TrainingBatch:
        """Return the next reals."""
        return TrainingBatch(self._reals(self._count), torch.zeros(self._count, 0))

    def nothing(self) -> TrainingBatch:
        """Refuse: only a generator that moves may ask for no reals."""
        raise AssertionError("the generator does not move")

    def latents(self, latent: Latent) -> Tensor:
        """Return the next latents."""
        return self._latents(self._count)


def improve(state: TrainingState, reals: Draw, latents: Draw, steps: int) -> None:
    """Move the discriminator by so many steps on fresh reals (N, C, H, W) and latents (N, Z)."""
    game, counters = state.recipe, state.counters
    for _ in range(steps):
        now = Moment(counters.images_seen, counters.iterations)
        game.play(state.cast, _Given(game.batch_size, reals, latents), now)
        counters.images_seen += game.images_per_iteration
        counters.iterations += 1


def critic_of(state: TrainingState) -> Critic:
    """Return the discriminator behind its augmentation, as it is now."""
    critic = state.recipe.critic(state.cast, state.now)
    assert critic is not None
    return critic


def logits(state: TrainingState, images: Tensor) -> Tensor:
    """Return the discriminator's logits (N,) of images (N, C, H, W)."""
    with torch.no_grad():
        return critic_of(state)(images, torch.zeros(len(images), 0)).logits.flatten()


def slopes(state: TrainingState, images: Tensor) -> Tensor:
    """Return |∇D| (N,) at images (N, C, H, W)."""
    points = images.detach().requires_grad_()
    said = critic_of(state)(points, torch.zeros(len(points), 0)).logits
    (gradient,) = torch.autograd.grad(said.sum(), points)
    sizes: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return sizes
