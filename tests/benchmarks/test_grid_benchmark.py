"""The benchmark of `grid` trains the recipes that it says."""

import pytest

from benchmarks import grid
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Cosine, at
from tests.tiny import set_in, two_players


@pytest.mark.parametrize("name", grid.RATES)
def test_points_keep_the_recipes_objective_and_their_rates_end_at_nothing(name: str) -> None:
    own = two_players(name)
    recipe = set_in(own, *grid.settings(name, 1_000))
    assert recipe.objective == own.objective
    assert recipe.penalties.keys() == own.penalties.keys()
    assert getattr(recipe.discriminator, "spectral_norm", False) == getattr(own.discriminator, "spectral_norm", False)
    for optimizer in (recipe.optimizers.generator, recipe.optimizers.discriminator):
        assert isinstance(optimizer, Adam)
        assert optimizer.learning_rate == Cosine(start=at(optimizer.learning_rate, 0), end=0, until=1_000)
