"""convolutions are torch's own, whatever their geometry: values, slopes, and slopes of slopes."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.networks import convolutions
from ganache.networks.convolutions import TILES, Conv2d, ConvTranspose2d

FEATURES = 3
Layer = nn.Conv2d | nn.ConvTranspose2d
Geometry = tuple[int, int, tuple[int, int], int, int, tuple[int, int]]
STRIDES = ((1, 1), (2, 2), (2, 1), (4, 2))


def geometries(most: int) -> list[Geometry]:
    """Return (channels, kernel, stride, padding, output padding, size of the features) of what is tiled."""
    every = itertools.product((1, 2, 3, most), (3, 4, 5), STRIDES, (0, 1, 2), (0, 1), ((5, 6), (1, 3)))
    return [
        found
        for found in every
        if all(TILES[found[0]] % step == 0 for step in found[2])
        and all(found[4] < step for step in found[2])
        and min(smallest(found)) > 0
    ]


def smallest(geometry: Geometry) -> list[int]:
    """Return the size of the image that the features make."""
    _, kernel, stride, padding, more, size = geometry
    return [(side - 1) * step - 2 * padding + kernel + more for side, step in zip(size, stride, strict=True)]


def both(plain: Layer, tiled: Layer) -> tuple[Layer, Layer]:
    """Return the two layers in float64 with the same weights."""
    tiled.load_state_dict(plain.state_dict())
    return plain.double(), tiled.double()


def slopes(layer: Layer, given: Tensor, along: Tensor) -> list[Tensor]:
    """Return the layer's value, its slopes, and the slopes of the length of the one by its input."""
    given = given.clone().requires_grad_()
    along = along.clone().requires_grad_()
    value = layer(given)
    first = torch.autograd.grad(value, [given, *layer.parameters()], along, create_graph=True)
    second = torch.autograd.grad(first[0].square().sum(), [along, layer.weight])
    return [value, *first, *second]


@pytest.mark.parametrize("bias", [True, False])
def test_a_tiled_transposed_convolution_is_torchs(bias: bool) -> None:
    cases = geometries(most=4)
    assert len(cases) > 200
    for geometry in cases:
        outputs, kernel, stride, padding, more, size = geometry
        options = (FEATURES, outputs, kernel, stride, padding, more, 1, bias)
        plain, own = both(nn.ConvTranspose2d(*options), ConvTranspose2d(*options))
        given = torch.randn(2, FEATURES, *size, dtype=torch.float64)
        along = torch.randn(2, outputs, *smallest(geometry), dtype=torch.float64)
        found, expected = slopes(own, given, along), slopes(plain, given, along)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12, msg=str(geometry))


@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_tiled_backwards_is_torchs(bias: bool) -> None:
    for geometry in geometries(most=4):
        inputs, kernel, stride, padding, _, size = geometry
        options = (inputs, FEATURES, kernel, stride, padding, 1, 1, bias)
        plain, own = both(nn.Conv2d(*options), Conv2d(*options))
        given = torch.randn(2, inputs, *smallest(geometry), dtype=torch.float64)
        along = torch.randn(2, FEATURES, *size, dtype=torch.float64)
        found, expected = slopes(own, given, along), slopes(plain, given, along)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12, msg=str(geometry))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the ways other than torch's that are gone."""
    ways: list[str] = []
    for name in ("_by_tiles", "_by_product"):
        monkeypatch.setattr(convolutions, name, _noting(name, ways))
    return ways


def _noting(name: str, ways: list[str]) -> Callable[..., Tensor]:
    way = getattr(convolutions, name)

    def noted(*given: Any) -> Tensor:
        ways.append(name)
        found: Tensor = way(*given)
        return found

    return noted


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_drawn_and_differentiated_by_tiles(channels: int, done: list[str]) -> None:
    images = ConvTranspose2d(8, channels, 4, 2, 1)(torch.randn(2, 8, 7, 7))
    Conv2d(channels, 8, 4, 2, 1)(images.detach().requires_grad_()).sum().backward()
    assert done == ["_by_tiles"] * 2


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("stride", STRIDES)
def test_slopes_by_large_weights_are_products(
    stride: tuple[int, int], more: int, monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    monkeypatch.setitem(convolutions.LARGE, torch.float64, 1)
    for kernel, padding in ((3, 1), (4, 1), (5, 0)):
        beyond = (min(more, stride[0] - 1), min(more, stride[1] - 1))
        size = smallest((6, kernel, stride, padding, 0, (4, 3)))
        images = torch.randn(
            2, 6, *(side + extra for side, extra in zip(size, beyond, strict=True)), dtype=torch.float64
        )
        features = torch.randn(2, 5, 4, 3, dtype=torch.float64)
        downwards = both(nn.Conv2d(6, 5, kernel, stride, padding), Conv2d(6, 5, kernel, stride, padding))
        options = (5, 6, kernel, stride, padding, beyond)
        upwards = both(nn.ConvTranspose2d(*options), ConvTranspose2d(*options))
        for (plain, own), given, along in ((downwards, images, features), (upwards, features, images)):
            found, expected = slopes(own, given, along), slopes(plain, given, along)
            torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
    assert set(done) == {"_by_product"}


@pytest.mark.parametrize(
    "layer",
    [
        ConvTranspose2d(2, 5, 4, 2, 1),  # five channels are many, and its weight is small
        ConvTranspose2d(2, 1, 6, 3, 1),  # a stride of 3 divides no tile
        ConvTranspose2d(2, 2, 4, 2, 1, groups=2),
        ConvTranspose2d(2, 1, 4, 2, 1, dilation=2),
        Conv2d(2, 4, 3, padding="same"),
        Conv2d(2, 4, 3, padding=1, padding_mode="circular"),
    ],
    ids=lambda layer: str(layer)[:60],
)
def test_the_rest_is_left_to_torch(layer: nn.Module, done: list[str]) -> None:
    given = torch.randn(2, 2, 8, 8, requires_grad=True)
    layer(given).sum().backward()
    assert given.grad is not None
    assert not done


def test_many_positions_are_left_to_torch(monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
    monkeypatch.setitem(convolutions.LARGE, torch.float32, 1)
    layer = Conv2d(5, 6, 3, padding=1)
    layer(torch.randn(4, 5, 33, 32)).sum().backward()
    assert not done
    layer(torch.randn(4, 5, 32, 32)).sum().backward()
    assert done == ["_by_product"]


@pytest.mark.parametrize("tiled", [True, False])
def test_automatic_mixed_precision_means_the_same_as_in_torchs_layers(tiled: bool) -> None:
    plain, own = both(nn.ConvTranspose2d(8, 1, 4, 2, 1), ConvTranspose2d(8, 1, 4, 2, 1))
    plain, own = plain.float(), own.float()
    layer = own if tiled else plain
    given = torch.randn(2, 8, 7, 7, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        images = layer(given)
    assert images.dtype == torch.bfloat16
    images.float().square().mean().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32
    assert given.grad is not None
    assert given.grad.dtype == torch.float32
    precise = plain(given)
    torch.testing.assert_close(images.float(), precise, atol=2**-7, rtol=2**-7)


def test_a_size_asked_for_is_kept() -> None:
    layer = ConvTranspose2d(3, 1, 4, 2, 1)
    assert layer(torch.randn(2, 3, 5, 5), output_size=[11, 10]).shape == (2, 1, 11, 10)
