"""What augmentation hides and what it does not: generators learn the data, not their transformations.

A discriminator that sees T p of a distribution p over pictures, T what augmentation does to it on average, tells two
distributions apart whenever T does, that is unless T has no inverse (Karras et al. 2020, appendix C). For pictures that
are mirrored and turned by right angles T has, on the eight ways in which a picture can lie, the eigenvalues of its
mirroring, 1 and 1 - p, times those of its turning, 1 and three times 1 - p.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from ganache.data import Batch, Selection
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.games import Optimizers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.adaptive import Adaptive
from ganache.parts.latents import Normal
from ganache.parts.moment import Moment
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1
from tests.tiny import Numbered, NumberedStream, tiny_recipe, tiny_state

BLITS = {"geometry": 0.0, "colour": 0.0}
ADAM = Adam(learning_rate=5e-3, betas=(0.0, 0.9))
PICTURE = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, -1.0]])
PICTURE[0, 1] = -1.0  # in three pixels no shift is a whole one, and no two of the eight ways to lie are alike


def ways(picture: Tensor) -> Tensor:
    """Return the eight pictures (8, H, W) that mirroring and right angles make of one."""
    return torch.stack([side.rot90(turns, dims=(0, 1)) for side in (picture, picture.flip(1)) for turns in range(4)])


def averaged(chance: float, count: int = 4000) -> Tensor:
    """Return T (8, 8): how often a picture that lies in one way (column) is augmented to lie in another (row)."""
    torch.manual_seed(0)
    lying = ways(PICTURE)
    augmenter = Adaptive(probability=chance, blit=1.0, **BLITS).build(ImageShape(1, 3, 3))
    seen = augmenter(lying.repeat_interleave(count, dim=0)[:, None], Moment())
    nearest = torch.cdist(seen.flatten(1), lying.flatten(1)).argmin(dim=1).view(8, count)
    return torch.stack([torch.bincount(found, minlength=8) / count for found in nearest], dim=1)


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.6, 0.8])
def test_what_is_mirrored_and_turned_below_1_can_be_told_from_what_is_not(chance: float) -> None:
    kept = 1.0 - chance
    expected = sorted([1.0, kept, kept, kept, kept, kept * kept, kept * kept, kept * kept])
    found = np.sort(np.abs(np.linalg.eigvals(averaged(chance).double().numpy())))
    np.testing.assert_allclose(found, expected, atol=0.04)


class OneWay(NumberedStream):
    """The picture, always lying in one way, each time with some noise of its own."""

    def batch(self, position: int, count: int) -> Batch:
        noise = [np.random.default_rng((7, row)).normal(size=(1, 3, 3)) for row in range(position, position + count)]
        values = 0.6 * PICTURE.numpy() + 0.1 * np.stack(noise)
        return Batch(values.astype(np.float32), np.full(count, -1))


class World(Numbered):
    """Pictures of one kind."""

    def stream(self, seed: int, labels: object = (), split: str = "train") -> NumberedStream:
        """Return them."""
        return OneWay(self.shape, 0, seed)


def learnt(chance: float, iterations: int) -> float:
    """Return how many of a generator's pictures lie as the data do, after so many iterations behind blits.

    It begins with pictures that lie upside down.
    """
    recipe = tiny_recipe(
        generator=MLPGenerator(latent=Normal(size=4), widths=(32,)),
        discriminator=MLPDiscriminator(widths=(64,), slope=0.2),
        optimizers=Optimizers(generator=ADAM, discriminator=ADAM),
        augment=Adaptive(probability=chance, **BLITS),
        penalties={"r1": R1(weight=0.1)},
        batch_size=32,
    )
    world = World(ImageShape(1, 3, 3))
    state = tiny_state(recipe, world.shape, seed=1)
    with torch.no_grad():
        list(state.cast.networks["generator"].parameters())[-1].copy_(torch.atanh(0.6 * ways(PICTURE)[2]).flatten())
    draws = StateDraws(Selection(world, (), False), state)
    for _ in range(iterations):
        iterate(state, draws)
    pictures = state.cast("generator", draws.latents(recipe.generator.latent), torch.zeros(32, 0))
    nearest = torch.cdist(pictures.detach().flatten(1), 0.6 * ways(PICTURE).flatten(1)).argmin(dim=1)
    return float((nearest == 0).float().mean())


def test_a_generator_learns_how_pictures_lie_though_most_that_its_discriminator_sees_lie_otherwise() -> None:
    """Behind blits of which next to nothing can be undone it does not: what it draws stays upside down."""
    assert learnt(0.6, 200) > 0.95
    assert learnt(0.999, 200) < 0.05
