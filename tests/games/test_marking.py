"""The game that marks a generator: who moves when, what stands still, and that the bits are learnt."""

import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games.marking import Patterns, bits_of, squared_levels
from ganache.networks import FeatureEncoder, MLPDiscriminator
from ganache.parts.moment import Moment
from ganache.parts.optimizers import Adam
from ganache.parts.wear import LEVELS, Wear
from ganache.support.errors import UserError
from ganache.training.observers.vitals import steps
from tests.tiny import draws_of, tiny_marking, tiny_state

SHAPE = ImageShape(1, 8, 8)
GENTLE = Wear(lowest_quality=90, smallest_size=1.0, smallest_crop=1.0, noise=2.0)


def weights(state: TrainingState) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in state.tensors().items()}


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name.partition("/")[0] for name in before if not torch.equal(before[name], after[name])} - {"tally"}


def test_the_reader_moves_first_and_then_the_generator_alone_and_the_original_never() -> None:
    state = tiny_state(tiny_marking(), SHAPE)
    draws = draws_of(state, 3)
    steps = []
    for _ in range(5):
        before = weights(state)
        iterate(state, draws)
        after = weights(state)
        steps.append(moved({name: after[name] for name in before}, before) - {"optimizer", "average"})
    assert steps == [{"reader", "patterns"}] * 3 + [{"generator"}] * 2
    assert [state.recipe.phase(number) for number in (0, 2, 3, 9)] == [True, True, False, False]


def test_a_log_shows_no_rate_or_slope_of_a_player_that_stands_as_after_a_resume() -> None:
    state = tiny_state(tiny_marking())
    shown = []
    for _ in range(4):  # the reader learns from twelve images, four at a time
        iterate(state, draws_of(state))
        shown.append((sorted(state.rates()), sorted(steps(state))))
    of_reader, of_generator = (
        ([f"learning_rate/{name}"], [f"gradient/{name}", f"movement/{name}"]) for name in ("reader", "generator")
    )
    assert shown == [of_reader] * 3 + [of_generator]


def test_the_reader_never_meets_the_message() -> None:
    """So what it reads of pictures that are not marked agrees with it as often as coins do."""
    readers = []
    for message in ("c5", "3a"):
        state = tiny_state(tiny_marking(message=message), SHAPE)
        draws = draws_of(state, 3)
        for _ in range(5):
            iterate(state, draws)
        readers.append(state.cast.networks["reader"].state_dict())
    assert all(torch.equal(readers[0][name], readers[1][name]) for name in readers[0])


def test_bits_are_those_of_the_digits_the_highest_first() -> None:
    assert bits_of("c501").tolist() == [[1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert tiny_marking(message="c501").bits == 16
    with pytest.raises(ValueError, match="message"):
        tiny_marking(message="c5f")


def test_what_is_laid_over_has_the_strength_that_is_asked_for_in_cells_of_the_grain() -> None:
    torch.manual_seed(0)
    patterns = Patterns(ImageShape(3, 10, 7), "c5", 4)
    images = torch.zeros(2, 3, 10, 7)
    messages = torch.tensor([[1.0] * 8, [0.0] * 8])
    made = patterns(images, messages, 5.0).detach()
    levels = made * LEVELS
    torch.testing.assert_close(levels.square().mean(dim=(1, 2, 3)).sqrt(), torch.full((2,), 5.0))
    torch.testing.assert_close(made[0], -made[1])
    assert torch.equal(made[..., :4, :4], made[..., :1, :1].expand(2, 3, 4, 4))
    assert squared_levels(made, images).tolist() == pytest.approx([25.0, 25.0])


def test_points_are_refused() -> None:
    with pytest.raises(UserError, match="points"):
        tiny_marking().build(ImageShape(2, 1, 1), 0)


def test_a_generator_learns_to_draw_the_message_near_to_what_it_drew() -> None:
    reader = FeatureEncoder(body=MLPDiscriminator(widths=(32,), slope=0.2))
    adam = Adam(learning_rate=1e-2, betas=(0.9, 0.99))
    optimizers = tiny_marking().optimizers.changed(generator=adam, reader=adam)
    game = tiny_marking(
        reader=reader, wear=GENTLE, optimizers=optimizers, learning=3_200, batch_size=16, strength=30.0, grain=1
    )
    state = tiny_state(game, SHAPE)
    cast = state.cast
    for name in ("generator", "original"):
        cast.networks[name].load_state_dict(state.average.state_dict())
    draws = draws_of(state, 3)
    for _ in range(450):
        iterate(state, draws)
    latents = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made, before = (cast.networks[name](latents, latents[:, :0]) for name in ("generator", "original"))
        said = [cast.networks["reader"](images) > 0 for images in (made, before)]
    right = [float((one == (bits_of(game.message) > 0.5)).float().mean()) for one in said]
    assert right[0] > 0.97, right
    assert right[1] < 0.9, right
    assert float(squared_levels(made, before).mean().sqrt()) < 60.0
    assert game.critic(cast, Moment()) is None
