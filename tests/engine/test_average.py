from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganache.engine.average import WeightAverage
from ganache.engine.scalars import DeviceMoment, Scalars
from ganache.parts.moment import Moment
from ganache.parts.schedules import Linear
from tests.tiny import CPU


def network(value: float) -> nn.Module:
    layers = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).double()
    with torch.no_grad():
        for tensor in [*layers.parameters(), *layers.buffers()]:
            tensor.fill_(value) if tensor.is_floating_point() else tensor.fill_(int(value))
    return layers


def values(layers: nn.Module) -> set[float]:
    tensors = [*layers.parameters(), *(buffer for buffer in layers.buffers() if buffer.is_floating_point())]
    assert len(tensors) == 6
    return {float(value) for tensor in tensors for value in tensor.detach().flatten()}


def test_the_average_begins_as_a_frozen_copy() -> None:
    start = network(3.0).train()
    average = WeightAverage(start)
    assert values(average.network) == {3.0}
    assert not average.network.training
    assert start.training
    assert not any(weight.requires_grad for weight in average.network.parameters())
    assert all(weight.requires_grad for weight in start.parameters())
    with torch.no_grad():
        next(start.parameters()).fill_(9.0)
    assert values(average.network) == {3.0}


@pytest.mark.parametrize("cuts", [[1000], [250, 750], [100] * 10, [1] * 999 + [1], [64] * 15 + [40]])
def test_after_one_half_life_the_start_counts_half_however_the_images_are_cut(cuts: list[int]) -> None:
    assert sum(cuts) == 1000
    average, now = WeightAverage(network(1.0)), network(0.0)
    for images in cuts:
        average.update(now, images, half_life=1000)
    assert sorted(values(average.network)) == pytest.approx([0.5], rel=1e-12)


def test_two_and_a_half_half_lives_and_a_change_on_the_way() -> None:
    average = WeightAverage(network(1.0))
    average.update(network(0.0), 500, half_life=200)
    assert sorted(values(average.network)) == pytest.approx([2**-2.5], rel=1e-14)
    average.update(network(10.0), 200, half_life=200)
    assert sorted(values(average.network)) == pytest.approx([2**-3.5 + 5.0], rel=1e-14)


@pytest.mark.parametrize("half_life", [0.0, 1e-300])
def test_without_a_half_life_the_average_is_the_network(half_life: float) -> None:
    average = WeightAverage(network(1.0))
    average.update(network(0.1), 64, half_life)
    assert values(average.network) == {0.1}


def test_batch_norms_statistics_are_averaged_and_its_counter_is_copied() -> None:
    average = WeightAverage(network(0.0))
    average.update(network(4.0), 100, half_life=100)
    norm = average.network[1]  # type: ignore[index]
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.tolist() == norm.running_var.tolist() == [2.0] * 3
    assert norm.num_batches_tracked is not None
    assert int(norm.num_batches_tracked) == 4


def test_the_network_itself_is_not_moved() -> None:
    average, now = WeightAverage(network(1.0)), network(0.5)
    average.update(now, 10, half_life=10)
    assert values(now) == {0.5}


def scaled(layer: Any, factor: float | None = None) -> Any:
    """Give a spectrally normalised layer other weights, `factor` times its own, and let it iterate once."""
    weight = layer.parametrizations.weight.original
    with torch.no_grad():
        weight.copy_(torch.randn_like(weight) if factor is None else factor * weight)
    layer(torch.randn(2, 4))
    return layer


def test_spectral_norms_vectors_are_copied_and_stay_unit_vectors() -> None:
    """An average of directions is no direction: its length fell below 1 and the weight was divided by too little."""
    torch.manual_seed(0)
    layer = spectral_norm(nn.Linear(4, 3)).train()
    average = WeightAverage(layer)
    for _ in range(20):
        average.update(scaled(layer), 100, half_life=100)
    found, now = dict(average.network.named_buffers()), dict(layer.named_buffers())
    for name in ("parametrizations.weight.0._u", "parametrizations.weight.0._v"):
        assert torch.equal(found[name], now[name])
        assert float(found[name].norm()) == pytest.approx(1.0, rel=1e-5)


def test_a_spectrally_normalised_weight_is_averaged_consistently() -> None:
    torch.manual_seed(0)
    layer = spectral_norm(nn.Linear(4, 3)).train()
    for _ in range(50):
        scaled(layer, 1.0)
    average = WeightAverage(layer)
    for _ in range(50):
        average.update(scaled(layer, 1.01), 10, half_life=100)
    weight: Any = average.network.weight
    assert float(torch.linalg.matrix_norm(weight, 2)) == pytest.approx(1.0, rel=1e-3)


def test_a_half_life_that_moves_is_that_of_the_moment_as_a_number_or_on_the_device() -> None:
    half_life = Linear(start=0.0, end=100.0, until=100.0)
    scalars, averages = Scalars(CPU), [WeightAverage(network(1.0)) for _ in range(2)]
    for images, expected in ((0, 8.0), (50, 2.0), (100, 1.0)):  # at once; 100 images are two half-lives, then one
        scalars.fill(images)
        for average, now in zip(averages, (Moment(images), DeviceMoment(images, 0, scalars)), strict=True):
            average.update(network(8.0 if images == 0 else 0.0), 100, half_life, now)
            assert sorted(values(average.network)) == pytest.approx([expected], rel=1e-12)
