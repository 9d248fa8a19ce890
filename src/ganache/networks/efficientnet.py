"""EfficientNet-Lite0, a small network that was trained to tell the 1,000 classes of ImageNet apart.

What it makes of a picture before its last layer tells pictures apart as people do, to a degree: which thing is seen,
how sharp, how noisy. The graph of Tan & Le 2019 (arXiv 1905.11946, table 1) without squeeze-and-excitation and with
ReLU6, as TensorFlow's authors published it for telephones. Only what leads to the features is here.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, hardtanh, pad

SIDE = 224  # pixels of the pictures that it was trained on
FEATURES = 1_280
EPSILON = 1e-3  # of batch norm
CEILING = 6.0  # of ReLU6
STEM = 32  # maps

# Repetitions, kernel, stride of the first, expansion, maps.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class NormedLayer:
    """A convolution and its batch norm, by the names of the weights' file; `clipped` where ReLU6 follows."""

    name: str
    norm: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    clipped: bool = True

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Outputs, inputs of each, height and width of the filters."""
        return self.outputs, 1 if self.depthwise else self.inputs, self.kernel, self.kernel


@dataclass(frozen=True)
class LayerRow:
    """Layers in a row, to whose outcome their input is added where `adds`; `ends` where maps shrink after it."""

    layers: tuple[NormedLayer, ...]
    adds: bool = False
    ends: bool = False


def blocks() -> Iterator[LayerRow]:
    """Yield the graph, from the picture to the maps whose means are the features."""
    yield LayerRow((NormedLayer("_conv_stem", "_bn0", 3, STEM, kernel=3, stride=2),))
    had, number = STEM, 0
    for stage, (repetitions, kernel, first, expansion, maps) in enumerate(STAGES):
        shrinks_next = stage + 1 == len(STAGES) or STAGES[stage + 1][2] == 2
        for repetition in range(repetitions):
            stride, inner, at = first if repetition == 0 else 1, had * expansion, f"_blocks.{number}"
            widened = (NormedLayer(f"{at}._expand_conv", f"{at}._bn0", had, inner),) if expansion > 1 else ()
            layers = (
                *widened,
                NormedLayer(f"{at}._depthwise_conv", f"{at}._bn1", inner, inner, kernel, stride, depthwise=True),
                NormedLayer(f"{at}._project_conv", f"{at}._bn2", inner, maps, clipped=False),
            )
            yield LayerRow(
                layers, adds=stride == 1 and had == maps, ends=shrinks_next and repetition == repetitions - 1
            )
            had, number = maps, number + 1
    yield LayerRow((NormedLayer("_conv_head", "_bn1", had, FEATURES),))


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor that the features need."""
    found: dict[str, tuple[int, ...]] = {}
    for block in blocks():
        for layer in block.layers:
            found[f"{layer.name}.weight"] = layer.shape
            for vector in ("weight", "bias", "running_mean", "running_var"):
                found[f"{layer.norm}.{vector}"] = (layer.outputs,)
    return found


def folded(weights: Mapping[str, Tensor], layer: NormedLayer) -> tuple[Tensor, Tensor]:
    """Return a layer's filters and bias with its batch norm in them, float32, computed in float64.

    w' = w γ / √(σ² + ε) and b' = β − μ γ / √(σ² + ε), of Ioffe & Szegedy 2015 (arXiv 1502.03167, algorithm 2).
    """
    scale, shift, mean, variance = (
        weights[f"{layer.norm}.{vector}"].double() for vector in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / (variance + EPSILON).sqrt()
    filters = weights[f"{layer.name}.weight"].double() * factor[:, None, None, None]
    return filters.float(), (shift - mean * factor).float()


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after `size` places with which TensorFlow's "SAME" has ⌈size / stride⌉ outputs.

    An odd one stands after: with stride 2 and even sides its filters lie otherwise than PyTorch's.
    """
    needed = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return needed // 2, needed - needed // 2


def scaled(pixels: Tensor) -> Tensor:
    """Return pixels 0 … 255 as the network takes them: (x − 127) / 128."""
    return (pixels - 127.0) / 128.0


def scaled_values(images: Tensor) -> Tensor:
    """Return images in [-1, 1] as the network takes them."""
    return scaled((images + 1.0) * 127.5)


class EfficientNetLite0(nn.Module):
    """The network with fixed weights, batch norm folded into its convolutions; differentiable by the picture."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._blocks = tuple(blocks())
        for number, layer in enumerate(layer for block in self._blocks for layer in block.layers):
            filters, bias = folded(weights, layer)
            for name, values in ((f"filters_{number}", filters), (f"bias_{number}", bias)):
                # No state: what the pinned file says is in no checkpoint. On the device on which modules are built.
                self.register_buffer(name, values.to(torch.get_default_device()), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, 1280) of pictures (N, 3, H, W), made for 224×224, that `scaled` made."""
        *_, last = self._after_each_block(images)
        return last[1].mean(dim=(2, 3))

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the maps before each halving, (N, C, H / s, W / s): of 16, 24, 40, 112 and 320 channels, s = 2 … 32.

        What is near the picture's pixels comes first, what is near its meaning last.
        """
        before_the_head = itertools.islice(self._after_each_block(images), len(self._blocks) - 1)
        return [maps for block, maps in before_the_head if block.ends]

    def _after_each_block(self, images: Tensor) -> Iterator[tuple[LayerRow, Tensor]]:
        maps, number = images, 0
        for block in self._blocks:
            before = maps
            for layer in block.layers:
                maps = _applied(layer, maps, *(getattr(self, f"{name}_{number}") for name in ("filters", "bias")))
                number += 1
            maps = maps + before if block.adds else maps
            yield block, maps


def _applied(layer: NormedLayer, maps: Tensor, filters: Tensor, bias: Tensor) -> Tensor:
    high, wide = (same_padding(size, layer.kernel, layer.stride) for size in maps.shape[2:])
    groups = layer.inputs if layer.depthwise else 1
    if high[0] == high[1] and wide[0] == wide[1]:
        found = conv2d(maps, filters, bias, layer.stride, (high[0], wide[0]), groups=groups)
    else:
        found = conv2d(pad(maps, (*wide, *high)), filters, bias, layer.stride, groups=groups)
    return hardtanh(found, 0.0, CEILING) if layer.clipped else found
