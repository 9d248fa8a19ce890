"""An encoder for a GAN that is trained already: Schlegl et al. 2019, "f-AnoGAN", section 3.2, their izi_f training.

encoder: E[|x - G(E(x))|² / n + κ |f(x) - f(G(E(x)))|² / m],   f the m features of D, n the values of x

G and D stand still; they begin, as everywhere, as they are drawn or as another run left them.
"""

from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Draws, Game, Product, Records, recorded
from ganache.networks.base import Discriminator, Generator, feature_count
from ganache.networks.feature_networks import Encoder
from ganache.parts.moment import Moment
from ganache.parts.optimizers import Optimizer
from ganache.parts.schedules import NonNegative
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError

STANDING = ("generator", "discriminator")


class Inversion(Game):
    """One player, the encoder; `features` is κ, the weight of what the discriminator sees."""

    generator: Generator
    discriminator: Discriminator
    encoder: Encoder
    optimizer: Optimizer
    features: NonNegative = 1.0

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return the three networks; raises UserError for conditions, and for a discriminator without features."""
        if conditions:
            raise UserError("conditional: an encoder of f-AnoGAN is told no classes")
        if not feature_count(self.discriminator, shape, 0):
            raise UserError(f"discriminator: {type(self.discriminator).__name__} has no features to compare by")
        networks = {
            "generator": self.generator.build(shape, 0),
            "discriminator": self.discriminator.build(shape, 0),
            "encoder": self.encoder.build(shape, self.generator.latent.size),
        }
        return Cast(networks, {}, {"encoder": Player(self.optimizer, ("encoder",))})

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move the encoder on a batch."""
        for name in STANDING:
            cast.networks[name].eval()  # as they draw and judge: statistics of batches are not theirs to move
        cast.train_only("encoder")
        reals = draw.batch().reals
        latents = cast("encoder", reals)
        none = latents[:, :0]
        remade = cast("generator", latents, none)
        apart = mean_squares(remade, reals)
        seen = mean_squares(*(self._features(cast, images, none) for images in (remade, reals)))
        cast.update("encoder", apart + now.at(self.features) * seen, now)
        return recorded({"distance/image": apart, "distance/features": seen})

    def _features(self, cast: Cast, images: Tensor, none: Tensor) -> Tensor:
        with cast.autocast():
            said = Verdict.of(cast.networks["discriminator"](images, none))
        assert said.features is not None
        return said.features.float()

    def products(self) -> tuple[Product, ...]:
        """Return the generator, which has not moved, and its encoder."""
        return (Product("generator", self.generator), Product("encoder", self.encoder))


def mean_squares(one: Tensor, other: Tensor) -> Tensor:
    """Return |a - b|² / n (N,) of values (N, …), n of them each."""
    return (one - other).square().flatten(1).mean(dim=1)
