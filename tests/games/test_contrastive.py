"""The contrastive translation: its loss and slopes by hand, who learns, and what it cannot be played with."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from ganache.data import select
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games.translation import Translation
from ganache.support.errors import UserError
from tests.engine.together import Rows
from tests.games.test_translation import ALIKE, SHAPE, begun, small

ALL = "places=256"  # of 16×16 pixels and fewer: every place, in whatever order
LAYERS = {0: None, 2: 3, 4: 9}  # what is looked at → which of the translator's modules makes it; the pixels are there


def play_random(game: Translation) -> tuple[TrainingState, Tensor]:
    """Return the state after one iteration on random pixels, and the batch."""
    state = begun(game, ALIKE)
    batch = StateDraws(select(Rows(ALIKE)), state).batch().reals
    state.counters.images_drawn = 0
    iterate(state, StateDraws(select(Rows(ALIKE)), state))
    return state, batch


def looked_at(network: nn.Module, images: Tensor) -> list[Tensor]:
    """Return what the layers make of images, by hooks."""
    kept: dict[int, Tensor] = {}
    modules: Any = network.layers
    hooks = [
        modules[place].register_forward_hook(lambda _, given, made, place=place: kept.setdefault(place, made))
        for place in LAYERS.values()
        if place is not None
    ]
    network(images)
    for hook in hooks:
        hook.remove()
    return [images if place is None else kept[place] for place in LAYERS.values()]


def contrast(network: nn.Module, heads: Any, made: Tensor, given: Tensor) -> Tensor:
    """Return the loss of equation 4, a cross entropy for each place of each layer of each picture."""
    layers = []
    for head, ours, theirs in zip(heads.projections, looked_at(network, made), looked_at(network, given), strict=True):
        queries, keys = (head(maps.flatten(2).transpose(1, 2)) for maps in (ours, theirs.detach()))
        queries, keys = (rows / rows.norm(dim=2, keepdim=True).clamp(min=1e-6) for rows in (queries, keys.detach()))
        alike = torch.einsum("nqv,nkv->nqk", queries, keys) / 0.07
        layers.append(-torch.stack([log_softmax(one, dim=1).diagonal().mean() for one in alike]).mean())
    return torch.stack(layers).mean()


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("identity", [0.0, 3.0])
def test_the_translator_descends_the_sum_of_being_believed_and_of_both_contrasts(identity: float) -> None:
    game = small("cut", ALL, f"identity={identity}", "contrast=2.0")
    after, batch = play_random(game)
    before = begun(game, ALIKE)
    a, b = torch.split(batch, [1, 1], dim=1)
    network, heads = before.cast.networks["a_to_b"], before.cast.memories["contrast"]
    discriminator = after.cast.networks["discriminator"]  # which has moved before it is asked
    made, same = network(a), network(b)
    believed = ((discriminator(made, torch.zeros(3, 0)) - 1.0) ** 2).mean() / 2.0
    kept, own = contrast(network, heads, made, a), contrast(network, heads, same, b)
    (believed + 2.0 * kept + identity * own).backward()
    found = after.tally.means()
    believed, kept, own = (one.detach() for one in (believed, kept, own))
    assert found["loss/generator"] == pytest.approx(float(believed), rel=1e-4)
    assert found["contrast/input"] == pytest.approx(float(kept), rel=1e-4)
    assert ("contrast/identity" in found) == bool(identity)
    assert found.get("contrast/identity", float(own)) == pytest.approx(float(own), rel=1e-4)
    for name in ("a_to_b", "contrast"):
        pairs = zip(before.cast.modules[name].parameters(), after.cast.modules[name].parameters(), strict=True)
        for ours, theirs in pairs:
            assert ours.grad is not None
            assert theirs.grad is not None
            torch.testing.assert_close(theirs.grad, ours.grad, rtol=1e-3, atol=1e-6)


def test_the_discriminator_is_shown_the_translations_of_inputs_alone() -> None:
    found = play_random(game := small("cut", ALL))[0].tally.means()
    before, batch = begun(game, ALIKE), play_random(game)[1]
    a, b = torch.split(batch, [1, 1], dim=1)
    judge = before.cast.networks["discriminator"]
    with torch.no_grad():
        real, fake = (judge(shown, torch.zeros(3, 0)) for shown in (b, before.cast.networks["a_to_b"](a)))
    expected = (((real - 1.0) ** 2).mean() + (fake**2).mean()) / 2.0
    assert found["loss/discriminator"] == pytest.approx(float(expected), rel=1e-4)
    assert found["logits/fake"] == pytest.approx(float(fake.mean()), rel=1e-4)


def test_the_heads_learn_with_the_translator_and_are_kept() -> None:
    state, _ = play_random(game := small("cut", "vectors=16"))
    before = begun(game, ALIKE)
    for name in ("a_to_b", "contrast"):
        pairs = zip(before.cast.modules[name].parameters(), state.cast.modules[name].parameters(), strict=True)
        assert not any(torch.equal(one, other) for one, other in pairs)
    assert any(name.startswith("optimizer/contrast/") for name in state.tensors())
    assert [product.network for product in state.recipe.products()] == ["a_to_b"]


def test_what_it_cannot_be_played_with_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^identity: .* different channels; --set identity=0$"):
        small("cut").build(SHAPE, 0)
    assert "discriminator" in small("cut", "identity=0").build(SHAPE, 0).networks
    with pytest.raises(UserError, match=r"^translator: UNet has no layers to look at; --set translator=Residual"):
        small("cut", "translator=UNet").build(ALIKE, 0)
    with pytest.raises(UserError, match=r"^layers: the translator has 0 … 4 to look at, and no 7$"):
        small("cut", "layers=[0,7]").build(ALIKE, 0)
