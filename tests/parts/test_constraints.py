import copy

import pytest
import torch
from torch import nn

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.games import Moment
from ganache.networks import DCGANDiscriminator
from ganache.parts.constraints import Constraint, WeightClipping
from ganache.parts.objectives import Wasserstein
from ganache.parts.part import parse
from ganache.support.errors import UserError
from tests.tiny import batch_of, cast_of, connected, discriminator_step, draws_of, tiny_recipe, tiny_state, two_players

NOW = Moment()


def test_clipping_moves_what_is_outside_to_the_limit_and_nothing_else() -> None:
    layer = nn.Linear(5, 1)
    layer.weight.data = torch.tensor([[-3.0, -0.5, 0.0, 0.25, 7.0]])
    layer.bias.data = torch.tensor([0.6])
    kept = layer.weight
    WeightClipping(limit=0.5).apply(layer)
    assert layer.weight is kept  # in place: the optimiser holds the same tensor
    assert layer.weight.tolist() == [[-0.5, -0.5, 0.0, 0.25, 0.5]]
    assert layer.bias.tolist() == pytest.approx([0.5])
    assert layer.weight.requires_grad
    assert layer.weight.grad_fn is None


def test_batch_norms_scale_is_clipped_and_its_statistics_are_not() -> None:
    network = DCGANDiscriminator(width=4, max_width=8).build(ImageShape(1, 8, 8), 0)
    network(torch.randn(8, 1, 8, 8) * 50.0, torch.zeros(8, 0))
    before = {name: value.clone() for name, value in network.named_buffers()}
    WeightClipping(limit=0.01).apply(network)
    assert max(float(weight.detach().abs().max()) for weight in network.parameters()) <= 0.01
    for name, value in network.named_buffers():
        assert torch.equal(value, before[name]), name


def test_every_weight_is_within_the_limit_after_every_step_of_the_critic() -> None:
    # Assigned to a loop variable, the clipped values would never reach the critic.
    torch.manual_seed(0)
    pair = connected()
    free, bound = cast_of(copy.deepcopy(pair)), cast_of(copy.deepcopy(pair))
    clipped = tiny_recipe(objective=Wasserstein(), constraint=WeightClipping(limit=0.01))
    for _ in range(3):
        batch, latents = batch_of(), torch.randn(8, 3)
        discriminator_step(free, batch, latents, tiny_recipe(objective=Wasserstein()), NOW)
        discriminator_step(bound, batch, latents, clipped, NOW)
        weights = [weight.detach() for weight in bound.networks["discriminator"].parameters()]
        assert max(float(weight.abs().max()) for weight in weights) <= 0.01
        assert any(float(weight.abs().max()) == pytest.approx(0.01) for weight in weights)
        assert max(float(weight.detach().abs().max()) for weight in free.networks["discriminator"].parameters()) > 0.1


def test_the_wgan_recipe_clips_after_each_of_its_five_steps() -> None:
    class Recording(WeightClipping):
        def apply(self, discriminator: nn.Module) -> None:
            super().apply(discriminator)
            largest.append(max(float(weight.detach().abs().max()) for weight in discriminator.parameters()))

    largest: list[float] = []
    shape = ImageShape(1, 4, 4)
    recipe = two_players("wgan", "batch_size=4")
    assert recipe.constraint == WeightClipping(limit=0.01)
    state = tiny_state(recipe.changed(constraint=Recording(limit=0.01)), shape)
    assert max(float(weight.detach().abs().max()) for weight in state.cast.networks["discriminator"].parameters()) > 0.1
    iterate(state, draws_of(state))
    assert largest == pytest.approx([0.01] * 5)
    assert max(largest) <= float(torch.tensor(0.01))


@pytest.mark.parametrize("limit", [0.0, -1.0])
def test_a_limit_that_leaves_no_weights_is_refused(limit: float) -> None:
    with pytest.raises(UserError, match=r"^limit: input should be greater than 0, not "):
        parse(Constraint, {"kind": "WeightClipping", "limit": limit})
