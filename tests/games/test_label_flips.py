"""Label flips: which logits the objective is told are real, and when."""

import torch
from torch import Tensor

from ganache.games import Moment
from ganache.games.judging import with_flips
from ganache.parts.objectives import LeastSquares, Objective
from ganache.parts.schedules import Linear
from tests.tiny import batch_of, cast_of, connected, discriminator_step, tiny_recipe, two_players


class Telling(Objective):
    """The loss of a pair is the logit that it is told is a real's."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return real_logits[:, 0]

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        return fake_logits[:, 0]


def test_without_flips_no_random_number_is_used() -> None:
    cast, batch, latents = cast_of(connected()), batch_of(), torch.randn(8, 3)
    before = torch.get_rng_state()
    discriminator_step(cast, batch, latents, tiny_recipe(), Moment())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_schedule_draws_at_every_moment_also_where_nothing_is_flipped() -> None:
    """What is drawn after the flips may not depend on a value, which a graph cannot ask."""
    after = []
    for flips in (Linear(start=0.5, end=0.0, until=10), 0.25):
        torch.manual_seed(0)
        cast, batch, latents = cast_of(connected()), batch_of(), torch.randn(8, 3)
        discriminator_step(cast, batch, latents, tiny_recipe(label_flips=flips), Moment(20))
        after.append(torch.rand(3))
    assert torch.equal(*after)


def test_all_flipped_is_the_loss_with_its_arguments_exchanged() -> None:
    real, fake = torch.tensor([[0.25], [0.5]]), torch.tensor([[0.0], [2.0]])
    loss = LeastSquares().discriminator(*with_flips(real, fake, 1.0))
    # ½(fake - 1)² + ½ real² = ½ + 1/32 and ½ + 1/8
    assert loss.tolist() == [0.53125, 0.625]


def test_pairs_are_flipped_whole_and_as_often_as_asked() -> None:
    torch.manual_seed(1)
    real, fake = torch.ones(20_000, 1, 2, 2), torch.zeros(20_000, 1, 2, 2)
    told_real, told_fake = with_flips(real, fake, 0.3)
    assert torch.equal(told_real + told_fake, real)
    per_pair = told_fake.flatten(1)
    assert torch.equal(per_pair.amin(1), per_pair.amax(1))  # a patch discriminator's logits go together
    assert abs(float(per_pair[:, 0].mean()) - 0.3) < 0.01  # three deviations: 3 · √(0.21 / 20000) = 0.0097


def test_the_share_of_a_move_is_that_of_its_moment() -> None:
    torch.manual_seed(2)
    recipe = tiny_recipe(objective=Telling(), label_flips=Linear(start=0.96, end=0.0, until=100))
    pair, batch, latents = connected(), batch_of(count=2_000), torch.randn(2_000, 3)
    shares = []
    for images_seen in (0, 50, 100):
        records = discriminator_step(cast_of(pair), batch, latents, recipe, Moment(images_seen))
        shares.append(float((records["loss/discriminator"] == records["logits/fake"]).float().mean()))
    # Three deviations: 3 · √(0.96 · 0.04 / 2000) = 0.013 and 3 · √(0.48 · 0.52 / 2000) = 0.034.
    assert abs(shares[0] - 0.96) < 0.013
    assert abs(shares[1] - 0.48) < 0.034
    assert shares[2] == 0.0


def test_what_is_recorded_of_the_logits_is_not_flipped() -> None:
    torch.manual_seed(3)
    batch, latents = batch_of(), torch.randn(8, 3)
    pair = connected()
    discriminator = pair[1]
    expected = discriminator(batch.reals / 2, batch.conditions)
    records = discriminator_step(cast_of(pair), batch, latents, tiny_recipe(label_flips=0.99), Moment())
    torch.testing.assert_close(records["logits/real"], expected.logits[:, 0].detach())


def test_it_can_be_set_by_name() -> None:
    assert two_players("dcgan", "label_flips=0.05").label_flips == 0.05
