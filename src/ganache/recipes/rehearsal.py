"""A rehearsal of a game on the meta device: shapes without numbers, before anything is allocated."""

import torch

from ganache.data.shape import ImageShape
from ganache.games.game import Game
from ganache.networks.limits import MOST_WEIGHTS, at_most
from ganache.support.errors import UserError

PICTURE = ImageShape(1, 16, 16)  # that any recipe of pictures can draw


def rehearse(game: Game, shape: ImageShape, conditions: int) -> None:
    """Raise UserError when the networks cannot pass a batch of this shape, or parts do not go together.

    A network with an operation that has no rehearsal is taken on trust.
    """
    try:
        with at_most(MOST_WEIGHTS, "recipe"), torch.device("meta"):
            if shape.table is not None:
                _refuse_kernels(game, conditions)
            game.check(game.build(shape, conditions), shape, conditions)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, UserError) or type(error) not in (RuntimeError, ValueError):
            raise
        size, why = game.batch_size, str(error).splitlines()[0]
        raise UserError(f"batch_size: the networks cannot pass a batch of {size}: {why}") from None


def _refuse_kernels(game: Game, conditions: int) -> None:
    """Raise UserError for networks that convolve pictures, whatever they would make of a single pixel."""
    cast = game.build(PICTURE, conditions)
    if any(weight.dim() == 4 for network in cast.networks.values() for weight in network.parameters()):
        raise UserError(
            f"recipe: {game.name!r} convolves pictures, and the columns of a row are no neighbours; connected layers"
            " take them, as those of mlp-rows do"
        )
