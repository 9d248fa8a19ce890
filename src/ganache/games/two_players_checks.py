"""What networks and the parts between them must agree on, found out before anything is allocated."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrizations import _SpectralNorm

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast
from ganache.networks.base import StyledGenerator
from ganache.parts.constraints import WeightClipping
from ganache.parts.penalties import SlopePenalty
from ganache.parts.terms import Role, Term
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError

if TYPE_CHECKING:
    from ganache.games.translation import Translation
    from ganache.games.two_players import TwoPlayers


def check_networks(game: "TwoPlayers", cast: Cast, shape: ImageShape, conditions: int) -> Verdict:
    """Raise UserError when images or logits of a batch have another shape than they must; return a verdict's shapes."""
    size = game.batch_size
    expected = (size, shape.channels, shape.height, shape.width)
    told = torch.zeros(size, conditions)
    made = tuple(cast("generator", torch.zeros(size, game.generator.latent.size), told).shape)
    verdict = Verdict.of(cast.networks["discriminator"](torch.zeros(expected), told))
    if made != expected:
        raise UserError(f"generator: it makes images of shape {made}, and the data's are {expected}")
    if verdict.logits.shape[:1] != (size,):
        raise UserError(f"discriminator: it gives logits of shape {tuple(verdict.logits.shape)} for {size} images")
    return verdict


def refuse_contradictions(game: "TwoPlayers", cast: Cast, verdict: Verdict) -> None:
    """Raise UserError, with the reason, for parts that are each possible and together mean nothing."""
    refuse_norms(game, cast.networks["discriminator"])
    styled = isinstance(cast.networks["generator"], StyledGenerator)
    for path, term in [(f"generator_terms.{name}", term) for name, term in game.generator_terms.items()]:
        if term.needs_styles and not styled:
            raise UserError(
                f"{path}: {type(term).__name__} needs a generator with styles, such as StyleGAN2Generator, and "
                f"{type(game.generator).__name__} has none"
            )
    for name, term in game.penalties.items():
        _refuse_term(f"penalties.{name}", term, "discriminator", game, verdict)
    for name, term in game.generator_terms.items():
        _refuse_term(f"generator_terms.{name}", term, "generator", game, verdict)
    if game.adversarial == 0.0 and not game.generator_terms:
        raise UserError(
            "adversarial: with 0 and without generator_terms the generator would have nothing to learn from"
        )


def refuse_norms(game: "TwoPlayers | Translation", discriminator: nn.Module) -> None:
    """Raise UserError for a discriminator's norms that contradict each other, its penalties or its constraint."""
    without = "norm=instance" if "norm" in type(game.discriminator).model_fields else "batch_norm=false"
    has_batch_norm = any(isinstance(module, _BatchNorm) for module in discriminator.modules())
    has_spectral_norm = any(isinstance(module, _SpectralNorm) for module in discriminator.modules())
    for name, term in game.penalties.items():
        if has_batch_norm and isinstance(term, SlopePenalty):
            raise UserError(
                f"penalties.{name}: {type(term).__name__} needs logits that depend on one image each, and "
                f"batch norm mixes the batch; choose a discriminator without it (--set discriminator.{without})"
            )
    if has_batch_norm and has_spectral_norm:
        raise UserError(
            "discriminator: batch norm rescales what spectral normalisation has bounded, which then bounds nothing; "
            f"use one of them (--set discriminator.{without})"
        )
    if has_spectral_norm and isinstance(game.constraint, WeightClipping):
        raise UserError(
            "constraint: WeightClipping has no effect on spectrally normalised weights, which are rescaled after it; "
            "use one of them"
        )


def _refuse_term(path: str, term: Term, player: Role, game: "TwoPlayers", verdict: Verdict) -> None:
    kind, judge = type(term).__name__, type(game.discriminator).__name__
    if player not in term.players:
        raise UserError(f"{path}: {kind} is a term of the {term.players[0]}'s loss")
    if term.needs_features and verdict.features is None:
        raise UserError(f"{path}: {kind} needs features, and the verdict of {judge} has none to give")
    if term.needs_head and term.needs_head not in verdict.heads:
        raise UserError(f"{path}: {kind} needs the head {term.needs_head!r}, and the verdict of {judge} has none")
    if term.needs_conditions and not game.conditional:
        raise UserError(f"{path}: {kind} needs classes; --set conditional=true tells the networks those of the data")
