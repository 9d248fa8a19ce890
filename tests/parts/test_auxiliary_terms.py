import dataclasses
import math

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Unchanged
from ganache.parts.auxiliary_terms import ClassCrossEntropy, CodeRecovery
from ganache.parts.critic import Critic
from ganache.parts.latents import Coded, Normal
from ganache.parts.moment import Moment
from ganache.parts.terms import Move, Scene
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError
from ganache.support.precision import FULL

SHAPE = ImageShape(1, 2, 2)
CODED = Coded(size=7, categories=(3,), continuous=2)  # two values of noise
NOWHERE = Critic(nn.Identity(), Unchanged().build(SHAPE), Moment(), FULL)


def move(real: Verdict | None, fake: Verdict, conditions: Tensor, latents: Tensor) -> Move:
    images = torch.zeros(len(latents), 1, 2, 2)
    return Move(NOWHERE, {}, latents, conditions, images, images, real, fake)


def verdict(**heads: Tensor) -> Verdict:
    return Verdict(torch.zeros(2, 1), None, heads)


def test_the_class_of_reals_and_of_fakes_is_asked_of_the_discriminator() -> None:
    classes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    # Of two classes -log P is log(1 + e^(other - own)).
    real = verdict(**{"class": torch.tensor([[1.0, 0.0], [3.0, 0.0]])})
    fake = verdict(**{"class": torch.tensor([[5.0, 5.0], [0.0, 2.0]])})
    reals = [math.log(1 + math.exp(-1)), math.log(1 + math.exp(3))]
    fakes = [math.log(2), math.log(1 + math.exp(-2))]
    both = ClassCrossEntropy()(move(real, fake, classes, torch.zeros(2, 3)))
    torch.testing.assert_close(both.tolist(), [reals[0] + fakes[0], reals[1] + fakes[1]])
    of_reals = ClassCrossEntropy(of_fakes=False)(move(real, fake, classes, torch.zeros(2, 3)))
    torch.testing.assert_close(of_reals.tolist(), reals)
    of_the_generator = ClassCrossEntropy()(move(None, fake, classes, torch.zeros(2, 3)))
    torch.testing.assert_close(of_the_generator.tolist(), fakes)


def codes(features: Tensor, latents: Tensor, **fields: float) -> tuple[nn.Module, Tensor]:
    """Return Q, which says three times the last of two features of every code, and the loss of what it says."""
    term = CodeRecovery(width=1, **fields).build(Scene(SHAPE, 0, CODED, 2))
    first, last = (layer for layer in term.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[0.0, 1.0]]))
        first.bias.zero_()
        last.weight.fill_(3.0)
        last.bias.zero_()
    said = Verdict(torch.zeros(len(latents), 1), features)
    return term, term(move(None, said, torch.zeros(len(latents), 0), latents))


def test_codes_are_read_back_by_a_network_of_the_terms_own() -> None:
    latents = torch.tensor([[9.0, 9.0, 0.0, 1.0, 0.0, 0.5, -1.0], [9.0, 9.0, 1.0, 0.0, 0.0, 0.0, 0.25]])
    term, losses = codes(torch.tensor([[7.0, 0.5], [7.0, -2.0]]), latents, continuous_weight=0.1)
    # Three equal logits cost log 3. Q says 3 · 0.5 of both values, and 3 · (-2 · 0.2) where its ReLU leaks.
    first = math.log(3) + 0.1 * ((1.5 - 0.5) ** 2 + (1.5 + 1.0) ** 2) / 2
    second = math.log(3) + 0.1 * (1.2**2 + (-1.2 - 0.25) ** 2) / 2
    torch.testing.assert_close(losses.tolist(), [first, second])
    losses.mean().backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None for weight in term.parameters())


def test_a_category_counts_by_its_own_logit() -> None:
    latents = torch.zeros(1, 7)
    latents[0, 3] = 1.0  # the second of three
    term = CodeRecovery(width=1, continuous_weight=0.0).build(Scene(SHAPE, 0, CODED, 1))
    last = [layer for layer in term.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.0, 2.0, 0.0, 50.0, 50.0]))
    loss = term(move(None, Verdict(torch.zeros(1, 1), torch.zeros(1, 1)), torch.zeros(1, 0), latents))
    torch.testing.assert_close(loss.tolist(), [math.log(math.exp(2) + 2) - 2])


def test_latents_without_codes_are_refused() -> None:
    with pytest.raises(UserError, match="CodeRecovery needs latents that hold codes"):
        CodeRecovery().build(Scene(SHAPE, 0, Normal(size=3), 2))


@pytest.mark.parametrize("of_fakes", [True, False])
def test_the_generator_is_asked_for_its_fakes_classes_alone_where_it_compares_with_reals_too(of_fakes: bool) -> None:
    """Before, an objective that compares had it learn from the reals' classes, or from nothing."""
    classes, said = torch.eye(2), {"class": torch.tensor([[1.0, 0.0], [3.0, 0.0]])}
    fake = verdict(**{"class": torch.tensor([[5.0, 5.0], [0.0, 2.0]])})
    shown = dataclasses.replace(move(verdict(**said), fake, classes, torch.zeros(2, 3)), mover="generator")
    found = ClassCrossEntropy(of_fakes=of_fakes)(shown)
    torch.testing.assert_close(found.tolist(), [math.log(2), math.log(1 + math.exp(-2))])
