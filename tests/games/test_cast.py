"""The networks of a game as its moves see them: who learns, how they are called, how they move."""

import pytest
import torch
from torch import Tensor, nn

from ganache.games import Cast, Moment, Player, TwoPlayers
from ganache.parts.terms import ROLES, Move, Role, Scene, Term
from ganache.parts.verdict import Verdict
from ganache.support.precision import FULL, Autocast
from tests.tiny import SHAPE, Descent, connected, draws_of, tiny_recipe, tiny_state

CONDITIONS = torch.tensor([[1.0], [0.0]])
RATES = {"generator": 0.5, "discriminator": 0.25}


class Linear(nn.Module):
    """Linear in its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, inputs: Tensor, conditions: Tensor) -> Tensor:
        outputs: Tensor = self.layer(inputs.flatten(1)).reshape(inputs.shape)
        return outputs


class Owned(Term):
    """Pulls on weights of its own: their squared sum, and a sum over what was seen."""

    def build(self, scene: Scene) -> nn.Module:
        """Return the module with the weights."""
        return _Own()


class _Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0]))

    def forward(self, move: Move) -> Tensor:
        return self.weight.square().sum().expand(len(move.fakes))


def linear_cast(autocast: Autocast = FULL) -> Cast:
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = {role: Linear() for role in ROLES}
    cast = Cast(networks, {}, {role: Player(Descent(rate=RATES[role]), (role,)) for role in ROLES})
    cast.begin(autocast)
    return cast


def with_terms() -> TwoPlayers:
    return tiny_recipe(penalties={"own": Owned(weight=0.5)}, generator_terms={"own": Owned(weight=0.25, every=2)})


@pytest.mark.parametrize("role", ROLES)
def test_one_learns_and_the_other_is_frozen(role: Role) -> None:
    cast = linear_cast()
    for _ in range(2):
        cast.train_only(role)
        for name, network in cast.networks.items():
            assert {weight.requires_grad for weight in network.parameters()} == {name == role}


@pytest.mark.parametrize("role", ROLES)
def test_a_terms_weights_learn_and_are_frozen_with_the_player_to_whose_loss_it_belongs(role: Role) -> None:
    cast = with_terms().build(SHAPE, 0)
    cast.begin(FULL)
    cast.train_only(role)
    learning = {name for name, module in cast.modules.items() for weight in module.parameters() if weight.requires_grad}
    own = {"generator": "generator_terms.own", "discriminator": "penalties.own"}[role]
    assert learning == {role, own}
    assert cast.players[role].modules == (role, own)
    assert {id(weight) for weight in cast.weights(role)} == {
        id(weight) for name in (role, own) for weight in cast.modules[name].parameters()
    }


def test_a_terms_own_weights_move_when_it_is_applied_and_are_part_of_the_state() -> None:
    recipe = with_terms()
    state = tiny_state(recipe.changed(optimizers={"generator": Descent(), "discriminator": Descent()}))
    tensors, draws = state.tensors(), draws_of(state)
    paths = ("penalties.own/weight", "generator_terms.own/weight")
    first = {path: tensors[path].clone() for path in paths}
    assert first[paths[0]].tolist() == first[paths[1]].tolist() == [1.0, -2.0]
    seen: list[list[list[float]]] = []
    for _ in range(3):
        state.recipe.play(state.cast, draws, Moment(iteration=len(seen)))
        seen.append([tensors[path].tolist() for path in paths])
    # w ← w - rate · weight · k · 2w, the rate 1/8: every move ½ takes an eighth, every second ¼ · 2 as much.
    eighth = 7 / 8
    assert seen[0] == [[eighth, -2 * eighth], [eighth, -2 * eighth]]
    assert seen[1] == [[eighth**2, -2 * eighth**2], [eighth, -2 * eighth]]
    assert seen[2] == [[eighth**3, -2 * eighth**3], [eighth**2, -2 * eighth**2]]


@pytest.mark.parametrize("role", ROLES)
def test_an_update_moves_one_player_down_the_mean_gradient(role: Role) -> None:
    cast = linear_cast()
    cast.train_only(role)
    layer = cast.networks[role].get_submodule("layer")
    assert isinstance(layer, nn.Linear)
    for network in cast.networks.values():
        for weight in network.parameters():
            weight.grad = torch.full_like(weight, 7.0)  # of another move: it must not count
    before = {name: [weight.clone() for weight in net.parameters()] for name, net in cast.networks.items()}
    inputs = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    cast.update(role, layer(inputs)[:, 0], Moment())
    expected = before[role][0].clone()
    expected[0] -= RATES[role] * torch.tensor([3.0, 4.0, 5.0, 6.0])
    assert torch.equal(layer.weight, expected)
    other = next(name for name in ROLES if name != role)
    for now, then in zip(cast.networks[other].parameters(), before[other], strict=True):
        assert torch.equal(now, then)
        assert now.grad is not None
        assert now.grad.flatten().tolist() == [7.0] * now.numel()


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_networks_run_in_the_given_precision_and_what_leaves_them_is_float32(dtype: torch.dtype | None) -> None:
    cast = linear_cast(Autocast("cpu", dtype))
    inner: list[torch.dtype] = []
    for network in cast.networks.values():
        network.get_submodule("layer").register_forward_hook(lambda *call: inner.append(call[2].dtype))
    images = cast("generator", torch.randn(2, 4), CONDITIONS)
    logits = cast("discriminator", torch.randn(2, 1, 2, 2), CONDITIONS)
    assert inner == [dtype or torch.float32] * 2
    assert (images.dtype, logits.dtype) == (torch.float32, torch.float32)
    assert not torch.is_autocast_enabled("cpu")


def test_a_verdict_leaves_a_network_as_a_verdict_in_float32() -> None:
    class Judging(nn.Module):
        def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
            return Verdict(images.flatten(1).double(), heads={"class": conditions.double()})

    cast = Cast({"judge": Judging()}, {}, {})
    said = cast("judge", torch.ones(2, 1, 2, 2), CONDITIONS)
    assert (said.logits.dtype, said.heads["class"].dtype) == (torch.float32, torch.float32)


def test_all_modules_are_in_training_mode_once_the_game_begins() -> None:
    generator, discriminator = connected()
    cast = Cast({"generator": generator.eval()}, {"other": discriminator.eval()}, {})
    assert list(cast.modules) == ["generator", "other"]
    cast.begin(FULL)
    assert all(module.training for module in cast.modules.values())


def test_a_players_rate_is_that_of_the_images_seen() -> None:
    rate = {"kind": "Linear", "start": 1.0, "end": 0.0, "until": 64.0}
    adam = {"kind": "Adam", "learning_rate": rate}
    cast = tiny_recipe(optimizers={"generator": adam, "discriminator": adam}).build(SHAPE, 0)
    cast.begin(FULL)
    weight = cast.weights("generator")[0]
    cast.update("generator", weight.flatten(), Moment(16))
    assert cast.optimizers["generator"].param_groups[0]["lr"] == 0.75


class Showing(nn.Module):
    """Shows how many images were seen, and a number that stays."""

    def marks(self, now: Moment) -> dict[str, float]:
        return {"seen": float(now.images_seen), "half": 0.5}


def test_what_modules_have_to_show_is_told_by_their_names() -> None:
    cast = Cast({"judge": Linear()}, {"pool": Showing(), "terms.own": Showing()}, {})
    assert cast.marks(Moment(7)) == {"pool/seen": 7.0, "pool/half": 0.5, "terms.own/seen": 7.0, "terms.own/half": 0.5}
    assert linear_cast().marks(Moment(7)) == {}
