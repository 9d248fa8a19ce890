"""The two players and their steps (Goodfellow et al. 2014, algorithm 1, with the non-saturating generator).

    discriminator:  -mean log D(x) - mean log(1 - D(G(z)))     reals have target 1, fakes target 0
    generator:      -mean log D(G(z))                          the same fakes' cross entropy with target 1

A target below 1 for the reals is one-sided label smoothing (Salimans et al. 2016, section 3.4): it keeps D from being
certain. The fakes' target stays 0, since to raise it would tell G to stay as it is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ganache.scratch.array_module import Array
from ganache.scratch.descent import Descent
from ganache.scratch.layer import Gradients
from ganache.scratch.losses import binary_cross_entropy
from ganache.scratch.sequence import Place, Sequence


class Learner(NamedTuple):
    """A network and what moves it."""

    network: Sequence
    descent: Descent

    def move(self, gradients: Gradients) -> None:
        """Take one step along the gradients."""
        self.descent.step(self.network.parameters(), gradients)

    def places(self) -> Iterator[Place]:
        """Yield where each array is held: the network's, and what the descent remembers."""
        for name, held, key in self.network.places():
            yield f"network.{name}", held, key
        for name in self.descent.memory:
            yield f"descent.{name}", self.descent.memory, name


class Gan:
    """Generator: latents (N, Z) → pixels (N, P) in [0, 1]. Discriminator: pixels → logits (N, 1)."""

    def __init__(self, generator: Learner, discriminator: Learner, real_target: float = 1.0) -> None:
        self.generator, self.discriminator, self.real_target = generator, discriminator, real_target

    def step(self, reals: Array, latents: Array, other_latents: Array) -> dict[str, float]:
        """Move the discriminator once, then the generator once; return both losses.

        The discriminator moves on reals (N, P) in [0, 1] and fakes of `latents` (N, Z), the generator on fakes of the
        other ones.
        """
        fakes = self.generator.network.forward(latents, training=True)
        discriminator, gradients = self.discriminator_gradients(reals, fakes)
        self.discriminator.move(gradients)
        generator, gradients = self.generator_gradients(other_latents)
        self.generator.move(gradients)
        return {"loss/generator": generator, "loss/discriminator": discriminator}

    def discriminator_gradients(self, reals: Array, fakes: Array) -> tuple[float, Gradients]:
        """Return -mean log D(x) - mean log(1 - D(G(z))) and its gradient at the discriminator's parameters.

        The loss is a sum of two, and so is its gradient: reals and fakes go through D one after the other. A batch
        norm in D then sees the statistics of one kind at a time.
        """
        real_loss, _, from_reals = self.scored(reals, self.real_target)
        fake_loss, _, from_fakes = self.scored(fakes, 0.0)
        return real_loss + fake_loss, {name: from_reals[name] + from_fakes[name] for name in from_reals}

    def generator_gradients(self, latents: Array) -> tuple[float, Gradients]:
        """Return -mean log D(G(z)) for latents (N, Z) and its gradient at the generator's parameters.

        Every sample of this batch is a fake that is scored as if it were real. The chain rule, from the loss back:
        logits, then D (whose own parameters stay), pixels, then G. The logarithm's factor 1/D(G(z)) is in the loss's
        gradient at the logits, and so in all that follows from it.
        """
        fakes = self.generator.network.forward(latents, training=True)
        loss, at_pixels, _ = self.scored(fakes, 1.0)
        _, gradients = self.generator.network.backward(at_pixels)
        return loss, gradients

    def scored(self, pixels: Array, target: float) -> tuple[float, Array, Gradients]:
        """Return D's mean cross entropy on pixels (N, P) with one target, and its gradient at pixels and parameters."""
        logits = self.discriminator.network.forward(pixels, training=True)
        loss, at_logits = binary_cross_entropy(logits, target)
        return loss, *self.discriminator.network.backward(at_logits)
