"""A rehearsal of a recipe's networks on the meta device: shapes without numbers, before anything is allocated."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrizations import _SpectralNorm

from ganache.data.shape import ImageShape
from ganache.games.recipe import Recipe
from ganache.networks.limits import MOST_WEIGHTS, at_most
from ganache.parts.penalties import SlopePenalty, WeightClipping
from ganache.support.errors import UserError


def rehearse(recipe: Recipe, shape: ImageShape, labels: int) -> None:
    """Raise UserError when the networks cannot pass a batch of this shape, make images of another, or when two of the
    recipe's parts undo each other.

    A network with an operation that has no rehearsal is taken on trust.
    """
    size = recipe.batch_size
    expected = (size, shape.channels, shape.height, shape.width)
    try:
        with at_most(MOST_WEIGHTS, "recipe"), torch.device("meta"), torch.no_grad():
            conditions = torch.zeros(size, labels)
            images = recipe.generator.build(shape, labels)(torch.zeros(size, recipe.generator.latent.size), conditions)
            made = tuple(images.shape)
            discriminator = recipe.discriminator.build(shape, labels)
            logits = discriminator(torch.zeros(expected), conditions)
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
    refuse_contradictions(recipe, discriminator)


def refuse_contradictions(recipe: Recipe, discriminator: nn.Module) -> None:
    """Raise UserError, with the reason, for parts that are each possible and together mean nothing."""
    has_batch_norm = any(isinstance(module, _BatchNorm) for module in discriminator.modules())
    has_spectral_norm = any(isinstance(module, _SpectralNorm) for module in discriminator.modules())
    for name, weighted in recipe.penalties.items():
        if has_batch_norm and isinstance(weighted.penalty, SlopePenalty):
            raise UserError(
                f"penalties.{name}: {type(weighted.penalty).__name__} needs logits that depend on one image each, and "
                "batch norm mixes the batch; choose a discriminator without it (--set discriminator.batch_norm=false)"
            )
    if has_batch_norm and has_spectral_norm:
        raise UserError(
            "discriminator: batch norm rescales what spectral normalisation has bounded, which then bounds nothing; "
            "use one of them (--set discriminator.batch_norm=false)"
        )
    if has_spectral_norm and isinstance(recipe.constraint, WeightClipping):
        raise UserError(
            "constraint: WeightClipping has no effect on spectrally normalised weights, which are rescaled after it; "
            "use one of them"
        )
    for name, term in recipe.generator_terms.items():
        if term.needs_features and not callable(getattr(discriminator, "features", None)):
            raise UserError(
                f"generator_terms.{name}: {type(term).__name__} needs features, and "
                f"{type(recipe.discriminator).__name__} has no method features to give them"
            )
    if recipe.adversarial == 0.0 and not recipe.generator_terms:
        raise UserError(
            "adversarial: with 0 and without generator_terms the generator would have nothing to learn from"
        )
