"""Convolutions are torch's own, whatever their geometry: values, slopes, and slopes of slopes."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from ganache.networks import convolutions
from ganache.networks.convolutions import TILES, Conv2d, ConvTranspose2d

FEATURES = 3
Layer = nn.Conv2d | nn.ConvTranspose2d
Geometry = tuple[int, int, tuple[int, int], int, int, tuple[int, int]]
STRIDES = ((1, 1), (2, 2), (2, 1), (4, 2))


def geometries() -> list[Geometry]:
    """Return (channels, kernel, stride, padding, output padding, size of the features) of what is tiled."""
    every = itertools.product(TILES, (3, 4, 5), STRIDES, (0, 1, 2), (0, 1), ((5, 6), (1, 3)))
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


def both(plain: Layer, own: Layer) -> tuple[Layer, Layer]:
    """Return the two layers in float64 with the same weights."""
    own.load_state_dict(plain.state_dict())
    return plain.double(), own.double()


def slopes(layer: Layer, given: Tensor, along: Tensor) -> list[Tensor]:
    """Return the layer's value, its slopes, and the slopes of the length of the one by its input."""
    given = given.clone().requires_grad_()
    along = along.clone().requires_grad_()
    value = layer(given)
    first = torch.autograd.grad(value, [given, *layer.parameters()], along, create_graph=True)
    second = torch.autograd.grad(first[0].square().sum(), [along, layer.weight])
    return [value, *first, *second]


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


@pytest.mark.parametrize("bias", [True, False])
def test_a_tiled_transposed_convolution_is_torchs(bias: bool, done: list[str]) -> None:
    cases = geometries()
    assert len(cases) > 200
    for geometry in cases:
        outputs, kernel, stride, padding, more, size = geometry
        options = (FEATURES, outputs, kernel, stride, padding, more, 1, bias)
        plain, own = both(nn.ConvTranspose2d(*options), ConvTranspose2d(*options))
        given = torch.randn(2, FEATURES, *size, dtype=torch.float64)
        along = torch.randn(2, outputs, *smallest(geometry), dtype=torch.float64)
        found, expected = slopes(own, given, along), slopes(plain, given, along)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12, msg=str(geometry))
        assert done.pop() == "_by_tiles"


@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_tiled_backwards_is_torchs(bias: bool, done: list[str]) -> None:
    for geometry in geometries():
        inputs, kernel, stride, padding, _, size = geometry
        options = (inputs, FEATURES, kernel, stride, padding, 1, 1, bias)
        plain, own = both(nn.Conv2d(*options), Conv2d(*options))
        given = torch.randn(2, inputs, *smallest(geometry), dtype=torch.float64)
        along = torch.randn(2, FEATURES, *size, dtype=torch.float64)
        found, expected = slopes(own, given, along), slopes(plain, given, along)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12, msg=str(geometry))
        assert done.pop() == "_by_tiles"


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
    monkeypatch.setitem(convolutions.LARGE, torch.float64, (1, 4_096))
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
        ConvTranspose2d(2, 1, 1, padding=1),  # tiles would begin beyond the features
        Conv2d(2, 4, 3, padding="same"),
        Conv2d(2, 4, 3, padding=1, padding_mode="circular"),
    ],
    ids=lambda layer: str(layer)[:60],
)
def test_the_rest_is_left_to_torch(layer: nn.Module, done: list[str]) -> None:
    given = torch.randn(2, 2, 8, 8, requires_grad=True)
    layer(given).sum().backward()
    assert given.grad is not None
    layer(given[0]).sum().backward()  # an image alone
    assert not done


def test_many_positions_are_left_to_torch(monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
    monkeypatch.setitem(convolutions.LARGE, torch.float32, (1, 4_096))
    layer = Conv2d(5, 6, 3, padding=1)
    layer(torch.randn(4, 5, 33, 32)).sum().backward()
    assert not done
    layer(torch.randn(4, 5, 32, 32)).sum().backward()
    assert done == ["_by_product"]


@pytest.mark.parametrize(
    ("options", "ways"),
    [((8, 1, 4, 2, 1), {"_by_tiles"}), ((64, 64, 4, 2, 1), {"_by_product"})],
    ids=["tiles", "product"],
)
def test_automatic_mixed_precision_means_the_same_as_in_torchs_layers(
    options: tuple[int, int, int, int, int], ways: set[str], monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    monkeypatch.setitem(convolutions.LARGE, torch.bfloat16, (64 * 64 * 16, 4_096))
    plain, own = nn.ConvTranspose2d(*options), ConvTranspose2d(*options)
    own.load_state_dict(plain.state_dict())
    given = torch.randn(4, options[0], 7, 7)
    exact = _mixed(plain, given, enabled=False)
    assert not done
    for found, torchs, precise in zip(_mixed(own, given), _mixed(plain, given), exact, strict=True):
        assert found.dtype == torchs.dtype
        assert (found - precise).norm() < 2 * (torchs - precise).norm() < 0.03 * precise.norm()
    assert set(done) == ways


def _mixed(layer: Layer, given: Tensor, enabled: bool = True) -> list[Tensor]:
    given = given.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        value = layer(given)
    assert value.dtype == (torch.bfloat16 if enabled else torch.float32)
    return [value.float(), *torch.autograd.grad(value.float().square().mean(), [given, *layer.parameters()])]


@pytest.mark.parametrize("layer", [Conv2d(1, 8, 4, 2, 1), Conv2d(8, 8, 3), ConvTranspose2d(8, 8, 4)], ids=str)
def test_a_pass_looks_at_a_parametrised_weight_once(layer: Layer) -> None:
    class Counting(nn.Module):
        seen = 0

        def forward(self, weight: Tensor) -> Tensor:
            Counting.seen += 1
            return weight

    register_parametrization(layer, "weight", Counting())
    Counting.seen = 0
    layer(torch.randn(2, layer.in_channels, 8, 8))
    assert Counting.seen == 1


def test_what_torch_refuses_is_refused() -> None:
    with pytest.raises(RuntimeError):
        Conv2d(1, 8, 4)(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(RuntimeError):
        ConvTranspose2d(8, 1, 4)(torch.zeros(2, 8, 8, 8, dtype=torch.float64))


def test_an_image_may_be_changed_in_place() -> None:
    for beyond in (0, 1):
        layer = ConvTranspose2d(3, 1, 4, 2, 1, output_padding=beyond)
        layer(torch.randn(2, 3, 5, 5)).tanh_().sum().backward()
        assert layer.weight.grad is not None


def test_a_size_asked_for_is_kept() -> None:
    layer = ConvTranspose2d(3, 1, 4, 2, 1)
    assert layer(torch.randn(2, 3, 5, 5), output_size=[11, 10]).shape == (2, 1, 11, 10)
