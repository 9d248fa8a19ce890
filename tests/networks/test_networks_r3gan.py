import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from ganache.data.shape import ImageShape
from ganache.networks import Discriminator, Generator, R3GANDiscriminator, R3GANGenerator
from ganache.networks.base import FeatureDiscriminator
from ganache.networks.r3gan import GAIN, _Block, _Pointwise
from ganache.networks.resampling import Resampled, Size
from ganache.parts.latents import Normal
from ganache.parts.part import parse
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError
from tests.networks.test_networks import awake, parameters
from tests.tiny import logits_of

DIGIT = ImageShape(1, 28, 28)
SMALL = {"width": 4, "max_width": 12, "group_size": 4}
SIZES = [(1, 1), (1, 9), (2, 2), (3, 5), (7, 7), (28, 28), (31, 33), (5, 64)]


def generator_at(shape: ImageShape, labels: int = 0) -> nn.Module:
    torch.manual_seed(0)
    return R3GANGenerator(latent=Normal(size=5), **SMALL).build(shape, labels)


def discriminator_at(shape: ImageShape, labels: int = 0) -> FeatureDiscriminator:
    torch.manual_seed(0)
    network = R3GANDiscriminator(**SMALL).build(shape, labels)
    assert isinstance(network, FeatureDiscriminator)
    return network


def blocks_of(network: nn.Module) -> Iterator[_Block]:
    return (module for module in network.modules() if isinstance(module, _Block))


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def spread(weight: Tensor) -> float:
    return float(weight.detach().std())


def classes(count: int, labels: int) -> Tensor:
    return torch.eye(labels)[torch.arange(count) % labels] if labels else torch.zeros(count, 0)


@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size_and_every_weight_and_pixel_takes_part(height: int, width: int, labels: int) -> None:
    shape = ImageShape(3, height, width)
    images = awake(generator_at(shape, labels))(torch.randn(6, 5), classes(6, labels))
    assert images.shape == (6, 3, height, width)
    assert float(images.detach().abs().max()) <= 1.0
    network = awake(discriminator_at(shape, labels))
    points = torch.randn(6, 3, height, width, requires_grad=True)
    logits = logits_of(network, points, classes(6, labels))
    assert logits.shape == (6, 1)
    torch.autograd.backward([logits.square().sum(), images.square().sum()])
    assert points.grad is not None
    assert bool(points.grad.abs().sum(dim=1).all())
    assert all(weight.grad is not None and weight.grad.any() for weight in network.parameters())


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 6)])
def test_every_block_is_the_identity_at_first_and_not_for_good(size: tuple[int, int]) -> None:
    network = discriminator_at(ImageShape(2, *size))
    found = list(blocks_of(network))
    assert len(found) == 3
    for block in found:
        layer = block.layers[0]
        assert isinstance(layer, nn.Linear)
        features = torch.randn(4, layer.in_features, *size)
        assert torch.equal(block(features), features)
        assert not torch.allclose(awake(block)(features), features, atol=0.01)


def test_at_first_the_logit_is_linear_in_the_image() -> None:
    network = discriminator_at(ImageShape(3, 11, 9))
    none, one, two = torch.zeros(2, 0), torch.randn(2, 3, 11, 9), torch.randn(2, 3, 11, 9)
    whole, first, second = (logits_of(network, images, none) for images in (one + two, one, two))
    torch.testing.assert_close(whole, first + second)
    awake(network)
    whole, first, second = (logits_of(network, images, none) for images in (one + two, one, two))
    assert not torch.allclose(whole, first + second, rtol=0.01)


@pytest.mark.parametrize("network", [R3GANGenerator(), R3GANDiscriminator()], ids=lambda part: type(part).__name__)
def test_nothing_normalises(network: Generator | Discriminator) -> None:
    kinds = {type(module) for module in network.build(DIGIT, 3).modules()}
    assert not [kind for kind in kinds if "norm" in kind.__name__.lower() or "Parametriz" in kind.__name__]
    assert nn.Conv2d in kinds
    built = network.build(DIGIT, 3)
    assert built.state_dict().keys() == dict(built.named_parameters()).keys()


def test_a_sample_does_not_depend_on_its_batch() -> None:
    images = torch.randn(5, 3, 9, 9)
    network = awake(discriminator_at(ImageShape(3, 9, 9)))
    together, alone = logits_of(network, images, torch.zeros(5, 0)), logits_of(network, images[:1], torch.zeros(1, 0))
    torch.testing.assert_close(together[:1], alone)


def test_the_parameters_by_hand() -> None:
    # Sizes 28, 14, 7, 4 with the widths 8, 16, 32, 64; inside a block twice as many, in groups of 16.
    def block(width: int) -> int:
        inside = 2 * width
        return (width * inside + inside) + (inside * 16 * 9 + inside) + inside * width

    blocks, between = block(8) + block(16) + block(32) + block(64), 8 * 16 + 16 * 32 + 32 * 64
    generator = R3GANGenerator(width=8, blocks=1).build(DIGIT, 0)
    assert parameters(generator) == 64 * 16 + 64 * 64 + blocks + between + 8
    discriminator = R3GANDiscriminator(width=8, blocks=1).build(DIGIT, 0)
    assert parameters(discriminator) == 8 + blocks + between + 64 * 16 + 64
    assert parameters(R3GANDiscriminator(width=8, blocks=2).build(DIGIT, 0)) - parameters(discriminator) == blocks
    capped = R3GANDiscriminator(width=8, max_width=8).build(DIGIT, 0)
    assert parameters(capped) == 8 + 4 * block(8) + 8 * 16 + 8
    told = parameters(R3GANGenerator(width=8).build(DIGIT, 10)) - parameters(generator)
    assert told == 10 * 64 + 64 * 64
    assert parameters(R3GANDiscriminator(width=8).build(DIGIT, 10)) - parameters(discriminator) == 10 * 64


def test_a_side_of_one_pixel_gets_no_kernel_beyond_it() -> None:
    kernels = {
        size: {layer.kernel_size for layer in convolutions(discriminator_at(ImageShape(2, *size)))}
        for size in [(1, 1), (5, 1), (1, 5), (2, 2)]
    }
    assert kernels == {(1, 1): set(), (5, 1): {(3, 1)}, (1, 5): {(1, 3)}, (2, 2): {(3, 3)}}


def test_weights_are_drawn_with_the_gain_of_the_activation_and_of_the_depth() -> None:
    torch.manual_seed(0)
    assert pytest.approx(math.sqrt(2 / 1.04)) == GAIN
    network = R3GANDiscriminator(width=64, max_width=256, blocks=2).build(ImageShape(3, 28, 28), 0)
    depth = 8 ** (-1 / 4)  # four sizes of two blocks, three layers in each: 1 / (2 · 3 - 2)
    for block in blocks_of(network):
        first, middle, last = block.layers[0], block.layers[2], block.layers[4]
        assert isinstance(first, nn.Linear)
        assert isinstance(middle, nn.Conv2d)
        assert isinstance(last, nn.Linear)
        assert spread(first.weight) == pytest.approx(GAIN * depth / math.sqrt(first.in_features), rel=0.05)
        assert spread(middle.weight) == pytest.approx(GAIN * depth / math.sqrt(16 * 9), rel=0.05)
        assert middle.bias is not None
        assert not first.bias.any()
        assert not middle.bias.any()
        assert dict(last.named_parameters()).keys() == {"weight"}
        assert not last.weight.any()
    between = [layer for layer in network.get_submodule("layers").children() if isinstance(layer, _Pointwise)]
    assert [(layer.in_features, layer.out_features) for layer in between] == [(64, 128), (128, 256)]
    for layer in between:
        assert spread(layer.weight) == pytest.approx(1 / math.sqrt(layer.in_features), rel=0.05)


def test_unit_variance_goes_through_both_networks_at_first() -> None:
    torch.manual_seed(0)
    network = R3GANDiscriminator(width=64).build(ImageShape(4, 4, 4), 3)
    assert isinstance(network, FeatureDiscriminator)
    images, labels = torch.randn(512, 4, 4, 4), classes(512, 3)
    assert float(network.features(images, labels).detach().var()) == pytest.approx(1.0, rel=0.3)
    judges = [R3GANDiscriminator().build(ImageShape(4, 4, 4), 3) for _ in range(40)]
    found = [float(logits_of(judge, images, labels).detach().var()) for judge in judges]
    assert sum(found) / 40 == pytest.approx(2.0, rel=0.5)  # 1 of the logit, 1 of the projection
    generator = R3GANGenerator(width=64).build(ImageShape(4, 4, 4), 3).double()
    made: Tensor = generator(torch.randn(256, 64).double(), classes(256, 3).double())
    assert float(torch.atanh(made.detach()).var()) == pytest.approx(1.0, rel=0.3)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (9, 8)])
def test_it_can_be_differentiated_twice(size: tuple[int, int]) -> None:
    network = awake(discriminator_at(ImageShape(2, *size), labels=2).double())
    labels = torch.eye(2, dtype=torch.float64)
    points = torch.randn(2, 2, *size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda images: logits_of(network, images, labels), (points,))
    (slope,) = torch.autograd.grad(logits_of(network, points, labels).sum(), points, create_graph=True)
    assert bool(slope.detach().any())
    slope.square().sum().backward()  # type: ignore[no-untyped-call]
    # Biases inside the last block move the slope only where they move a leaky ReLU's kink: their gradient is 0.
    weights = {name: weight.grad for name, weight in network.named_parameters() if weight.dim() > 1}
    for name, gradient in weights.items():
        assert gradient is not None, name
        assert bool(torch.isfinite(gradient).all()), name
        assert bool(gradient.any()), name


def test_the_generator_is_told_the_label_as_loudly_as_the_latent() -> None:
    torch.manual_seed(0)
    network = R3GANGenerator(latent=Normal(size=64)).build(DIGIT, 10)
    latents = torch.randn(200, 64)
    by_label = network(latents[:1].expand(10, -1), torch.eye(10)).detach().std(dim=0).mean()
    by_latent = network(latents, torch.eye(10)[:1].expand(200, -1)).detach().std(dim=0).mean()
    assert float(by_label) == pytest.approx(float(by_latent), rel=0.3)


def test_the_logit_differs_by_label_and_its_features_do_not() -> None:
    network = discriminator_at(DIGIT, labels=3)
    images = torch.randn(1, 1, 28, 28)
    logits = logits_of(network, images.expand(3, -1, -1, -1), torch.eye(3)).flatten().tolist()
    assert all(abs(first - second) > 1e-3 for first, second in itertools.combinations(logits, 2))
    features = network.features(images, torch.eye(3)[:1])
    assert features.shape == (1, 12)
    assert torch.equal(features, network.features(images, torch.eye(3)[1:2]))
    assert torch.equal(network.logits(features, torch.eye(3)[1:2]), logits_of(network, images, torch.eye(3)[1:2]))


def test_without_labels_the_logit_is_a_linear_map_of_the_features() -> None:
    network = discriminator_at(DIGIT)
    images, none = torch.randn(3, 1, 28, 28), torch.zeros(3, 0)
    weight = dict(network.named_parameters())["logit.weight"]
    said = Verdict.of(network(images, none))
    assert said.features is not None
    assert torch.equal(said.features, network.features(images, none))
    assert torch.equal(said.logits, linear(said.features, weight))


def test_the_features_are_a_depthwise_convolution_as_large_as_the_map() -> None:
    network = discriminator_at(ImageShape(1, 14, 12))
    awake(network)
    images = torch.randn(3, 1, 14, 12)
    maps: list[Tensor] = []
    list(blocks_of(network))[-1].register_forward_hook(lambda *call: maps.append(call[2]))
    features = network.features(images, torch.zeros(3, 0))
    basis = dict(network.named_parameters())["basis"]
    assert basis.shape == (12, 4, 3)
    torch.testing.assert_close(features, conv2d(maps[0], basis[:, None], groups=12).flatten(1))


def test_a_pointwise_layer_is_a_convolution_of_one_pixel() -> None:
    torch.manual_seed(0)
    layer, features = _Pointwise(5, 7), torch.randn(3, 5, 4, 6)
    torch.testing.assert_close(layer(features), conv2d(features, layer.weight[:, :, None, None], layer.bias))


def resampled(line: list[float], after: int) -> list[float]:
    found = Resampled((1, len(line)), (1, after))(torch.tensor(line).reshape(1, 1, 1, -1))
    values: list[float] = found.flatten().tolist()
    return values


def test_resampling_by_hand() -> None:
    # [1, 3, 3, 1] / 8 from one place before; beyond the borders there are zeros.
    assert resampled([8.0, 16.0, 24.0, 32.0], 2) == [
        (3 * 8 + 3 * 16 + 24) / 8,
        (16 + 3 * 24 + 3 * 32) / 8,
    ]
    # Of three places the last counts twice.
    assert resampled([8.0, 16.0, 24.0], 2) == [(3 * 8 + 3 * 16 + 24) / 8, (16 + 3 * 24 + 3 * 24) / 8]
    assert resampled([4.0, 8.0], 4) == [3.0, (3 * 4 + 8) / 4, (4 + 3 * 8) / 4, 6.0]
    assert resampled([4.0, 8.0], 3) == [3.0, 5.0, 7.0]


@pytest.mark.parametrize("size", [(8, 6), (2, 4), (16, 2)])
def test_resampling_is_a_filter_of_pairs_as_the_authors_define_it(size: tuple[int, int]) -> None:
    """Bilinear and mean resampling until now; an independent reference by SciPy: [1, 2, 1] / 4 on the larger side."""
    small = (size[0] // 2, size[1] // 2)
    blur = np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]) / 16.0
    large = torch.randn(1, 1, *size, dtype=torch.float64)
    filtered = convolve2d(large[0, 0].numpy(), blur, mode="same")
    means = filtered.reshape(small[0], 2, small[1], 2).mean(axis=(1, 3))
    torch.testing.assert_close(Resampled(size, small)(large)[0, 0], torch.from_numpy(means))
    few = torch.randn(1, 1, *small, dtype=torch.float64)
    repeated = few[0, 0].numpy().repeat(2, 0).repeat(2, 1)
    torch.testing.assert_close(
        Resampled(small, size)(few)[0, 0], torch.from_numpy(convolve2d(repeated, blur, mode="same"))
    )


@pytest.mark.parametrize(("large", "small"), [((9, 7), (5, 4)), ((9, 4), (5, 4)), ((3, 12), (3, 6)), ((8, 5), (4, 3))])
def test_a_constant_stays_one_inside_at_any_size_and_in_any_precision(large: Size, small: Size) -> None:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        for before, after in ((large, small), (small, large)):
            with torch.autocast("cpu", torch.bfloat16):
                found = Resampled(before, after)(torch.ones(2, 3, *before, dtype=dtype))
            assert found.shape == (2, 3, *after)
            assert found.dtype == dtype
            inside = [slice(1, -1) if a != b else slice(None) for a, b in zip(large, small, strict=True)]
            assert (found[:, :, inside[0], inside[1]] == 1.0).all()


def test_a_1x1_convolution_stands_only_where_the_width_changes() -> None:
    for part in (R3GANGenerator(width=8, max_width=8), R3GANDiscriminator(width=8, max_width=8)):
        network: Any = part.build(ImageShape(1, 32, 32), 0)
        kinds = [type(layer).__name__ for layer in network.layers]
        assert kinds.count("_Pointwise") == (1 if isinstance(part, R3GANGenerator) else 0)  # to the image
        assert kinds.count("Resampled") == 3
    network = R3GANDiscriminator(width=8, max_width=16).build(ImageShape(1, 32, 32), 0)
    assert [type(layer).__name__ for layer in network.layers].count("_Pointwise") == 1


def test_groups_that_do_not_divide_a_block_are_refused_with_what_would() -> None:
    for part in (R3GANGenerator(width=10, max_width=10), R3GANDiscriminator(width=10, max_width=10)):
        with pytest.raises(UserError) as refused:
            part.build(DIGIT, 0)
        assert str(refused.value) == (
            "group_size: 16 does not divide the 20 features of a block (width 10, expansion 2); 4 would"
        )
    R3GANGenerator(width=10, max_width=10, group_size=4).build(DIGIT, 0)
    with pytest.raises(UserError, match=r"^blocks: .*greater than or equal to 1"):
        parse(Generator, {"kind": "R3GANGenerator", "blocks": 0})
