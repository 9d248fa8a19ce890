"""Feature matching and its place in the step: by hand, against autograd, and what is refused."""

import copy

import pytest
import torch
from torch import Tensor, nn

from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.engine.iteration import Reals, iterate
from ganache.games.step import Moment, generator_step
from ganache.networks import Discriminator
from ganache.networks.base import FeatureDiscriminator
from ganache.parts.augmentations import InputNoise
from ganache.parts.generator_terms import FeatureMatching, GeneratorTerm
from ganache.parts.schedules import Linear
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from tests.tiny import SHAPE, Numbered, batch_of, connected, players_of, tiny_recipe, tiny_state

MATCHING = tiny_recipe(generator_terms={"matching": FeatureMatching(weight=3.0)})


class Doubled(nn.Module):
    """Twice the first two pixels are the features."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def features(self, images: Tensor, labels: Tensor) -> Tensor:
        return 2.0 * images.flatten(1)[:, :2]

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.features(images, labels).sum(dim=1, keepdim=True)


class Mute(Discriminator):
    """Has no features to give."""

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        return Silent()


class Silent(nn.Module):
    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return images.flatten(1).sum(dim=1, keepdim=True)


def test_the_distance_between_mean_features_by_hand() -> None:
    players = players_of((connected()[0], Doubled()))  # behind an augmentation that halves: the features are the pixels
    reals = torch.tensor([[[[1.0, 0.0], [5.0, 5.0]]], [[[3.0, 2.0], [5.0, 5.0]]]])
    fakes = torch.tensor([[[[0.0, 0.0], [9.0, 9.0]]], [[[1.0, -2.0], [9.0, 9.0]]]], requires_grad=True)
    term = FeatureMatching()(players.critic(0), reals, fakes, torch.zeros(2, 0))
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
    fakes = generator(latents, batch.labels)
    assert isinstance(discriminator, FeatureDiscriminator)
    difference = [discriminator.features(images / 2, batch.labels).mean(dim=0) for images in (batch.reals, fakes)]
    loss = adversarial * nn.functional.softplus(-discriminator(fakes / 2, batch.labels)).mean()
    loss = loss + 3.0 * (difference[0] - difference[1]).square().sum()
    expected = torch.autograd.grad(loss, list(generator.parameters()))
    players = players_of(pair)
    records = generator_step(
        players, batch, latents, MATCHING, Moment(0, {}, adversarial=adversarial, generator_terms={"matching": 3.0})
    )
    for weight, slope in zip(players.networks["generator"].parameters(), expected, strict=True):
        torch.testing.assert_close(weight.grad, slope)
    distance = float((difference[0] - difference[1]).detach().square().sum())
    assert records["term/matching"].tolist() == pytest.approx([distance] * 8)


def test_the_moment_has_the_scheduled_weights_and_the_generator_gets_other_reals() -> None:
    term = FeatureMatching(weight=Linear(start=0.0, end=8.0, until=8))
    recipe = tiny_recipe(generator_terms={"m": term}, adversarial=Linear(start=1.0, end=0.0, until=8))
    data, state = Numbered(), tiny_state(recipe)
    assert recipe.generator_takes_reals
    iterate(state, Reals(select(data), state))
    assert data.streams[0].asked == [(0, 4), (4, 4)]
    assert state.moment().generator_terms == {"m": 4.0}
    assert state.moment().adversarial == 0.5


def test_a_term_is_set_by_its_name_and_taken_away_by_null() -> None:
    recipe = with_settings(tiny_recipe(), ["generator_terms.matching=FeatureMatching", "adversarial=0"])
    assert recipe.generator_terms == {"matching": FeatureMatching()}
    rehearse(recipe, SHAPE, 0)
    assert with_settings(recipe, ["generator_terms.matching=null"]).generator_terms == {}
    assert isinstance(recipe.generator_terms["matching"], GeneratorTerm)


def test_a_network_without_features_and_a_generator_without_a_loss_are_refused() -> None:
    with pytest.raises(UserError, match=r"^generator_terms.matching: FeatureMatching needs features, and Mute has no"):
        rehearse(MATCHING.changed(discriminator=Mute()), SHAPE, 0)
    with pytest.raises(UserError, match=r"^adversarial: with 0 and without generator_terms"):
        rehearse(tiny_recipe(adversarial=0.0), SHAPE, 0)


def test_matching_sees_augmented_images() -> None:
    torch.manual_seed(1)
    recipe = tiny_recipe(augment=InputNoise(deviation=0.5), generator_terms={"m": FeatureMatching()})
    state = tiny_state(recipe)
    iterate(state, Reals(select(Numbered()), state))
    state.tally.check_finite()
    assert float(state.tally.entries["term/m"][0]) > 0.0
