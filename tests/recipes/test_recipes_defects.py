"""What published listings of these GANs got wrong, each as a test that the mistake would fail."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganache.data import open_dataset, select
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.networks.layers import Upsample
from ganache.parts.verdict import Verdict
from ganache.training.observers.held_out import HeldOut
from tests.recipes.test_recipes_training import small
from tests.tiny import Numbered, NumberedStream, draws_of, tiny_recipe, tiny_state
from tests.training.company import measured

SHAPE, BATCH = ImageShape(1, 8, 8), 4


class Watched:
    """One iteration of a small recipe on rows that their pixels tell apart: what went in and out of both networks."""

    def __init__(self, name: str, classes: int = 0) -> None:
        self.data = Numbered(SHAPE, classes=classes)
        self.state: TrainingState = tiny_state(small(name), SHAPE, labels=classes)
        self.judged: list[tuple[Tensor, Tensor, Tensor]] = []  # images, labels, logits
        self.made: list[Tensor] = []  # labels
        self.state.cast.networks["discriminator"].register_forward_hook(self._judged())
        self.state.cast.networks["generator"].register_forward_hook(self._made())
        iterate(self.state, StateDraws(select(self.data), self.state))

    def _judged(self) -> Callable[..., None]:
        def note(_: nn.Module, given: tuple[Tensor, Tensor], said: Verdict | Tensor) -> None:
            # Reals and fakes may go through in one pass, one after the other.
            parts = (given[0].detach(), given[1], Verdict.of(said).logits.detach())
            self.judged += zip(*(torch.split(part, BATCH) for part in parts), strict=True)

        return note

    def _made(self) -> Callable[..., None]:
        return lambda _, given, images: self.made.append(given[1])

    def reals(self) -> list[tuple[Tensor, Tensor]]:
        """Return (row numbers, labels) of every pass of reals: their images are of one value each."""
        return [
            (((images[:, 0, 0, 0] + 1.0) * 127.5).round().long(), labels)
            for images, labels, _ in self.judged
            if bool((images == images[:, :1, :1, :1]).all())
        ]


def test_the_five_critic_steps_see_five_batches() -> None:
    watched = Watched("wgan")
    rows = [seen.tolist() for seen, _ in watched.reals()]
    assert rows == [[4 * step + index for index in range(4)] for step in range(5)]
    assert watched.data.streams[0].asked == [(4 * step, 4) for step in range(5)]
    assert len(watched.made) == 6
    fakes = [images for images, _, _ in watched.judged if not bool((images == images[:, :1, :1, :1]).all())]
    assert len(fakes) == 6
    assert all(not torch.equal(first, second) for first, second in itertools.pairwise(fakes))


def test_the_gradient_penalty_is_taken_at_every_one_of_the_five_steps() -> None:
    watched = Watched("wgan-gp")
    # Five times reals, fakes and the points between them, then the generator's fakes.
    assert len(watched.judged) == 5 * 3 + 1
    assert float(watched.state.tally.entries["penalty/gradient_penalty"][1]) == 5 * 4


def test_reals_carry_their_own_labels_as_one_hot_vectors() -> None:
    watched = Watched("ralsgan-conditional", classes=3)
    passes = watched.reals()
    assert len(passes) == 2  # for the discriminator's half and, relativistic, for the generator's
    for rows, labels in passes:
        assert labels.shape == (4, 3)
        assert torch.equal(labels, torch.eye(3)[rows % 3])
    assert passes[0][0].tolist() == [0, 1, 2, 3]
    assert passes[1][0].tolist() == [4, 5, 6, 7]  # fresh ones


def test_fakes_are_made_and_judged_with_the_labels_of_the_reals_beside_them() -> None:
    watched = Watched("ralsgan-conditional", classes=3)
    (real, fake), (moved, compared) = watched.judged[:2], watched.judged[2:]
    assert torch.equal(real[1], fake[1])
    assert torch.equal(moved[1], compared[1])
    assert torch.equal(watched.made[0], real[1])
    assert torch.equal(watched.made[1], moved[1])


def test_labels_enter_as_constant_planes_beside_the_image_and_values_beside_the_latent() -> None:
    data = Numbered(SHAPE, classes=3)
    state = tiny_state(small("ralsgan-conditional"), SHAPE, labels=3)
    entered: dict[str, list[Tensor]] = {"planes": [], "vectors": []}
    first = next(layer for layer in state.cast.networks["discriminator"].modules() if isinstance(layer, nn.Conv2d))
    first.register_forward_hook(lambda _, given, out: entered["planes"].append(given[0].detach()))
    project = next(layer for layer in state.cast.networks["generator"].modules() if isinstance(layer, nn.Linear))
    project.register_forward_hook(lambda _, given, out: entered["vectors"].append(given[0].detach()))
    iterate(state, StateDraws(select(data), state))
    labels = torch.eye(3)[[0, 1, 2, 0]]
    real = entered["planes"][0]
    assert real.shape == (4, 1 + 3, 8, 8)
    assert torch.equal(real[:, 1:], labels[:, :, None, None].expand(4, 3, 8, 8))
    assert entered["vectors"][0].shape == (4, 128 + 3)
    assert torch.equal(entered["vectors"][0][:, 128:], labels)


def test_reals_have_the_range_of_the_generators_tanh() -> None:
    watched = Watched("minimax")
    images = watched.judged[0][0]
    assert images[:, 0, 0, 0].tolist() == pytest.approx([value / 127.5 - 1.0 for value in range(4)], rel=1e-6)
    state = tiny_state(small("minimax"), SHAPE)
    state.counters.images_drawn = 248
    later = draws_of(state).batch().reals
    assert 0.96 < float(later.max()) <= 1.0
    assert float(later.min()) == -1.0  # row 251 begins again at 0


def test_the_generator_plays_the_relativistic_game_of_its_discriminator() -> None:
    watched = Watched("ralsgan-conditional", classes=3)
    (_, _, real), (_, _, fake) = watched.judged[:2]
    (_, _, moved), (_, _, compared) = watched.judged[2:]
    losses = watched.state.tally.means()
    expected = mse_loss(real, (fake.mean() + 1).expand_as(real)) + mse_loss(fake, (real.mean() - 1).expand_as(fake))
    assert torch.isclose(torch.tensor(losses["loss/discriminator"]), expected, rtol=1e-5)
    shifted = (moved.mean() - 1).expand_as(compared), (compared.mean() + 1).expand_as(moved)
    expected = mse_loss(compared, shifted[0]) + mse_loss(moved, shifted[1])
    assert torch.isclose(torch.tensor(losses["loss/generator"]), expected, rtol=1e-5)


def test_the_digits_dcgan_moves_its_generator_first_and_logs_its_loss() -> None:
    watched = Watched("dcgan-mnist")
    assert len(watched.judged) == 3
    (_, _, moved), (real, _, _) = watched.judged[0], watched.judged[1]
    assert bool((real == real[:, :1, :1, :1]).all())
    expected = nn.functional.binary_cross_entropy_with_logits(moved, torch.ones_like(moved))
    assert torch.isclose(torch.tensor(watched.state.tally.means()["loss/generator"]), expected, rtol=1e-5)


def test_the_upsampling_of_the_wide_generator_is_that_of_its_paper() -> None:
    generator = tiny_state(small("ralsgan"), ImageShape(3, 64, 64)).cast.networks["generator"]
    stages = [layer.convolution for layer in generator.modules() if isinstance(layer, Upsample)]
    assert [(stage.kernel_size, stage.stride, stage.padding) for stage in stages] == [((4, 4), (2, 2), (1, 1))] * 4
    assert all(stage.bias is None for stage in stages)


def test_a_batch_size_that_does_not_divide_the_data_meets_no_short_batch() -> None:
    data = open_dataset("digits")
    state = tiny_state(tiny_recipe(batch_size=500), data.shape)
    draws = StateDraws(select(data), state)
    sizes = [
        (len(batch.reals), len(batch.conditions)) for batch in (draws.batch() for _ in range(8))
    ]  # 1,797 images a pass
    assert sizes == [(500, 500)] * 8
    iterate(state, draws)
    assert state.counters.images_drawn == 4500
    state.check_finite()


def test_an_examination_of_any_size_has_a_label_for_every_image_and_counts_them_all() -> None:
    class Rest(Numbered):
        def summary(self) -> dict[str, Any]:
            return {"splits": {"train": [0, 600], "test": [600, 1113]}}

        def rows_by_label(self, split: str = "train") -> Any:
            return {"train": np.array([200, 200, 200, 0]), "test": np.array([171, 171, 171, 0])}[split]

        def stream(self, seed: int, labels: Any = (), split: str = "train") -> NumberedStream:
            stream = super().stream(seed, labels, split)
            stream.count = {"train": 600, "test": 513}[split]
            return stream

    data = Rest(SHAPE, classes=3)
    state = tiny_state(tiny_recipe(conditional=True), SHAPE, labels=3)
    held = HeldOut(select(data), state)
    measured(held, state)
    assert held.count == 513  # neither the training set's length nor a multiple of the group
    assert data.streams[-1].asked == [(0, 250), (250, 250), (500, 13)]


def test_latents_and_reals_have_the_precision_of_the_weights() -> None:
    state = tiny_state(small("lsgan"), ImageShape(1, 16, 16))
    draws = draws_of(state)
    batch, latents = draws.batch(), draws.latents(state.recipe.sampler.latent)
    weights = {parameter.dtype for network in state.cast.networks.values() for parameter in network.parameters()}
    assert {latents.dtype, batch.reals.dtype} == weights == {torch.float32}
