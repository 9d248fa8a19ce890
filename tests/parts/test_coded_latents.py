import pytest
import torch
from pydantic import ValidationError

from ganache.parts.latents import Coded, Latent, Normal
from ganache.parts.part import parse
from ganache.support.errors import UserError

CODED = Coded(size=9, categories=(3, 2), continuous=1)  # three values of noise


def drawn(count: int, seed: int = 0) -> torch.Tensor:
    return CODED.draw(count, torch.Generator().manual_seed(seed))


def test_noise_comes_first_then_categories_then_values() -> None:
    latents = drawn(6_000)
    assert latents.shape == (6_000, 9)
    (three, two), values = CODED.split(latents)
    for category in (three, two):
        assert set(category.flatten().tolist()) == {0.0, 1.0}
        assert bool((category.sum(dim=1) == 1).all())
        # Each value has its share of 6,000, give or take five standard errors of at most √(6000 / 4) = 39.
        assert bool((category.sum(dim=0) - 6_000 / category.shape[1]).abs().max() < 195)
    assert values.shape == (6_000, 1)
    assert -1 <= float(values.min()) < -0.99 < 0.99 < float(values.max()) < 1
    assert abs(float(values.double().var()) - 1 / 3) < 0.02
    noise = latents[:, :3].double()
    assert abs(float(noise.mean())) < 0.04
    assert abs(float(noise.std()) - 1) < 0.03


def test_codes_are_independent_of_each_other_and_of_the_noise() -> None:
    correlations = torch.corrcoef(drawn(6_000).double().T)
    blocks = [range(3), range(3, 6), range(6, 8), range(8, 9)]
    for first in blocks:
        for second in blocks:
            if first != second:
                assert float(correlations[first.start : first.stop, second.start : second.stop].abs().max()) < 0.08


def test_equal_generators_give_equal_latents() -> None:
    assert torch.equal(drawn(5), drawn(5))
    assert not torch.equal(drawn(5), drawn(5, seed=1))


def test_between_two_latents_noise_stays_on_its_shell_and_codes_move_straight() -> None:
    start, end = drawn(4), drawn(4, seed=1)
    half = CODED.interpolate(start, end, 0.5)
    torch.testing.assert_close(half[:, 3:], (start[:, 3:] + end[:, 3:]) / 2)
    torch.testing.assert_close(half[:, :3], Normal(size=3).interpolate(start[:, :3], end[:, :3], 0.5))
    torch.testing.assert_close(CODED.interpolate(start, end, 0.0), start)
    bare = Coded(size=2, categories=(2,), continuous=0)
    torch.testing.assert_close(bare.interpolate(torch.eye(2), torch.eye(2).flip(0), 0.5), torch.full((2, 2), 0.5))


def test_it_round_trips_and_holds_its_codes() -> None:
    assert parse(Latent, CODED.model_dump(mode="json")) == CODED
    assert (CODED.codes, CODED.noise) == (6, 3)
    with pytest.raises(UserError, match="size: 5 values cannot hold 6 of codes"):
        CODED.changed(size=5)
    with pytest.raises(ValidationError):
        Coded(size=9, categories=(1,))
