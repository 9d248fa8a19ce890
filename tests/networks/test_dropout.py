"""Dropout of 16 random bits an element: shares, scale and layout by hand, and the rest of it is torch's."""

import pytest
import torch
from torch import Tensor, nn

from ganache.networks.layers import Dropout

LAYOUTS = {
    "flat": torch.ones(50, 2_003),  # not a multiple of the four masks in a word
    "planes": torch.ones(8, 16, 28, 28),
    "channels last": torch.ones(8, 16, 28, 28).contiguous(memory_format=torch.channels_last),
    "a view with gaps": torch.ones(100, 2_000)[:, ::2],
}


def drop(features: Tensor, p: float = 0.3, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    dropped: Tensor = Dropout(p)(features)
    return dropped


@pytest.mark.parametrize("features", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_share_is_zero_and_the_rest_keeps_the_mean(features: Tensor) -> None:
    dropped = drop(features)
    # 0.3 × 2¹⁶ is 19,660.8; four standard deviations of a share of about 100,000.
    assert float((dropped == 0).double().mean()) == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / 100_000) ** 0.5)
    assert sorted(set(dropped.flatten().tolist())) == pytest.approx([0.0, 65_536 / (65_536 - 19_661)])
    assert dropped.stride() == torch.nn.functional.dropout(features, 0.3).stride()


@pytest.mark.parametrize("p", [0.05, 0.5, 0.95])
def test_the_share_is_the_probability(p: float) -> None:
    dropped = drop(torch.ones(400_000), p)
    assert float((dropped == 0).double().mean()) == pytest.approx(p, abs=0.004)
    assert float(dropped.double().mean()) == pytest.approx(1.0, abs=0.03)


def test_probabilities_at_the_edge_of_what_16_bits_can_say() -> None:
    assert float(drop(torch.ones(100_000), 1e-7).min()) == 1.0
    nearly_all = drop(torch.ones(1_000_000), 1 - 1e-7)
    assert bool(((nearly_all == 0) | (nearly_all == 65_536)).all())
    assert not drop(torch.ones(1_000), 1.0 - 1e-7).isnan().any()


def test_neighbours_are_dropped_independently() -> None:
    gone = (drop(torch.ones(400_000), 0.5) == 0).double()
    for distance in range(1, 9):  # within a random word and beyond
        both = float((gone[:-distance] * gone[distance:]).mean())
        assert both == pytest.approx(0.25, abs=0.004)


def test_the_gradient_passes_where_the_value_did_and_can_be_differentiated_again() -> None:
    features = torch.full((3, 1_000), 2.0, requires_grad=True)
    dropped = drop(features)
    (slope,) = torch.autograd.grad(dropped.square().sum(), features, create_graph=True)
    scale = 65_536 / (65_536 - 19_661)
    assert torch.equal(slope == 0, dropped == 0)
    assert float(slope.detach().max()) == pytest.approx(2 * 2.0 * scale**2)
    (bend,) = torch.autograd.grad(slope.sum(), features)
    assert float(bend.max()) == pytest.approx(2 * scale**2)


def test_masks_come_from_the_global_stream() -> None:
    features = torch.ones(1_000)
    assert torch.equal(drop(features), drop(features))
    assert not torch.equal(drop(features), drop(features, seed=1))
    layer = Dropout(0.3)
    assert not torch.equal(layer(features), layer(features))


def test_bfloat16_and_empty_batches_keep_their_kind() -> None:
    assert drop(torch.ones(10_000, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert drop(torch.ones(0, 5)).shape == (0, 5)


@pytest.mark.parametrize("layer", [Dropout(0.3).eval(), Dropout(0.0)], ids=["in inference", "without a share"])
def test_nothing_is_drawn_when_nothing_is_dropped(layer: nn.Module) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    features = torch.randn(10, generator=torch.Generator().manual_seed(1))
    assert torch.equal(layer(features), features)
    assert torch.equal(torch.get_rng_state(), before)
