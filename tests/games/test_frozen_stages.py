"""FreezeD: the discriminator's first layers keep their weights, while all else moves."""

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import TrainingState
from ganache.games import TwoPlayers
from ganache.networks import Discriminator
from ganache.networks.base import Staged, first_stages
from ganache.parts.part import kinds
from ganache.support.errors import UserError
from tests.tiny import draws_of, tiny_recipe, tiny_state, two_players

SHAPE = ImageShape(3, 32, 32)
NARROW = ("generator.width=4", "discriminator.width=4", "batch_size=4")
# Recipe, settings, labels, how many stages its discriminator has at 32×32.
FAMILIES = [
    ("acgan", (*NARROW[2:], "discriminator.body.width=4"), 3, 3),
    ("biggan", NARROW, 3, 4),
    ("dcgan", NARROW, 0, 3),
    ("dcgan-mnist", NARROW[2:], 0, 2),
    ("fastgan", NARROW, 0, 3),
    ("lsgan", NARROW[2:], 0, 3),
    ("progan", (*NARROW, "steady=0", "fade=0"), 0, 5),
    ("projected", NARROW, 3, 3),
    ("r3gan", NARROW, 0, 8),
    ("sngan", NARROW, 0, 3),
    ("sngan", (*NARROW[:1], "discriminator=PatchDiscriminator", *NARROW[1:]), 0, 4),
    ("stylegan2", ("generator.channel_base=64", "discriminator.channel_base=64", "batch_size=4"), 0, 6),
    ("vanilla", NARROW[2:], 0, 3),
]


def state_of(name: str, settings: tuple[str, ...], labels: int, frozen: int) -> TrainingState:
    recipe = two_players(name, *settings, f"frozen_stages={frozen}")
    return tiny_state(recipe, SHAPE, labels=labels)


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in module.named_parameters()}


def test_every_discriminator_of_ours_has_stages() -> None:
    ours = {kind.__name__ for kind in kinds(Discriminator) if kind.__module__.startswith("ganache.networks")}
    tried = {type(two_players(name, *settings).discriminator).__name__ for name, settings, *_ in FAMILIES}
    assert ours == tried


@pytest.mark.parametrize(("name", "settings", "labels", "count"), FAMILIES, ids=lambda value: str(value)[:20])
def test_stages_are_passed_in_their_order_share_nothing_and_leave_the_logit(
    name: str, settings: tuple[str, ...], labels: int, count: int
) -> None:
    network = state_of(name, settings, labels, 0).cast.networks["discriminator"]
    assert isinstance(network, Staged)
    stages = network.stages()
    passed: list[int] = []
    for number, stage in enumerate(stages):
        for layer in stage.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(lambda *_, number=number: passed.append(number))
    network(torch.zeros(2, 3, 32, 32), torch.zeros(2, labels))
    first = [passed.index(number) for number in range(count)]
    assert len(stages) == count
    assert first == sorted(first)
    owned = [weight for stage in stages for weight in stage.parameters()]
    assert len(owned) == len(set(owned)) < len(set(network.parameters()))
    assert set(owned) < set(network.parameters())


@pytest.mark.parametrize(("name", "settings", "labels", "count"), FAMILIES, ids=lambda value: str(value)[:20])
def test_what_is_frozen_stays_and_has_no_gradient_while_all_else_moves(
    name: str, settings: tuple[str, ...], labels: int, count: int
) -> None:
    state = state_of(name, settings, labels, 2)
    network = state.cast.networks["discriminator"]
    still = {weight for stage in first_stages(network, 2) for weight in stage.parameters()}
    before, draws = copied(network), draws_of(state, labels)
    for _ in range(3):
        iterate(state, draws)
    for key, weight in network.named_parameters():
        moved = not torch.equal(weight, before[key])
        if weight in still:
            assert not moved, key
            assert weight.grad is None, key
        elif "readings" not in key:  # of sizes that a fully grown network no longer reads
            assert weight.grad is not None, key
    moving = [key for key, weight in network.named_parameters() if not torch.equal(weight, before[key])]
    assert len(moving) >= 1
    inside = {weight for group in state.cast.optimizers["discriminator"].param_groups for weight in group["params"]}
    assert inside == set(network.parameters()) - still | terms_of(state)
    names = {f"optimizer/discriminator/{key}" for key, weight in network.named_parameters() if weight in still}
    assert not [name for name in state.tensors() if name.rpartition("/")[0] in names]


def terms_of(state: TrainingState) -> set[nn.Parameter]:
    names = [name for name in state.cast.players["discriminator"].modules if name != "discriminator"]
    return {weight for name in names for weight in state.cast.modules[name].parameters()}


def test_frozen_weights_are_in_the_state_and_it_resumes_to_the_same_bits() -> None:
    recipe = tiny_recipe(frozen_stages=1)
    state = tiny_state(recipe)
    draws = draws_of(state, 0)
    iterate(state, draws)
    kept = {name: value.clone() for name, value in state.tensors().items()}
    names = {f"discriminator/{name}" for name in copied(state.cast.networks["discriminator"])}
    assert kept.keys() >= names
    counts = state.counts()
    iterate(state, draws)
    resumed = tiny_state(recipe, seed=0)
    resumed.load(kept, counts)
    iterate(resumed, draws_of(resumed, 0))
    assert all(torch.equal(value, resumed.tensors()[name]) for name, value in state.tensors().items())


def test_more_stages_than_there_are_is_one_line() -> None:
    with pytest.raises(UserError, match="frozen_stages: the discriminator has 1 that can stand still, not 2"):
        tiny_state(tiny_recipe(frozen_stages=2))


class Bare(Discriminator):
    """A discriminator of a user's, which says nothing of its layers."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a linear map."""
        return BareNetwork(shape.pixels)


class BareNetwork(nn.Module):
    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.logit = nn.Linear(pixels, 1)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.logit(images.flatten(1))
        return logits


def test_a_discriminator_that_names_no_stages_trains_and_freezes_none() -> None:
    recipe = tiny_recipe(discriminator=Bare())
    state = tiny_state(recipe)
    iterate(state, draws_of(state, 0))
    assert isinstance(recipe, TwoPlayers)
    with pytest.raises(UserError, match="has 0 that can stand still"):
        tiny_state(recipe.changed(frozen_stages=1))


def test_clipping_leaves_what_stands_still() -> None:
    """Before, weights that were taken from another run were clipped with the others at the first move."""
    recipe = two_players("dcgan", *NARROW, "frozen_stages=1", "constraint=WeightClipping")
    state = tiny_state(recipe, SHAPE)
    network = state.cast.networks["discriminator"]
    still, *_ = first_stages(network, 1)
    with torch.no_grad():
        for weight in still.parameters():
            weight.fill_(0.5)
    before = copied(still)
    iterate(state, draws_of(state))
    assert all(torch.equal(weight, before[name]) for name, weight in still.named_parameters())
    own = set(map(id, still.parameters()))
    moved = [weight for weight in network.parameters() if id(weight) not in own]
    assert max(float(weight.abs().max()) for weight in moved) <= 0.01 + 1e-9
