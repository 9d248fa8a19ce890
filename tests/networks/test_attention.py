import math

import pytest
import torch

from ganache.networks.attention import SelfAttention, attending


def test_at_first_every_place_stays_as_it_is() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 16, 5, 4)
    assert torch.equal(SelfAttention(16)(features), features)


def test_by_hand() -> None:
    """Two features, a row of two blocks: each place hears the largest values of both, by its query."""
    layer = SelfAttention(2)
    with torch.no_grad():
        layer.queries.weight.copy_(torch.tensor([[1.0, 0.0]]))  # the first feature asks
        layer.keys.weight.copy_(torch.tensor([[0.0, 1.0]]))  # the second answers
        layer.values.weight.copy_(torch.tensor([[0.0, 10.0]]))
        layer.back.weight.copy_(torch.tensor([[1.0], [0.0]]))
        layer.gain.fill_(0.5)
    first = torch.tensor([[0.0, 1.0, 2.0, -1.0], [0.0, 0.0, 0.0, 0.0]])
    second = torch.tensor([[0.0, 1.0, 0.0, 0.5], [0.5, 0.0, 2.0, 0.0]])
    features = torch.stack([first, second])[None]
    made = layer(features)[0].detach()
    # Keys of the two blocks: 1 and 2; values 10 and 20. A query q hears 20 by e^q / (1 + e^q) of the whole.
    expected = first + 0.5 * (10.0 + 10.0 * torch.sigmoid(first))
    torch.testing.assert_close(made[0], expected)
    assert torch.equal(made[1], second)
    assert float(made[0, 0, 1]) == pytest.approx(1.0 + 5.0 + 5.0 / (1.0 + math.exp(-1.0)))


def test_odd_sides_and_single_rows_are_possible_and_it_has_slopes_of_slopes() -> None:
    layer = SelfAttention(8).double()
    layer.gain.data.fill_(1.0)
    torch.manual_seed(1)
    for size in ((3, 5), (1, 4), (1, 1)):
        features = torch.randn(2, 8, *size, dtype=torch.float64, requires_grad=True)
        assert layer(features).shape == features.shape
    features = torch.randn(1, 8, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer, (features,))


def test_the_largest_map_within_the_limit_attends() -> None:
    sizes = [(32, 24), (16, 12), (8, 6), (4, 3)]
    assert attending(sizes, 16) == (16, 12)
    assert attending(sizes, 31) == (16, 12)
    assert attending(sizes, 0) is None
    assert attending(sizes, 3) is None
    assert attending([(2, 3), (2, 1)], 4) is None  # one block of 2 × 2, and nothing to choose from
