"""What both moves promise besides their arithmetic: who is touched, what is seen, what is recorded."""

import copy

import pytest
import torch
from torch import Tensor, nn

from ganache.games import Moment, TwoPlayers
from ganache.parts.objectives import NonSaturating
from ganache.parts.penalties import R1
from ganache.parts.terms import ROLES, Role
from tests.tiny import Halved, batch_of, cast_of, connected, discriminator_step, generator_step, tiny_recipe

NOW = Moment()


def snapshot(network: nn.Module) -> list[tuple[Tensor, Tensor | None]]:
    return [
        (weight.detach().clone(), None if weight.grad is None else weight.grad.clone())
        for weight in network.parameters()
    ]


@pytest.mark.parametrize("role", ROLES)
def test_a_half_leaves_the_other_players_weights_and_gradients(role: Role) -> None:
    torch.manual_seed(3)
    cast, other = cast_of(connected()), next(name for name in ROLES if name != role)
    before = snapshot(cast.networks[other])
    step = discriminator_step if role == "discriminator" else generator_step
    for _ in range(2):
        step(cast, batch_of(), torch.randn(8, 3), tiny_recipe(penalties={"r1": R1()}), NOW)
    assert all(gradient is None for _, gradient in snapshot(cast.networks[other]))
    for (now, _), (then, _) in zip(snapshot(cast.networks[other]), before, strict=True):
        assert torch.equal(now, then)
    for (now, gradient), weight in zip(snapshot(cast.networks[role]), cast.networks[role].parameters(), strict=True):
        assert gradient is not None
        assert torch.equal(now, weight)


def test_the_generators_half_computes_no_gradient_for_the_discriminators_weights() -> None:
    torch.manual_seed(4)
    cast = cast_of(connected())
    discriminator_step(cast, batch_of(), torch.randn(8, 3), tiny_recipe(), NOW)
    before = snapshot(cast.networks["discriminator"])
    seen: list[bool] = []
    cast.networks["discriminator"].register_forward_pre_hook(
        lambda network, inputs: seen.append(any(weight.requires_grad for weight in network.parameters()))
    )
    generator_step(cast, batch_of(), torch.randn(8, 3), tiny_recipe(), NOW)
    assert seen == [False]
    for (_, now), (_, then) in zip(snapshot(cast.networks["discriminator"]), before, strict=True):
        assert now is not None
        assert then is not None
        assert torch.equal(now, then)


def test_the_critic_sees_augmented_images_in_both_halves() -> None:
    torch.manual_seed(5)
    augmenter = Halved()
    cast, batch, latents = cast_of(connected(), augmenter), batch_of(), torch.randn(8, 3)
    seen: list[Tensor] = []
    cast.networks["discriminator"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    fakes = cast("generator", latents, batch.conditions).detach()
    recipe = tiny_recipe(penalties={"r1": R1()})
    discriminator_step(cast, batch, latents, recipe, Moment(5), due=["r1"])
    generator_step(cast, batch, latents, recipe, Moment(9))
    assert augmenter.moments == [5, 5, 9]
    expected = [batch.reals, fakes, fakes]  # scored and differentiated, scored, scored
    assert len(seen) == len(augmenter.given) == 3
    for given, shown, images in zip(augmenter.given, seen, expected, strict=True):
        assert torch.equal(given, images)
        assert torch.equal(shown, images / 2)


class Patches(nn.Module):
    """Four logits an image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images * self.weight


def test_records_are_detached_one_value_a_sample_under_stable_names() -> None:
    torch.manual_seed(9)
    cast = cast_of((connected()[0], Patches()))
    batch, latents = batch_of(), torch.randn(8, 3)
    recipe: TwoPlayers = tiny_recipe(objective=NonSaturating(), penalties={"r1": R1()})
    first = discriminator_step(cast, batch, latents, recipe, NOW, due=["r1"])
    second = generator_step(cast, batch, latents, recipe, NOW)
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
        cast = cast_of(copy.deepcopy(pair))
        torch.manual_seed(seed)
        records = discriminator_step(cast, batch, latents, tiny_recipe(), NOW)
        records |= generator_step(cast, batch, latents, tiny_recipe(), NOW)
        outcomes.append([*records.values(), *(w.detach() for net in cast.networks.values() for w in net.parameters())])
    assert all(torch.equal(one, two) for one, two in zip(*outcomes, strict=True))
