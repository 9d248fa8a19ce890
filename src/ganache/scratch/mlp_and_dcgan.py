"""The networks of the two players and of the classifier, as rows of layers.

Generators end in a sigmoid, so that pixels lie in [0, 1]; discriminators end in one logit, whose sigmoid is part of
the loss. Layers come in the order of Ganache's ordinary networks of the same name, whose weights they fill.
"""

import itertools
import math

from ganache.data.shape import ImageShape
from ganache.scratch.activations import LeakyReLU, ReLU, Sigmoid
from ganache.scratch.array_module import Array, xp
from ganache.scratch.convolution import Convolution, Pair, TransposedConvolution
from ganache.scratch.dropout import DropoutLayer
from ganache.scratch.layer import Layer
from ganache.scratch.linear import Flatten, LinearLayer, Reshape
from ganache.scratch.normalization import BatchNorm
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from ganache.support.errors import UserError

SMALLEST = 7  # pixels; a DCGAN halves the image's sides until both are at most so many
DEVIATION = 0.02  # of a DCGAN's first weights (Radford et al. 2016, section 4)


def mlp_generator(latent: int, widths: tuple[int, ...], shape: ImageShape, random: RandomNumbers) -> Sequence:
    """Return latents (N, Z) → ReLU layers of these widths → pixels (N, C·H·W) in [0, 1]."""
    hidden = _hidden((latent, *widths), random, dropout=0.0)
    return Sequence(*hidden, _linear((latent, *widths)[-1], shape.pixels, random), Sigmoid())


def mlp_discriminator(widths: tuple[int, ...], shape: ImageShape, dropout: float, random: RandomNumbers) -> Sequence:
    """Return pixels (N, C·H·W) → ReLU layers of these widths, each with dropout → logits (N, 1)."""
    return mlp_classifier(widths, shape, 1, random, dropout)


def mlp_classifier(
    widths: tuple[int, ...], shape: ImageShape, classes: int, random: RandomNumbers, dropout: float = 0.0
) -> Sequence:
    """Return pixels (N, C·H·W) → ReLU layers of these widths → logits (N, classes)."""
    hidden = _hidden((shape.pixels, *widths), random, dropout)
    return Sequence(*hidden, _linear((shape.pixels, *widths)[-1], classes, random))


def dcgan_generator(latent: int, width: int, shape: ImageShape, random: RandomNumbers) -> Sequence:
    """Return latents (N, Z) → a small picture of many features → transposed convolutions → pixels (N, C·H·W).

    Raises UserError for a shape whose sides do not halve evenly.
    """
    sizes = halvings(shape)
    widths = [width * 2**stage for stage in range(len(sizes) - 1)][::-1]
    smallest = sizes[-1]
    project = _around(0.0, random, widths[0] * smallest[0] * smallest[1], latent)
    layers: list[Layer] = [LinearLayer(project), Reshape(widths[0], *smallest), _batch_norm(widths[0], random), ReLU()]
    features = itertools.pairwise([*widths, shape.channels])
    stages = list(zip(itertools.pairwise(reversed(sizes)), features, strict=True))
    for stage, ((small, large), (inputs, outputs)) in enumerate(stages, start=1):
        stride, kernel = _step(large, small)
        is_last = stage == len(stages)
        bias = xp.zeros(outputs) if is_last else None
        layers.append(TransposedConvolution(_around(0.0, random, inputs, outputs, *kernel), bias, stride, (1, 1)))
        layers += [Sigmoid(), Flatten()] if is_last else [_batch_norm(outputs, random), ReLU()]
    return Sequence(*layers)


def dcgan_discriminator(width: int, shape: ImageShape, random: RandomNumbers) -> Sequence:
    """Return pixels (N, C·H·W) → strided convolutions, batch norm but in the first, leaky ReLU 0.2 → logits (N, 1).

    Raises UserError for a shape whose sides do not halve evenly.
    """
    sizes = halvings(shape)
    layers: list[Layer] = [Reshape(shape.channels, shape.height, shape.width)]
    inputs, outputs = shape.channels, width
    for stage, (large, small) in enumerate(itertools.pairwise(sizes)):
        stride, kernel = _step(large, small)
        weight = _around(0.0, random, outputs, inputs, *kernel)
        layers.append(Convolution(weight, None if stage else xp.zeros(outputs), stride, padding=(1, 1)))
        layers += [_batch_norm(outputs, random)] if stage else []
        layers.append(LeakyReLU(0.2))
        inputs, outputs = outputs, outputs * 2
    last = _around(0.0, random, 1, inputs * sizes[-1][0] * sizes[-1][1])
    return Sequence(*layers, Flatten(), LinearLayer(last, xp.zeros(1)))


def halvings(shape: ImageShape) -> list[Pair]:
    """Return the image's size (H, W) and its halves until both sides are at most 7: 28, 14, 7.

    Each side halves on its own. One layer sees no shapes, so that a small image first keeps its size: 8, 8, 4.
    Raises UserError where a side would be halved unevenly.
    """
    sizes = [(shape.height, shape.width)]
    while max(sizes[-1]) > SMALLEST:
        if any(side > SMALLEST and side % 2 for side in sizes[-1]):
            raise UserError(f"network: 'dcgan' here needs sides that halve evenly to 7 or fewer; {shape} does not")
        down, across = (side // 2 if side > SMALLEST else side for side in sizes[-1])
        sizes.append((down, across))
    return [sizes[0]] * (3 - len(sizes)) + sizes


def _step(large: Pair, small: Pair) -> tuple[Pair, Pair]:
    """Return stride and kernel between two sizes, for padding 1: 2 and 4 where a side halves, 1 and 3 where not."""
    down, across = (2 if most > least else 1 for most, least in zip(large, small, strict=True))
    return (down, across), (down + 2, across + 2)


def _hidden(widths: tuple[int, ...], random: RandomNumbers, dropout: float) -> list[Layer]:
    layers: list[Layer] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [_linear(inputs, outputs, random), ReLU()]
        if dropout:
            layers.append(DropoutLayer(dropout, random))
    return layers


def _linear(inputs: int, outputs: int, random: RandomNumbers) -> LinearLayer:
    """Return a layer whose weights and biases are uniform within ±1/√inputs, so that outputs stay of order one."""
    most = 1.0 / math.sqrt(inputs)
    weight, bias = random.uniform(outputs, inputs), random.uniform(outputs)
    return LinearLayer(most * (2.0 * weight - 1.0), most * (2.0 * bias - 1.0))


def _around(mean: float, random: RandomNumbers, *shape: int) -> Array:
    return mean + DEVIATION * random.normal(*shape)


def _batch_norm(channels: int, random: RandomNumbers) -> BatchNorm:
    return BatchNorm(_around(1.0, random, channels), xp.zeros(channels))
