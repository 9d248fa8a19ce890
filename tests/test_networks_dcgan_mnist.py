import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

from ganache.networks import DCGANDiscriminator, DCGANGenerator, MNISTDCGANDiscriminator, MNISTDCGANGenerator, Uniform
from ganache.networks.layers import SameConv2d, SameConvTranspose2d, same_padding
from ganache.shape import ImageShape
from tests.test_networks import parameters

DIGIT = ImageShape(1, 28, 28)


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "expected"),
    [
        (28, 5, 2, (1, 2)),  # 13 · 2 + 5 - 28 = 3, the odd pixel after
        (14, 5, 2, (1, 2)),
        (7, 5, 2, (2, 2)),  # 3 · 2 + 5 - 7 = 4
        (7, 5, 1, (2, 2)),
        (1, 5, 2, (2, 2)),
        (2, 5, 2, (1, 2)),
        (9, 2, 2, (0, 1)),
        (8, 1, 2, (0, 0)),  # the last column is never reached, and nothing is cut
    ],
)
def test_same_padding_by_hand(side: int, kernel: int, stride: int, expected: tuple[int, int]) -> None:
    assert same_padding(side, kernel, stride) == expected
    assert (side + sum(expected) - kernel) // stride + 1 == math.ceil(side / stride)


def test_a_same_convolution_by_hand() -> None:
    # Ones over 28 pixels padded by 1 and 2: the windows of 5 begin at -1, 1, 3, …, 25, and the last two reach 29.
    layer = SameConv2d(1, 1, 5, 2)
    nn.init.ones_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    sums = layer(torch.ones(1, 1, 28, 28))[0, 0].detach()
    side = torch.tensor([4.0, *[5.0] * 12, 3.0])
    assert torch.equal(sums, side[:, None] * side[None, :])


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(28, 28), (7, 14), (5, 6), (1, 2), (3, 1)])
def test_the_transposed_convolution_is_the_exact_adjoint(size: tuple[int, int], stride: int) -> None:
    # ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩ for all x, y.
    torch.manual_seed(0)
    down = SameConv2d(2, 3, 5, stride, bias=False).double()
    up = SameConvTranspose2d(3, 2, 5, stride, size).double()
    up.convolution.weight.data = down.weight.data
    assert up.convolution.bias is not None
    nn.init.zeros_(up.convolution.bias)
    x = torch.randn(4, 2, *size, dtype=torch.float64)
    smaller = down(x)
    assert smaller.shape[2:] == tuple(math.ceil(side / stride) for side in size)
    y = torch.randn_like(smaller)
    larger = up(y)
    assert larger.shape == x.shape
    assert (smaller * y).sum().item() == pytest.approx((x * larger).sum().item(), rel=1e-12)


def test_the_last_upsampling_is_tensorflows_by_the_definition() -> None:
    # The gradient of a convolution of the image padded by (1, 2), written with torch's plain operations.
    torch.manual_seed(0)
    up = SameConvTranspose2d(3, 2, 5, 2, (14, 14)).double()
    y = torch.randn(2, 3, 7, 7, dtype=torch.float64)
    image = torch.zeros(2, 2, 14, 14, dtype=torch.float64, requires_grad=True)
    weight, bias = up.convolution.weight.detach(), up.convolution.bias
    (gradient,) = torch.autograd.grad(conv2d(pad(image, (1, 2, 1, 2)), weight, stride=2), image, y)
    assert bias is not None
    torch.testing.assert_close(up(y), gradient + bias[None, :, None, None], rtol=1e-12, atol=1e-12)
    full = conv_transpose2d(y, weight, stride=2)
    assert full.shape[2:] == (17, 17)


def test_the_published_pair_has_its_published_sizes() -> None:
    seen: list[tuple[int, ...]] = []
    for network in (MNISTDCGANGenerator().build(DIGIT, 0), MNISTDCGANDiscriminator().build(DIGIT, 0)):
        for layer in network.modules():
            if isinstance(layer, SameConv2d | SameConvTranspose2d | nn.Linear):
                layer.register_forward_hook(lambda *call: seen.append(tuple(call[2].shape[1:])))
        inputs = torch.randn(2, 100) if not seen else torch.randn(2, 1, 28, 28)
        network(inputs, torch.zeros(2, 0))
    assert seen == [(7 * 7 * 256,), (128, 7, 7), (64, 14, 14), (1, 28, 28), (64, 14, 14), (128, 7, 7), (1,)]


def test_the_published_pair_has_its_published_numbers_of_parameters() -> None:
    dense = 100 * 12544 + 12544
    convolutions = (25 * 256 * 128 + 128) + (25 * 128 * 64 + 64) + (25 * 64 * 1 + 1)
    norms = 2 * (7 * 7 * 256) + 2 * (7 * 7 * 128) + 2 * (14 * 14 * 64)
    assert parameters(MNISTDCGANGenerator().build(DIGIT, 0)) == dense + convolutions + norms == 2_355_457
    counted = (25 * 1 * 64 + 64) + (25 * 64 * 128 + 128) + (6272 + 1)
    assert parameters(MNISTDCGANDiscriminator().build(DIGIT, 0)) == counted == 212_865


def test_batch_norm_has_a_mean_for_every_feature_at_every_place_with_tensorflows_constants() -> None:
    network = MNISTDCGANGenerator().build(DIGIT, 0)
    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    assert [type(norm) for norm in norms] == [nn.BatchNorm1d] * 3
    assert [norm.num_features for norm in norms] == [12544, 6272, 12544]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_the_other_constants_are_the_published_ones() -> None:
    pair = (MNISTDCGANGenerator().build(DIGIT, 0), MNISTDCGANDiscriminator().build(DIGIT, 0))
    slopes, drops = [], []
    for network in pair:
        slopes += [layer.negative_slope for layer in network.modules() if isinstance(layer, nn.LeakyReLU)]
        drops += [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]
    assert (slopes, drops) == ([0.2] * 5, [0.3] * 2)


def test_weights_are_drawn_as_tensorflow_draws_them() -> None:
    torch.manual_seed(0)
    discriminator = MNISTDCGANDiscriminator().build(DIGIT, 0)
    weight = next(layer for layer in discriminator.modules() if isinstance(layer, SameConv2d)).weight.detach()
    limit = math.sqrt(6 / (25 * 1 + 25 * 64))
    assert float(weight.abs().max()) == pytest.approx(limit, rel=0.01)
    assert float(weight.abs().max()) <= limit
    assert all(not value.any() for name, value in discriminator.named_parameters() if name.endswith("bias"))


def test_the_wide_relativistic_pair_at_64_is_the_published_chain_without_a_single_bias() -> None:
    shape = ImageShape(3, 64, 64)
    between = 16 * (1024 * 512 + 512 * 256 + 256 * 128)
    made = DCGANGenerator(latent=Uniform(size=128), width=128, max_width=1024, bias=False).build(shape, 0)
    assert parameters(made) == 16 * 128 * 1024 + between + 16 * 128 * 3 + 2 * (1024 + 512 + 256 + 128)
    judge = DCGANDiscriminator(width=128, max_width=1024, bias=False).build(shape, 0)
    assert parameters(judge) == 16 * 3 * 128 + between + 16 * 1024 + 2 * (256 + 512 + 1024)
    for network in (made, judge):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                assert layer.bias is None
    assert [layer.negative_slope for layer in judge.modules() if isinstance(layer, nn.LeakyReLU)] == [0.2] * 4


def test_the_projection_of_the_latent_is_the_published_first_transposed_convolution() -> None:
    # 4×4, stride 1, no padding, on one pixel: the same linear map, written as a matrix.
    torch.manual_seed(0)
    network: Any = DCGANGenerator(latent=Uniform(size=6), width=2, bias=False).build(ImageShape(3, 64, 64), 0)
    latent = torch.randn(5, 6)
    weight = network.project.weight.reshape(-1, 4, 4, 6).permute(3, 0, 1, 2)
    expected = conv_transpose2d(latent[:, :, None, None], weight)
    made = network.project(latent).unflatten(1, network.smallest)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-7)
