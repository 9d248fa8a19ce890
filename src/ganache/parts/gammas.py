"""γ, the weight of ½|∇D|², by size and batch: what a recipe leaves to the plan, and where each rule comes from.

How steep a discriminator may be depends on how far apart pictures lie, and so on their size; no one number fits two
sizes. A recipe that says ``weight=R3GANGamma()`` gets a number when a training is planned, and its run has the number.
"""

import abc
import math

from ganache.data.shape import ImageShape
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative, Schedule, times
from ganache.support.errors import UserError


class Gamma(Part, abc.ABC):
    """A rule for γ; `course` is what becomes of it in training, as a multiple: 1, or a curve from 1 to 0.1."""

    course: NonNegative = 1.0

    @abc.abstractmethod
    def suited(self, shape: ImageShape, batch: int) -> float:
        """Return the γ that suits images of a shape in batches of so many."""

    @abc.abstractmethod
    def why(self) -> str:
        """Return where the rule comes from, in some words."""

    def chosen(self, shape: ImageShape, batch: int) -> Schedule:
        """Return the weight: `course` times the γ that suits."""
        return times(self.course, self.suited(shape, batch))

    def reason(self, shape: ImageShape, batch: int) -> str:
        """Return what was chosen and why: ``0.1 for 28×28 in batches of 32: …``."""
        return f"{self.suited(shape, batch):g} for {shape.height}×{shape.width} in batches of {batch}: {self.why()}"

    def value(self, images_seen: float) -> float:
        """Refuse: a weight that is looked up was chosen before."""
        raise UserError(f"weight: {type(self).__name__} is a rule; a plan makes a number of it, by size and batch")


class StyleGAN2Gamma(Gamma):
    """γ = 0.0002 · H · W / batch, of R1 alone (Karras et al. 2020, "Training GANs with Limited Data", their `auto`)."""

    def suited(self, shape: ImageShape, batch: int) -> float:
        """Return γ."""
        return 0.0002 * shape.height * shape.width / batch

    def why(self) -> str:
        """Return the source."""
        return "0.0002 · H · W / batch, StyleGAN2's rule"


class R3GANGamma(Gamma):
    """γ of R1 and of R2 under relativistic pairing: 0.3 · (s / 32)^2.7 · (512 / batch)^¼ for sides s = √(H · W).

    The least squares, in logarithms, through what Huang et al. 2024 chose by hand for CIFAR-10, ImageNet at two sizes
    and FFHQ at two (the presets of their code), and what works for narrow networks on a processor: 0.5 at 28 to 32
    pixels, 0.2 at 16, both in batches of 32. They lie within a factor of 4 of what it gives (docs/recipes.md); so it is
    rounded to 1, 2 or 5 times a power of ten. It is never below 0.001, which is right for points. `stylegan2` takes it
    for R1 alone: at 28×28 it is a hundred times `StyleGAN2Gamma`, with which networks so narrow collapse.
    """

    def suited(self, shape: ImageShape, batch: int) -> float:
        """Return γ."""
        side = math.sqrt(shape.height * shape.width)
        return max(0.001, _round(0.3 * (side / 32.0) ** 2.7 * (512.0 / batch) ** 0.25))

    def why(self) -> str:
        """Return the source."""
        return "a line through what R3GAN's authors chose by hand for five sets, and what works here"


def _round(value: float) -> float:
    """Return the number 1, 2 or 5 times a power of ten that is nearest as a ratio."""
    power = math.floor(math.log10(value))
    steps = [float(f"{digit}e{power}") for digit in (1, 2, 5, 10)]
    return min(steps, key=lambda step: abs(math.log(step / value)))
