from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.games.players import ROLES, Players, Role
from ganache.parts.augmentations import Augmenter, Unchanged
from ganache.parts.critic import Critic
from ganache.support.precision import Autocast
from tests.tiny import FULL_PRECISION

LABELS = torch.tensor([[1.0], [0.0]])


class Noting(nn.Module):
    """Linear in its inputs; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.calls: list[tuple[Tensor, Tensor]] = []

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        self.calls.append((inputs.detach(), labels))
        outputs: Tensor = self.layer(inputs.flatten(1)).reshape(inputs.shape)
        return outputs


class Later(Augmenter):
    """Adds the moment to every pixel."""

    def forward(self, images: Tensor, images_seen: int) -> Tensor:
        return images + float(images_seen)


def players_of(autocast: Autocast = FULL_PRECISION, augmenter: Augmenter | None = None) -> Players:
    torch.manual_seed(0)
    generator, discriminator = Noting(), Noting()
    optimizers: dict[Role, Any] = {
        "generator": torch.optim.SGD(generator.parameters(), lr=0.5),
        "discriminator": torch.optim.SGD(discriminator.parameters(), lr=0.25),
    }
    unchanged = Unchanged().build(ImageShape(1, 2, 2))
    return Players(generator, discriminator, augmenter or unchanged, optimizers, autocast)


@pytest.mark.parametrize("role", ROLES)
def test_one_learns_and_the_other_is_frozen(role: Role) -> None:
    players = players_of()
    for _ in range(2):
        players.train_only(role)
        for name, network in players.networks.items():
            assert {weight.requires_grad for weight in network.parameters()} == {name == role}


@pytest.mark.parametrize("role", ROLES)
def test_an_update_moves_one_player_down_the_mean_gradient(role: Role) -> None:
    players = players_of()
    players.train_only(role)
    layer = players.networks[role].get_submodule("layer")
    assert isinstance(layer, nn.Linear)
    for network in players.networks.values():
        for weight in network.parameters():
            weight.grad = torch.full_like(weight, 7.0)  # of another step: it must not count
    before = {name: [weight.clone() for weight in net.parameters()] for name, net in players.networks.items()}
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    players.update(role, layer(inputs)[:, 0])
    rate = {"generator": 0.5, "discriminator": 0.25}[role]
    expected = before[role][0].clone()
    expected[0] -= rate * torch.tensor([3.0, 4.0, 5.0, 6.0])
    assert torch.equal(layer.weight, expected)
    other = next(name for name in ROLES if name != role)
    for now, then in zip(players.networks[other].parameters(), before[other], strict=True):
        assert torch.equal(now, then)
        assert now.grad is not None
        assert now.grad.flatten().tolist() == [7.0] * now.numel()


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_networks_run_in_the_given_precision_and_what_leaves_them_is_float32(dtype: torch.dtype | None) -> None:
    players = players_of(Autocast("cpu", dtype))
    inner: list[torch.dtype] = []
    for network in players.networks.values():
        network.get_submodule("layer").register_forward_hook(lambda *call: inner.append(call[2].dtype))
    images = players.generate(torch.randn(2, 4), LABELS)
    logits = players.critic(0)(torch.randn(2, 1, 2, 2), LABELS)
    assert inner == [dtype or torch.float32] * 2
    assert (images.dtype, logits.dtype) == (torch.float32, torch.float32)
    assert not torch.is_autocast_enabled("cpu")


def test_the_critic_is_the_discriminator_behind_the_augmentation_of_its_moment() -> None:
    players = players_of(augmenter=Later())
    images = torch.zeros(2, 1, 2, 2)
    players.critic(3)(images, LABELS)
    players.critic(5).precisely(images, LABELS)
    discriminator = players.networks["discriminator"]
    assert isinstance(discriminator, Noting)
    assert [float(call[0].mean()) for call in discriminator.calls] == [3.0, 5.0]
    assert all(call[1] is LABELS for call in discriminator.calls)


@pytest.mark.parametrize("jointly", [True, False])
def test_reals_and_fakes_are_told_apart_however_they_are_scored(jointly: bool) -> None:
    players = players_of()
    discriminator = players.networks["discriminator"]
    assert isinstance(discriminator, Noting)
    reals, fakes = torch.randn(2, 1, 2, 2), torch.randn(2, 1, 2, 2)
    seen = players.critic(0).compare(reals, fakes, LABELS, jointly)
    assert [len(inputs) for inputs, _ in discriminator.calls] == ([4] if jointly else [2, 2])
    assert torch.equal(torch.cat([inputs for inputs, _ in discriminator.calls]), torch.cat([reals, fakes]))
    assert torch.equal(torch.cat([labels for _, labels in discriminator.calls]), torch.cat([LABELS, LABELS]))
    layer = discriminator.layer
    torch.testing.assert_close(seen.real_logits, layer(reals.flatten(1)).reshape(2, 1, 2, 2), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(seen.fake_logits, layer(fakes.flatten(1)).reshape(2, 1, 2, 2), rtol=1e-6, atol=1e-6)
    assert seen.reals is reals
    assert seen.fakes is fakes


def test_a_critic_asks_nothing_of_its_discriminator_but_a_call() -> None:
    class Sum(nn.Module):
        def forward(self, images: Tensor, labels: Tensor) -> Tensor:
            return images.flatten(1).sum(1)

    critic = Critic(Sum(), Later(), 1, FULL_PRECISION)
    assert critic(torch.zeros(2, 1, 2, 2), LABELS).tolist() == [4.0, 4.0]
