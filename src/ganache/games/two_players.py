"""The game of two players: Goodfellow et al. 2014, algorithm 1, for every GAN of a generator and a discriminator."""

from collections.abc import Hashable, Mapping
from typing import Annotated, ClassVar, Self

import torch
from pydantic import AfterValidator, BeforeValidator, Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Draws, Game, Product, Records, TrainingBatch, joined, recorded
from ganache.games.judging import Given, judge, total, with_weights
from ganache.games.two_players_checks import check_networks, refuse_contradictions
from ganache.networks.base import Discriminator, Generator, first_stages, verdict_in_shapes
from ganache.parts.augmentations import Augmentation, Augmenter, Unchanged
from ganache.parts.constraints import Constraint, Unconstrained
from ganache.parts.critic import Critic
from ganache.parts.moment import Moment
from ganache.parts.objectives import Objective
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import FrozenDict, Part
from ganache.parts.schedules import NonNegative, Schedule, within
from ganache.parts.terms import Move, Role, Scene, Term, unwrapped

# A name begins those of its term's tensors in a checkpoint, which a slash would mistake for another's.
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
NamedTerms = Annotated[
    dict[_Name, Annotated[Term, BeforeValidator(unwrapped)]],
    AfterValidator(FrozenDict),
]


Dues = tuple[tuple[str, ...], ...]  # the names of the terms that are applied in each move


class Optimizers(Part):
    """One optimiser for each player."""

    generator: Optimizer
    discriminator: Optimizer


class TwoPlayers(Game):
    """A generator against a discriminator: one of each part, frozen, complete, and the same as its JSON."""

    former_names: ClassVar[tuple[str, ...]] = ("Recipe",)  # in files of the first edition

    generator: Generator
    discriminator: Discriminator
    objective: Objective
    optimizers: Optimizers
    penalties: NamedTerms = FrozenDict()  # terms of the discriminator's loss
    constraint: Constraint = Unconstrained()
    augment: Augmentation = Unchanged()
    adversarial: NonNegative = 1.0  # the objective's weight in the generator's loss; 0 leaves its other terms alone
    generator_terms: NamedTerms = FrozenDict()  # other terms of the generator's loss
    generator_steps: int = Field(default=1, ge=0)  # generator updates in an iteration; with 0 it stays as it was drawn
    critic_steps: int = Field(default=1, ge=1)  # discriminator updates, on different batches, for each of the generator
    first: Role = "discriminator"  # who moves first in an iteration
    # The share of pairs that the discriminator is told the wrong way.
    label_flips: Annotated[Schedule, within(0.0, 1.0)] = 0.0
    # How many of the discriminator's layers, from the image inwards, keep the weights that they begin with (FreezeD: Mo
    # et al. 2020, "Freeze the Discriminator"): for a training that starts from another's weights.
    frozen_stages: int = Field(default=0, ge=0)
    joint_batch: bool = False  # reals and fakes go through the discriminator as one batch

    @property
    def images_per_iteration(self) -> int:
        """How many images the discriminator sees between two generator updates."""
        return self.critic_steps * self.batch_size

    @property
    def generator_takes_reals(self) -> bool:
        """Whether the generator's half needs a batch: to compare with, or for its conditions."""
        return self.conditional or self.compares

    @property
    def compares(self) -> bool:
        """Whether the generator's half asks the critic about reals too."""
        return self.objective.generator_needs_reals or any(term.needs_reals for term in self.generator_terms.values())

    def settled(self, shape: ImageShape, budget: int | None = None) -> tuple[Self, tuple[str, ...]]:
        """Return the game with numbers for those weights of terms that are rules, and a sentence for each number."""
        return with_weights(super().settled(shape, budget), ("penalties", "generator_terms"), shape)

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return both networks, the augmentation, the terms and the two players."""
        networks = {
            "generator": self.generator.build(shape, conditions),
            "discriminator": self.discriminator.build(shape, conditions),
        }
        terms = self.build_terms(shape, conditions)
        own = tuple(name for name in terms if name.startswith("generator_terms."))
        other = tuple(name for name in terms if name not in own)
        players = {
            "generator": Player(self.optimizers.generator, ("generator", *own)),
            "discriminator": Player(
                self.optimizers.discriminator,
                ("discriminator", *other),
                first_stages(networks["discriminator"], self.frozen_stages),
            ),
        }
        return Cast(networks, {"augment": self.augment.build(shape), **terms}, players)

    def build_terms(self, shape: ImageShape, conditions: int) -> dict[str, nn.Module]:
        """Return the module of every term by its path: ``penalties.r1``."""
        terms: dict[str, Term] = {f"penalties.{name}": term for name, term in self.penalties.items()}
        terms |= {f"generator_terms.{name}": term for name, term in self.generator_terms.items()}
        scene = Scene(shape, conditions, self.generator.latent, 0)
        if any(term.needs_features or term.needs_head for term in terms.values()):
            said = verdict_in_shapes(self.discriminator, shape, conditions)
            heads = {name: tuple(head.shape[1:]) for name, head in said.heads.items()}
            scene = scene._replace(features=0 if said.features is None else said.features.shape[1], heads=heads)
        return {path: term.build(scene) for path, term in terms.items()}

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move each player, every time on another batch: `critic_steps` times and `generator_steps` times."""
        moves: list[Records] = []
        critics, generators = self._dues(now.iteration)
        if self.first == "generator":
            moves += self._generator_moves(cast, draw, now, generators)
        for due in critics:
            moves.append(self.move_discriminator(cast, draw.batch(), draw.latents(self.generator.latent), now, due))
            now = now.after(self.batch_size)
        if self.first == "discriminator":
            moves += self._generator_moves(cast, draw, now, generators)
        return joined(moves)

    def phase(self, iteration: int) -> Hashable:
        """Return which terms are due in each move."""
        return self._dues(iteration)

    def _dues(self, iteration: int) -> tuple[Dues, Dues]:
        """Return the terms that are due in each of the discriminator's moves, and in each of the generator's."""
        critic, generator = iteration * self.critic_steps, iteration * self.generator_steps
        return (
            tuple(_due(self.penalties, critic + number) for number in range(self.critic_steps)),
            tuple(_due(self.generator_terms, generator + number) for number in range(self.generator_steps)),
        )

    def _generator_moves(self, cast: Cast, draw: Draws, now: Moment, dues: Dues) -> list[Records]:
        moves = []
        for due in dues:
            batch = draw.batch() if self.generator_takes_reals else draw.nothing()
            moves.append(self.move_generator(cast, batch, draw.latents(self.generator.latent), now, due))
        return moves

    def move_discriminator(
        self, cast: Cast, batch: TrainingBatch, latents: Tensor, now: Moment, due: tuple[str, ...] = ()
    ) -> Records:
        """Move the discriminator once, towards telling the batch from what the generator makes of the latents.

        `due` names the penalties that are applied in this move.
        """
        cast.train_only("discriminator")
        with torch.no_grad():
            fakes = cast("generator", latents, batch.conditions)  # the reals' conditions: pairs correspond
        critic = self.critic(cast, now)
        terms = {name: cast.memories[f"penalties.{name}"] for name in due}
        given = Given(cast.networks, latents, batch.conditions, batch.reals, fakes)
        judged = judge(self, critic, given, terms, now)
        cast.update("discriminator", judged.loss, now)
        self.constraint.apply(cast.networks["discriminator"])
        critic.tell(judged.excess)
        return recorded(judged.seen)

    def move_generator(
        self, cast: Cast, batch: TrainingBatch, latents: Tensor, now: Moment, due: tuple[str, ...] = ()
    ) -> Records:
        """Move the generator once, through the critic that it tries to convince; `due` names the terms applied."""
        cast.train_only("generator")
        critic = self.critic(cast, now)
        fakes = cast("generator", latents, batch.conditions)
        fakes.retain_grad()
        fake = critic(fakes, batch.conditions)
        real = critic(batch.reals, batch.conditions) if self.compares else None
        move = Move(critic, cast.networks, latents, batch.conditions, batch.reals, fakes, real, fake, mover="generator")
        loss = now.at(self.adversarial) * self.objective.generator(real.logits if real else None, fake.logits)
        terms = {name: cast.memories[f"generator_terms.{name}"](move) for name in due}
        cast.update("generator", total(loss, terms, self.generator_terms, now), now)
        slopes = len(fakes) * fakes.grad.flatten(1).norm(dim=1)  # of each image's own loss, not of the batch's mean
        return recorded(
            {"loss/generator": loss, "gradient/fakes": slopes} | {f"term/{name}": term for name, term in terms.items()}
        )

    def products(self) -> tuple[Product, ...]:
        """Return the generator."""
        return (Product("generator", self.generator),)

    def critic(self, cast: Cast, now: Moment) -> Critic:
        """Return discriminator ∘ augmentation at this moment of training."""
        augmenter = cast.memories["augment"]
        assert isinstance(augmenter, Augmenter)
        return Critic(cast.networks["discriminator"], augmenter, now, cast.autocast)

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the objective's boundary."""
        return self.objective.boundary(real_logits, fake_logits)

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Raise UserError for networks or other parts that do not go together."""
        with torch.no_grad():
            verdict = check_networks(self, cast, shape, conditions)
        refuse_contradictions(self, cast, verdict)


def _due(terms: Mapping[str, Term], moves: int) -> tuple[str, ...]:
    """Return the names of the terms that are applied in a player's move after so many."""
    return tuple(name for name, term in terms.items() if moves % term.every == 0)
