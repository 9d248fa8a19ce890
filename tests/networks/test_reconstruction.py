"""The discriminator's reconstruction of what it read: the same quarter of map and image, decoders that learn."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.networks import Reconstruction
from ganache.networks.halving import averaged
from ganache.parts.distances import Absolute
from ganache.parts.latents import Normal
from ganache.parts.terms import Move, Scene
from ganache.parts.verdict import Verdict
from ganache.recipes.rehearsal import rehearse
from ganache.support.errors import UserError
from tests.tiny import draws_of, tiny_recipe, tiny_state, two_players

SHAPE = ImageShape(1, 32, 32)


def built(shape: ImageShape, coarse: tuple[int, ...], fine: tuple[int, ...], **fields: Any) -> Any:
    torch.manual_seed(0)
    scene = Scene(shape, 0, Normal(size=2), 0, {"coarse": coarse, "fine": fine})
    return Reconstruction(width=2, max_width=4, **fields).build(scene)


def move_of(seen: Tensor, coarse: Tensor, fine: Tensor) -> Any:
    verdict = Verdict(torch.zeros(len(seen), 1), None, {"coarse": coarse, "fine": fine}, seen)
    none: Any = None
    return Move(none, {}, seen[:, :0], seen[:, :0], -seen, seen, verdict, verdict)


class Shown(torch.nn.Module):
    """A decoder that draws its map, each place as often as it takes, so that quarters can be compared."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(features[:, :1], self.size)


def test_whole_and_quarter_are_compared_with_what_the_discriminator_saw_there() -> None:
    term = built(SHAPE, (1, 8, 8), (1, 16, 16), distance=Absolute())
    term.whole, term.part = Shown((16, 16)), Shown((16, 16))
    blocks = torch.randn(6, 1, 16, 16)  # an image of blocks of 2×2 pixels: the fine map shows it whole
    seen = blocks.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.manual_seed(3)
    lost = term(move_of(seen, averaged(blocks, (8, 8)), blocks))
    coarse = averaged(blocks, (8, 8)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = (coarse - averaged(seen, (16, 16))).abs().mean(dim=(1, 2, 3))
    torch.testing.assert_close(lost, expected)  # nothing is lost of any quarter


def test_each_image_has_a_quarter_of_its_own() -> None:
    term = built(SHAPE, (1, 8, 8), (1, 16, 16), distance=Absolute())
    heard: list[Tensor] = []
    term.part.register_forward_pre_hook(lambda layer, given: heard.append(given[0]))
    corners = torch.zeros(1, 1, 16, 16)
    corners[..., :8, 8:], corners[..., 8:, :8], corners[..., 8:, 8:] = 1.0, 2.0, 3.0
    seen = torch.zeros(64, 1, 32, 32)
    term(move_of(seen, torch.zeros(64, 1, 8, 8), corners.expand(64, -1, -1, -1)))
    assert {float(one.min()) for one in heard[0]} == {float(one.max()) for one in heard[0]} == {0.0, 1.0, 2.0, 3.0}


def test_odd_sides_and_sides_that_no_longer_halve_have_their_quarters_too() -> None:
    odd = built(ImageShape(1, 30, 30), (2, 8, 8), (2, 15, 15))
    assert (odd.small, odd.of_map, odd.of_image) == ((15, 15), (8, 8), (15, 15))
    narrow = built(ImageShape(1, 128, 16), (2, 8, 8), (2, 16, 8))
    assert (narrow.small, narrow.of_map, narrow.of_image) == ((64, 8), (8, 8), (64, 16))
    kept = built(ImageShape(1, 8, 8), (2, 8, 8), (2, 8, 8))
    assert (kept.small, kept.of_map, kept.of_image) == ((8, 8), (8, 8), (8, 8))
    for shape, term in ((30, 30), odd), ((128, 16), narrow), ((8, 8), kept):
        height, width = shape
        coarse, fine = ((2, 8, 8), (2, *{30: (15, 15), 128: (16, 8), 8: (8, 8)}[height]))
        lost = term(move_of(torch.zeros(3, 1, height, width), torch.zeros(3, *coarse), torch.zeros(3, *fine)))
        assert lost.shape == (3,)


def test_the_discriminator_learns_by_it_and_its_decoders_with_it() -> None:
    fields = ("generator.width=4", "discriminator.width=4", "batch_size=4")
    game = two_players("fastgan", *fields)
    state = tiny_state(game, SHAPE)
    decoders = state.cast.modules["penalties.reconstruction"]
    before = [weight.detach().clone() for weight in decoders.parameters()]
    assert state.cast.players["discriminator"].modules == ("discriminator", "penalties.reconstruction")
    iterate(state, draws_of(state, 0))
    assert all(not torch.equal(*pair) for pair in zip(before, decoders.parameters(), strict=True))
    assert "penalty/reconstruction" in state.tally.entries
    state.cast.train_only("discriminator")
    shown = state.cast.networks["discriminator"](torch.randn(2, 1, 32, 32), torch.zeros(2, 0))
    lost = decoders(move_of(torch.rand(2, 1, 32, 32), shown.heads["coarse"], shown.heads["fine"]))
    weight = state.cast.networks["discriminator"].get_parameter("coarse.first.0.weight")
    (slope,) = torch.autograd.grad(lost.sum(), weight)
    assert float(slope.abs().max()) > 0.0


def test_a_discriminator_without_the_maps_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="Reconstruction needs a discriminator with the maps 'coarse' and 'fine'"):
        rehearse(tiny_recipe(penalties={"it": Reconstruction()}), ImageShape(1, 2, 2), 0)


def test_maps_that_do_not_double_to_the_image_are_refused() -> None:
    with pytest.raises(UserError, match=r"cannot grow a map of \(5, 5\) to \(16, 16\) by doubling"):
        built(SHAPE, (2, 5, 5), (2, 10, 10))
