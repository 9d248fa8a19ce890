"""What a network from picture to picture is to the rest of Ganache.

A translator's part is its configuration; `build` makes the module for the shapes of what it takes and of what it makes.
``translator(images)`` maps (N, C, H, W) in [-1, 1] to (N, D, H, W) in [-1, 1], for every height and width, whatever it
was built or trained for. In evaluation mode nothing is random. A translator knows no loss.
"""

import abc
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.reflection import ReflectedConv2d, reflected
from ganache.parts.part import Part
from ganache.support.errors import UserError


class Translator(Part, abc.ABC):
    """A translator's configuration."""

    @abc.abstractmethod
    def build(self, inputs: ImageShape, targets: ImageShape) -> "Translating":
        """Return a module images (N, C, H, W) → images (N, D, H, W), of any height and width at use.

        The shapes are those in training. Raises UserError where the network cannot lead from one to the other.
        """

    def refuse_scale(self, scale: int) -> None:
        """Raise UserError where the pixels of what is given, each repeated `scale` times both ways, do not suit."""


class Translating(nn.Module, abc.ABC):
    """A translator's module. A picture that its strides do not divide is continued by reflection and cropped again.

    What is added is on the right and below. So a part of a picture that begins at a multiple of `stride`, both ways, is
    translated as in the whole, but for the `margin` along the edges where the picture goes on.
    """

    stride: int  # pixels between places where it does the same
    reach: int  # pixels around one of the output which its convolutions see
    sees_whole: bool = False  # besides, by statistics of the whole picture
    least: int = 1  # pixels of a side, to which a smaller one is continued
    steady: int = 1  # pixels of a side from which on the same is done for every size: as a graph has it

    @property
    def margin(self) -> int | None:
        """Pixels around one of the output on which it depends; None: on the whole picture."""
        return None if self.sees_whole else self.reach

    def forward(self, images: Tensor) -> Tensor:
        """Return images (N, D, H, W) of images (N, C, H, W)."""
        return cut_as(images, self.translated(self.continued(images)))

    def continued(self, images: Tensor) -> Tensor:
        """Return images (N, C, H, W) with sides of whole strides, of `least` pixels at least."""
        rows, columns = (-max(side, self.least) % self.stride + max(self.least - side, 0) for side in images.shape[2:])
        return reflected(images, (0, rows), (0, columns))

    @abc.abstractmethod
    def translated(self, images: Tensor) -> Tensor:
        """Return images (N, D, H, W) of images (N, C, H, W) whose sides are whole strides."""


@runtime_checkable
class Encoding(Protocol):
    """A translator's module whose layers on the way in can be looked at, 0 being the pixels."""

    def widths(self, layers: Sequence[int]) -> list[int]:
        """Return how many features each of some layers has; raises UserError for a layer that is not there."""

    def features(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Return features (N, F, h, w) of images (N, C, H, W) in each of some layers."""

    def looked(self, images: Tensor, layers: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """Return the translations (N, D, H, W) of images, and their features, in one pass."""


def cut_as(images: Tensor, made: Tensor) -> Tensor:
    """Return what was made of continued images (N, C, H, W), cut to their own sides."""
    height, width = images.shape[2:]
    return made if made.shape[2:] == (height, width) else made[:, :, :height, :width]


def refuse_apart(translator: Translator, inputs: ImageShape, targets: ImageShape, least: int) -> None:
    """Raise UserError for inputs and targets of two sizes or of fewer pixels a side, and for points."""
    name = type(translator).__name__
    if (inputs.height, inputs.width) != (targets.height, targets.width):
        raise UserError(f"translator: {name} makes pictures of their inputs' size, not {targets} of {inputs}")
    if min(inputs.height, inputs.width) < least:
        raise UserError(f"translator: {name} takes pictures of at least {least}x{least} pixels, not {inputs}")


def reach_of(layers: Iterable[nn.Module]) -> int:
    """Return how many pixels around one of the output the convolutions in a chain of layers see, the first first.

    The chain ends with as many pixels as it begins with. What a layer does between convolutions reaches nowhere.
    """
    chain = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)][::-1]
    period, reach = 1, 0
    for layer in chain:
        period *= layer.stride[0] if isinstance(layer, nn.Conv2d) else 1
    for pixel in range(period):
        first = last = pixel
        for layer in chain:
            first, last = _heard(layer, first, last)
        reach = max(reach, pixel - first, last - pixel)
    return reach


def _heard(layer: nn.Conv2d | nn.ConvTranspose2d, first: int, last: int) -> tuple[int, int]:
    """Return the first and the last place of the input that places `first` to `last` of the output depend on."""
    assert isinstance(layer.padding, tuple)
    beyond = layer.kernel_size[0] - 1
    padding = layer.reflection if isinstance(layer, ReflectedConv2d) else layer.padding[0]
    stride = layer.stride[0]
    if isinstance(layer, nn.ConvTranspose2d):
        return -((beyond - first - padding) // stride), (last + padding) // stride
    return first * stride - padding, last * stride - padding + beyond
