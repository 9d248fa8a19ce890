"""The games that learn what is normal: a GAN, an encoder for its generator, and a BiGAN, by the shape of the data."""

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.games import BiGAN, Game, Inversion, TwoPlayers
from ganache.networks import (
    DCGANDiscriminator,
    Discriminator,
    FeatureEncoder,
    FeaturePairDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
)
from ganache.parts.latents import Normal
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Cosine
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError

IMAGES, ROWS = 40_000, 400_000  # that the GAN sees where nobody says how many
PAIRS = 5  # times as many pictures the BiGAN sees, whose connected layers are faster by as much

_PICTURES = ("conditional=false", "discriminator.projection=false")


def budget_for(shape: ImageShape) -> int:
    """Return how many pictures or rows a GAN sees where nobody says."""
    return ROWS if shape.is_row else IMAGES


def gan_for(shape: ImageShape, images: int, settings: tuple[str, ...] = ()) -> TwoPlayers:
    """Return the GAN for data of a shape; raises UserError for settings that it cannot have."""
    name, own = ("mlp-rows", ()) if shape.is_row else ("mnist-speedrun", _PICTURES)
    game = with_settings(recipes.find(name).changed(images=images), [*own, *settings])
    if not isinstance(game, TwoPlayers) or game.conditional:
        raise UserError("set: what is normal is learnt by a game of two players that is told no classes")
    return game


def inversion_of(gan: TwoPlayers, shape: ImageShape, images: int) -> Inversion:
    """Return the game in which an encoder learns to invert a GAN's generator."""
    return Inversion(
        name="inversion",
        generator=gan.generator,
        discriminator=gan.discriminator,
        encoder=FeatureEncoder(body=_reader(shape)),
        optimizer=Adam(learning_rate=Cosine(start=1e-3, end=2e-5, until=images), betas=(0.5, 0.99)),
        batch_size=gan.batch_size,
        ema_half_life=gan.ema_half_life,
        images=images,
    )


def bigan_for(shape: ImageShape, images: int) -> BiGAN:
    """Return the BiGAN for data of a shape: the package's recipe, wider for pictures, of larger batches for rows."""
    game = recipes.find("bigan")
    assert isinstance(game, BiGAN), game
    if shape.is_row:  # as good as with the recipe's batches of 64, in half the time
        return game.changed(batch_size=256, ema_half_life=10_000.0, images=images)
    body = MLPDiscriminator(widths=(512,), slope=0.2)
    return game.changed(
        generator=MLPGenerator(latent=Normal(size=32), widths=(512, 512)),
        encoder=FeatureEncoder(body=MLPDiscriminator(widths=(512, 512), slope=0.2)),
        discriminator=FeaturePairDiscriminator(body=body, latent_width=128, width=256),
        images=images,
    )


def games_for(shape: ImageShape, images: int, settings: tuple[str, ...] = ()) -> dict[str, Game]:
    """Return all games by the names of their runs, in the order in which they are played."""
    gan = gan_for(shape, images, settings)
    return {
        "gan": gan,
        "encoder": inversion_of(gan, shape, images),
        "bigan": bigan_for(shape, images if shape.is_row else PAIRS * images),
    }


def _reader(shape: ImageShape) -> Discriminator:
    if shape.is_row:
        return MLPDiscriminator(widths=(256, 256), slope=0.2)
    # From N(0, 0.02²) and without a norm all latents begin near 0, where a generator may draw black and has no slope:
    # an encoder of zeros alone, and one of ones, learnt nothing.
    return DCGANDiscriminator(width=32, batch_norm=False, normal_weights=False)
