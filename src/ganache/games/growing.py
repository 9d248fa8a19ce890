"""Progressive growing: two players whose images become larger while they train (Karras et al. 2018, section 2)."""

from collections.abc import Hashable
from dataclasses import dataclass

from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast
from ganache.games.game import Draws, Records, TrainingBatch
from ganache.games.two_players import TwoPlayers
from ganache.networks.growing_network import GrowingNetwork, Growth
from ganache.parts.latents import Latent
from ganache.parts.moment import Moment
from ganache.support.errors import UserError


class Growing(TwoPlayers):
    """The game of two players, which begins with the smallest size that the networks know and fades in the next ones.

    Reals are resampled alike: to a discriminator everything has the details of the stage, and the size of the data.
    """

    steady: int = Field(default=600_000, ge=0)  # images seen at each size before the next one comes in
    fade: int = Field(default=600_000, ge=0)  # images seen while it comes in

    @property
    def growth(self) -> Growth:
        """How large the images are by the images seen."""
        return Growth(self.steady, self.fade)

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return the cast; raises UserError where a network cannot grow."""
        cast = super().build(shape, conditions)
        for name, network in cast.networks.items():
            if not isinstance(network, GrowingNetwork):
                kind = type(getattr(self, name)).__name__
                raise UserError(f"{name}: Growing needs a network that grows, such as ProGANGenerator, not {kind}")
        return cast

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Bring the networks to the stage of this moment, and play on reals of that stage."""
        stage, number = now.at(self.growth), self._stage(now.iteration)
        for network in cast.networks.values():
            assert isinstance(network, GrowingNetwork)
            network.stand_at(stage, number)
        return super().play(cast, _Staged(draw, self, cast), now)

    def phase(self, iteration: int) -> Hashable:
        """Return between which sizes the stage lies, and which terms are due."""
        stage = self._stage(iteration)
        return int(stage), stage.is_integer(), super().phase(iteration)

    def _stage(self, iteration: int) -> float:
        """Return the stage of an iteration as a number of the host."""
        return self.growth.value(iteration * self.images_per_iteration)

    def shown(self, cast: Cast, reals: Tensor) -> Tensor:
        """Return reals with the details of the stage alone."""
        network = cast.networks["discriminator"]
        assert isinstance(network, GrowingNetwork)
        return network.joined(network.views(reals))


@dataclass(frozen=True)
class _Staged:
    """Draws whose reals are resampled."""

    draws: Draws
    game: Growing
    cast: Cast

    def batch(self) -> TrainingBatch:
        full = self.draws.batch()
        return TrainingBatch(self.game.shown(self.cast, full.reals), full.conditions)

    def nothing(self) -> TrainingBatch:
        return self.draws.nothing()

    def latents(self, latent: Latent) -> Tensor:
        return self.draws.latents(latent)
