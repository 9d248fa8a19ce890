"""Networks that grow: what counts at a stage, and that a fade begins at one network and ends at another."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.networks import ProGANDiscriminator, ProGANGenerator
from ganache.networks.growing_network import MOST_DOUBLINGS, GrowingNetwork, Growth
from ganache.networks.halving import averaged, repeated
from ganache.parts.latents import Normal
from tests.tiny import logits_of

SHAPE = ImageShape(1, 14, 12)  # 4×3, 7×6, 14×12
NONE = torch.zeros(8, 0)


def built(part: type[Any], shape: ImageShape = SHAPE) -> Any:
    torch.manual_seed(0)
    latent = {"latent": Normal(size=5)} if part is ProGANGenerator else {}
    return part(**latent, width=4, max_width=8).build(shape, 0)


@pytest.mark.parametrize(
    ("images", "stage"), [(0, 0.0), (9, 0.0), (10, 0.0), (11, 0.25), (13, 0.75), (14, 1.0), (27, 1.75), (10**9, 16.0)]
)
def test_the_stage_by_the_images_seen(images: int, stage: float) -> None:
    assert Growth(steady=10, fade=4).value(images) == stage


def test_growth_without_a_fade_jumps_and_without_anything_is_over() -> None:
    assert [Growth(steady=10, fade=0).value(images) for images in (0, 9, 10, 20)] == [0.0, 0.0, 1.0, 2.0]
    assert Growth(steady=0, fade=0).value(0) == MOST_DOUBLINGS
    assert Growth(steady=0, fade=4).value(3) == 0.75


def test_shares_are_those_of_two_neighbours_and_no_stage_lies_beyond_the_last() -> None:
    network = GrowingNetwork([(2, 2), (4, 4), (8, 8)])
    assert network.shares().tolist() == [0.0, 0.0, 1.0]
    for stage, shares in (
        (0.0, [1.0, 0.0, 0.0]),
        (0.25, [0.75, 0.25, 0.0]),
        (1.5, [0.0, 0.5, 0.5]),
        (7.5, [0.0, 0.0, 1.0]),
    ):
        network.stand_at(stage, stage)
        assert network.shares().tolist() == shares
    network.stand_at(torch.tensor(1.25), 1.7)  # a scalar of the device, and a number between the same two sizes
    assert (network.shares().tolist(), network.counting) == ([0.0, 0.75, 0.25], (1, 2))
    assert network.eval().counting == (0, 2)


def test_reals_are_averaged_down_and_blended_by_hand() -> None:
    network = GrowingNetwork([(1, 1), (2, 2), (4, 4)])
    images = torch.arange(16.0).view(1, 1, 4, 4)
    network.stand_at(0.25, 0.25)
    # Means: of all 7.5; of the quarters 2.5, 4.5, 10.5, 12.5.
    quarters = torch.tensor([2.5, 4.5, 10.5, 12.5]).view(1, 1, 2, 2)
    expected = repeated(0.75 * 7.5 + 0.25 * quarters, (4, 4))
    assert torch.equal(network.joined(network.views(images)), expected)
    network.stand_at(2.0, 2.0)
    assert torch.equal(network.joined(network.views(images)), images)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_fade_of_the_generator_goes_from_the_coarser_network_enlarged_to_the_finer_alone(stage: int) -> None:
    network = built(ProGANGenerator)
    latents = torch.randn(8, 5)

    def at(value: float, around: float) -> Tensor:
        network.stand_at(value, around)
        images: Tensor = network(latents, NONE).detach()
        return images

    coarser, finer = at(stage, stage), at(stage + 1.0, stage + 1.0)
    assert torch.equal(at(stage, stage + 0.5), coarser)
    assert torch.equal(at(stage + 1.0, stage + 0.5), finer)
    torch.testing.assert_close(at(stage + 0.25, stage + 0.5), torch.lerp(coarser, finer, 0.25))
    small = network.sizes[stage]
    view = coarser
    for size in network.sizes[:stage:-1]:
        view = averaged(view, network.sizes[network.sizes.index(size) - 1])
    assert view.shape[2:] == small
    for size in network.sizes[stage + 1 :]:
        view = repeated(view, size)
    torch.testing.assert_close(view, coarser)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_fade_of_the_discriminator_has_the_same_ends(stage: int) -> None:
    network = built(ProGANDiscriminator)
    images = torch.randn(8, 1, 14, 12)

    def at(value: float, around: float) -> Tensor:
        network.stand_at(value, around)
        return logits_of(network, images, NONE).detach()

    coarser, finer = at(stage, stage), at(stage + 1.0, stage + 1.0)
    assert torch.equal(at(stage, stage + 0.5), coarser)
    assert torch.equal(at(stage + 1.0, stage + 0.5), finer)
    assert not torch.equal(coarser, finer)


@pytest.mark.parametrize("part", [ProGANGenerator, ProGANDiscriminator])
@pytest.mark.parametrize("stage", [0.0, 0.5, 1.0, 1.25, 2.0])
def test_what_is_known_by_the_buffer_alone_is_what_is_trained(part: type[Any], stage: float) -> None:
    """A file has nothing but the buffer: whoever loads it computes all sizes, most of them for nothing."""
    network, given = built(part), torch.randn(8, 5) if part is ProGANGenerator else torch.randn(8, 1, 14, 12)
    network.stand_at(stage, stage)
    other = built(part)
    other.load_state_dict(network.state_dict())
    trained, used = network(given, NONE), other.eval()(given, NONE)
    if part is ProGANGenerator:
        torch.testing.assert_close(used, trained.clamp(-1.0, 1.0))
        assert used.shape == (8, 1, 14, 12)
    else:
        torch.testing.assert_close(used.logits, trained.logits)


@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 3, 5), (1, 8, 8), (3, 31, 33), (4, 16, 128)], ids=str)
@pytest.mark.parametrize("labels", [0, 3])
def test_images_of_any_shape_at_every_stage(shape: tuple[int, int, int], labels: int) -> None:
    torch.manual_seed(0)
    data, told = ImageShape(*shape), torch.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]][:, :labels]
    generator: Any = ProGANGenerator(latent=Normal(size=5), width=4, max_width=8).build(data, labels)
    judge: Any = ProGANDiscriminator(width=4, max_width=8).build(data, labels)
    learning: set[str] = set()
    for double in range(2 * generator.last + 1):
        for network in (generator, judge):
            network.stand_at(double / 2, double / 2)
            network.zero_grad()
        images = generator(torch.randn(8, 5), told)
        assert images.shape == (8, *shape)
        logits = logits_of(judge, images, told)
        assert logits.shape == (8, 1)
        (logits * torch.randn(8, 1)).sum().backward()  # type: ignore[no-untyped-call]
        for network in (generator, judge):
            named = network.named_parameters(type(network).__name__)
            learning |= {name for name, weight in named if weight.grad is not None and weight.grad.any()}
    assert learning == {name for one in (generator, judge) for name, _ in one.named_parameters(type(one).__name__)}


def test_of_a_stage_no_other_size_learns() -> None:
    generator, judge = built(ProGANGenerator), built(ProGANDiscriminator)
    for network in (generator, judge):
        network.stand_at(1.0, 1.0)
    logits_of(judge, generator(torch.randn(8, 5), NONE), NONE).sum().backward()  # type: ignore[no-untyped-call]
    learning = {name for name, weight in generator.named_parameters() if weight.grad is not None}
    learning |= {name for name, weight in judge.named_parameters() if weight.grad is not None}
    assert not {
        name for name in learning if name.startswith(("pixels.0", "pixels.2", "blocks.1", "readings.0", "readings.2"))
    }
    assert {name.rpartition(".parametrizations")[0].rpartition(".linear")[0] or name for name in learning} >= {
        "pixels.1",
        "readings.1",
    }


def test_features_have_a_mean_square_of_one_at_every_place() -> None:
    network = built(ProGANGenerator)
    heard: list[Tensor] = []
    network.pixels[2].register_forward_pre_hook(lambda layer, given: heard.append(given[0]))
    network(torch.randn(8, 5), NONE)
    torch.testing.assert_close(heard[0].square().mean(dim=1), torch.ones(8, 14, 12))


def test_weights_are_of_variance_one_and_scaled_when_used() -> None:
    convolution = built(ProGANDiscriminator, ImageShape(1, 8, 8)).blocks[0][0]
    kept = convolution.parametrizations.weight.original
    assert float(kept.detach().std()) == pytest.approx(1.0, rel=0.2)
    torch.testing.assert_close(convolution.weight, kept * (2.0 / (9 * kept.shape[1])) ** 0.5)
