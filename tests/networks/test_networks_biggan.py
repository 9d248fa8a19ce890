from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d
from torch.nn.utils.parametrize import remove_parametrizations

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.networks import BigGANDiscriminator, BigGANGenerator
from ganache.networks.halving import repeated
from ganache.networks.layers import ConditionalBatchNorm, orthogonally_initialised
from ganache.parts.latents import Normal
from tests.tiny import logits_of, set_in

SHAPE = ImageShape(1, 16, 12)


def generator(labels: int = 3, **fields: Any) -> Any:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"latent": Normal(size=8), "width": 4, "max_width": 8, "embedding": 5, "attention": 8}
    return BigGANGenerator(**{**settings, **fields}).build(SHAPE, labels)


def discriminator(labels: int = 3, **fields: Any) -> Any:
    torch.manual_seed(0)
    return BigGANDiscriminator(**{"width": 4, "max_width": 8, "attention": 8, **fields}).build(SHAPE, labels)


def test_the_latents_parts_and_the_shared_embedding_reach_the_norms_of_their_own_block() -> None:
    network = generator()
    assert network.parts == [slice(0, 3), slice(3, 6), slice(6, 8)]
    assert [block.first_norm.scale.in_features for block in network.blocks] == [5 + 3, 5 + 2]
    heard: list[torch.Tensor] = []
    for block in network.blocks:
        block.second_norm.register_forward_pre_hook(lambda layer, given: heard.append(given[1]))
    latents, labels = torch.randn(4, 8), torch.eye(3)[[0, 1, 2, 0]]
    network(latents, labels)
    told = network.embedding(labels)
    assert torch.equal(heard[0], torch.cat([latents[:, 3:6], told], dim=1))
    assert torch.equal(heard[1], torch.cat([latents[:, 6:], told], dim=1))


def test_without_labels_norms_are_conditioned_on_the_latents_parts_alone() -> None:
    network = generator(labels=0)
    assert network.embedding is None
    assert [block.first_norm.scale.in_features for block in network.blocks] == [3, 2]
    images = network(torch.randn(4, 8), torch.zeros(4, 0))
    assert images.shape == (4, 1, 16, 12)
    assert discriminator(labels=0).projection is None


def test_a_latent_of_fewer_values_than_parts_serves_all_of_them() -> None:
    network = generator(latent=Normal(size=2))
    assert network.parts == [slice(0, 1), slice(1, 2), slice(1, 2)]
    assert network(torch.randn(4, 2), torch.eye(3)[[0, 1, 2, 0]]).shape == (4, 1, 16, 12)


def test_all_weights_but_the_embeddings_are_spectrally_normalised() -> None:
    network, judge = generator(), discriminator()
    layers: list[Any] = [
        layer for one in (network, judge) for layer in one.modules() if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    plain = [layer for layer in layers if not hasattr(layer, "parametrizations")]
    assert plain == [network.embedding]
    for one in (network, judge):
        one.eval()
    for layer in layers:
        if layer not in plain:
            layer.parametrizations.weight.original.data.mul_(3.0)
            longest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
            assert float(longest) == pytest.approx(1.0, abs=0.02)


def test_beside_its_convolutions_a_block_has_a_way_of_one_place_each() -> None:
    """Where the last convolution gives 0, D's block is the mean of four places through the 1×1 convolution."""
    block = discriminator().blocks[0].eval()
    remove_parametrizations(block.second, "weight")
    block.second.weight.data.zero_()
    images = torch.randn(2, 1, 16, 12)
    torch.testing.assert_close(block(images), block.beside(avg_pool2d(images, 2)))
    block = generator().blocks[0].eval()
    remove_parametrizations(block.second, "weight")
    block.second.weight.data.zero_()
    features = torch.randn(2, 8, 4, 3)
    expected = repeated(block.beside(features), (8, 6))
    torch.testing.assert_close(block(features, torch.randn(2, 8)), expected)


def test_the_logit_is_of_the_sum_over_places_and_labels_add_an_inner_product() -> None:
    network = discriminator().eval()
    images, labels = torch.randn(2, 1, 16, 12), torch.eye(3)[:2]
    features = images
    for number, block in enumerate(network.blocks):
        features = block(features)
        features = network.attention(features) if number == network.attending else features
    summed = features.relu().sum(dim=(2, 3))
    embedded = network.projection.embedding.weight[:, [0, 1]].T
    expected = network.logit(summed) + (embedded * summed).sum(1, keepdim=True)
    torch.testing.assert_close(logits_of(network, images, labels), expected)


def test_both_attend_at_the_largest_size_within_the_limit_or_not_at_all() -> None:
    assert (generator().attending, discriminator().attending) == (0, 0)  # (8, 6)
    assert (generator(attention=16).attending, discriminator(attention=4).attending) == (1, 1)
    assert generator(attention=0).attention is None
    assert discriminator(attention=0).attention is None


def test_conditional_batch_norm_without_gain_by_hand() -> None:
    layer = ConditionalBatchNorm(1, 2, from_zero=False)
    layer.scale.weight.data = torch.tensor([[0.5, -1.0]])
    layer.shift.weight.data = torch.tensor([[2.0, 0.0]])
    made = layer(torch.tensor([1.0, 3.0]).view(2, 1, 1, 1), torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    # Normalised: -1 and 1. Scales 1.5 and 0.5, shifts 2 and 2.
    torch.testing.assert_close(made.flatten().detach(), torch.tensor([0.5, 2.5]), atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("layer", [nn.Linear(6, 4), nn.Linear(4, 6), nn.Conv2d(2, 3, 3)], ids=str)
def test_orthogonal_first_weights(layer: nn.Linear | nn.Conv2d) -> None:
    torch.manual_seed(0)
    orthogonally_initialised(layer)
    weight = layer.weight.detach().flatten(1)
    products = weight @ weight.T if len(weight) <= weight.shape[1] else weight.T @ weight
    torch.testing.assert_close(products, torch.eye(len(products)))
    assert layer.bias is not None
    assert not layer.bias.any()


def test_the_published_values() -> None:
    recipe = set_in(recipes.find("biggan"))
    rates = [getattr(recipe.optimizers, player) for player in ("generator", "discriminator")]
    assert rates[1].learning_rate == 4 * rates[0].learning_rate  # 5e-5 and 2e-4 in the paper
    assert {rate.betas for rate in rates} == {(0.0, 0.999)}
    assert recipe.critic_steps == 2
    assert recipe.generator_terms["orthogonal"].weight == 1e-4
    assert recipe.conditional
