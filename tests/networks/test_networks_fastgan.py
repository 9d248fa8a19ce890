"""FastGAN's networks: which map excites which, noise by the latent's keys, and what the discriminator shows."""

from typing import Any

import pytest
import torch
from torch import nn

from ganache.data.shape import ImageShape
from ganache.networks import FastGANDiscriminator, FastGANGenerator
from ganache.networks.fastgan import GatedGrowth
from ganache.networks.halving import averaged
from ganache.parts.latents import Keyed, Normal

SHAPE = ImageShape(3, 64, 48)


def generator(shape: ImageShape = SHAPE, labels: int = 0, **fields: Any) -> Any:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"latent": Keyed(size=6), "width": 4, "max_width": 8}
    return FastGANGenerator(**{**settings, **fields}).build(shape, labels)


def discriminator(shape: ImageShape = SHAPE, labels: int = 0) -> Any:
    torch.manual_seed(0)
    return FastGANDiscriminator(width=4, max_width=8).build(shape, labels)


@pytest.mark.parametrize(
    ("side", "excited"),
    [(32, [(4, 32)]), (64, [(4, 64)]), (128, [(4, 64), (8, 128)]), (256, [(4, 64), (8, 128), (16, 256)])],
)
def test_maps_excite_those_four_halvings_above_or_at_the_images_size(side: int, excited: list[tuple[int, int]]) -> None:
    network = generator(ImageShape(1, side, side)).eval()
    heard: list[int] = []
    for excitation in network.excitations:
        excitation.register_forward_pre_hook(lambda layer, given: heard.append(given[0].shape[-1]))
    sizes = [block.growth.large[0] for block in network.blocks]
    network(torch.zeros(1, 6), torch.zeros(1, 0))
    assert sorted(heard) == [coarse for coarse, _ in excited]
    assert sizes[network.reach - 1 :] == [fine for _, fine in excited]


class Loudness(nn.Module):
    """An excitation that says the same of every image."""

    def __init__(self, loudness: torch.Tensor) -> None:
        super().__init__()
        self.loudness = loudness

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.loudness[None, :, None, None]


def test_an_excitation_multiplies_the_fine_map_feature_by_feature() -> None:
    network, latents = generator().eval(), torch.randn(2, 6)
    last: list[torch.Tensor] = []
    network.pixels.register_forward_pre_hook(lambda layer, given: last.append(given[0]))
    for loudness in (torch.ones(4), torch.tensor([0.0, 0.25, 0.5, 1.0])):
        network.excitations[0] = Loudness(loudness)
        network(latents, latents[:, :0])
    torch.testing.assert_close(last[1], last[0] * torch.tensor([0.0, 0.25, 0.5, 1.0])[None, :, None, None])


def test_an_excitation_hears_all_places_and_lies_between_0_and_1() -> None:
    excitation = generator().excitations[0]
    features = torch.zeros(1, 8, 4, 3)
    excitation.layers[0].weight.data.zero_()[0, 0, 3, 2] = 1.0
    excitation.layers[2].weight.data.copy_(torch.eye(4)[:, :, None, None])
    features[0, 0, 3, 2] = 2.0
    expected = torch.sigmoid(torch.tensor([2.0, 0.0, 0.0, 0.0]))
    torch.testing.assert_close(excitation(features), expected[None, :, None, None])


def test_noise_is_silent_at_first_and_then_a_function_of_the_images_own_keys() -> None:
    network = generator().eval()
    latents = torch.randn(3, 6)
    other_keys = torch.cat([latents[:, :4], torch.randn(3, 2)], dim=1)
    none = latents[:, :0]
    assert torch.equal(network(latents, none), network(other_keys, none))
    for block in network.blocks:
        if hasattr(block, "strengths"):
            block.strengths.data.fill_(0.5)
    images = network(latents, none)
    assert not torch.equal(images, network(other_keys, none))
    torch.testing.assert_close(network(latents[1:2], none[1:2]), images[1:2])
    assert torch.equal(network(latents, none), images)


def test_every_second_block_has_two_convolutions_with_noise_on_each() -> None:
    network = generator()
    assert [hasattr(block, "strengths") for block in network.blocks] == [True, False, True, False]
    assert network.noise.sizes == [(8, 6), (8, 6), (32, 24), (32, 24)]


def test_latents_without_keys_bring_no_noise() -> None:
    network = generator(latent=Normal(size=6))
    assert network.noise is None
    assert [name for name, _ in network.named_parameters() if "strengths" in name] == []
    assert network.connected.in_features == 6
    assert network(torch.randn(4, 6), torch.zeros(4, 0)).shape == (4, 3, 64, 48)


def test_gated_growth_doubles_convolves_normalises_and_gates() -> None:
    torch.manual_seed(0)
    layer = GatedGrowth(2, 3, (5, 4)).eval()
    features = torch.randn(2, 2, 3, 2)
    grown = features.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)[:, :, :5, :4]
    made = nn.functional.conv2d(grown, layer.convolution.weight, padding=1) / (1.0 + 1e-5) ** 0.5
    expected = made[:, :3] * torch.sigmoid(made[:, 3:])
    torch.testing.assert_close(layer(features), expected)
    noise = torch.full((2, 1, 5, 4), 0.25)
    louder = (made + 0.25 / (1.0 + 1e-5) ** 0.5)[:, :3] * torch.sigmoid(made[:, 3:] + 0.25 / (1.0 + 1e-5) ** 0.5)
    torch.testing.assert_close(layer(features, noise), louder)


def test_the_discriminator_reads_the_image_and_its_half() -> None:
    network = discriminator().eval()
    read: list[torch.Tensor] = []
    for chain in (network.coarse, network.small):
        chain.register_forward_pre_hook(lambda layer, given: read.append(given[0]))
    images = torch.randn(2, 3, 64, 48)
    said = network(images, images[:, :0, 0, 0])
    assert torch.equal(read[0], images)
    torch.testing.assert_close(read[1], averaged(images, (32, 24)))
    assert said.logits.shape == (2, 2 * (8 - 3) * (6 - 3))  # of every 4×4 places of two maps of 8×6
    assert said.heads["coarse"].shape == (2, 8, 8, 6)
    assert said.heads["fine"].shape == (2, 8, 16, 12)


@pytest.mark.parametrize("labels", [0, 3])
def test_its_verdict_is_that_of_its_features(labels: int) -> None:
    network = discriminator(labels=labels).eval()
    images, told = torch.randn(4, 3, 64, 48), torch.eye(max(labels, 1))[[0, 0, 0, 0]][:, :labels]
    said = network(images, told)
    features = network.features(images, told)
    torch.testing.assert_close(said.features, features)
    torch.testing.assert_close(said.logits, network.logits(features, told))
    assert torch.equal(features[:, : 8 * 8 * 6], said.heads["coarse"].flatten(1))


def test_a_class_adds_its_product_with_the_mean_of_the_last_map_to_every_logit() -> None:
    network = discriminator(labels=2).eval()
    images = torch.randn(2, 3, 64, 48)
    first, second = (network(images, torch.eye(2)[[label, label]]) for label in (0, 1))
    mean = first.heads["coarse"].mean(dim=(2, 3))
    rows = network.projection.embedding.weight  # (features, classes)
    added = mean @ (rows[:, 0] - rows[:, 1])
    torch.testing.assert_close(
        first.logits - second.logits, added[:, None].expand_as(first.logits), rtol=1e-4, atol=1e-6
    )
