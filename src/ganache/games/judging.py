"""What a discriminator learns from one batch: its objective on reals and fakes, and the penalties that are due."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.games.game import Game, told_apart
from ganache.parts.critic import Critic
from ganache.parts.gammas import Gamma
from ganache.parts.moment import Moment, Value
from ganache.parts.objectives import Objective
from ganache.parts.schedules import Schedule
from ganache.parts.terms import Move, Term
from ganache.support.world import own_rows

GameType = TypeVar("GameType", bound=Game)


class Rules(Protocol):
    """By what a discriminator learns: fields of a game."""

    @property
    def objective(self) -> Objective:
        """The loss on logits of reals and fakes."""

    @property
    def penalties(self) -> Mapping[str, Term]:
        """Terms of its loss by name."""

    @property
    def label_flips(self) -> Schedule:
        """The share of pairs that it is told the wrong way."""

    @property
    def joint_batch(self) -> bool:
        """Whether reals and fakes go through it as one batch."""


class Given(NamedTuple):
    """Reals and fakes (N, C, H, W), the conditions (N, K) of both, and of what the fakes were made."""

    networks: Mapping[str, nn.Module]
    latents: Tensor  # (N, Z)
    conditions: Tensor
    reals: Tensor
    fakes: Tensor


class Judged(NamedTuple):
    """Its loss (N,), how far reals' logits (N, …) are above the boundary, and what is recorded, by name."""

    loss: Tensor
    excess: Tensor
    seen: dict[str, Tensor]


def judge(rules: Rules, critic: Critic, given: Given, terms: Mapping[str, nn.Module], now: Moment) -> Judged:
    """Return what a discriminator says and loses; `terms` are the modules of the penalties that are due, by name."""
    wanted = {side for name in terms if (side := rules.penalties[name].slopes)}
    real, fake, slopes = critic.compare(given.reals, given.fakes, given.conditions, rules.joint_batch, wanted)
    move = Move(critic, given.networks, given.latents, given.conditions, given.reals, given.fakes, real, fake, slopes)
    told = (real.logits, fake.logits)
    if rules.label_flips:
        told = with_flips(*told, now.at(rules.label_flips))
    loss = rules.objective.discriminator(*told)
    values = {name: term(move) for name, term in terms.items()}
    boundary = rules.objective.boundary(real.logits, fake.logits)
    seen = told_apart(loss, real.logits, fake.logits, boundary)
    seen |= {f"penalty/{name}": value for name, value in values.items()}
    return Judged(total(loss, values, rules.penalties, now), real.logits - boundary, seen)


def total(loss: Tensor, values: Mapping[str, Tensor], terms: Mapping[str, Term], now: Moment) -> Tensor:
    """Return a loss (N,) with its terms, each with its weight now, k-fold where it is applied every k moves."""
    weights = {name: now.at(terms[name].weight) * terms[name].every for name in values}
    return sum((weights[name] * value for name, value in values.items()), loss)


def with_weights(
    settled: tuple[GameType, tuple[str, ...]], fields: Sequence[str], shape: ImageShape
) -> tuple[GameType, tuple[str, ...]]:
    """Return a settled game with numbers for those weights of its terms that are rules, and a sentence for each too."""
    game, others = settled
    chosen: dict[str, dict[str, Term]] = {}
    reasons: dict[str, list[str]] = {}
    for field in fields:
        for name, term in getattr(game, field).items():
            if isinstance(rule := term.weight, Gamma):
                chosen.setdefault(field, dict(getattr(game, field)))[name] = term.changed(
                    weight=rule.chosen(shape, game.batch_size)
                )
                reasons.setdefault(rule.reason(shape, game.batch_size), []).append(name)
    said = tuple(f"{' and '.join(names)} {reason}" for reason, names in reasons.items())
    return (game.changed(**chosen) if chosen else game), (*said, *others)


def with_flips(real_logits: Tensor, fake_logits: Tensor, share: Value) -> tuple[Tensor, Tensor]:
    """Return the logits called real and fake, exchanged in a random share of the pairs (Chintala 2016, tip 6)."""
    shape = (len(real_logits), *[1] * (real_logits.dim() - 1))
    flipped = own_rows(torch.empty(shape, device=real_logits.device)) < share
    return torch.where(flipped, fake_logits, real_logits), torch.where(flipped, real_logits, fake_logits)
