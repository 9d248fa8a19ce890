"""Translation: from a picture to a picture, with a discriminator that tells made pictures from real ones.

Data hold inputs and targets, one behind the other in the channels of an image (`ImageShape.given`). What the games have
in common is here; what the translators pay for beside being believed is each game's own.
"""

import abc
from collections.abc import Hashable, Mapping
from typing import Annotated, NamedTuple, Self

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.data.twofold.sides import Meeting
from ganache.games.cast import Cast
from ganache.games.game import Draws, Game, Records
from ganache.games.judging import Given, Judged, judge, with_weights
from ganache.games.two_players import NamedTerms, Optimizers
from ganache.games.two_players_checks import refuse_norms
from ganache.networks.base import Discriminator
from ganache.networks.translators import Translator
from ganache.parts.augmentations import Augmentation, Augmenter, Unchanged
from ganache.parts.constraints import Constraint, Unconstrained
from ganache.parts.critic import Critic
from ganache.parts.latents import Normal
from ganache.parts.moment import Moment
from ganache.parts.objectives import Objective
from ganache.parts.part import FrozenDict
from ganache.parts.schedules import NonNegative, Schedule, within
from ganache.parts.terms import Scene, Term
from ganache.support.errors import UserError


def _only_discriminators(terms: Mapping[str, Term]) -> Mapping[str, Term]:
    for name, term in terms.items():
        if "discriminator" not in term.players:
            raise ValueError(f"{name}: {type(term).__name__} is no term of a discriminator's loss")
        if term.needs_head:
            raise ValueError(
                f"{name}: {type(term).__name__} needs the head {term.needs_head!r}, and there is none here"
            )
    return terms


class Translation(Game, abc.ABC):
    """Translators against discriminators, by any objective and penalties."""

    batch_size: int = Field(default=1, ge=1, le=65536)
    translator: Translator
    discriminator: Discriminator
    objective: Objective
    optimizers: Optimizers
    penalties: Annotated[NamedTerms, AfterValidator(_only_discriminators)] = FrozenDict()
    constraint: Constraint = Unconstrained()
    augment: Augmentation = Unchanged()
    adversarial: NonNegative = 1.0  # the objective's weight in the translators' loss
    label_flips: Annotated[Schedule, within(0.0, 1.0)] = 0.0
    joint_batch: bool = False

    @property
    def meeting(self) -> Meeting:
        """Pictures know nothing of each other; where classes are told, both of a row are of one."""
        return "classes" if self.conditional else "domains"

    def phase(self, iteration: int) -> Hashable:
        """Return which penalties are due."""
        return self._due(iteration)

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move everybody on the inputs and the targets of a batch."""
        batch = draw.batch()
        given, wanted = cast.memories["sides"](batch.reals)
        return self.moves(cast, Met(given, wanted, batch.conditions), now)

    @abc.abstractmethod
    def moves(self, cast: Cast, met: "Met", now: Moment) -> Records:
        """Move everybody on inputs and targets."""

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Raise UserError for networks or other parts that do not go together."""
        for name, network in cast.networks.items():
            if name.startswith("discriminator"):
                refuse_norms(self, network)
        super().check(cast, shape, conditions)

    def refuse_alone(self, shape: ImageShape) -> None:
        """Raise UserError for data without inputs."""
        if not shape.given:
            raise UserError(f"data: {self.name} learns from inputs and targets, and these images are alone")

    def refuse_identity(self, shape: ImageShape) -> None:
        """Raise UserError where a picture of the target's domain cannot be given to the translator."""
        if shape.inputs.channels != shape.targets.channels:
            raise UserError("identity: pictures of both domains have different channels; --set identity=0")

    def judges(
        self, suffix: str, shape: ImageShape, conditions: int
    ) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
        """Return a discriminator for images of a shape, and its augmentation and penalties, by their names."""
        name = f"discriminator{suffix}"
        network = self.discriminator.build(shape, conditions)
        scene = Scene(shape, conditions, Normal(size=1), 0)
        terms = {f"{name}.penalties.{term}": part.build(scene) for term, part in self.penalties.items()}
        return {name: network}, {f"{name}.augment": self.augment.build(shape), **terms}

    def critic_called(self, cast: Cast, name: str, now: Moment) -> Critic:
        """Return a discriminator behind its augmentation."""
        augmenter = cast.memories[f"{name}.augment"]
        assert isinstance(augmenter, Augmenter)
        return Critic(cast.networks[name], augmenter, now, cast.autocast)

    def judged(self, cast: Cast, name: str, shown: "Shown", now: Moment) -> Judged:
        """Return what a discriminator says and loses, and let its augmentation hear of it."""
        critic = self.critic_called(cast, name, now)
        latents = shown.reals.new_zeros(len(shown.reals), 0)
        terms = {term: cast.memories[f"{name}.penalties.{term}"] for term in self._due(now.iteration)}
        given = Given(cast.networks, latents, shown.conditions, shown.reals, shown.fakes.detach())
        found = judge(self, critic, given, terms, now)
        critic.tell(found.excess)
        return found

    def moved(self, cast: Cast, shown: "Shown", now: Moment) -> Judged:
        """Let the one discriminator of a game move; return what it said and lost."""
        cast.train_only("discriminator")
        found = self.judged(cast, "discriminator", shown, now)
        cast.update("discriminator", found.loss, now)
        self.constraint.apply(cast.networks["discriminator"])
        return found

    def convinced(self, cast: Cast, name: str, shown: "Shown", now: Moment) -> Tensor:
        """Return the translators' loss (N,) for not being believed."""
        critic, conditions = self.critic_called(cast, name, now), shown.conditions
        real = critic(shown.reals, conditions).logits if self.objective.generator_needs_reals else None
        return now.at(self.adversarial) * self.objective.generator(real, critic(shown.fakes, conditions).logits)

    def _due(self, iteration: int) -> tuple[str, ...]:
        return tuple(name for name, term in self.penalties.items() if iteration % term.every == 0)

    def settled(self, shape: ImageShape, budget: int | None = None) -> tuple[Self, tuple[str, ...]]:
        """Return the game with numbers for those weights of penalties that are rules, and a sentence for each."""
        return with_weights(super().settled(shape, budget), ("penalties",), shape)


class Met(NamedTuple):
    """Inputs (N, C, H, W), targets (N, D, H, W), and the conditions (N, K) of both."""

    given: Tensor
    wanted: Tensor
    conditions: Tensor


class Shown(NamedTuple):
    """What a discriminator is to tell apart, reals and fakes (N, C, H, W), and the conditions (N, K) of both."""

    reals: Tensor
    fakes: Tensor
    conditions: Tensor


class Sides(nn.Module):
    """Where in the channels of an image the input ends and the target begins."""

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self._channels = [shape.given, shape.channels - shape.given]

    def forward(self, both: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of images (N, C, H, W) that hold both."""
        first, second = torch.split(both, self._channels, dim=1)
        return first, second


def apart(one: Tensor, other: Tensor) -> Tensor:
    """Return E|one - other| of each sample (N,)."""
    return (one - other).abs().flatten(1).mean(dim=1)
