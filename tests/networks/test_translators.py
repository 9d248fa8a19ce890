"""Every network from picture to picture: any size, its margin as slopes measure it, parts of a picture as the whole."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.networks import ResidualTranslator, SuperResolver, Translating, Translator, UNet
from ganache.parts.part import kinds
from ganache.support.errors import UserError

TRAINED = (16, 24)
TRANSLATORS: dict[str, Translator] = {
    "unet": UNet(width=3, max_width=5),
    "residual": ResidualTranslator(width=3, blocks=2),
    "repeating": ResidualTranslator(width=3, blocks=1, doubling="repeated"),
    "super": SuperResolver(scale=4, width=3, blocks=2),
    "super by three": SuperResolver(scale=3, width=3, blocks=1),
    "shallow unet": UNet(width=3, max_width=5, depth=2, without_dropout=0, doubling="repeated"),
}
SIZES = [(16, 24), (1, 1), (1, 7), (3, 2), (5, 40), (17, 31), (33, 64)]


def built(translator: Translator, channels: int = 3, targets: int | None = None, seed: int = 0) -> Translating:
    """Return a network in whose weights nothing is 0 or small, so that all that it sees tells."""
    torch.manual_seed(seed)
    network = translator.build(ImageShape(channels, *TRAINED), ImageShape(targets or channels, *TRAINED))
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape) / math.sqrt(max(weight[0].numel(), 4)))
    return network


def pictures(count: int, channels: int, height: int, width: int) -> Tensor:
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(height)) * 2.0 - 1.0


def test_every_kind_is_here() -> None:
    made = {kind for kind in kinds(Translator) if kind.__module__.startswith("ganache.")}
    assert {type(part) for part in TRANSLATORS.values()} == made


@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_of_every_size_keep_it_within_their_range_and_all_weights_learn(name: str, channels: int) -> None:
    network = built(TRANSLATORS[name], channels).train()
    for count, size in enumerate(SIZES, 1):
        made = network(pictures(count + 1, channels, *size))
        assert made.shape == (count + 1, channels, *size)
        assert made.dtype == torch.float32
        made = network.eval()(pictures(1, channels, *size))
        assert made.shape == (1, channels, *size)
        assert float(made.detach().abs().max()) <= 1.0
        network.train()
    made = network(pictures(3, channels, *TRAINED))
    (made * torch.randn_like(made)).sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()] == []


@pytest.mark.parametrize("name", TRANSLATORS)
def test_nothing_is_random_in_evaluation(name: str) -> None:
    network, images = built(TRANSLATORS[name]).eval(), pictures(2, 3, *TRAINED)
    assert torch.equal(network(images), network(images))


def seen(network: Translating, channels: int) -> int | None:
    """Return how far from a pixel of the output slopes by the input are found; None: at the edges too."""
    reach, stride = network.reach, network.stride
    side = (2 * (reach + stride) // stride + 3) * stride
    middle = side // 2 // stride * stride
    images = pictures(1, channels, side, side).double().requires_grad_()
    # Weights are halved and pictures grey, or slopes would end at what is clamped to [-1, 1].
    for weight in network.parameters():
        weight.requires_grad_(False).mul_(0.5)
    made = network.double().eval()(0.1 * images)
    farthest = 0
    for pixel in range(middle, middle + stride):
        (slope,) = torch.autograd.grad(made[0, :, pixel, pixel].sum(), images, retain_graph=True)
        places = slope[0].abs().sum(dim=0).nonzero()
        farthest = max(farthest, int((places - pixel).abs().max()))
        if bool((places == 0).any()):
            return None
    return farthest


@pytest.mark.parametrize("name", TRANSLATORS)
def test_the_margin_is_what_slopes_reach(name: str) -> None:
    network = built(TRANSLATORS[name], channels=1)
    assert seen(network, 1) == network.margin


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_part_of_a_picture_is_translated_as_in_the_whole_but_for_its_margin(name: str) -> None:
    network = built(TRANSLATORS[name], channels=1).double().eval()
    margin, stride = network.margin, network.stride
    if margin is None:
        pytest.skip("it sees the whole picture")
    begin = 2 * stride
    whole = pictures(1, 1, begin + 2 * margin + 9, begin + 2 * margin + 5).double()
    part = network(whole[:, :, begin:, begin:])[:, :, margin:, margin:]
    torch.testing.assert_close(part, network(whole)[:, :, begin + margin :, begin + margin :], rtol=0, atol=1e-12)


def test_the_published_unet_has_its_published_size() -> None:
    """At 256×256: 4×4 kernels; biases where there is no batch norm, scale and shift where there is."""
    widths = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    down = sum(16 * inputs * outputs for inputs, outputs in itertools.pairwise(widths))
    back = [(512, 512), *[(1024, 512)] * 3, (1024, 256), (512, 128), (256, 64), (128, 3)]
    up = sum(16 * inputs * outputs for inputs, outputs in back)
    norms = 2 * (128 + 256 + 4 * 512 - 512) + 2 * (4 * 512 + 256 + 128 + 64) + 2 * 512
    shape = ImageShape(3, 256, 256)
    network = UNet().build(shape, shape)
    assert sum(weight.numel() for weight in network.parameters()) == down + up + norms + 64 + 512 + 3
    assert network.stride == 256


def test_the_unet_halves_as_far_as_its_shorter_side_allows() -> None:
    strides = [UNet().build(ImageShape(1, *size), ImageShape(1, *size)).stride for size in [(64, 64), (2, 9), (31, 80)]]
    assert strides == [64, 2, 16]


def test_dropout_is_in_training_alone_at_the_inner_sizes() -> None:
    shape = ImageShape(3, 64, 64)
    network = UNet(width=4, max_width=8).build(shape, shape)
    assert sum(isinstance(layer, torch.nn.Dropout) for layer in network.modules()) == 1
    images = pictures(2, 3, 64, 64)
    torch.manual_seed(0)
    assert not torch.equal(network(images), network(images))


@pytest.mark.parametrize("name", TRANSLATORS)
def test_one_size_is_not_made_another(name: str) -> None:
    with pytest.raises(
        UserError, match=r"^translator: \w+ makes pictures of their inputs' size, not 8x8x3 of 16x16x3$"
    ):
        TRANSLATORS[name].build(ImageShape(3, 16, 16), ImageShape(3, 8, 8))


def test_a_single_pixel_cannot_be_halved() -> None:
    with pytest.raises(UserError, match=r"^translator: UNet takes pictures of at least 2x2 pixels, not 1x1x2$"):
        UNet().build(ImageShape(2, 1, 1), ImageShape(2, 1, 1))


@pytest.mark.parametrize("name", TRANSLATORS)
@torch.no_grad()
def test_the_order_in_memory_and_mixed_precision_change_nothing_but_rounding(name: str) -> None:
    network, images = built(TRANSLATORS[name]).eval(), pictures(2, 3, 17, 31)
    plain = network(images)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.testing.assert_close(network(images.contiguous(memory_format=torch.channels_last)), plain, rtol=0, atol=1e-4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = network(images).float()
    assert mixed.shape == plain.shape
    assert float((mixed - plain).abs().mean()) < 0.05


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")  # sizes become constants
@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_trace_has_no_python_in_it_and_the_same_values(name: str) -> None:
    network, images = built(TRANSLATORS[name]).eval().requires_grad_(False), pictures(1, 3, *TRAINED)
    traced: Any = torch.jit.trace(network, images)  # type: ignore[no-untyped-call]
    assert "PythonOp" not in str(traced.inlined_graph)
    torch.testing.assert_close(traced(images), network(images), rtol=1e-4, atol=1e-5)
