import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.games import Optimizers
from ganache.networks import DCGANDiscriminator, DCGANGenerator, Discriminator, MLPDiscriminator
from ganache.networks.layers import ConditionalBatchNorm, ConditionProjection, glorot_initialised, normal_initialised
from ganache.parts.latents import Normal
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam
from ganache.recipes.rehearsal import rehearse
from tests.networks.test_networks import awake, parameters
from tests.tiny import draws_of, logits_of, tiny_recipe, tiny_state

SHAPE = ImageShape(1, 16, 16)
PROJECTING: list[Discriminator] = [
    MLPDiscriminator(widths=(8, 6), slope=0.2, projection=True),
    MLPDiscriminator(widths=(), projection=True),
    DCGANDiscriminator(width=4, max_width=8, projection=True),
    DCGANDiscriminator(width=4, max_width=8, batch_norm=False, projection=True, spectral_norm=True),
]
NORMED: list[Discriminator] = [
    MLPDiscriminator(widths=(16, 12), slope=0.2, spectral_norm=True, projection=True),
    DCGANDiscriminator(width=8, max_width=16, batch_norm=False, spectral_norm=True),
]


def largest_singular_values(network: nn.Module) -> dict[str, float]:
    # While training, each look at a weight is one more power iteration: look at a copy that is not.
    return {
        name: float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))
        for name, layer in copy.deepcopy(network).eval().named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    }


def test_label_projection_by_hand() -> None:
    layer = ConditionProjection(2, 3)
    layer.embedding.weight.data = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    features, labels = torch.tensor([[1.0, -1.0, 2.0], [1.0, 1.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.5, 1.0]])
    # (1, 2, 3)·(1, -1, 2) = 5; (10.5, 21, 31.5)·(1, 1, 1) = 63.
    assert layer(features, labels).tolist() == [[5.0], [63.0]]


@pytest.mark.parametrize("part", PROJECTING, ids=str)
def test_a_projecting_discriminator_is_its_head_plus_the_inner_product(part: Discriminator) -> None:
    torch.manual_seed(0)
    network: Any = part.build(SHAPE, 3).eval()
    images, labels = torch.randn(4, 1, 16, 16), torch.eye(3)[[0, 1, 2, 0]]
    layers, embedding = network.layers, network.projection.embedding
    features = images if isinstance(part, DCGANDiscriminator) else images.flatten(1)
    for layer in layers[:-1]:
        features = layer(features)
    expected = layers[-1](features) + (embedding.weight[:, [0, 1, 2, 0]].T * features).sum(1, keepdim=True)
    torch.testing.assert_close(logits_of(network, images, labels), expected)
    nothing = torch.zeros(4, 3)
    torch.testing.assert_close(logits_of(network, images, nothing), layers[-1](features))


@pytest.mark.parametrize("part", PROJECTING, ids=str)
def test_projected_labels_are_not_concatenated_and_none_need_no_projection(part: Discriminator) -> None:
    plain: Any = part.build(SHAPE, 0)
    told: Any = part.build(SHAPE, 3)
    features = told.layers[-1].in_features
    assert parameters(told) - parameters(plain) == 3 * features
    assert plain.projection is None
    assert logits_of(plain, torch.randn(2, 1, 16, 16), torch.zeros(2, 0)).shape == (2, 1)


def test_conditional_batch_norm_by_hand() -> None:
    layer = ConditionalBatchNorm(2, 2)
    layer.scale.weight.data = torch.tensor([[0.05, 0.0], [0.0, -0.1]])  # (features, labels); they count ten times
    layer.shift.weight.data = torch.tensor([[0.0, 0.3], [0.7, 0.0]])
    features = torch.tensor([[[[1.0]], [[10.0]]], [[[3.0]], [[30.0]]]])  # normalised: -1 and 1 in both features
    made = layer(features, torch.eye(2))[:, :, 0, 0].detach()
    # Label 0: scales (1.5, 1), shifts (0, 7); label 1: scales (1, 0), shifts (3, 0).
    torch.testing.assert_close(made, torch.tensor([[-1.5, 6.0], [4.0, 0.0]]), rtol=1e-4, atol=1e-4)


def test_a_conditionally_normalised_generator_has_labels_nowhere_else() -> None:
    part = DCGANGenerator(latent=Normal(size=5), width=4, max_width=8, conditional_norm=True)
    plain: Any = part.build(SHAPE, 0)
    told: Any = part.build(SHAPE, 3)
    norms = [layer for layer in told.modules() if isinstance(layer, ConditionalBatchNorm)]
    assert len(norms) == 2
    assert [layer for layer in plain.modules() if isinstance(layer, ConditionalBatchNorm)] == []
    # Three labels with a scale and a shift for each feature, where there was one of each.
    assert parameters(told) - parameters(plain) == (3 - 1) * 2 * (8 + 4)
    assert told.project.in_features == 5
    for norm in norms:
        nn.init.zeros_(norm.scale.weight)
        nn.init.zeros_(norm.shift.weight)
    latent = torch.randn(6, 5)
    torch.manual_seed(0)
    state = {name: value for name, value in told.state_dict().items() if name in plain.state_dict()}
    plain.load_state_dict(state, strict=False)
    for layer in plain.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    torch.testing.assert_close(told(latent, torch.eye(3)[[0, 1, 2, 0, 1, 2]]), plain(latent, torch.zeros(6, 0)))


def test_attribute_vectors_condition_as_well_as_classes() -> None:
    torch.manual_seed(0)
    part = DCGANGenerator(latent=Normal(size=5), width=4, max_width=8, conditional_norm=True)
    network = awake(part.build(SHAPE, 2).eval())
    latent = torch.randn(1, 5)
    images = [network(latent, torch.tensor([values])).detach() for values in ([0.0, 0.0], [0.3, -2.0], [0.3, 2.0])]
    assert len({float(image.sum()) for image in images}) == 3


@pytest.mark.parametrize("part", NORMED, ids=str)
def test_the_largest_singular_value_of_every_weight_is_about_1_while_training(part: Discriminator) -> None:
    adam = Adam(learning_rate=2e-4, betas=(0.5, 0.999))
    optimizers = Optimizers(generator=adam, discriminator=adam)
    recipe = tiny_recipe(discriminator=part, objective=Hinge(), optimizers=optimizers, conditional=True)
    state = tiny_state(recipe, SHAPE, labels=3)
    draws = draws_of(state, 3)
    free = copy.deepcopy(part).changed(spectral_norm=False).build(SHAPE, 3)
    for _ in range(8):
        iterate(state, draws)
        values = largest_singular_values(state.cast.networks["discriminator"])
        assert len(values) >= 3
        assert values == pytest.approx(dict.fromkeys(values, 1.0), rel=0.1)
    assert any(abs(value - 1.0) > 0.3 for value in largest_singular_values(free).values())


def test_a_spectrally_normalised_network_is_1_lipschitz() -> None:
    torch.manual_seed(0)
    network = MLPDiscriminator(widths=(16, 16), slope=0.2, spectral_norm=True).build(SHAPE, 0)
    for _ in range(30):
        network(torch.zeros(1, 1, 16, 16), torch.zeros(1, 0))  # each pass is one more power iteration
    network.eval()
    first, second = torch.randn(64, 1, 16, 16), torch.randn(64, 1, 16, 16)
    none = torch.zeros(64, 0)
    distance = (first - second).flatten(1).norm(dim=1)
    moved = (logits_of(network, first, none) - logits_of(network, second, none)).detach().abs()[:, 0]
    assert float((moved / distance).max()) <= 1.001


@pytest.mark.parametrize("part", NORMED, ids=str)
def test_a_bound_is_shared_evenly_by_all_weights(part: Discriminator) -> None:
    torch.manual_seed(0)
    network = part.changed(spectral_bound=10.0).build(SHAPE, 3)
    for _ in range(50):
        network(torch.zeros(1, 1, 16, 16), torch.zeros(1, 3))
    values = list(largest_singular_values(network).values())
    assert values == pytest.approx([10.0 ** (1 / len(values))] * len(values), rel=0.05)
    inactive = part.changed(spectral_norm=False)
    states = []
    for bound in (1.0, 10.0):
        torch.manual_seed(0)
        states.append(inactive.changed(spectral_bound=bound).build(SHAPE, 3).state_dict())
    assert_same(*states)


@pytest.mark.parametrize("part", NORMED, ids=str)
def test_the_power_iterations_are_part_of_the_state(part: Discriminator) -> None:
    recipe = tiny_recipe(discriminator=part, conditional=True)
    rehearse(recipe, SHAPE, 3)
    state = tiny_state(recipe, SHAPE, labels=3)
    iterate(state, draws_of(state, 3))
    kept, counts = {name: value.clone() for name, value in state.tensors().items()}, state.counts()
    vectors = [name for name in kept if name.startswith("discriminator/") and name.endswith((".0._u", ".0._v"))]
    weights = len(largest_singular_values(state.cast.networks["discriminator"]))
    assert len(vectors) == 2 * weights
    iterate(state, draws_of(state, 3))
    expected = {name: value.clone() for name, value in state.tensors().items()}
    other = tiny_state(recipe, SHAPE, labels=3)
    iterate(other, draws_of(other, 3))  # it has vectors of its own
    other.load(kept, counts)
    assert_same(other.tensors(), kept)
    iterate(other, draws_of(other, 3))
    assert_same(other.tensors(), expected)
    # The left vector of a single row is ±1 for ever.
    still = [name for name in vectors if torch.equal(expected[name], kept[name])]
    assert [name for name in still if kept[name].numel() > 1] == []


def assert_same(made: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert made.keys() == expected.keys()
    assert [name for name in made if not torch.equal(made[name], expected[name])] == []


@pytest.mark.parametrize("initialised", [normal_initialised, glorot_initialised, lambda module: module])
def test_conditional_batch_norm_begins_as_batch_norm_and_hears_its_labels(initialised: Any) -> None:
    """Scales began with a deviation of 0.19 around 1, without the paper's first weights from -2.1 to 4.2."""
    torch.manual_seed(0)
    network = initialised(nn.Sequential(ConditionalBatchNorm(6, 3), nn.Conv2d(6, 2, 1)))
    layer = network[0]
    features, labels = torch.randn(12, 6, 4, 4), torch.eye(3)[torch.arange(12) % 3]
    made = layer(features, labels)
    torch.testing.assert_close(made, nn.BatchNorm2d(6, affine=False)(features), rtol=0.0, atol=0.0)
    (made * torch.randn_like(made)).sum().backward()
    assert bool(layer.scale.weight.grad.all())
    assert bool(layer.shift.weight.grad.all())
