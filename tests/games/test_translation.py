"""Games that translate: their losses by hand, what moves in which order, and exact resume with a pool."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games.translation import Translation
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.objectives import Hinge, RelativisticPairing
from ganache.parts.penalties import R1
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from tests.tiny import draws_of, tiny_state

SHAPE = ImageShape(4, 16, 16, given=1)
ALIKE = ImageShape(2, 16, 16, given=1)
NARROW = ["translator.width=2", "discriminator.width=4", "batch_size=3"]
FEW = ["vectors=4", "translator.blocks=1", "layers=[0,2,4]"]  # of the contrast


def small(name: str, *settings: str) -> Translation:
    game = with_settings(recipes.find(name), [*NARROW, *(FEW if name == "cut" else ()), *settings])
    assert isinstance(game, Translation)
    return game


def begun(game: Translation, shape: ImageShape = SHAPE) -> TrainingState:
    return tiny_state(game, shape)


def played(state: TrainingState, count: int = 1) -> dict[str, float]:
    draws = draws_of(state)
    for _ in range(count):
        iterate(state, draws)
    return state.tally.means()


def weights(state: TrainingState, network: str) -> list[Tensor]:
    return [weight.detach().clone() for weight in state.cast.networks[network].parameters()]


def test_a_pair_is_judged_beside_its_input_and_pays_for_its_distance() -> None:
    state = begun(small("pix2pix", "translator.dropout=0"))
    given, wanted = torch.split(draws_of(state).batch().reals, [1, 3], dim=1)
    cast = state.cast
    cast.networks["discriminator"].eval()
    with torch.no_grad():
        made = cast("a_to_b", given)
        cast.networks["discriminator"](torch.cat([given, made], dim=1), given.new_zeros(3, 0))  # it takes 4 channels
    found = played(begun(small("pix2pix", "translator.dropout=0")))
    assert found["distance/target"] == pytest.approx(float((made - wanted).abs().mean()), rel=1e-5)


def test_distance_alone_is_regression() -> None:
    state = begun(small("pix2pix", "adversarial=0", "translator.dropout=0"))
    first = played(state)["distance/target"]
    state.tally.clear()
    for _ in range(20):
        iterate(state, draws_of(state))
    state.tally.clear()
    assert played(state)["distance/target"] < 0.9 * first


def test_a_discriminator_stands_still_until_its_word_counts() -> None:
    rises = '{"kind": "Linear", "start": 0, "end": 0.5, "since": 6, "until": 12}'
    state = begun(small("esrgan", "translator.blocks=1", f"adversarial={rises}"), ALIKE)
    game, before = state.recipe, weights(state, "discriminator")
    assert len({game.phase(number) for number in range(3)}) == 1  # 0, 3 and 6 images seen
    assert game.phase(2) != game.phase(3)
    assert played(state, 3).keys() == {"distance/target"}
    kept = {name: tensor.clone() for name, tensor in state.tensors().items()}
    counters = state.counts()
    assert all(map(torch.equal, before, weights(state, "discriminator")))
    assert {"loss/generator", "loss/discriminator", "gradient/fakes"} < played(state, 2).keys()
    moved = [not torch.equal(*pair) for pair in zip(before, weights(state, "discriminator"), strict=True)]
    assert sum(moved) == len(moved) - 1  # of differences of logits alone, the last bias hears nothing
    resumed = begun(game, ALIKE)  # type: ignore[arg-type]
    resumed.load(kept, counters)
    played(resumed, 2)
    assert [name for name, tensor in resumed.tensors().items() if not torch.equal(tensor, state.tensors()[name])] == []


def test_a_discriminator_is_rehearsed_however_late_its_word_counts() -> None:
    late = '{"kind": "Linear", "start": 0, "end": 1, "since": 100, "until": 200}'
    game = small("esrgan", "translator.blocks=1", f"adversarial={late}")
    asked: list[torch.Size] = []
    with torch.device("meta"):
        cast = game.build(ALIKE, 0)
        cast.networks["discriminator"].register_forward_pre_hook(lambda module, given: asked.append(given[0].shape))
        game.check(cast, ALIKE, 0)
    assert asked
    assert set(asked) == {(3, 1, 16, 16)}


def test_only_what_is_made_may_be_judged() -> None:
    cast = small("pix2pix", "judges_pairs=false").build(SHAPE, 0)
    assert cast.networks["discriminator"](torch.zeros(2, 3, 16, 16), torch.zeros(2, 0)).shape[1] == 1


def test_a_cycle_pays_for_the_way_there_and_back_and_for_changing_its_own() -> None:
    settings = ("augment=Unchanged", "pool=0")
    state = begun(small("cyclegan", *settings), ALIKE)
    a, b = torch.split(draws_of(state).batch().reals, [1, 1], dim=1)
    there, back = state.cast.networks["a_to_b"], state.cast.networks["b_to_a"]
    with torch.no_grad():
        cycle = (back(there(a)) - a).abs().mean() + (there(back(b)) - b).abs().mean()
        identity = (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
        none = torch.zeros(3, 0)
        fooled = sum(
            ((state.cast.networks[f"discriminator_{side}"](made, none) - 1.0) ** 2).mean() / 2.0
            for side, made in (("a", back(b)), ("b", there(a)))
        )
    found = played(begun(small("cyclegan", *settings), ALIKE))
    assert found["distance/cycle"] == pytest.approx(float(cycle), rel=1e-4)
    assert found["distance/identity"] == pytest.approx(float(identity), rel=1e-4)
    assert found["loss/generator"] == pytest.approx(float(fooled), rel=1e-4)


def test_both_translators_and_both_discriminators_move() -> None:
    state = begun(small("cyclegan"), ALIKE)
    before = {name: weights(state, name) for name in state.cast.networks}
    played(state)
    for name, old in before.items():
        assert any(not torch.equal(one, other) for one, other in zip(old, weights(state, name), strict=True)), name
    assert {product.network: product.is_reverse for product in state.recipe.translators} == {
        "a_to_b": False,
        "b_to_a": True,
    }
    assert not state.recipe.draws


def test_domains_of_other_channels_have_no_identity() -> None:
    with pytest.raises(UserError, match=r"^identity: .* different channels; --set identity=0$"):
        small("cyclegan").build(SHAPE, 0)
    game = small("cyclegan", "identity=0")
    found = played(begun(game))
    assert "distance/identity" not in found
    assert game.build(SHAPE, 0).networks["b_to_a"](torch.zeros(1, 3, 16, 16)).shape == (1, 1, 16, 16)


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "cut"])
def test_a_game_goes_with_other_objectives_penalties_and_augmentations(name: str) -> None:
    parts: dict[str, Any] = {"penalties": {"r1": R1(weight=0.1, every=2)}, "augment": DiffAugment()}
    for objective in (RelativisticPairing(), Hinge()):
        state = begun(small(name, "discriminator.norm=instance").changed(objective=objective, **parts), ALIKE)
        found = played(state, 3)
        state.check_finite()
        assert "penalty/r1" in found


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "cut", "esrgan"])
def test_a_game_needs_inputs(name: str) -> None:
    with pytest.raises(UserError, match="learns from inputs and targets, and these images are alone"):
        small(name).build(ImageShape(3, 16, 16), 0)


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "cut", "esrgan"])
def test_discriminators_are_told_classes_and_translators_are_not(name: str) -> None:
    pool = ["pool=0"] * (name == "cyclegan")
    now = ["adversarial=1"] * (name == "esrgan")
    state = tiny_state(small(name, "conditional=true", *pool, *now), ALIKE, labels=2)
    asked: dict[str, list[Any]] = {part: [] for part in state.cast.networks}
    for part, network in state.cast.networks.items():
        network.register_forward_pre_hook(lambda module, given, part=part: asked[part].append(given))
    told = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    iterate(state, draws_of(state, classes=2))
    for part, calls in asked.items():
        for given in calls:
            assert len(given) == (2 if part.startswith("discriminator") else 1), part
    heard = [given[1] for part, calls in asked.items() if part.startswith("discriminator") for given in calls]
    assert heard
    assert all(torch.equal(conditions[:3], told) for conditions in heard)


def test_where_classes_are_told_no_picture_of_another_is_shown_again() -> None:
    with pytest.raises(UserError, match=r"^pool: old translations are of other classes .*; --set pool=0$"):
        small("cyclegan", "conditional=true").build(ALIKE, 2)


def test_a_term_of_the_generator_is_no_penalty() -> None:
    with pytest.raises(UserError, match=r"penalties.*FeatureMatching is no term of a discriminator's loss"):
        small("pix2pix", "penalties.matching=FeatureMatching")


def test_a_term_that_reads_a_head_is_no_penalty() -> None:
    with pytest.raises(UserError, match=r"penalties.*ClassCrossEntropy needs the head 'class', and there is none here"):
        small("cyclegan", "penalties.classes=ClassCrossEntropy", "conditional=true", "pool=0")


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "cut"])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("penalties.r1=R1", r"^penalties\.r1: R1 needs logits .* batch norm mixes .*discriminator\.norm=instance"),
        ("discriminator.spectral_norm=true", "which then bounds nothing; use one .*discriminator.norm=instance"),
    ],
)
def test_norms_that_contradict_what_is_asked_are_refused(name: str, more: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        rehearse(small(name, "discriminator.norm=batch", more).settled(ALIKE, 1_000)[0], ALIKE, 0)
    rehearse(small(name, "discriminator.norm=instance", more).settled(ALIKE, 1_000)[0], ALIKE, 0)


def test_a_full_pool_is_part_of_what_is_resumed() -> None:
    game = small("cyclegan", "pool=4")
    resumed_as_undisturbed(game)
    state = begun(game, ALIKE)
    played(state, 3)
    assert int(state.cast.memories["pool_a"].filled) == 4  # type: ignore[arg-type]


def test_places_that_are_drawn_are_those_of_the_iteration() -> None:
    resumed_as_undisturbed(small("cut", "places=5"))


def resumed_as_undisturbed(game: Translation) -> None:
    state = begun(game, ALIKE)
    played(state, 3)
    kept = {name: tensor.clone() for name, tensor in state.tensors().items()}
    counters = state.counts()
    played(state, 2)
    resumed = begun(game, ALIKE)
    resumed.load(kept, counters)
    played(resumed, 2)
    assert [name for name, tensor in resumed.tensors().items() if not torch.equal(tensor, state.tensors()[name])] == []


def test_how_inputs_and_targets_must_meet_is_known_before_the_data_are_opened() -> None:
    named = {"pix2pix": "pairs", "esrgan": "pairs", "cyclegan": "domains", "cut": "domains", "dcgan": None}
    assert {name: recipes.find(name).meeting for name in named} == named
    assert {small(name, "conditional=true").meeting for name in ("cyclegan", "cut")} == {"classes"}
    assert small("pix2pix", "conditional=true").meeting == "pairs"
