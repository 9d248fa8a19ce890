import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.networks import MLPGenerator, StyleGAN2Generator
from ganache.parts.latents import Keyed, Normal
from ganache.parts.path_length import PathLength
from ganache.parts.terms import Move, Scene
from ganache.recipes.rehearsal import rehearse
from ganache.support.errors import UserError
from tests.tiny import SHAPE, draws_of, tiny_recipe, tiny_state

SCENE = Scene(SHAPE, 0, Normal(size=2), 0)
STYLED = StyleGAN2Generator(latent=Keyed(size=5), style_width=4, channel_base=16, channel_max=4)


class Linear(nn.Module):
    """Two layers of styles, each the latent times a weight; an image (1, 1, 2) is A w₁ + B w₂ + ½ w₁²."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.first = torch.tensor([[3.0, 0.0], [0.0, 0.0]])
        self.second = torch.tensor([[0.0, 0.0], [4.0, 0.0]])

    def styles(self, latents: Tensor, conditions: Tensor) -> Tensor:
        return (self.weight * latents)[:, None].expand(-1, 2, -1)

    def synthesis(self, styles: Tensor, latents: Tensor) -> Tensor:
        one, other = styles.unbind(1)
        return (one @ self.first.T + other @ self.second.T + one.square() / 2).view(-1, 1, 1, 2)


def move(generator: nn.Module, latents: Tensor) -> Move:
    fakes = torch.zeros(len(latents), 1, 1, 2)
    nothing: Any = None
    return Move(nothing, {"generator": generator}, latents, latents[:, :0], fakes[:0], fakes, None, nothing)


def directions(count: int) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(count, 1, 1, 2).view(count, 2) / 2**0.5


def lengths_of(generator: Linear, latents: Tensor) -> Tensor:
    """The slopes by hand: of w₁ Aᵀy + w₁ y, of w₂ Bᵀy; the mean over both layers, then the root."""
    y = directions(len(latents))
    first = y @ generator.first + latents * y
    second = y @ generator.second
    return ((first.square().sum(1) + second.square().sum(1)) / 2).sqrt()


def test_the_lengths_are_those_of_the_slopes_and_the_mean_moves_first() -> None:
    generator, latents = Linear(), torch.tensor([[1.0, 2.0], [-1.0, 0.5], [0.0, 3.0]])
    term: Any = PathLength(shrink=1, decay=0.25).build(SCENE)
    term.mean.fill_(2.0)
    lengths = lengths_of(generator, latents)
    mean = 2.0 + 0.25 * (lengths.mean() - 2.0)
    torch.manual_seed(0)
    found = term(move(generator, latents))
    torch.testing.assert_close(found, (lengths - mean).square().mean().expand(3))
    torch.testing.assert_close(term.mean, mean)
    assert not term.mean.requires_grad
    (slope,) = torch.autograd.grad(found.mean(), generator.weight)
    step, values = 1e-3, []
    for factor in (1.0 + step, 1.0 - step):  # the lengths see the weight through w₁² alone
        moved = lengths_of(generator, latents * factor)
        values.append((moved - (2.0 + 0.25 * (moved.mean() - 2.0))).square().mean())
    assert float(slope) == pytest.approx(float(values[0] - values[1]) / (2 * step), rel=1e-2)


def test_every_second_latent_will_do() -> None:
    generator, latents = Linear(), torch.randn(5, 2)
    term: Any = PathLength().build(SCENE)
    lengths = lengths_of(generator, latents)[::2]
    torch.manual_seed(0)
    found = term(move(generator, latents))
    assert found.shape == (5,)
    # The first mean is that of the lengths themselves.
    torch.testing.assert_close(found, (lengths - lengths.mean()).square().mean().expand(5))
    torch.testing.assert_close(term.mean, lengths.mean())


def test_its_memory_is_part_of_the_state_and_moves_when_it_is_due() -> None:
    term = PathLength(weight=2.0, every=3)
    game = tiny_recipe(generator=STYLED, generator_terms={"path": term})
    state = tiny_state(game, ImageShape(1, 4, 4))
    draws = draws_of(state, 0)
    means = []
    for _ in range(4):
        iterate(state, draws)
        means.append(float(state.tensors()["generator_terms.path/mean"]))
    assert means[0] > 0.0
    assert means[0] == means[1] == means[2] != means[3] > 0.0
    assert state.tally.means()["term/path"] > 0.0


def test_it_is_computed_in_full_precision() -> None:
    torch.manual_seed(0)
    generator = STYLED.build(ImageShape(1, 4, 4), 0).eval()
    term: Any = PathLength().build(SCENE)
    given = move(generator, torch.randn(4, 5))
    given = Move(**{**vars(given), "fakes": torch.zeros(4, 1, 4, 4)})
    other = copy.deepcopy(term)
    torch.manual_seed(0)
    alone = term(given)
    with torch.autocast("cpu", torch.bfloat16):
        torch.manual_seed(0)
        mixed = other(given)
    assert alone.dtype == mixed.dtype == torch.float32
    assert torch.equal(alone, mixed)


def test_a_generator_without_styles_is_refused() -> None:
    game = tiny_recipe(generator=MLPGenerator(latent=Normal(size=3)), generator_terms={"path": PathLength()})
    with pytest.raises(UserError) as refused:
        rehearse(game, SHAPE, 0)
    assert str(refused.value) == (
        "generator_terms.path: PathLength needs a generator with styles, such as StyleGAN2Generator, and MLPGenerator "
        "has none"
    )
    with pytest.raises(UserError, match=r"penalties\.path: PathLength is a term of the generator's loss"):
        rehearse(tiny_recipe(generator=STYLED, penalties={"path": PathLength()}), ImageShape(1, 4, 4), 0)
