"""Super-resolution: bicubic against torch's, the pixels that are looked at, and what is refused."""

import pytest
import torch
from torch.nn.functional import interpolate

from ganache.data.shape import ImageShape
from ganache.networks import SuperResolver, Translating
from ganache.networks.super_resolver import Bicubic, prime_factors
from ganache.support.errors import UserError


def built(scale: int = 4) -> Translating:
    torch.manual_seed(0)
    shape = ImageShape(3, 32, 32)
    return SuperResolver(scale=scale, width=4, blocks=2).build(shape, shape)


@pytest.mark.parametrize("scale", [2, 3, 4, 5])
def test_bicubic_is_torchs_but_at_the_edges(scale: int) -> None:
    """Torch's has Keys's -1/2 where it is to be antialiased, which does nothing else to what grows."""
    torch.manual_seed(0)
    images = torch.randn(2, 3, 9, 11)
    torchs = interpolate(images, scale_factor=scale, mode="bicubic", antialias=True)
    edge = 2 * scale
    ours = Bicubic(scale)(images)
    assert ours.shape == torchs.shape
    inner = (..., slice(edge, -edge), slice(edge, -edge))
    torch.testing.assert_close(ours[inner], torchs[inner], rtol=0, atol=1e-5)


def test_a_constant_stays_one_up_to_the_edges() -> None:
    torch.testing.assert_close(Bicubic(4)(torch.full((1, 2, 1, 3), 0.25)), torch.full((1, 2, 4, 12), 0.25))


def test_it_begins_as_bicubic_and_looks_at_one_of_the_repeated_pixels() -> None:
    network, small = built().eval(), torch.rand(2, 3, 8, 5) - 0.5
    repeated = small.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    with torch.no_grad():
        assert torch.equal(network(repeated), Bicubic(4)(small).clamp(-1.0, 1.0))
        other = torch.full_like(repeated, 9.0)
        other[:, :, ::4, ::4] = small
        assert torch.equal(network(other), network(repeated))


def test_what_leaves_the_range_does_so_while_it_learns_alone() -> None:
    network, images = built(), torch.ones(1, 3, 32, 32)
    images[:, :, :16] = -1.0  # bicubic overshoots beside an edge
    with torch.no_grad():
        assert float(network.train()(images).max()) > 1.0
        assert float(network.eval()(images).max()) == 1.0


def test_a_block_adds_its_share() -> None:
    torch.manual_seed(0)
    shape = ImageShape(1, 8, 8)
    network = SuperResolver(scale=2, width=3, blocks=1, residual=0.25).build(shape, shape)
    block, features = next(iter(network.blocks)), torch.randn(1, 3, 4, 4)  # type: ignore[arg-type]
    inner = torch.relu(block.layers[0](features))
    torch.testing.assert_close(block(features), features + 0.25 * block.layers[2](inner))


@pytest.mark.parametrize(("number", "factors"), [(2, [2]), (3, [3]), (4, [2, 2]), (12, [2, 2, 3]), (13, [13])])
def test_it_grows_by_prime_factors(number: int, factors: list[int]) -> None:
    assert prime_factors(number) == factors


def test_channels_are_kept_and_something_is_left_of_a_picture() -> None:
    grey, colour = ImageShape(1, 8, 8), ImageShape(3, 8, 8)
    with pytest.raises(
        UserError, match=r"^translator: SuperResolver keeps the channels, and does not make 8x8x3 of 8x8"
    ):
        SuperResolver().build(grey, colour)
    with pytest.raises(
        UserError, match=r"^translator: SuperResolver takes pictures of at least 4x4 pixels, not 3x8x1$"
    ):
        SuperResolver().build(ImageShape(1, 3, 8), ImageShape(1, 3, 8))
