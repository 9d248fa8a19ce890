"""Three networks, two players: both moves against slopes derived by hand, in float64."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganache
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games import BiGAN, Cast, Moment, Optimizers, Player
from ganache.games.game import TrainingBatch
from ganache.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    FeatureEncoder,
    FeaturePairDiscriminator,
    MLPDiscriminator,
    MLPGenerator,
)
from ganache.parts.latents import Latent, Normal
from ganache.parts.objectives import LeastSquares, NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from ganache.support.precision import FULL
from tests.tiny import RATE, SHAPE, Descent, draws_of, tiny_state

LATENTS, COUNT = 3, 8
BODY = MLPDiscriminator(widths=(8,), slope=0.2)


def bigan(**fields: Any) -> BiGAN:
    """Return a game of very small networks with some fields replaced."""
    adam = Adam(learning_rate=1e-2, betas=(0.5, 0.9))
    defaults: dict[str, Any] = {
        "name": "pairs",
        "generator": MLPGenerator(latent=Normal(size=LATENTS), widths=(8,)),
        "encoder": FeatureEncoder(body=BODY),
        "discriminator": FeaturePairDiscriminator(body=BODY, latent_width=4, width=8),
        "objective": NonSaturating(),
        "optimizers": Optimizers(generator=adam, discriminator=adam),
        "batch_size": COUNT,
    }
    return BiGAN(**{**defaults, **fields})


class Matrix(nn.Module):
    """One linear map without a bias, of all its inputs side by side."""

    def __init__(self, inputs: int, *shape: int) -> None:
        super().__init__()
        outputs = torch.Size(shape)
        self.weight = nn.Parameter(torch.randn(inputs, outputs.numel()) / 2)
        self.shape = outputs

    def forward(self, *inputs: Tensor) -> Tensor:
        return (torch.cat([one.flatten(1) for one in inputs], dim=1) @ self.weight).reshape(-1, *self.shape)


class Judge(Matrix):
    """Notes what it is shown."""

    def __init__(self) -> None:
        super().__init__(4 + LATENTS, 1)
        self.shown: list[tuple[Tensor, Tensor]] = []

    def forward(self, *inputs: Tensor) -> Any:
        self.shown.append((inputs[0].detach().flatten(1).double(), inputs[1].detach().double()))
        return ganache.Verdict(super().forward(*inputs))


class Given:
    """Draws that are known beforehand."""

    def __init__(self) -> None:
        random = torch.Generator().manual_seed(5)
        self.reals = [torch.rand(COUNT, 1, 2, 2, generator=random) * 2 - 1 for _ in range(2)]
        self.codes = [torch.randn(COUNT, LATENTS, generator=random) for _ in range(2)]
        self._reals, self._codes = iter(self.reals), iter(self.codes)

    def batch(self) -> TrainingBatch:
        return TrainingBatch(next(self._reals), torch.zeros(COUNT, 0))

    def nothing(self) -> TrainingBatch:
        raise AssertionError("both players need reals")

    def latents(self, latent: Latent) -> Tensor:
        assert latent.size == LATENTS
        return next(self._codes)


def matrices() -> Cast:
    """Return three matrices that move by plain gradient descent."""
    torch.manual_seed(3)
    networks: dict[str, nn.Module] = {
        "generator": Matrix(LATENTS, 1, 2, 2),
        "encoder": Matrix(4, LATENTS),
        "discriminator": Judge(),
    }
    players = {
        "generator": Player(Descent(), ("generator", "encoder")),
        "discriminator": Player(Descent(), ("discriminator",)),
    }
    cast = Cast(networks, {}, players)
    cast.begin(FULL)
    return cast


def weights(cast: Cast) -> dict[str, Tensor]:
    found = {name: network.get_parameter("weight") for name, network in cast.networks.items()}
    return {name: weight.detach().clone().double() for name, weight in found.items()}


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_both_moves_by_hand() -> None:
    """With E(x) = xA, G(z) = zB and D(x, z) = xu + zv, the slopes of ½(D - b)² are (D - b) times those of D."""
    cast, given = matrices(), Given()
    before = weights(cast)
    a, b, d = before["encoder"], before["generator"], before["discriminator"]
    (first, second), (z, later) = [x.flatten(1).double() for x in given.reals], [c.double() for c in given.codes]
    records = bigan(objective=LeastSquares()).play(cast, given, Moment())
    moved = weights(cast)

    pairs, made = torch.cat([first, first @ a], dim=1), torch.cat([z @ b, z], dim=1)
    real, fake = pairs @ d, made @ d
    judge = d - RATE * (pairs.T @ (real - 1) + made.T @ fake) / COUNT
    assert_close(moved["discriminator"], judge)
    assert_close(records["loss/discriminator"], ((real - 1) ** 2 / 2 + fake**2 / 2)[:, 0])
    assert_close(records["logits/real"], real[:, 0])
    assert_close(records["logits/fake"], fake[:, 0])
    assert_close(records["accuracy/real"], (real > 0.5).double()[:, 0])
    assert_close(records["accuracy/fake"], (fake < 0.5).double()[:, 0])

    # Now the reals are to be taken for fakes (b = 0), the fakes for reals (b = 1), by the judge that has moved.
    u, v = judge[:4], judge[4:]
    real, fake = second @ u + second @ a @ v, later @ b @ u + later @ v
    assert_close(moved["encoder"], a - RATE * second.T @ (real @ v.T) / COUNT)
    assert_close(moved["generator"], b - RATE * later.T @ ((fake - 1) @ u.T) / COUNT)
    assert_close(records["loss/generator"], (real**2 / 2 + (fake - 1) ** 2 / 2)[:, 0])


def test_the_judge_sees_images_with_their_codes_and_latents_with_what_is_made_of_them() -> None:
    cast, given = matrices(), Given()
    before = weights(cast)
    bigan().play(cast, given, Moment())
    judge = cast.networks["discriminator"]
    assert isinstance(judge, Judge)
    assert len(judge.shown) == 2  # in one batch each time
    for (images, latents), reals, codes in zip(judge.shown, given.reals, given.codes, strict=True):
        x, z = reals.flatten(1).double(), codes.double()
        assert_close(images, torch.cat([x, z @ before["generator"]]))
        assert_close(latents, torch.cat([x @ before["encoder"], z]))


def test_the_records_have_the_names_and_counts_of_any_gan() -> None:
    state = tiny_state(bigan())
    iterate(state, draws_of(state))
    counts = {name: float(entry[1]) for name, entry in state.tally.entries.items()}
    names = ("loss/discriminator", "logits/real", "logits/fake", "accuracy/real", "accuracy/fake", "loss/generator")
    assert counts == dict.fromkeys(names, COUNT)
    assert not any(bool(entry.requires_grad) for entry in state.tally.entries.values())
    # Each player takes a batch of its own; those of the discriminator are counted.
    assert state.counts() == {"images_seen": COUNT, "images_drawn": 2 * COUNT, "iterations": 1, "rollbacks": 0}


def test_all_three_networks_move_and_the_products_have_averages() -> None:
    state = tiny_state(bigan(ema_half_life=float(COUNT)))
    networks = state.cast.networks
    before = {name: [weight.clone() for weight in network.parameters()] for name, network in networks.items()}
    iterate(state, draws_of(state))
    for name, network in networks.items():
        assert not any(torch.equal(*pair) for pair in zip(network.parameters(), before[name], strict=True)), name
    assert set(state.averages) == {"generator", "encoder"}
    for name, average in state.averages.items():
        for found, start, now in zip(
            average.network.parameters(), before[name], networks[name].parameters(), strict=True
        ):
            # After one half-life.
            torch.testing.assert_close(found, (start + now.detach()) / 2, rtol=1e-6, atol=1e-7)


def test_generator_and_encoder_move_at_the_moment_after_the_discriminator() -> None:
    adam = Adam(learning_rate=Linear(start=1.0, end=0.0, until=64.0))
    state = tiny_state(bigan(optimizers=Optimizers(generator=adam, discriminator=adam)))
    iterate(state, draws_of(state))
    assert state.rates() == {"learning_rate/generator": 1 - COUNT / 64, "learning_rate/discriminator": 1.0}


def convolutional() -> BiGAN:
    """Return a game with batch norm, dropout and averages: all that a state can hold."""
    body = DCGANDiscriminator(width=4)
    return bigan(
        generator=DCGANGenerator(latent=Normal(size=LATENTS), width=4),
        encoder=FeatureEncoder(body=body),
        discriminator=FeaturePairDiscriminator(body=body, latent_width=8, width=8, dropout=0.25),
        ema_half_life=20.0,
    )


def go_on(state: TrainingState, iterations: int) -> None:
    draws = draws_of(state)
    for _ in range(iterations):
        iterate(state, draws)


def test_a_state_goes_on_to_the_same_bits_from_where_it_was_kept() -> None:
    shape = ImageShape(1, 8, 8)
    state = tiny_state(convolutional(), shape)
    go_on(state, 2)
    kept = {name: tensor.clone() for name, tensor in state.tensors().items()}
    counters = state.counts()
    go_on(state, 2)
    again = tiny_state(convolutional(), shape)
    again.load(kept, counters)
    go_on(again, 2)
    expected, found = state.tensors(), again.tensors()
    assert found.keys() == expected.keys()
    assert {name.split("/")[0] for name in found} == {
        *("generator", "encoder", "discriminator"),
        *("average", "optimizer", "tally"),
    }
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    assert [name for name in kept if torch.equal(kept[name], expected[name])] == []


def test_a_run_keeps_both_products_and_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    game = convolutional()
    whole = ganache.train(game, data="digits", out=tmp_path / "whole", images=48).run
    halves = ganache.train(game, data="digits", out=tmp_path / "halves", images=24).run
    ganache.resume(halves, images=48)
    for name in ("generator.safetensors", "encoder.safetensors"):
        assert (halves / name).read_bytes() == (whole / name).read_bytes()


def test_classes_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^conditional: a BiGAN is told no classes$"):
        tiny_state(bigan(conditional=True), labels=3)
    with pytest.raises(UserError, match=r"^conditional: a BiGAN is told no classes$"):
        ganache.train(bigan(conditional=True), data="digits", out=tmp_path / "run", images=8)
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_takes_what_fits_and_refuses_a_body_that_cannot_read_such_images() -> None:
    rehearse(convolutional(), ImageShape(3, 9, 13), 0)
    rehearse(bigan(), SHAPE, 0)
    with pytest.raises(UserError, match=r"^discriminator: LSGANDiscriminator reads images of at least 16x16"):
        rehearse(bigan(encoder=FeatureEncoder(body=ganache.LSGANDiscriminator())), SHAPE, 0)


def test_it_is_the_same_as_its_json() -> None:
    assert ganache.Game.model_validate_json(convolutional().to_json()) == convolutional()


@pytest.mark.parametrize(
    ("settings", "said"),
    [(("objective=Minimax",), "turned round"), (("objective.generator_target=3",), "the real target itself")],
)
def test_what_would_change_nothing_is_refused(settings: tuple[str, ...], said: str) -> None:
    """Before, the generator's half of the objective was taken, kept in recipe.json, and ignored."""
    with pytest.raises(UserError, match=said):
        with_settings(recipes.find("bigan"), ["objective=LeastSquares", *settings])
