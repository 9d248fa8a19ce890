"""An encoder that learns alone: its loss by hand, and two networks that stand still."""

import pytest
import torch
from torch import Tensor, nn

from ganache.engine.iteration import iterate
from ganache.games import Cast, Moment, Player
from ganache.games.game import TrainingBatch
from ganache.networks import PatchDiscriminator
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError
from ganache.support.precision import FULL
from tests.tiny import RATE, SHAPE, Descent, batch_of, draws_of, tiny_inversion, tiny_state


class Factor(nn.Module):
    """Multiplies by a weight."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))

    def forward(self, images: Tensor, conditions: Tensor | None = None) -> Tensor:
        return images * self.weight


class Judge(nn.Module):
    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        return Verdict(images.flatten(1)[:, :1], images.flatten(1) * self.weight)


def weight_of(network: nn.Module) -> float:
    (weight,) = network.parameters()
    return weight.item()


class OneBatch:
    def __init__(self, reals: Tensor) -> None:
        self.reals = reals

    def batch(self) -> TrainingBatch:
        return TrainingBatch(self.reals, self.reals.new_zeros(len(self.reals), 0))


def test_the_encoder_descends_both_residuals_and_nobody_else_moves() -> None:
    reals = torch.tensor([[1.0, -2.0], [3.0, 0.5]], dtype=torch.float64)
    networks = {"generator": Factor(2.0), "discriminator": Judge(3.0), "encoder": Factor(0.25)}
    cast = Cast({**networks}, {}, {"encoder": Player(Descent(), ("encoder",))})
    cast.begin(FULL)
    seen = tiny_inversion(features=0.5).play(cast, OneBatch(reals), Moment())  # type: ignore[arg-type]
    # G(E(x)) = 2 · w · x with w = 1/4: x - x/2 is half of x, and the features three times as far apart.
    squares = reals.square().mean(dim=1)
    torch.testing.assert_close(seen["distance/image"].double(), squares / 4)
    torch.testing.assert_close(seen["distance/features"].double(), 9 * squares / 4)
    # d/dw of (2w - 1)² (1 + 9/2) E[x²] at 1/4 is 4 (2w - 1) · 5.5 E[x²].
    slope = 4 * (2 * 0.25 - 1) * 5.5 * float(squares.mean())
    assert weight_of(networks["encoder"]) == pytest.approx(0.25 - RATE * slope)
    assert weight_of(networks["generator"]) == 2.0
    assert weight_of(networks["discriminator"]) == 3.0


def test_an_encoder_comes_nearer_and_the_kept_generator_is_the_one_that_it_was_given() -> None:
    state = tiny_state(tiny_inversion(ema_half_life=8.0))
    before = {name: one.clone() for name, one in state.cast.networks["generator"].state_dict().items()}
    batch = OneBatch(batch_of(count=4).reals)
    first, *_, last = (state.recipe.play(state.cast, batch, state.now)["distance/image"].mean() for _ in range(80))  # type: ignore[arg-type]
    assert last < 0.7 * first
    iterate(state, draws_of(state))
    for network in (state.cast.networks["generator"], state.average):
        assert all(torch.equal(one, before[name]) for name, one in network.state_dict().items())


def test_it_is_told_no_classes_and_needs_features() -> None:
    with pytest.raises(UserError, match="is told no classes"):
        tiny_inversion().build(SHAPE, 2)
    with pytest.raises(UserError, match="PatchDiscriminator has no features"):
        tiny_inversion(discriminator=PatchDiscriminator(width=2, layers=1)).build(type(SHAPE)(1, 16, 16), 0)
