"""Label flips: which logits the objective is told are real, and when."""

import torch

from ganache.games.step import _with_flips
from ganache.parts.critic import CriticPass
from ganache.parts.objectives import LeastSquares
from ganache.parts.schedules import Linear
from ganache.recipes import find
from ganache.recipes.settings import with_settings
from tests.tiny import tiny_recipe, tiny_state


def seen(real: torch.Tensor, fake: torch.Tensor) -> CriticPass:
    none = torch.zeros(0)
    return CriticPass(none, none, none, real, fake)


def test_without_flips_no_random_number_is_used() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    real, fake = torch.ones(5, 1), torch.zeros(5, 1)
    assert _with_flips(seen(real, fake), 0.0) == (real, fake)
    assert torch.equal(torch.get_rng_state(), before)


def test_all_flipped_is_the_loss_with_its_arguments_exchanged() -> None:
    real, fake = torch.tensor([[0.25], [0.5]]), torch.tensor([[0.0], [2.0]])
    loss = LeastSquares().discriminator(*_with_flips(seen(real, fake), 1.0))
    # ½(fake - 1)² + ½ real² = ½ + 1/32 and ½ + 1/8
    assert loss.tolist() == [0.53125, 0.625]


def test_pairs_are_flipped_whole_and_as_often_as_asked() -> None:
    torch.manual_seed(1)
    real, fake = torch.ones(20_000, 1, 2, 2), torch.zeros(20_000, 1, 2, 2)
    told_real, told_fake = _with_flips(seen(real, fake), 0.3)
    assert torch.equal(told_real + told_fake, real)
    per_pair = told_fake.flatten(1)
    assert torch.equal(per_pair.amin(1), per_pair.amax(1))  # a patch discriminator's logits go together
    assert abs(float(per_pair[:, 0].mean()) - 0.3) < 0.01  # three deviations: 3 · √(0.21 / 20000) = 0.0097


def test_the_schedule_reaches_the_step() -> None:
    state = tiny_state(tiny_recipe().changed(label_flips=Linear(start=0.5, end=0.0, until=100)))
    assert state.moment().label_flips == 0.5
    state.counters.images_seen = 50
    assert state.moment().label_flips == 0.25


def test_it_can_be_set_by_name() -> None:
    assert with_settings(find("dcgan"), ["label_flips=0.05"]).label_flips == 0.05
