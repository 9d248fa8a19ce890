"""Terms: weighted additions to one player's loss, one value per sample, each given a record of that player's move.

Most are pure functions of the move. One with a memory, or with weights of its own, builds a module: its buffers are
part of the state like any other's, and its weights learn with the player to whose loss the term belongs.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.critic import Critic
from ganache.parts.gammas import Gamma
from ganache.parts.latents import Latent
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative, Schedule
from ganache.parts.slopes import NO_SLOPES, Side, Slopes
from ganache.parts.verdict import Verdict
from ganache.support.world import batch_mean

Role = Literal["generator", "discriminator"]
ROLES: tuple[Role, Role] = ("generator", "discriminator")


@dataclass(frozen=True)
class Move:
    """What a player just did: with which networks, on what, and what the critic said of it."""

    critic: Critic
    networks: Mapping[str, nn.Module]
    latents: Tensor  # (N, Z), from which the fakes were made
    conditions: Tensor  # (N, K), of the reals and of the fakes
    reals: Tensor  # (N, C, H, W) in [-1, 1], before any augmentation; empty where the player took none
    fakes: Tensor  # (N, C, H, W) in [-1, 1], likewise
    real_verdict: Verdict | None  # None where the critic was not asked
    fake_verdict: Verdict
    slopes: Slopes = NO_SLOPES  # of images in that pass, as far as terms that are due ask for them
    mover: Role = "discriminator"


class Scene(NamedTuple):
    """What a term may have to know to build its module."""

    shape: ImageShape
    conditions: int  # values in a condition; 0: there are none
    latent: Latent
    features: int  # of the discriminator; 0: it has none to give
    heads: Mapping[str, tuple[int, ...]] = {}  # the form (…) of each head (N, …) of the discriminator


class Term(Part, abc.ABC):
    """A term of a player's loss; every k of the player's moves it is applied k-fold (lazy regularisation).

    Source of laziness: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.1.
    """

    players: ClassVar[tuple[Role, ...]] = ROLES  # whose loss it can belong to
    slopes: ClassVar[Side | None] = None  # of which of the discriminator's images it needs the slopes
    needs_features: ClassVar[bool] = False  # whether the discriminator must have features to give
    needs_reals: ClassVar[bool] = False  # whether a generator's move must take reals and ask the critic about them
    needs_conditions: ClassVar[bool] = False  # whether the networks must be told conditions
    needs_head: ClassVar[str] = ""  # the head that the discriminator must have
    needs_styles: ClassVar[bool] = False  # whether the generator must make its images from styles

    weight: NonNegative | Gamma = 1.0  # a rule becomes a number when a training is planned
    every: int = Field(default=1, ge=1)

    @abc.abstractmethod
    def build(self, scene: Scene) -> nn.Module:
        """Return a module (move) → (N,) in float32, with a graph that reaches the player's weights."""


class PureTerm(Term, abc.ABC):
    """A term without memory: a function of the move alone."""

    @abc.abstractmethod
    def __call__(self, move: Move) -> Tensor:
        """Return (N,) in float32, with a graph that reaches the player's weights."""

    def build(self, scene: Scene) -> nn.Module:
        """Return the function as a module that holds nothing."""
        return _Pure(self)


class _Pure(nn.Module):
    def __init__(self, term: PureTerm) -> None:
        super().__init__()
        self.term = term

    def forward(self, move: Move) -> Tensor:
        return self.term(move)


class Penalty(PureTerm, abc.ABC):
    """A term of the discriminator's loss that looks at the critic itself."""

    players: ClassVar[tuple[Role, ...]] = ("discriminator",)


class GeneratorTerm(PureTerm, abc.ABC):
    """A term of the generator's loss besides the objective: it looks at images, or at what the critic says of them."""

    players: ClassVar[tuple[Role, ...]] = ("generator",)


class FeatureMatching(GeneratorTerm):
    """‖E f(x) - E f(G(z))‖², f the discriminator's last features (Salimans et al. 2016, section 3.1).

    There it takes the objective's place: ``--set generator_terms.matching=FeatureMatching --set adversarial=0``.
    """

    needs_features: ClassVar[bool] = True
    needs_reals: ClassVar[bool] = True

    def __call__(self, move: Move) -> Tensor:
        """Return the squared distance between the batch means, the same for every sample."""
        assert move.real_verdict is not None
        reals, fakes = move.real_verdict.features, move.fake_verdict.features
        assert reals is not None
        assert fakes is not None
        distance = batch_mean(reals.float(), dim=0) - batch_mean(fakes.float(), dim=0)
        return distance.square().sum().expand(len(move.fakes))


def Weighted(penalty: Term, weight: Schedule = 1.0, every: int = 1) -> Term:  # noqa: N802
    """Return a term with another weight and laziness: ``Weighted(penalty=R1(), weight=10.0)``, as it once was written.

    Raises UserError for values that are not allowed.
    """
    return penalty.changed(weight=weight, every=every)


def unwrapped(value: Any) -> Any:
    """Return a term as it is written today from JSON of the first edition: ``{"penalty": {…}, "weight": 10.0}``."""
    if not isinstance(value, dict) or "penalty" not in value:
        return value
    penalty, fields = value["penalty"], {name: one for name, one in value.items() if name not in ("kind", "penalty")}
    if isinstance(penalty, Term):
        return penalty.changed(**fields)
    inner = {"kind": penalty} if isinstance(penalty, str) else penalty
    return {**inner, **fields} if isinstance(inner, dict) else inner
