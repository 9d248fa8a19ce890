import math

import pytest
import torch

from ganache.parts.latents import Coded, Keyed, Latent, Normal, Uniform

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
