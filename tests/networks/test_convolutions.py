"""Convolutions are torch's own, whatever their geometry: values, slopes, and slopes of slopes."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from ganache.networks import convolutions
from ganache.networks.convolutions import TILES, Conv2d, ConvTranspose2d, ToPixels

FEATURES = 3
Layer = nn.Conv2d | nn.ConvTranspose2d
Geometry = tuple[int, int, tuple[int, int], int, int, tuple[int, int]]
STRIDES = ((1, 1), (2, 2), (2, 1), (4, 2))


def geometries() -> list[Geometry]:
    """Return (channels, kernel, stride, padding, output padding, size of the features) of what is tiled."""
    every = itertools.product(TILES, (3, 4, 5), STRIDES, (0, 1, 2), (0, 1), ((5, 6), (2, 3)))
    return [
        found
        for found in every
        if all(TILES[found[0]] % step == 0 for step in found[2])
        and all(found[4] < step for step in found[2])
        and min(smallest(found)) > TILES[found[0]]
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


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (3, 0), (3, 1), (4, 2), (7, 0), (7, 6)])
def test_a_convolution_to_pixels_is_torchs(kernel: int, padding: int, bias: bool, done: list[str]) -> None:
    for outputs, size in itertools.product(TILES, [(13, 12), (11, 16)]):
        options = (FEATURES, outputs, kernel, 1, padding, 1, 1, bias)
        plain, own = both(nn.Conv2d(*options), ToPixels(*options))
        given = torch.randn(2, FEATURES, *size, dtype=torch.float64)
        along = torch.randn_like(plain(given))
        found, expected = slopes(own, given, along), slopes(plain, given, along)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
        assert done[0] == "_by_tiles"
        done.clear()


@pytest.mark.parametrize(
    "options", [(3, 5, 3), (3, 5, 3, 2), (3, 3, 3, 1, 1, 2), (3, 3, 3, 1, 3), (3, 3, 3, 1, "same")]
)
def test_what_makes_no_few_pixels_without_a_stride_is_torchs_own(options: Any, done: list[str]) -> None:
    plain, own = both(nn.Conv2d(*options), ToPixels(*options))
    given = torch.randn(2, 3, 9, 8, dtype=torch.float64)
    assert torch.equal(own(given), plain(given))
    assert done == []


@dataclass(frozen=True)
class Case:
    """A layer's geometry: images of 1 to 9 pixels a side, every side with a kernel and a stride of its own."""

    channels: int
    features: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    image: tuple[int, int]
    count: int
    last: bool  # the channels, in memory

    def layers(self) -> Iterator[tuple[Layer, Layer, Tensor, Tensor]]:
        """Yield torch's layer and ours, what they are given and a slope by what they make, downwards and upwards."""
        size = tuple(
            (side + 2 * pad - taps) // step + 1
            for side, pad, taps, step in zip(self.image, self.padding, self.kernel, self.stride, strict=True)
        )
        least = (
            (s - 1) * t - 2 * p + k for s, t, p, k in zip(size, self.stride, self.padding, self.kernel, strict=True)
        )
        more = tuple(side - without for side, without in zip(self.image, least, strict=True))
        images, features = self._random(self.channels, self.image), self._random(self.features, size)
        options = (self.kernel, self.stride, self.padding)
        yield (
            nn.Conv2d(self.channels, self.features, *options),
            Conv2d(self.channels, self.features, *options),
            images,
            features,
        )
        upwards: Any = (self.features, self.channels, *options, more)
        yield nn.ConvTranspose2d(*upwards), ConvTranspose2d(*upwards), features, images

    def _random(self, channels: int, size: tuple[int, ...]) -> Tensor:
        kept = torch.channels_last if self.last else torch.contiguous_format
        return torch.randn(self.count, channels, *size).contiguous(memory_format=kept)


def drawn(seed: int, count: int = 40) -> Iterator[Case]:
    """Yield random geometries that are possible."""
    random = np.random.default_rng(seed)

    def pair(values: Sequence[int]) -> tuple[int, int]:
        first, second = (int(value) for value in random.choice(values, 2))
        return first, second

    for _ in range(count):
        kernel, image = pair((1, 2, 3, 4, 5)), pair(range(1, 10))
        pads = pair((0, 1, 2))
        # At least the kernel must fit, and torch refuses some paddings of a transposed layer.
        padding: Any = tuple(max(min(p, k - 1), -(-(k - s) // 2)) for p, k, s in zip(pads, kernel, image, strict=True))
        channels, features = int(random.choice([1, 2, 3, 4, 5])), int(random.choice([1, 3, 16, 33]))
        yield Case(
            channels,
            features,
            kernel,
            pair((1, 2, 4)),
            padding,
            image,
            int(random.choice([1, 3])),
            bool(random.integers(2)),
        )


def leave_numbers_that_are_none() -> None:
    """Fill memory that is then free with NaN, so that reading what nobody wrote is seen."""
    for dtype in (torch.float32, torch.bfloat16):
        _ = [torch.full((count,), float("nan"), dtype=dtype) for count in (16, 64, 300, 1_000, 5_000) for _ in range(3)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_any_geometry_has_torchs_numbers_in_float64(precision: torch.dtype, seed: int) -> None:
    """Narrow images in bfloat16 became NaN, or finite nonsense: by our tiles on AMX, by torch on AVX-512."""
    torch.manual_seed(seed)
    for case in drawn(seed):
        for plain, own, given, along in case.layers():
            own.load_state_dict(plain.state_dict())
            expected = slopes(plain.double(), given.double(), along.double())
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
                leave_numbers_that_are_none()
                found = slopes(own, given, along.to(precision))
            # Each rounding loses up to 2⁻⁹ in bfloat16; the slope of a slope has been through four layers. Terms of
            # length 1 and more may cancel in what is short.
            allowed = 0.03 if precision == torch.bfloat16 else 1e-5
            for one, other in zip(found, expected, strict=True):
                assert (one.double() - other).norm() <= allowed * (1.0 + other.norm()), case


@pytest.mark.parametrize(("channels", "narrowest"), [(1, 5), (2, 3), (3, 3), (4, 3)])
def test_images_of_one_column_or_row_of_tiles_are_left_to_torch(channels: int, narrowest: int, done: list[str]) -> None:
    for side in range(1, 10):
        for size in ((side, 9), (9, side)):
            ConvTranspose2d(8, channels, 3, padding=1)(torch.randn(2, 8, *size)).sum().backward()
            layer = Conv2d(channels, 8, 3, padding=1)
            images = torch.randn(2, channels, *size, requires_grad=True)
            (slope,) = torch.autograd.grad(layer(images).sum(), images, create_graph=True)
            torch.autograd.backward(slope.square().sum())
            assert set(done) == ({"_by_tiles"} if side >= narrowest else set()), size
            done.clear()


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
    torch.manual_seed(0)  # of a sum that happens to cancel, rounding is any share
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
