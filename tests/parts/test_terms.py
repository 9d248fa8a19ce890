"""Terms and their place in a recipe: feature matching by hand and against autograd, and what JSON may say."""

import copy
import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.engine.iteration import iterate
from ganache.games import Moment, TwoPlayers
from ganache.networks.base import FeatureDiscriminator
from ganache.parts.augmentations import InputNoise
from ganache.parts.part import parse
from ganache.parts.penalties import R1, GradientPenalty
from ganache.parts.schedules import Linear
from ganache.parts.terms import FeatureMatching, Move, Weighted
from ganache.parts.verdict import Verdict
from ganache.recipes.rehearsal import rehearse
from ganache.support.errors import UserError
from tests.tiny import (
    RATE,
    SHAPE,
    batch_of,
    cast_of,
    connected,
    draws_of,
    generator_step,
    noting,
    set_in,
    tiny_recipe,
    tiny_state,
)

MATCHING = tiny_recipe(generator_terms={"matching": FeatureMatching(weight=3.0)})


class Doubled(FeatureDiscriminator):
    """Twice the first two pixels are the features."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        return 2.0 * images.flatten(1)[:, :2]

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        return features.sum(dim=1, keepdim=True)


def test_the_distance_between_mean_features_by_hand() -> None:
    cast, recipe = cast_of((connected()[0], Doubled())), tiny_recipe()  # behind an augmentation that halves
    critic, none = recipe.critic(cast, Moment()), torch.zeros(2, 0)  # the features are the pixels
    reals = torch.tensor([[[[1.0, 0.0], [5.0, 5.0]]], [[[3.0, 2.0], [5.0, 5.0]]]])
    fakes = torch.tensor([[[[0.0, 0.0], [9.0, 9.0]]], [[[1.0, -2.0], [9.0, 9.0]]]], requires_grad=True)
    said = critic(reals, none), critic(fakes, none)
    term = FeatureMatching()(Move(critic, cast.networks, torch.zeros(2, 3), none, reals, fakes, *said))
    assert term.tolist() == [6.25, 6.25]  # means (2, 1) and (½, -1): 1.5² + 2²
    term.mean().backward()  # type: ignore[no-untyped-call]
    assert fakes.grad is not None
    # ∂/∂f of (½ Σ f - …)² is 2 · ½ · (mean fake - mean real), for the first two pixels of both.
    assert fakes.grad[:, 0].flatten(1).tolist() == [[-1.5, -2.0, 0.0, 0.0]] * 2


@pytest.mark.parametrize("adversarial", [0.0, 1.0, 0.25])
def test_the_generator_descends_the_weighted_sum(adversarial: float) -> None:
    torch.manual_seed(0)
    pair, batch, latents = connected(), batch_of(), torch.randn(8, 3)
    generator, discriminator = copy.deepcopy(pair[0]), copy.deepcopy(pair[1]).requires_grad_(False)
    fakes = generator(latents, batch.conditions)
    assert isinstance(discriminator, FeatureDiscriminator)
    difference = [discriminator.features(images / 2, batch.conditions).mean(dim=0) for images in (batch.reals, fakes)]
    logits = Verdict.of(discriminator(fakes / 2, batch.conditions)).logits
    loss = adversarial * nn.functional.softplus(-logits).mean()
    loss = loss + 3.0 * (difference[0] - difference[1]).square().sum()
    weights = list(generator.parameters())
    slopes = torch.autograd.grad(loss, weights)
    cast, recipe = cast_of(pair), MATCHING.changed(adversarial=adversarial)
    records = generator_step(cast, batch, latents, recipe, Moment(), due=["matching"])
    for weight, start, slope in zip(cast.networks["generator"].parameters(), weights, slopes, strict=True):
        torch.testing.assert_close(weight.grad, slope)
        torch.testing.assert_close(weight, start - RATE * slope)
    distance = float((difference[0] - difference[1]).detach().square().sum())
    assert records["term/matching"].tolist() == pytest.approx([distance] * 8)
    said = adversarial * nn.functional.softplus(-logits)[:, 0].detach()
    torch.testing.assert_close(records["loss/generator"], said)


def test_weights_are_those_of_the_moment_and_the_generator_gets_other_reals() -> None:
    pulls = FeatureMatching(weight=Linear(start=0.0, end=8.0, until=8))
    game = noting(generator_terms={"m": pulls}, adversarial=Linear(start=1.0, end=0.0, until=8))
    state = tiny_state(game)
    assert game.generator_takes_reals
    iterate(state, draws_of(state))
    first, second = game.moves
    assert (second.role, second.now.images_seen, second.due) == ("generator", 4, ("m",))
    rows = [((move.batch.reals[:, 0, 0, 0] + 1) * 127.5).round().tolist() for move in (first, second)]
    assert rows == [[0, 1, 2, 3], [4, 5, 6, 7]]

    torch.manual_seed(2)
    cast, batch, latents = cast_of(connected()), batch_of(), torch.randn(8, 3)
    full = generator_step(cast_of(copy.deepcopy(_pair(cast))), batch, latents, game, Moment(0), due=["m"])
    half = generator_step(cast_of(copy.deepcopy(_pair(cast))), batch, latents, game, Moment(4), due=["m"])
    torch.testing.assert_close(half["loss/generator"], full["loss/generator"] / 2)


def test_a_term_is_set_by_its_name_and_taken_away_by_null() -> None:
    recipe = set_in(tiny_recipe(), "generator_terms.matching=FeatureMatching", "adversarial=0")
    assert recipe.generator_terms == {"matching": FeatureMatching()}
    rehearse(recipe, SHAPE, 0)
    assert set_in(recipe, "generator_terms.matching=null").generator_terms == {}
    weighed = set_in(recipe, "generator_terms.matching.weight=2", "generator_terms.matching.every=4")
    assert weighed.generator_terms == {"matching": FeatureMatching(weight=2.0, every=4)}


def test_matching_sees_augmented_images() -> None:
    torch.manual_seed(1)
    recipe = tiny_recipe(augment=InputNoise(deviation=0.5), generator_terms={"m": FeatureMatching()})
    state = tiny_state(recipe)
    iterate(state, draws_of(state))
    state.tally.check_finite()
    assert float(state.tally.entries["term/m"][0]) > 0.0


def test_a_term_without_memory_is_a_module_that_holds_nothing() -> None:
    terms = MATCHING.changed(penalties={"r1": R1()}).build_terms(SHAPE, 0)
    assert list(terms) == ["penalties.r1", "generator_terms.matching"]
    assert all(module.state_dict() == {} for module in terms.values())


# ---- what the first edition wrote -------------------------------------------------------------------------------

CURVE = {"kind": "Linear", "start": 1.0, "end": 0.0, "since": 0.0, "until": 9.0}
BEFORE: list[tuple[Any, Any]] = [
    ({"kind": "Weighted", "penalty": {"kind": "R1"}, "weight": 10.0, "every": 16}, R1(weight=10.0, every=16)),
    ({"penalty": {"kind": "R1"}, "weight": 10.0}, R1(weight=10.0)),
    ({"penalty": "GradientPenalty"}, GradientPenalty()),
    ({"kind": "Weighted", "penalty": {"kind": "R1"}, "weight": CURVE}, R1(weight=parse(Linear, CURVE))),
    ("R1", R1()),
    ({"kind": "R1"}, R1()),
    (R1(weight=2.0), R1(weight=2.0)),
    ({"kind": "R1", "weight": 2.0, "every": 3}, R1(weight=2.0, every=3)),
]


@pytest.mark.parametrize(("written", "term"), BEFORE)
def test_a_penalty_is_read_as_the_first_edition_wrote_it_and_as_it_is_written_now(written: Any, term: R1) -> None:
    fields = json.loads(tiny_recipe().to_json())
    recipe = parse(TwoPlayers, {**fields, "kind": "Recipe", "penalties": {"one": written}})
    assert recipe.penalties == {"one": term}
    again = json.loads(recipe.to_json())
    assert (again["kind"], again["penalties"]["one"]["kind"]) == ("TwoPlayers", type(term).__name__)
    assert parse(TwoPlayers, again) == recipe


def test_the_generators_terms_are_read_as_the_first_edition_wrote_them() -> None:
    fields = json.loads(tiny_recipe().to_json())
    written = {"matching": {"kind": "FeatureMatching", "weight": 3.0}}  # it had a weight, and came every time
    recipe = parse(TwoPlayers, {**fields, "kind": "Recipe", "generator_terms": written})
    assert recipe.generator_terms == {"matching": FeatureMatching(weight=3.0, every=1)}


def test_weighted_is_the_term_with_that_weight() -> None:
    weight = Linear(start=1.0, end=0.0, until=9.0)
    assert Weighted(penalty=R1(), weight=weight, every=4) == R1(weight=weight, every=4)
    assert Weighted(R1(weight=2.0)) == R1()


@pytest.mark.parametrize("setting", ["penalties.r1=R1", "penalties.r1=r1", 'penalties.r1={"penalty": "R1"}'])
def test_a_bare_name_is_a_term_of_weight_1_every_time(setting: str) -> None:
    assert set_in(tiny_recipe(), setting).penalties == {"r1": R1(weight=1.0, every=1)}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('penalties.r1={"penalty": "R1", "every": 0}', r"^penalties.r1.every: input should be greater than"),
        ('penalties.r1={"kind": "R1", "every": 0}', r"^penalties.r1.every: input should be greater than"),
        ('penalties.r1={"kind": "R1", "weight": -1}', r"^penalties.r1.weight: values must be at least 0 and finite"),
        ('penalties.r1={"penalty": "R1", "wieght": 3}', r"^penalties.r1.wieght: there is no such field"),
        ("penalties.r1=Zzz", r"^penalties.r1: no Term is called 'Zzz'"),
        ('penalties.r1={"penalty": 3}', r"^penalties.r1"),
        ('penalties.r1={"penalty": {"kind": "R1", "weight": 2.0}, "weight": 3.0, "often": 1}', r"^penalties.r1"),
    ],
)
def test_a_term_that_cannot_be_is_refused_in_one_line(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        set_in(tiny_recipe(), setting)
    assert "\n" not in str(refused.value)


def _pair(cast: Any) -> tuple[nn.Module, nn.Module]:
    return cast.networks["generator"], cast.networks["discriminator"]
