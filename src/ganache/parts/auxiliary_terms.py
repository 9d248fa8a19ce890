"""Terms by which a GAN also learns to tell something of an image: its class, or the code that it was made from."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganache.parts.latents import Coded
from ganache.parts.terms import Move, PureTerm, Role, Scene, Term
from ganache.support.errors import UserError


class ClassCrossEntropy(PureTerm):
    """-log P(class | image) of all images that the critic was shown (Odena et al. 2017, "AC-GAN", equation 3).

    In the discriminator's loss it is the one of reals plus that of fakes, in the generator's that of fakes alone: both
    players want the class to be told. The discriminator's head ``class`` tells it. Without `of_fakes` the discriminator
    learns classes from reals alone: taught by early fakes, the two agree on signs that no class of the data has.
    """

    of_fakes: bool = True

    needs_head: ClassVar[str] = "class"
    needs_conditions: ClassVar[bool] = True

    def __call__(self, move: Move) -> Tensor:
        """Return the cross entropy (N,) between the head's logits and the conditions."""
        is_generators = move.mover == "generator"  # which may have asked about reals too, to compare with
        verdicts = [move.fake_verdict] if self.of_fakes or is_generators else []
        verdicts += [move.real_verdict] if move.real_verdict is not None and not is_generators else []
        losses = [cross_entropy(said.heads["class"], move.conditions, reduction="none") for said in verdicts]
        return sum(losses[1:], losses[0])


class CodeRecovery(Term):
    """-log Q(c | G(z, c)), from which the codes c can be read off an image (Chen et al. 2016, "InfoGAN", equation 5).

    Its mean bounds the mutual information of code and image from below, but for the codes' entropy. Q is a network of
    this term's own on the discriminator's features, and learns with the generator. Continuous codes are normal with
    deviation 1 around what Q says, whose -log is ½(c - Q)² and a constant.
    """

    players: ClassVar[tuple[Role, ...]] = ("generator",)
    needs_features: ClassVar[bool] = True

    width: int = Field(default=128, ge=1)  # of Q's hidden layer
    continuous_weight: float = Field(default=0.1, ge=0)  # of continuous codes beside the categories

    def build(self, scene: Scene) -> nn.Module:
        """Return Q with the loss of what it says; raises UserError where the latents hold no codes."""
        if not isinstance(scene.latent, Coded):
            raise UserError("generator_terms: CodeRecovery needs latents that hold codes: generator.latent=Coded")
        return _CodeRecovery(self, scene.latent, scene.features)


class _CodeRecovery(nn.Module):
    def __init__(self, config: CodeRecovery, latent: Coded, features: int) -> None:
        super().__init__()
        self.config, self.latent = config, latent
        self.reader = nn.Sequential(
            nn.Linear(features, config.width), nn.LeakyReLU(0.2), nn.Linear(config.width, latent.codes)
        )

    def forward(self, move: Move) -> Tensor:
        assert move.fake_verdict.features is not None
        said = self.reader(move.fake_verdict.features.float())
        categories, values = self.latent.split(move.latents)
        *guesses, means = torch.split(said, [*self.latent.categories, self.latent.continuous], dim=1)
        losses = [
            cross_entropy(guess, category, reduction="none")
            for guess, category in zip(guesses, categories, strict=True)
        ]
        squares = (means - values).square().sum(dim=1) / 2.0
        return sum(losses, self.config.continuous_weight * squares)
