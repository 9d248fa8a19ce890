"""The games of a detector: an encoder that begins where its generator has slopes."""

import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.games import Inversion
from ganache.uses.anomaly.gans_for import games_for


@pytest.mark.parametrize("shape", [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 8, 8)], ids=str)
def test_what_an_encoder_says_of_pictures_differs_from_the_start(shape: ImageShape) -> None:
    """With latents that all were 0, within 0.005, one stayed for ever where its generator drew black."""
    game = games_for(shape, 1_000)["encoder"]
    assert isinstance(game, Inversion)
    torch.manual_seed(0)
    encoder = game.build(shape, 0).networks["encoder"]
    with torch.no_grad():
        latents = encoder(torch.rand(16, shape.channels, shape.height, shape.width) * 2.0 - 1.0)
    assert float(latents.std(dim=0).mean()) > 0.01
