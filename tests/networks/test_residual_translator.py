"""CycleGAN's translator: its published size, and its layers on the way in."""

import pytest
import torch
from torch import nn

from ganache.data.shape import ImageShape
from ganache.networks import Encoding, ResidualTranslator, UNet
from ganache.support.errors import UserError


def built(blocks: int = 2) -> Encoding:
    torch.manual_seed(0)
    network = ResidualTranslator(width=4, blocks=blocks).build(ImageShape(3, 16, 16), ImageShape(1, 16, 16)).eval()
    assert isinstance(network, Encoding)
    return network


def test_features_are_those_of_the_convolutions_and_the_sums_of_the_blocks() -> None:
    network, images = built(), torch.rand(2, 3, 16, 24) * 2.0 - 1.0
    assert isinstance(network, nn.Module)
    seen = []
    for layer in network.layers:  # type: ignore[union-attr]
        if list(layer.parameters()):
            layer.register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.no_grad():
        network(images)
        found = network.features(images, [5, 0, 2, 3, 1, 4])
    assert torch.equal(found[1], images)
    # Seven with weights in all, of which the last two double and one makes pixels.
    for ours, hooked in zip([found[4], found[2], found[3], found[5], found[0]], seen[:5], strict=True):
        assert torch.equal(ours, hooked)
    assert [maps.shape[1] for maps in found] == network.widths([5, 0, 2, 3, 1, 4]) == [16, 3, 8, 16, 4, 16]
    assert [tuple(maps.shape[2:]) for maps in found] == [(4, 6), (16, 24), (8, 12), (4, 6), (16, 24), (4, 6)]


def test_features_of_a_picture_of_any_size_are_those_of_what_it_is_continued_to() -> None:
    network = built()
    assert [tuple(maps.shape[2:]) for maps in network.features(torch.randn(1, 3, 17, 5), [0, 4])] == [(20, 8), (5, 2)]


def test_nothing_behind_the_deepest_layer_is_computed() -> None:
    network = built()
    assert isinstance(network, nn.Module)
    called = []
    for layer in network.layers:  # type: ignore[union-attr]
        layer.register_forward_hook(lambda *call: called.append(type(call[0]).__name__))
    network.features(torch.randn(1, 3, 16, 16), [2])
    assert called == ["ReflectedConv2d", "InstanceNorm", "ReLU", "Conv2d"]


@pytest.mark.parametrize("layer", [-1, 6])
def test_a_layer_that_is_not_there_is_one_line(layer: int) -> None:
    with pytest.raises(UserError, match=rf"^layers: the translator has 0 … 5 to look at, and no {layer}$"):
        built().features(torch.randn(1, 3, 16, 16), [0, layer])


def test_a_unet_has_no_such_layers() -> None:
    assert not isinstance(UNet(width=2).build(ImageShape(1, 16, 16), ImageShape(1, 16, 16)), Encoding)
