import math
from statistics import NormalDist

import pytest
import torch

from ganache.parts.latents import Coded, Keyed, Latent, Normal, Uniform
from ganache.support.errors import UserError

LATENTS = [
    Normal(size=1),
    Normal(size=2),
    Normal(size=50),
    Uniform(size=3),
]


def drawn(latent: Latent, count: int, seed: int = 0) -> torch.Tensor:
    return latent.draw(count, torch.Generator().manual_seed(seed))


def test_normal_latents_are_torchs_normal_numbers() -> None:
    assert torch.equal(drawn(Normal(size=3), 5), torch.randn(5, 3, generator=torch.Generator().manual_seed(0)))


def test_uniform_latents_lie_evenly_in_their_interval() -> None:
    values = drawn(Uniform(size=100), 1000)
    assert values.shape == (1000, 100)
    assert float(values.min()) == pytest.approx(-1.0, abs=1e-3)
    assert float(values.max()) == pytest.approx(1.0, abs=1e-3)
    assert float(values.mean()) == pytest.approx(0.0, abs=0.01)
    assert float(values.square().mean()) == pytest.approx(1 / 3, abs=0.01)


def test_a_uniform_latent_moves_on_the_straight_line() -> None:
    start, end = torch.tensor([[0.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    assert Uniform(size=2).interpolate(start, end, 0.25).tolist() == [[0.25, -0.75]]


def test_a_normal_latent_moves_on_the_great_circle() -> None:
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    third = Normal(size=2).interpolate(start, end, 1 / 3)
    assert third.tolist()[0] == pytest.approx([2 * math.cos(math.pi / 6), 2 * math.sin(math.pi / 6)], rel=1e-6)
    longer = Normal(size=2).interpolate(start, end * 2, 0.5)
    assert longer.tolist()[0] == pytest.approx([3 / math.sqrt(2)] * 2, rel=1e-6)


@pytest.mark.parametrize("latent", LATENTS, ids=str)
def test_a_way_begins_and_ends_at_its_stops(latent: Latent) -> None:
    start, end = drawn(latent, 8, seed=1), drawn(latent, 8, seed=2)
    torch.testing.assert_close(latent.interpolate(start, end, 0.0), start, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(latent.interpolate(start, end, 1.0), end, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_a_way_to_the_same_place_stays_there(fraction: float) -> None:
    start = drawn(Normal(size=5), 8)
    torch.testing.assert_close(Normal(size=5).interpolate(start, start, fraction), start, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("latent", [Normal(size=64), Uniform(size=3), Coded(size=20, categories=(3, 4)), Keyed(size=9)])
def test_nearly_all_that_is_drawn_is_plausible_and_what_is_far_is_brought_near(latent: Latent) -> None:
    found = drawn(latent, 1_000)
    kept = latent.plausible(found)
    assert (kept == found).all(1).float().mean() > 0.97
    far = latent.plausible(100.0 * found)
    torch.testing.assert_close(latent.plausible(far), far)
    assert (far.abs() <= 64**0.5 + 2.0).all() or isinstance(latent, Keyed)


def test_a_normal_latent_is_brought_to_the_shell_and_codes_into_their_ranges() -> None:
    assert Normal(size=4).plausible(torch.tensor([[8.0, 0.0, 0.0, 0.0]])).tolist() == [[4.0, 0.0, 0.0, 0.0]]
    assert Normal(size=4).plausible(torch.tensor([[0.0, 3.0, 0.0, 0.0]])).tolist() == [[0.0, 3.0, 0.0, 0.0]]
    coded = Coded(size=4, categories=(2,), continuous=1)
    assert coded.plausible(torch.tensor([[-6.0, 2.0, -1.0, -3.0]])).tolist() == [[-3.0, 1.0, 0.0, -1.0]]
    keyed = Keyed(size=3)
    assert keyed.plausible(torch.tensor([[-6.0, 7.0, -8.0]])).tolist() == [[-3.0, 7.0, -8.0]]


@pytest.mark.parametrize("truncation", [0.2, 0.5, 0.9])
def test_truncated_values_have_the_ranks_that_they_had_in_a_normal_distribution_cut_off(truncation: float) -> None:
    values = torch.linspace(-6.0, 6.0, 1_201)[:, None]
    found = Normal(size=1).truncated(values, truncation)
    assert found.dtype == torch.float32
    assert bool((found[1:] >= found[:-1]).all())
    assert float(found.abs().max()) <= 2 * truncation + 1e-6
    torch.testing.assert_close(found, -found.flip(0))
    # By Python's own normal distribution, in the middle of the range.
    normal, limit = NormalDist(), 2 * truncation
    for value in (-2.0, -0.3, 0.0, 1.0, 2.5):
        share = normal.cdf(-limit) + normal.cdf(value) * (normal.cdf(limit) - normal.cdf(-limit))
        made = float(Normal(size=1).truncated(torch.tensor([[value]]), truncation))
        assert made == pytest.approx(normal.inv_cdf(share), abs=1e-5)


def test_drawn_values_become_those_of_the_normal_distribution_without_its_tails() -> None:
    found = Normal(size=4).truncated(drawn(Normal(size=4), 50_000), 0.5).double()
    limit = 1.0
    density = math.exp(-(limit**2) / 2) / math.sqrt(2 * math.pi)
    variance = 1 - 2 * limit * density / math.erf(limit / math.sqrt(2))
    assert float(found.mean()) == pytest.approx(0.0, abs=0.01)
    assert float(found.square().mean()) == pytest.approx(variance, rel=0.01)
    assert not Normal(size=4).truncated(drawn(Normal(size=4), 5), 0.0).any()


def test_keys_are_not_truncated_and_codes_and_evenly_drawn_values_cannot_be() -> None:
    latents = drawn(Keyed(size=5), 4)
    found = Keyed(size=5).truncated(latents, 0.5)
    assert torch.equal(found[:, :3], Normal(size=3).truncated(latents[:, :3], 0.5))
    assert torch.equal(found[:, 3:], latents[:, 3:])
    for latent in (Uniform(size=12), Coded(size=14)):
        with pytest.raises(UserError) as refused:
            latent.truncated(drawn(latent, 2), 0.5)
        kind = type(latent).__name__
        assert str(refused.value) == (
            f"truncation: latents of {kind} have no tails to cut off; those of Normal and Keyed have"
        )


def test_what_is_redrawn_has_the_latents_own_distribution_and_codes() -> None:
    """Before, styles were mixed with those of normal latents, whatever an image's own were."""
    random = torch.Generator().manual_seed(0)
    evenly = Uniform(size=4).redrawn(torch.zeros(1000, 4))
    assert evenly.min() >= -1.0
    assert evenly.max() < 1.0
    assert abs(float(evenly.std()) - 3**-0.5) < 0.02
    assert abs(float(Normal(size=4).redrawn(torch.zeros(1000, 4)).std()) - 1.0) < 0.05
    coded = Coded(size=16, categories=(10,), continuous=2)
    before = coded.draw(1000, random)
    after = coded.redrawn(before)
    assert torch.equal(after[:, 4:], before[:, 4:])
    assert not (after[:, :4] == before[:, :4]).any()
    assert abs(float(after[:, :4].std()) - 1.0) < 0.05
