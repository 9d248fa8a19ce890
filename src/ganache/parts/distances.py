"""How far two pictures are from each other, as a loss: one value for each pair, which needs no network."""

import abc

from pydantic import Field
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganache.parts.part import Part

STABILISERS = (0.02**2, 0.06**2)  # (0.01 L)² and (0.03 L)², L = 2 being the range of values


class Distance(Part, abc.ABC):
    """A distance between pictures of the same shape."""

    @abc.abstractmethod
    def __call__(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Return (N,) of pictures (N, C, H, W) in [-1, 1]; 0 where they are equal."""


class Absolute(Distance):
    """The mean absolute difference of values, which are 2 apart at most."""

    def __call__(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Return E|a - b|."""
        return (made - wanted).abs().flatten(1).mean(dim=1)


class Structural(Distance):
    """1 - SSIM and the mean absolute difference, of which the first has a share: edges and texture, and their level.

    SSIM is that of Wang et al. 2004, "Image quality assessment", equation 13, with means over square windows; the
    mixture and its share are Zhao et al. 2017's, "Loss Functions for Image Restoration with Neural Networks",
    equation 13.
    """

    share: float = Field(default=0.84, ge=0, le=1)
    window: int = Field(default=7, ge=2)  # pixels a side; the whole side where that is shorter

    def __call__(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Return α (1 - SSIM(a, b)) + (1 - α) E|a - b|."""
        unlike = 1.0 - self.similarity(made, wanted)
        return self.share * unlike + (1.0 - self.share) * Absolute()(made, wanted)

    def similarity(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Return SSIM (N,), in [-1, 1], the mean over all windows inside the picture and all channels."""
        window = [min(self.window, side) for side in made.shape[2:]]
        means = [avg_pool2d(one, window, stride=1) for one in (made, wanted, made**2, wanted**2, made * wanted)]
        first, second, first_square, second_square, product = means
        level, structure = STABILISERS
        of_means = (2.0 * first * second + level) / (first**2 + second**2 + level)
        variances = first_square - first**2 + second_square - second**2
        of_structure = (2.0 * (product - first * second) + structure) / (variances + structure)
        return (of_means * of_structure).flatten(1).mean(dim=1)
