from typing import Any

import pytest
import torch
from torch import Tensor

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games import Growing
from ganache.games.game import TrainingBatch
from ganache.networks import MLPGenerator
from ganache.networks.halving import averaged
from ganache.parts.latents import Normal
from ganache.recipes.settings import with_settings
from ganache.runs import products
from ganache.support.errors import UserError
from tests.tiny import draws_of, set_in, tiny_state

SHAPE = ImageShape(1, 16, 16)  # 4×4, 8×8, 16×16
SETTINGS = ("steady=8", "fade=16", "batch_size=4", "generator.width=4", "discriminator.width=4")


def state_of(*settings: str, labels: int = 0) -> TrainingState:
    return tiny_state(with_settings(recipes.find("progan"), [*SETTINGS, *settings]), SHAPE, labels=labels)


def stage_of(network: Any) -> float:
    return float(network.stage)


def test_networks_and_average_stand_where_the_images_seen_put_them() -> None:
    state = state_of()
    draws = draws_of(state)
    found = []
    for _ in range(14):
        iterate(state, draws)
        networks = [*state.cast.networks.values(), state.average]
        (stage,) = {stage_of(network) for network in networks}
        assert state.cast.marks(state.now) == {"generator/stage": stage, "discriminator/stage": stage}
        found.append(stage)
    fade = [0.25, 0.5, 0.75]
    assert found == [0.0, 0.0, 0.0, *fade, 1.0, 1.0, 1.0, *(1.0 + share for share in fade), 2.0, 2.0]


def test_iterations_between_the_same_sizes_are_of_one_phase() -> None:
    game = state_of().recipe
    phases = [game.phase(number) for number in range(14)]
    # At 0 a fade begins whose share is 0 still: nothing but the coarser size is computed.
    assert [phases.index(phase) for phase in phases] == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12, 12]
    beyond = {game.phase(number) for number in range(10_000, 10_010)}
    assert len(beyond) == 1


def test_reals_are_resampled_for_both_players(monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_of()
    given: list[Tensor] = []
    move = Growing.move_discriminator

    def noted(self: Growing, cast: Any, batch: TrainingBatch, *rest: Any) -> Any:
        given.append(batch.reals)
        return move(self, cast, batch, *rest)

    monkeypatch.setattr(Growing, "move_discriminator", noted)
    draws = draws_of(state)
    monkeypatch.setattr(draws, "batch", lambda: TrainingBatch(torch.arange(1024.0).view(4, 1, 16, 16) / 1024, NONE))
    for _ in range(13):
        iterate(state, draws)
    full = torch.arange(1024.0).view(4, 1, 16, 16) / 1024
    means = [float(block.mean()) for block in full[0, 0].unfold(0, 4, 4).unfold(1, 4, 4).flatten(0, 1)]
    assert given[0][0, 0, ::4, ::4].flatten().tolist() == pytest.approx(means)
    assert torch.equal(averaged(given[0], (8, 8))[..., ::2, ::2], averaged(averaged(full, (8, 8)), (4, 4)))
    coarse, fine = given[0], given[6]
    torch.testing.assert_close(given[4], torch.lerp(coarse, fine, 0.5))
    assert torch.equal(given[12], full)


NONE = torch.zeros(4, 0)


@pytest.mark.parametrize("begun", [1, 4, 7, 10])
def test_it_resumes_to_the_same_bits_within_a_stage_and_in_the_middle_of_a_fade(begun: int) -> None:
    undisturbed = state_of()
    draws = draws_of(undisturbed)
    for _ in range(begun):
        iterate(undisturbed, draws)
    kept = {name: tensor.clone() for name, tensor in undisturbed.tensors().items()}
    counters = undisturbed.counts()
    for _ in range(5):
        iterate(undisturbed, draws)
    resumed = state_of()
    resumed.load(kept, counters)
    draws = draws_of(resumed)
    for _ in range(5):
        iterate(resumed, draws)
    ours, theirs = resumed.tensors(), undisturbed.tensors()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_file_of_the_middle_draws_pictures_of_the_whole_size(tmp_path: Any) -> None:
    state = state_of()
    draws = draws_of(state)
    for _ in range(5):
        iterate(state, draws)
    file = tmp_path / "generator.safetensors"
    products.save(file, state.average, state.recipe, SHAPE, {"label_names": []})
    images = products.load(file).draw(torch.ones(2, 64), torch.zeros(2, 0))
    assert images.shape == (2, 1, 16, 16)
    # No detail is finer than 8×8 as long as that is the finer of the two sizes.
    blocks = images.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2)
    assert torch.equal(blocks, blocks[..., :1].expand_as(blocks))


def test_reals_are_examined_as_they_were_trained_on() -> None:
    state = state_of()
    draws = draws_of(state)
    for _ in range(5):
        iterate(state, draws)
    images = torch.rand(4, 1, 16, 16)
    trained = state.recipe.shown(state.cast, images)
    for network in state.cast.networks.values():
        network.eval()
    torch.testing.assert_close(state.recipe.shown(state.cast, images), trained)
    assert not torch.equal(trained, images)
    other = tiny_state(recipes.find("dcgan"), SHAPE)
    assert other.recipe.shown(other.cast, images) is images


def test_a_network_that_cannot_grow_is_refused() -> None:
    game = set_in(recipes.find("progan")).changed(generator=MLPGenerator(latent=Normal(size=3)))
    with pytest.raises(UserError, match=r"generator: Growing needs a network that grows, such as .*, not MLPGenerator"):
        game.build(SHAPE, 0)


def test_networks_that_grow_are_fully_grown_in_any_other_game() -> None:
    grown = recipes.find("progan")
    game = set_in(recipes.find("dcgan")).changed(generator=grown.generator, discriminator=grown.discriminator)  # type: ignore[attr-defined]
    cast = game.build(SHAPE, 0)
    assert {stage_of(network) for network in cast.networks.values()} == {2.0}


def test_the_published_values() -> None:
    recipe = recipes.find("progan")
    assert isinstance(recipe, Growing)
    fields = recipe.model_dump(mode="json")
    assert fields["penalties"]["gradient_penalty"]["weight"] == 10.0
    assert fields["penalties"]["drift"]["weight"] == 0.001
    for player in ("generator", "discriminator"):
        assert fields["optimizers"][player]["learning_rate"] == 1e-3
        assert fields["optimizers"][player]["betas"] == [0.0, 0.99]
    assert (recipe.critic_steps, recipe.batch_size) == (1, 16)
    plain = {name: Growing.model_fields[name].default for name in ("steady", "fade")}
    assert plain == {"steady": 600_000, "fade": 600_000}
