import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import (
    BigGANDiscriminator,
    BigGANGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    FastGANDiscriminator,
    FastGANGenerator,
    Generator,
    LSGANDiscriminator,
    LSGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    MNISTDCGANDiscriminator,
    MNISTDCGANGenerator,
    PatchDiscriminator,
    ProGANDiscriminator,
    ProGANGenerator,
    ProjectedDiscriminator,
    R3GANDiscriminator,
    R3GANGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from ganache.networks.base import StyledGenerator
from ganache.networks.feature_networks import ClassifyingDiscriminator
from ganache.networks.layers import Upsample, halvings, with_condition_planes, with_conditions
from ganache.parts.latents import Keyed, Normal, Uniform
from ganache.parts.part import kinds
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError
from tests.tiny import logits_of

COUNT = 6
OF_PLACES = (FastGANDiscriminator, ProjectedDiscriminator)  # they have more logits than one
SIZES = [(1, 1), (3, 5), (8, 8), (28, 28), (31, 33), (61, 97), (16, 128)]
GENERATORS: list[Generator] = [
    MLPGenerator(latent=Normal(size=5), widths=(16, 16)),
    DCGANGenerator(latent=Normal(size=5), width=8, max_width=16),
    DCGANGenerator(latent=Normal(size=5), width=8, max_width=16, bias=False, conditional_norm=True),
    LSGANGenerator(latent=Uniform(size=5)),
    MNISTDCGANGenerator(latent=Normal(size=5)),
    R3GANGenerator(latent=Normal(size=5), width=4, max_width=8),
    BigGANGenerator(latent=Normal(size=5), width=4, max_width=8, embedding=2),
    StyleGAN2Generator(latent=Keyed(size=5), style_width=8, channel_base=32, channel_max=8),
    FastGANGenerator(latent=Normal(size=5), width=4, max_width=8),
    FastGANGenerator(latent=Keyed(size=5), width=4, max_width=8),
]
DISCRIMINATORS: list[Discriminator] = [
    MLPDiscriminator(widths=(16, 16), slope=0.2),
    DCGANDiscriminator(width=8, max_width=16),
    DCGANDiscriminator(width=8, max_width=16, batch_norm=False),
    DCGANDiscriminator(width=8, max_width=16, bias=False, projection=True),
    DCGANDiscriminator(width=8, max_width=16, batch_norm=False, projection=True, spectral_norm=True),
    MLPDiscriminator(widths=(16, 16), slope=0.2, projection=True, spectral_norm=True),
    LSGANDiscriminator(),
    MNISTDCGANDiscriminator(),
    R3GANDiscriminator(width=4, max_width=8),
    BigGANDiscriminator(width=8, max_width=16),
    StyleGAN2Discriminator(channel_base=32, channel_max=8, clamp=256),
    FastGANDiscriminator(width=4, max_width=8),
    ProjectedDiscriminator(side=32, width=4),
]


def shapes(part: Generator | Discriminator) -> list[tuple[ImageShape, int]]:
    """Every size with every number of channels once, labels in turns; the wide dense layers only at some sizes."""
    wide = isinstance(part, LSGANGenerator | LSGANDiscriminator | MNISTDCGANGenerator | MNISTDCGANDiscriminator)
    sizes = [(16, 16), (28, 28), (31, 33)] if wide else SIZES
    if wide and not isinstance(part, LSGANDiscriminator):
        sizes = [(1, 1), (3, 5), *sizes]
    labels = itertools.cycle([0, 3])
    return [(ImageShape(channels, *size), next(labels)) for size in sizes for channels in (1, 2, 3, 4, 3)]


GENERATOR_CASES = [(part, *case) for part in GENERATORS for case in shapes(part)]
DISCRIMINATOR_CASES = [(part, *case) for part in DISCRIMINATORS for case in shapes(part)]


def one_hot(labels: int) -> Tensor:
    return torch.eye(labels)[torch.arange(COUNT) % labels] if labels else torch.zeros(COUNT, 0)


def without_gradient(network: nn.Module) -> list[str]:
    return [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]


def awake(network: nn.Module) -> nn.Module:
    """Give the weights and gains that begin at 0 a value, as training does with its first step."""
    for name, weight in network.named_parameters():
        if name.endswith(("weight", "gain")) and not weight.any():
            nn.init.normal_(weight, 0.0, 0.1)
    return network


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_every_kind_is_in_the_matrix() -> None:
    made = {kind for kind in kinds(Generator) if kind.__module__.startswith("ganache.")}
    # All sizes of those that grow never learn at once: test_growing_network.py has them.
    assert {type(part) for part in GENERATORS} == made - {ProGANGenerator}
    known = {kind for kind in kinds(Discriminator) if kind.__module__.startswith("ganache.")}
    # The one that holds another as its body, and learns by a term of its own, is tested where that is, too; and in
    # test_patch.py the one that takes no image of a few pixels, and gives a map of logits.
    elsewhere = {ClassifyingDiscriminator, PatchDiscriminator, ProGANDiscriminator}
    assert {type(part) for part in DISCRIMINATORS} == known - elsewhere
    assert {labels for _, _, labels in GENERATOR_CASES} == {labels for _, _, labels in DISCRIMINATOR_CASES} == {0, 3}
    assert {(shape.height, shape.width) for _, shape, _ in GENERATOR_CASES} >= set(SIZES)


@pytest.mark.parametrize(("part", "shape", "labels"), GENERATOR_CASES, ids=lambda x: str(x).partition("(")[0])
def test_a_generator_fills_the_shape_within_its_range_and_learns(
    part: Generator, shape: ImageShape, labels: int
) -> None:
    torch.manual_seed(0)
    network = awake(part.build(shape, labels))
    images = network(torch.randn(COUNT, 5), one_hot(labels))
    assert images.shape == (COUNT, shape.channels, shape.height, shape.width)
    assert images.dtype == torch.float32
    assert isinstance(network, StyledGenerator) or float(images.detach().abs().max()) <= 1.0
    assert float((images[0] - images[1]).detach().abs().max()) > 0.0
    (images * torch.randn_like(images)).sum().backward()
    assert without_gradient(network) == []
    assert float(network.eval()(torch.randn(COUNT, 5), one_hot(labels)).detach().abs().max()) <= 1.0


@pytest.mark.parametrize(("part", "shape", "labels"), DISCRIMINATOR_CASES, ids=lambda x: str(x).partition("(")[0])
def test_a_discriminator_gives_logits_for_each_image_one_or_a_map_and_learns(
    part: Discriminator, shape: ImageShape, labels: int
) -> None:
    torch.manual_seed(0)
    network = awake(part.build(shape, labels))
    images = torch.rand(COUNT, shape.channels, shape.height, shape.width) * 2 - 1
    images.requires_grad_()
    logits = logits_of(network, images, one_hot(labels))
    assert logits.shape == (
        COUNT,
        logits.shape[1] if isinstance(part, OF_PLACES) else 1,
    )
    (logits * torch.randn_like(logits)).sum().backward()  # type: ignore[no-untyped-call]
    assert without_gradient(network) == []
    assert images.grad is not None
    assert bool(images.grad.flatten(1).any(dim=1).all())


@pytest.mark.parametrize("part", [*GENERATORS, *DISCRIMINATORS], ids=lambda part: type(part).__name__)
def test_labels_change_what_comes_out(part: Generator | Discriminator) -> None:
    torch.manual_seed(0)
    network = awake(part.build(ImageShape(1, 16, 16), 3).eval())
    inputs = torch.randn(1, 5) if isinstance(part, Generator) else torch.randn(1, 1, 16, 16)
    said = [network(inputs, torch.eye(3)[index : index + 1]) for index in range(3)]
    outputs = [(one.logits if isinstance(one, Verdict) else one).detach() for one in said]
    assert all(not torch.equal(first, second) for first, second in itertools.combinations(outputs, 2))


def test_the_published_least_squares_pair_has_its_published_size() -> None:
    shape = ImageShape(1, 28, 28)
    dense = (96 * 1024 + 1024) + 2 * 1024 + (1024 * 6272 + 6272) + 2 * 6272
    convolutions = (128 * 64 * 16 + 64) + 2 * 64 + (64 * 1 * 16 + 1)
    assert parameters(LSGANGenerator().build(shape, 0)) == dense + convolutions == 6_675_009
    convolutions = (25 * 32 + 32) + (25 * 32 * 64 + 64)
    assert parameters(LSGANDiscriminator().build(shape, 0)) == convolutions + (1024 * 1024 + 1024) + 1025 == 1_102_721


def test_lsgan_pools_before_the_leaky_relu_with_the_published_result() -> None:
    torch.manual_seed(0)
    network: Any = LSGANDiscriminator().build(ImageShape(1, 28, 28), 0)
    images = torch.randn(8, 1, 28, 28, requires_grad=True)
    first, second = (layer for layer in network.layers if isinstance(layer, nn.Conv2d))
    features = images
    for convolution in (first, second):
        features = nn.functional.max_pool2d(nn.functional.leaky_relu(convolution(features), 0.01), 2)
    published = network.layers[-3:](features.flatten(1))
    found = logits_of(network, images, torch.zeros(8, 0))
    assert torch.equal(found, published)
    gradients = [torch.autograd.grad(logits.sum(), images)[0] for logits in (found, published)]
    torch.testing.assert_close(*gradients)


def test_the_original_pair_has_its_published_size() -> None:
    shape = ImageShape(1, 28, 28)
    generator = MLPGenerator(latent=Normal(size=100), widths=(256, 512, 1024)).build(shape, 0)
    assert parameters(generator) == 101 * 256 + 257 * 512 + 513 * 1024 + 1025 * 784 == 1_486_352
    discriminator = MLPDiscriminator(widths=(1024, 512, 256), dropout=0.3).build(shape, 0)
    assert parameters(discriminator) == 785 * 1024 + 1025 * 512 + 513 * 256 + 257 == 1_460_225
    assert [layer.p for layer in discriminator.modules() if isinstance(layer, nn.Dropout)] == [0.3, 0.3, 0.3]


def test_the_convolutional_pair_at_64_is_the_papers_chain() -> None:
    shape = ImageShape(3, 64, 64)
    norms = 2 * (512 + 256 + 128 + 64)
    between = 16 * (512 * 256 + 256 * 128 + 128 * 64)
    generator = DCGANGenerator().build(shape, 0)
    assert parameters(generator) == 100 * 512 * 16 + norms + between + (64 * 3 * 16 + 3)
    discriminator = DCGANDiscriminator().build(shape, 0)
    norms -= 2 * 64
    assert parameters(discriminator) == (3 * 64 * 16 + 64) + between + norms + (512 * 16 + 1)


def test_labels_add_inputs_and_nothing_else() -> None:
    shape = ImageShape(3, 64, 64)
    assert parameters(DCGANGenerator().build(shape, 10)) - parameters(DCGANGenerator().build(shape, 0)) == 10 * 512 * 16
    added = parameters(DCGANDiscriminator().build(shape, 10)) - parameters(DCGANDiscriminator().build(shape, 0))
    assert added == 10 * 64 * 16


@pytest.mark.parametrize(
    ("height", "width", "sizes"),
    [
        (64, 64, [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]),
        (28, 28, [(28, 28), (14, 14), (7, 7)]),
        (8, 8, [(8, 8), (8, 8), (4, 4)]),
        (1, 1, [(1, 1)] * 3),
        (3, 5, [(3, 5)] * 3),
        (16, 128, [(16, 128), (8, 64), (4, 32), (4, 16), (4, 8), (4, 4)]),
        (61, 97, [(61, 97), (31, 49), (16, 25), (8, 13), (4, 7)]),
        (16384, 1, [(2**power, 1) for power in range(14, 1, -1)]),
    ],
)
def test_sides_halve_upwards_each_on_its_own(height: int, width: int, sizes: list[tuple[int, int]]) -> None:
    assert halvings(height, width) == sizes


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_discriminator_walks_the_sizes_that_the_generator_walks_back(height: int, width: int) -> None:
    shape, sizes, walked = ImageShape(1, height, width), halvings(height, width), []
    networks = (DCGANGenerator(width=2).build(shape, 0), DCGANDiscriminator(width=2).build(shape, 0))
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, Upsample | nn.Conv2d):
                layer.register_forward_hook(lambda *call: walked.append(tuple(call[2].shape[2:])))
    networks[0](torch.randn(3, 100), torch.zeros(3, 0))
    networks[1](torch.randn(3, 1, height, width), torch.zeros(3, 0))
    assert walked == [*reversed(sizes[:-1]), *sizes[1:]]


def test_convolutional_weights_are_drawn_as_the_paper_says() -> None:
    torch.manual_seed(0)
    for network in (
        DCGANGenerator().build(ImageShape(3, 32, 32), 0),
        DCGANDiscriminator().build(ImageShape(3, 32, 32), 0),
    ):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                spread = 3 / math.sqrt(2 * layer.weight.numel())
                assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=max(spread, 0.01))
                assert layer.bias is None or not layer.bias.any()
            elif isinstance(layer, nn.BatchNorm2d):
                assert float(layer.weight.detach().mean()) == pytest.approx(1.0, abs=0.01)
                assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.5)
                assert not layer.bias.any()


@pytest.mark.parametrize("kind", [DCGANGenerator, DCGANDiscriminator])
def test_convolutional_weights_may_be_left_as_torch_draws_them(kind: type[DCGANGenerator | DCGANDiscriminator]) -> None:
    network = kind(width=32, normal_weights=False).build(ImageShape(3, 16, 16), 0)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            bound = 1 / math.sqrt(layer.weight[0].numel())  # torch counts the second dimension's inputs in both
            assert bound * 0.9 < float(layer.weight.detach().abs().max()) <= bound
        elif isinstance(layer, nn.BatchNorm2d):
            assert bool((layer.weight == 1).all())


@pytest.mark.parametrize(("height", "width"), [(15, 16), (16, 15), (8, 8), (1, 1), (1, 500)])
def test_least_squares_discriminator_refuses_what_its_poolings_leave_nothing_of(height: int, width: int) -> None:
    with pytest.raises(UserError) as refused:
        LSGANDiscriminator().build(ImageShape(1, height, width), 0)
    assert str(refused.value) == (
        f"discriminator: LSGANDiscriminator reads images of at least 16x16 pixels, not {height}x{width}x1; "
        "the recipe dcgan takes any size"
    )


def test_labels_are_appended_as_values_and_as_planes() -> None:
    labels = torch.tensor([[0.0, 1.0], [0.5, -2.0]], dtype=torch.float64)
    assert with_conditions(torch.tensor([[7.0], [8.0]]), labels).tolist() == [[7.0, 0.0, 1.0], [8.0, 0.5, -2.0]]
    planes = with_condition_planes(torch.ones(2, 1, 2, 3), labels)
    assert planes.dtype == torch.float32
    assert planes[:, 0].unique(sorted=True).tolist() == [1.0]  # type: ignore[no-untyped-call]
    assert torch.equal(planes[:, 1:], labels.float()[:, :, None, None].expand(2, 2, 2, 3))
