"""A rehearsal of a recipe's networks on the meta device: shapes without numbers, before anything is allocated."""

import torch

from ganache.errors import UserError
from ganache.recipe import Recipe
from ganache.shape import ImageShape


def rehearse(recipe: Recipe, shape: ImageShape, labels: int) -> None:
    """Raise UserError when the networks cannot pass a batch of this shape, or make images of another.

    A network with an operation that has no rehearsal is taken on trust.
    """
    size = recipe.batch_size
    expected = (size, shape.channels, shape.height, shape.width)
    try:
        with torch.device("meta"), torch.no_grad():
            conditions = torch.zeros(size, labels)
            images = recipe.generator.build(shape, labels)(torch.zeros(size, recipe.generator.latent.size), conditions)
            made = tuple(images.shape)
            logits = recipe.discriminator.build(shape, labels)(torch.zeros(expected), conditions)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, UserError) or type(error) not in (RuntimeError, ValueError):
            raise
        raise UserError(
            f"batch_size: the networks cannot pass a batch of {size}: {str(error).splitlines()[0]}"
        ) from None
    if made != expected:
        raise UserError(f"generator: it makes images of shape {made}, and the data's are {expected}")
    if logits.shape[:1] != (size,):
        raise UserError(f"discriminator: it gives logits of shape {tuple(logits.shape)} for {size} images")
