"""What a game's parts must agree on: each disagreement is refused in one line before anything is allocated."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import DCGANDiscriminator, Discriminator
from ganache.parts.objectives import LeastSquares
from ganache.parts.penalties import R1
from ganache.parts.terms import FeatureMatching, GeneratorTerm, Move, PureTerm
from ganache.parts.verdict import Verdict
from ganache.recipes.rehearsal import rehearse
from ganache.support.errors import UserError
from tests.tiny import SHAPE, tiny_recipe


class Silent(nn.Module):
    """Says a logit and nothing else."""

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images.flatten(1).sum(dim=1, keepdim=True)


class Mute(Discriminator):
    """Has no features to give."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the silent one."""
        return Silent()


class Headed(Discriminator):
    """Has a head of a name, and no features."""

    head: str

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module."""
        return _Headed(self.head)


class _Headed(nn.Module):
    def __init__(self, head: str) -> None:
        super().__init__()
        self.head = head

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        logits = images.flatten(1).sum(dim=1, keepdim=True)
        return Verdict(logits, heads={self.head: conditions})


class Halting(nn.Module):
    """Gives one verdict on all images together."""

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        return Verdict(images.sum().reshape(1, 1))


class Hasty(Discriminator):
    """Judges a batch at once."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module."""
        return Halting()


class Sums(GeneratorTerm):
    """Whatever it is, of the generator's."""

    def __call__(self, move: Move) -> Tensor:
        """Return the sums (N,)."""
        return move.fakes.flatten(1).sum(dim=1)


class Telling(PureTerm):
    """Reads a head, in either player's loss, of a game that is told conditions."""

    needs_head = "class"
    needs_conditions = True

    def __call__(self, move: Move) -> Tensor:
        """Return the head's sums (N,)."""
        return move.fake_verdict.heads["class"].sum(dim=1)


REFUSED: list[tuple[dict[str, Any], str]] = [
    # A term of the wrong player.
    ({"generator_terms": {"r1": R1()}}, r"^generator_terms\.r1: R1 is a term of the discriminator's loss$"),
    ({"penalties": {"m": FeatureMatching()}}, r"^penalties\.m: FeatureMatching is a term of the generator's loss$"),
    ({"penalties": {"s": Sums()}}, r"^penalties\.s: Sums is a term of the generator's loss$"),
    # Features and heads that are missing.
    (
        {"generator_terms": {"m": FeatureMatching()}, "discriminator": Mute()},
        r"^generator_terms\.m: FeatureMatching needs features, and the verdict of Mute has none to give$",
    ),
    (
        {"generator_terms": {"t": Telling()}, "conditional": True},
        r"^generator_terms\.t: Telling needs the head 'class', and the verdict of MLPDiscriminator has none$",
    ),
    (
        {"penalties": {"t": Telling()}, "conditional": True, "discriminator": Headed(head="classes")},
        r"^penalties\.t: Telling needs the head 'class', and the verdict of Headed has none$",
    ),
    # Classes that nobody is told.
    (
        {"penalties": {"t": Telling()}, "discriminator": Headed(head="class")},
        r"^penalties\.t: Telling needs classes; --set conditional=true tells the networks those of the data$",
    ),
    # What means nothing together.
    (
        {"penalties": {"r1": R1()}, "discriminator": DCGANDiscriminator(width=4)},
        r"^penalties\.r1: R1 needs logits that depend on one image each",
    ),
    ({"adversarial": 0.0}, r"^adversarial: with 0 and without generator_terms the generator would have nothing"),
    ({"discriminator": Hasty()}, r"^discriminator: it gives logits of shape \(1, 1\) for 4 images$"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
def test_what_does_not_go_together_is_refused_in_one_line(fields: dict[str, Any], reason: str) -> None:
    recipe = tiny_recipe(**fields)
    with pytest.raises(UserError, match=reason) as refused:
        rehearse(recipe, SHAPE, 3 if recipe.conditional else 0)
    assert "\n" not in str(refused.value)


ALLOWED: list[dict[str, Any]] = [
    {"generator_terms": {"m": FeatureMatching()}},
    {"penalties": {"r1": R1()}},
    {"adversarial": 0.0, "generator_terms": {"s": Sums()}},
    {"penalties": {"t": Telling()}, "conditional": True, "discriminator": Headed(head="class")},
    {"generator_terms": {"t": Telling()}, "conditional": True, "discriminator": Headed(head="class")},
    {"discriminator": Mute(), "objective": LeastSquares()},
]


@pytest.mark.parametrize("fields", ALLOWED, ids=lambda fields: ", ".join(fields))
def test_what_goes_together_is_not(fields: dict[str, Any]) -> None:
    torch.manual_seed(0)
    recipe = tiny_recipe(**fields)
    rehearse(recipe, SHAPE, 3 if recipe.conditional else 0)
