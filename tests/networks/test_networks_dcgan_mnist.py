import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, pad

from ganache.data.shape import ImageShape
from ganache.networks import DCGANDiscriminator, DCGANGenerator, MNISTDCGANDiscriminator, MNISTDCGANGenerator
from ganache.parts.latents import Uniform
from tests.networks.test_networks import parameters
from tests.tiny import logits_of

DIGIT = ImageShape(1, 28, 28)


def turned(tensor: Tensor) -> Tensor:
    return tensor.detach().flip(-2, -1)


def same_padding(side: int) -> tuple[int, int]:
    """TensorFlow's padding for a kernel of 5 and a stride of 2: what makes ⌈side / 2⌉, the odd pixel after."""
    total = 2 * (math.ceil(side / 2) - 1) + 5 - side
    return total // 2, total - total // 2


def same_convolution(images: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    vertical, horizontal = (same_padding(side) for side in images.shape[2:])
    return conv2d(pad(images, (*horizontal, *vertical)), weight, bias, stride=2)


def its_adjoint(features: Tensor, weight: Tensor, bias: Tensor | None, size: tuple[int, int]) -> Tensor:
    assert bias is not None
    images = torch.zeros(len(features), weight.shape[1], *size, dtype=features.dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(same_convolution(images, weight), images, features)
    return gradient + bias[:, None, None]


@pytest.mark.parametrize(("side", "expected"), [(28, (1, 2)), (14, (1, 2)), (7, (2, 2)), (2, (1, 2)), (1, (2, 2))])
def test_same_padding_by_hand(side: int, expected: tuple[int, int]) -> None:
    assert same_padding(side) == expected  # of 28: 13 · 2 + 5 - 28 = 3


def test_a_same_convolution_by_hand() -> None:
    # Ones over 28 pixels padded by 1 and 2: the windows of 5 begin at -1, 1, 3, …, 25, and the last two reach 29.
    sums = same_convolution(torch.ones(1, 1, 28, 28), torch.ones(1, 1, 5, 5))[0, 0]
    side = torch.tensor([4.0, *[5.0] * 12, 3.0])
    assert torch.equal(sums, side[:, None] * side[None, :])


SIZES = [(28, 28), (27, 14), (9, 10), (5, 6), (1, 2), (3, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_the_discriminator_is_tensorflows_with_every_kernel_turned(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network: Any = MNISTDCGANDiscriminator().build(ImageShape(2, *size), 0).double().eval()
    first, second, last = (layer for layer in network.layers if isinstance(layer, nn.Conv2d | nn.Linear))
    images = torch.randn(3, 2, *size, dtype=torch.float64)
    features = leaky_relu(same_convolution(images, turned(first.weight), first.bias), 0.2)
    features = leaky_relu(same_convolution(features, turned(second.weight), second.bias), 0.2)
    quarter = [math.ceil(math.ceil(side / 2) / 2) for side in size]
    assert list(features.shape) == [3, 128, *quarter]
    expected = last(turned(features).flatten(1))
    torch.testing.assert_close(logits_of(network, images, torch.zeros(3, 0)), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", SIZES)
def test_the_generator_is_tensorflows_with_every_kernel_turned(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network: Any = MNISTDCGANGenerator().build(ImageShape(2, *size), 0).double().train()
    norms = [layer for layer in network.layers if isinstance(layer, nn.BatchNorm1d)]
    for norm in norms:  # each place has its own
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    dense, first, second, third = (
        layer for layer in network.layers if isinstance(layer, nn.ConvTranspose2d | nn.Linear)
    )
    half = (math.ceil(size[0] / 2), math.ceil(size[1] / 2))
    latents = torch.randn(4, 100, dtype=torch.float64)

    def normalised(features: Tensor, norm: nn.BatchNorm1d) -> Tensor:
        shape = features.shape[1:]
        weight, bias = (turned(value.reshape(shape)) for value in (norm.weight, norm.bias))
        variance, mean = torch.var_mean(features, 0, correction=0)
        return leaky_relu((features - mean) / torch.sqrt(variance + 1e-3) * weight + bias, 0.2)

    features = turned(dense(latents).unflatten(1, (256, math.ceil(half[0] / 2), math.ceil(half[1] / 2))))
    features = normalised(features, norms[0])
    kernel = turned(first.weight).flip(2, 3).transpose(0, 1)  # of stride 1: a convolution with the kernel turned
    features = normalised(conv2d(features, kernel, first.bias, padding=2), norms[1])
    features = normalised(its_adjoint(features, turned(second.weight), second.bias, half), norms[2])
    expected = torch.tanh(its_adjoint(features, turned(third.weight), third.bias, size))
    torch.testing.assert_close(network(latents, torch.zeros(4, 0)), expected, rtol=1e-9, atol=1e-9)


def test_the_published_pair_has_its_published_sizes() -> None:
    seen: list[tuple[int, ...]] = []
    for network in (MNISTDCGANGenerator().build(DIGIT, 0), MNISTDCGANDiscriminator().build(DIGIT, 0)):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
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
    weight = next(layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)).weight.detach()
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
