import pytest
import torch

from ganache.engine.static_inputs import StaticInputs
from ganache.games import Draws
from ganache.parts.latents import Latent, Normal, Uniform
from tests.tiny import draws_of, tiny_recipe, tiny_state

NORMAL, UNIFORM = Normal(size=3), Uniform(size=2)


def drawn(draws: Draws, *latents: Latent) -> list[torch.Tensor]:
    first, none = draws.batch(), draws.nothing()
    batch = draws.batch()
    taken = [first.reals, first.conditions, none.reals, none.conditions, batch.reals, batch.conditions]
    return [*taken, *(draws.latents(latent) for latent in latents)]


def test_they_are_what_is_drawn_on_the_spot_and_stay_where_they_are() -> None:
    spot, still = (tiny_state(tiny_recipe(conditional=True), labels=3) for _ in range(2))
    draws, behind = draws_of(spot, 3), draws_of(still, 3)
    inputs = StaticInputs(behind)
    places = []
    for iteration in range(3):
        for state, source in ((spot, draws), (still, behind)):
            state.counters.iterations = iteration
            source.begin()
        inputs.refill()
        expected, found = (drawn(source, NORMAL, UNIFORM, NORMAL) for source in (draws, inputs))
        assert all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
        assert still.counts() == spot.counts()
        places.append([tensor.data_ptr() for tensor in found if tensor.numel()])
    assert places[0] == places[1] == places[2]
    assert len(set(places[0])) == len(places[0])


def test_nothing_new_is_drawn_once_all_is_known() -> None:
    inputs = StaticInputs(draws_of(tiny_state(tiny_recipe())))
    inputs.latents(NORMAL)
    inputs.complete = True
    inputs.rewind()
    inputs.latents(NORMAL)
    with pytest.raises(RuntimeError, match="latents is drawn that earlier iterations"):
        inputs.latents(NORMAL)
