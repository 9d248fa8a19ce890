"""The networks of StyleGAN2: numbers that the authors' networks gave for the same weights, and what is said of them.

Theirs were github.com/NVlabs/stylegan2-ada-pytorch at commit d72cc7d, in float64 with the operators that they keep as
reference.
"""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

from ganache.data.shape import ImageShape
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.networks.base import StyledGenerator
from ganache.networks.layers import equalised
from ganache.networks.style_layers import BatchDeviation, StyledConvolution
from ganache.parts.latents import Keyed, Normal
from tests.networks.published import LABELS, SHAPE, numbers, wave
from tests.networks.test_networks import parameters
from tests.tiny import logits_of

GENERATOR = StyleGAN2Generator(latent=Keyed(size=5), style_width=6, channel_base=64, channel_max=8)
DISCRIMINATOR = StyleGAN2Discriminator(channel_base=64, channel_max=8)


def awake(network: nn.Module) -> Any:
    """Return the network in float64 with waves as weights, as large as the first ones that are drawn."""
    for number, (name, weight) in enumerate(network.double().named_parameters()):
        size = (math.sqrt(2.0) if weight.dim() > 1 else 0.3) * (100 if "mapping.layers" in name else 1)
        first = 1.0 if "affine.bias" in name else 0.0
        weight.data.copy_(first + size * wave(weight.shape, number))
    return network


def plain(network: Any, latents: Tensor, conditions: Tensor) -> Tensor:
    """Return images whose pixels may leave [-1, 1], as the authors' do."""
    images: Tensor = network.synthesis(network.styles(latents, conditions), latents)
    return images


def lengths_of(network: Any, labels: int) -> list[float]:
    told = torch.eye(labels, dtype=torch.float64) if labels else torch.zeros(3, 0, dtype=torch.float64)
    latents = wave((3, 5), 1)
    styles = network.styles(latents, told)
    images = network.synthesis(styles, latents)
    (slopes,) = torch.autograd.grad((images * wave(images.shape, 4) / 16).sum(), styles)
    found: list[float] = slopes.square().sum(dim=2).mean(dim=1).sqrt().tolist()
    return found


RECORDED: dict[int, dict[str, list[float]]] = {
    0: {
        "pixels": [
            *(-0.0427916199, -0.103413738, 0.109786786, -0.206634924, 0.678285062, 0.0348240025),
            *(0.291546881, 1.24374878, 0.745511234),
        ],
        "images": [1.93708003, 1.70218706, 4.29134846],
        "by latent": [2787.61924, 4847.76308, 175.255187],
        "by the generator's weights": [85445.5159],
        "logits": [0.312688628, 0.333054398, 0.256072431],
        "penalties": [0.00757216387, 0.00865755113, 0.00788707953],
        "logits by weights": [5.10117682],
        "penalties by weights": [0.000222429504],
        "path lengths": [1.17666056, 1.48970159, 1.14935693],
    },
    LABELS: {
        "pixels": [
            *(0.0215133358, -0.40726323, -0.786618271, 0.199793676, 0.0817653434, -0.120177314),
            *(-0.396155345, -0.0591177251, -0.235523278),
        ],
        "images": [0.360922952, 0.412499761, 0.272105788],
        "by latent": [5.63649819, 7.36163434, 119.465595],
        "by the generator's weights": [23701.3701],
        "logits": [-0.166934552, -0.241559481, -0.0330514768],
        "penalties": [0.0246588098, 0.0160286642, 0.0598452411],
        "logits by weights": [9.72396834],
        "penalties by weights": [0.015830019],
        "path lengths": [0.389374116, 0.554167158, 0.933813747],
    },
}


@pytest.mark.parametrize("labels", [0, LABELS])
def test_they_compute_what_the_authors_compute_and_so_do_their_slopes(labels: int) -> None:
    generator, discriminator = (awake(part.build(SHAPE, labels)) for part in (GENERATOR, DISCRIMINATOR))
    generator.eval()  # styles are not mixed
    found = numbers(
        lambda latents, told: plain(generator, latents, told),
        lambda images, told: logits_of(discriminator, images, told),
        labels,
        [*generator.parameters()],
        [*discriminator.parameters()],
    )
    found["path lengths"] = lengths_of(generator, labels)
    assert found.keys() == RECORDED[labels].keys()
    for name, values in RECORDED[labels].items():
        assert found[name] == pytest.approx(values, rel=1e-5), name  # pixels and deviations are float32


AUTHORS = {"channel_base": 32768, "channel_max": 512}


def test_they_have_as_many_weights_as_the_authors() -> None:
    generator = StyleGAN2Generator(latent=Keyed(size=514), style_width=512, **AUTHORS)
    discriminator = StyleGAN2Discriminator(residual=False, **AUTHORS)
    smaller = {"channel_base": 16384}
    with torch.device("meta"):
        small, large = ImageShape(3, 32, 32), ImageShape(3, 256, 256)
        assert [parameters(generator.build(small, labels)) for labels in (0, 10)] == [19_947_539, 20_215_315]
        assert [parameters(discriminator.build(small, labels)) for labels in (0, 10)] == [20_720_641, 23_089_664]
        assert parameters(generator.changed(**smaller).build(large, 0)) == 23_191_522
        assert parameters(discriminator.changed(residual=True, **smaller).build(large, 0)) == 24_001_089


def test_an_equalised_layer_keeps_weights_of_one_size_and_uses_them_scaled() -> None:
    torch.manual_seed(0)
    layer = equalised(nn.Linear(400, 300), gain=3.0, rate=0.5, bias=2.0)
    kept = dict(layer.named_parameters())
    weight = kept["parametrizations.weight.original"].detach()
    assert float(weight.std()) == pytest.approx(2.0, rel=0.02)
    torch.testing.assert_close(layer.weight, weight * 3.0 * 0.5 / 20.0)
    assert layer.bias.tolist() == [3.0] * 300
    assert set(dict(equalised(nn.Linear(2, 3)).named_parameters())) == {"bias", "parametrizations.weight.original"}


def test_their_first_weights_are_the_authors() -> None:
    torch.manual_seed(0)
    wide = {"channel_base": 1024, "channel_max": 64}
    for part in (StyleGAN2Generator(style_width=64, **wide), StyleGAN2Discriminator(**wide)):
        for name, weight in part.build(ImageShape(3, 16, 16), 3).named_parameters():
            if weight.dim() > 1:
                deviation = 100.0 if "mapping.layers" in name else 1.0  # with a hundredth of the rate
                assert float(weight.detach().std()) == pytest.approx(deviation, rel=4 / weight.numel() ** 0.5), name
            else:
                assert bool((weight == ("affine.bias" in name)).all()), name


@pytest.mark.parametrize("doubled", [False, True])
def test_a_styled_convolution_is_one_kernel_for_each_image(doubled: bool) -> None:
    torch.manual_seed(0)
    before, after = (5, 4), (10, 8) if doubled else (5, 4)
    layer = StyledConvolution(3, 6, 7, (before, after), noise=True, clamp=None).double()
    layer.bias.data.normal_()
    assert layer.noise_strength is not None
    layer.noise_strength.data.fill_(0.5)
    features, style, noise = (torch.randn(2, *shape).double() for shape in ((3, *before), (7,), (1, *after)))
    found = layer(features, style, noise)
    scales, weight = layer.affine(style), layer.convolution.weight
    weight = weight.transpose(0, 1) if doubled else weight
    for image in range(2):
        kernel = weight * scales[image][:, None, None]
        kernel = kernel / (kernel.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        given = features[image : image + 1]
        if doubled:  # zeros between the places, the filter, and the kernel turned round, as a transposed one is
            spread = given.new_zeros(1, 3, 2 * before[0] + 6, 2 * before[1] + 6)
            spread[:, :, 3:-3:2, 3:-3:2] = given
            taps = torch.tensor([1.0, 3.0, 3.0, 1.0]).double() / 4
            blur = torch.outer(taps, taps).expand(3, 1, 4, 4)
            blurred = conv2d(spread, blur, groups=3)  # from one place before the first to one after the last
            plain_result = conv2d(blurred, kernel.flip(2, 3))[:, :, : after[0], : after[1]]
        else:
            plain_result = conv2d(given, kernel, padding=1)
        summed = plain_result + 0.5 * noise[image : image + 1] + layer.bias[:, None, None]
        torch.testing.assert_close(found[image : image + 1], math.sqrt(2.0) * leaky_relu(summed, 0.2))


def styled(part: StyleGAN2Generator = GENERATOR, labels: int = 0, shape: ImageShape = SHAPE) -> Any:
    torch.manual_seed(0)
    network = part.build(shape, labels)
    assert isinstance(network, StyledGenerator)
    for name, weight in network.named_parameters():
        if "noise_strength" in name:
            weight.data.fill_(0.3)
    return network


def test_noise_is_a_function_of_the_keys_where_there_are_any() -> None:
    network = styled().eval()
    latents, none = torch.randn(3, 5), torch.zeros(3, 0)
    other = latents.clone()
    other[:, 3:] = torch.randn(3, 2)
    assert torch.equal(network(latents, none), network(latents, none))
    assert (network(latents, none) != network(other, none)).flatten(1).any(dim=1).all()
    assert torch.equal(network.styles(latents, none), network.styles(other, none))
    torch.testing.assert_close(network(latents, none)[1:2], network(latents[1:2], none[:1]), rtol=1e-4, atol=1e-5)
    keyless = GENERATOR.changed(latent=Normal(size=3)).build(SHAPE, 0)
    assert not [name for name, _ in keyless.named_parameters() if "noise" in name]
    assert parameters(network) - parameters(keyless) == 5  # one strength a layer


def test_styles_are_mixed_from_a_random_layer_on_while_it_trains() -> None:
    network = styled(GENERATOR.changed(mixing=0.75))
    latents, none = torch.randn(4_000, 5), torch.zeros(4_000, 0)
    styles = network.styles(latents, none)
    pure = network.eval().styles(latents, none)
    assert torch.equal(pure, pure[:, :1].expand_as(pure))
    own = (styles == pure).all(dim=2)
    kept = own.sum(dim=1)
    assert bool((own == (torch.arange(6) < kept[:, None])).all())  # the first layers, as many as are kept
    shares = [float((kept == count).float().mean()) for count in range(7)]
    # None without a first style; each place as often as the others: 0.75 / 5, give or take five standard errors.
    assert shares[0] == 0.0
    assert shares[1:] == pytest.approx([0.15] * 5 + [0.25], abs=5 * math.sqrt(0.15 * 0.85 / 4_000) + 0.006)
    foreign = styles[kept < 6]
    assert torch.equal(foreign[:, 5], torch.where(own[kept < 6][:, 4, None], foreign[:, 5], foreign[:, 4]))


def test_the_centre_is_the_running_mean_of_each_class() -> None:
    network = styled(labels=3)
    told = torch.eye(3)[[0, 0, 2]]
    latents = torch.randn(3, 5)
    single = network.mapping(latents[:, :3], told).detach()
    network.centre.fill_(2.0)
    network.styles(latents, told)
    means = torch.stack([single[:2].mean(dim=0), torch.full((6,), 2.0), single[2]])
    torch.testing.assert_close(network.centre, 2.0 + 0.005 * (means - 2.0))
    network.centre.copy_(torch.arange(18.0).view(3, 6))
    network.eval().styles(latents, told)
    assert torch.equal(network.centre, torch.arange(18.0).view(3, 6))
    between = network.centres(torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]))
    assert torch.equal(between, torch.stack([torch.arange(6.0, 12.0), torch.arange(6.0, 12.0)]))


def test_truncation_draws_styles_towards_their_centre() -> None:
    network = styled(labels=3).eval()
    network.centre.normal_()
    latents, told = torch.randn(4, 5), torch.eye(3)[[0, 1, 1, 2]]
    styles, centre = network.styles(latents, told), network.centre[[0, 1, 1, 2]][:, None]
    expected = network.synthesis(centre + 0.7 * (styles - centre), latents).clamp(-1.0, 1.0)
    torch.testing.assert_close(network(latents, told, 0.7), expected)
    assert torch.equal(network(latents, told, 1.0), network(latents, told))
    middle = network(torch.cat([torch.randn(4, 3), torch.zeros(4, 2)], dim=1), told, 0.0)
    assert torch.equal(middle[1], middle[2])
    assert not torch.equal(middle[0], middle[1])


def test_pixels_leave_their_range_while_it_trains_alone() -> None:
    network = styled()
    network.pixels[-1].linear.bias.data.fill_(3.0)
    latents, none = torch.randn(4, 5), torch.zeros(4, 0)
    assert float(network(latents, none).detach().max()) > 1.5
    assert float(network.eval()(latents, none).detach().max()) == 1.0


def test_the_deviation_of_a_group_by_hand() -> None:
    # Two features of one place: the deviations of (1, 3) and (5, 5) are 1 and 0, of (0, 4) and (2, 8) 2 and 3.
    features = torch.tensor([[1.0, 5.0], [3.0, 5.0], [0.0, 2.0], [4.0, 8.0]])[:, :, None, None]
    layer = BatchDeviation(2)
    assert layer(features)[:, 2, 0, 0].tolist() == pytest.approx([0.5, 0.5, 2.5, 2.5], abs=1e-4)
    assert torch.equal(layer(features)[:, :2], features)
    wide = layer(features.expand(-1, -1, 3, 2))
    assert wide.shape == (4, 3, 3, 2)
    assert torch.equal(wide[:, 2], wide[:, 2, :1, :1].expand(-1, 3, 2))
    # Five in groups of at most four: three and two.
    five = torch.tensor([0.0, 3.0, 6.0, 1.0, 1.0])[:, None, None, None]
    assert BatchDeviation(4)(five)[:, 1, 0, 0].tolist() == pytest.approx([math.sqrt(6.0)] * 3 + [0.0] * 2, abs=2e-4)


def test_a_logit_without_groups_is_an_images_own() -> None:
    torch.manual_seed(0)
    images, none = torch.randn(4, 3, 16, 16), torch.zeros(4, 0)
    for group, alone in ((0, True), (4, False)):
        network = DISCRIMINATOR.changed(deviation_group=group).build(SHAPE, 0)
        together, single = (logits_of(network, images[:n], none[:n])[:1].detach() for n in (4, 1))
        assert torch.allclose(together, single, atol=1e-6) == alone


def test_sides_halve_on_their_own_and_a_small_image_has_one_step() -> None:
    for size, convolutions in (((1, 1), 3), ((4, 4), 3), ((8, 8), 3), ((16, 64), 9), ((28, 28), 7)):
        network: Any = GENERATOR.build(ImageShape(1, *size), 0)
        assert len(network.layers) == convolutions, size
    networks = [part.build(ImageShape(1, 7, 20), 0) for part in (GENERATOR, DISCRIMINATOR)]
    widths = [[weight.shape for weight in network.parameters() if weight.dim() == 4] for network in networks]
    assert all(itertools.chain(*widths))
    assert networks[0](torch.randn(2, 5), torch.zeros(2, 0)).shape == (2, 1, 7, 20)
    assert logits_of(networks[1], torch.randn(2, 1, 7, 20), torch.zeros(2, 0)).shape == (2, 1)
