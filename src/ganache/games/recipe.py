"""A recipe: one of each part, frozen, complete, and the same as its JSON."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from ganache.games.players import Role
from ganache.networks import Discriminator, Generator
from ganache.parts.augmentations import Augmentation, Unchanged
from ganache.parts.generator_terms import GeneratorTerm
from ganache.parts.objectives import Objective
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import FrozenDict, Part
from ganache.parts.penalties import Constraint, Penalty, Unconstrained, Weighted
from ganache.parts.schedules import NonNegative, Schedule, within


class Optimizers(Part):
    """One optimiser for each player."""

    generator: Optimizer
    discriminator: Optimizer


def _weighted(value: Any) -> Any:
    """Take a penalty without its weight, as in ``penalties.r1=R1``, for one of weight 1."""
    bare = isinstance(value, Penalty | str) or (isinstance(value, dict) and "penalty" not in value)
    return {"penalty": value} if bare else value


NamedPenalty = Annotated[Weighted, BeforeValidator(_weighted)]


class Recipe(Part):
    """Everything that decides what a GAN becomes, given data, seed and budget."""

    name: str = Field(min_length=1)
    generator: Generator
    discriminator: Discriminator
    objective: Objective
    optimizers: Optimizers
    penalties: Annotated[dict[str, NamedPenalty], AfterValidator(FrozenDict)] = FrozenDict()
    constraint: Constraint = Unconstrained()
    augment: Augmentation = Unchanged()
    adversarial: NonNegative = (
        1.0  # the weight of the objective in the generator's loss; 0 leaves its other terms alone
    )
    generator_terms: Annotated[dict[str, GeneratorTerm], AfterValidator(FrozenDict)] = FrozenDict()
    generator_steps: int = Field(default=1, ge=0)  # generator updates in an iteration; with 0 it stays as it was drawn
    critic_steps: int = Field(default=1, ge=1)  # discriminator updates, on different batches, for each of the generator
    first: Role = "discriminator"  # who moves first in an iteration
    # The share of pairs that the discriminator is told the wrong way.
    label_flips: Annotated[Schedule, within(0.0, 1.0)] = 0.0
    joint_batch: bool = False  # reals and fakes go through the discriminator as one batch
    batch_size: int = Field(default=64, ge=1, le=65536)
    ema_half_life: NonNegative = 0.0  # images after which a weight counts half in the average; 0: no averaging
    conditional: bool = False  # whether both networks are told the images' labels
    # How many images of a held-out split the discriminator is examined on after each pass over the data.
    held_out: int = Field(default=1_000, ge=0)
    images: int = Field(default=1_000_000, ge=1)  # the budget when none is asked for

    @property
    def images_per_iteration(self) -> int:
        """How many images the discriminator sees between two generator updates."""
        return self.critic_steps * self.batch_size

    @property
    def generator_takes_reals(self) -> bool:
        """Whether the generator's half of the step needs a batch: to compare with, or for its labels."""
        return self.objective.generator_needs_reals or self.conditional or bool(self.generator_terms)
