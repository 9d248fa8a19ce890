import copy

import pytest
import torch
from torch import Tensor, nn

from ganache.games.players import ROLES, Role
from ganache.games.recipe import Recipe
from ganache.games.step import Moment, discriminator_step, generator_step
from ganache.parts.objectives import NonSaturating
from ganache.parts.penalties import R1, Weighted
from tests.tiny import Halved, batch_of, connected, players_of, tiny_recipe

NOW = Moment(0, {})


def snapshot(network: nn.Module) -> list[tuple[Tensor, Tensor | None]]:
    return [
        (weight.detach().clone(), None if weight.grad is None else weight.grad.clone())
        for weight in network.parameters()
    ]


@pytest.mark.parametrize("role", ROLES)
def test_a_half_leaves_the_other_players_weights_and_gradients(role: Role) -> None:
    torch.manual_seed(3)
    players, other = players_of(connected()), next(name for name in ROLES if name != role)
    before = snapshot(players.networks[other])
    step = discriminator_step if role == "discriminator" else generator_step
    for _ in range(2):
        step(players, batch_of(), torch.randn(8, 3), tiny_recipe(penalties={"r1": Weighted(penalty=R1())}), NOW)
    assert all(gradient is None for _, gradient in snapshot(players.networks[other]))
    for (now, _), (then, _) in zip(snapshot(players.networks[other]), before, strict=True):
        assert torch.equal(now, then)
    for (now, gradient), weight in zip(
        snapshot(players.networks[role]), players.networks[role].parameters(), strict=True
    ):
        assert gradient is not None
        assert torch.equal(now, weight)


def test_the_generators_half_computes_no_gradient_for_the_discriminators_weights() -> None:
    torch.manual_seed(4)
    players = players_of(connected())
    discriminator_step(players, batch_of(), torch.randn(8, 3), tiny_recipe(), NOW)
    before = snapshot(players.networks["discriminator"])
    seen: list[bool] = []
    players.networks["discriminator"].register_forward_pre_hook(
        lambda network, inputs: seen.append(any(weight.requires_grad for weight in network.parameters()))
    )
    generator_step(players, batch_of(), torch.randn(8, 3), tiny_recipe(), NOW)
    assert seen == [False]
    for (_, now), (_, then) in zip(snapshot(players.networks["discriminator"]), before, strict=True):
        assert now is not None
        assert then is not None
        assert torch.equal(now, then)


def test_the_critic_sees_augmented_images_in_both_halves() -> None:
    torch.manual_seed(5)
    augmenter = Halved()
    players, batch, latents = players_of(connected(), augmenter), batch_of(), torch.randn(8, 3)
    seen: list[Tensor] = []
    players.networks["discriminator"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    fakes = players.generate(latents, batch.labels).detach()
    recipe = tiny_recipe(penalties={"r1": Weighted(penalty=R1())})
    discriminator_step(players, batch, latents, recipe, Moment(5, {"r1": 1.0}))
    generator_step(players, batch, latents, recipe, Moment(9, {}))
    assert augmenter.moments == [5, 5, 5, 9]
    expected = [batch.reals, fakes, batch.reals, fakes]  # scored, scored, differentiated, scored
    assert len(seen) == len(augmenter.given) == 4
    for given, shown, images in zip(augmenter.given, seen, expected, strict=True):
        assert torch.equal(given, images)
        assert torch.equal(shown, images / 2)


class Patches(nn.Module):
    """Four logits an image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return images * self.weight


def test_records_are_detached_one_value_a_sample_under_stable_names() -> None:
    torch.manual_seed(9)
    players = players_of((connected()[0], Patches()))
    batch, latents = batch_of(), torch.randn(8, 3)
    recipe: Recipe = tiny_recipe(objective=NonSaturating(), penalties={"r1": Weighted(penalty=R1())})
    first = discriminator_step(players, batch, latents, recipe, Moment(0, {"r1": 1.0}))
    second = generator_step(players, batch, latents, recipe, NOW)
    assert list(first) == [
        *("loss/discriminator", "logits/real", "logits/fake", "accuracy/real", "accuracy/fake", "penalty/r1")
    ]
    assert list(second) == ["loss/generator", "gradient/fakes"]
    for value in (*first.values(), *second.values()):
        assert value.shape == (8,)
        assert not value.requires_grad
    torch.testing.assert_close(first["logits/real"], batch.reals.mean(dim=(1, 2, 3)))  # 2 · x/2
    assert first["penalty/r1"].tolist() == [0.125] * 8  # ½ · four pixels · (2/2 · a quarter of the mean logit)²
    shares = (batch.reals > 0).float().mean(dim=(1, 2, 3))
    torch.testing.assert_close(first["accuracy/real"], shares)  # of an image's four logits, those above 0


def test_equal_inputs_give_equal_outputs() -> None:
    torch.manual_seed(10)
    pair, batch, latents = connected(), batch_of(), torch.randn(8, 3)
    outcomes = []
    for seed in (1, 2):
        players = players_of(copy.deepcopy(pair))
        torch.manual_seed(seed)
        records = discriminator_step(players, batch, latents, tiny_recipe(), NOW)
        records |= generator_step(players, batch, latents, tiny_recipe(), NOW)
        outcomes.append(
            [*records.values(), *(w.detach() for net in players.networks.values() for w in net.parameters())]
        )
    assert all(torch.equal(one, two) for one, two in zip(*outcomes, strict=True))
