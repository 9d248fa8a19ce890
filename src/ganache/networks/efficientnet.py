"""EfficientNet-Lite0, a small network that was trained to tell the 1,000 classes of ImageNet apart.

What it makes of a picture before its last layer tells pictures apart as people do, to a degree: which thing is seen,
how sharp, how noisy. The graph of Tan & Le 2019 (arXiv 1905.11946, table 1) without squeeze-and-excitation and with
ReLU6, as TensorFlow's authors published it for telephones. Only what leads to the features is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import hardtanh_

from ganache.networks.fixed_convolution import FixedConvolution
from ganache.support.precision import as_mixed, unmixed

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
        self.layers = nn.ModuleList(_fixed(layer, weights) for block in self._blocks for layer in block.layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, 1280) of pictures (N, 3, H, W), made for 224×224, that `scaled` made."""
        return self._after_each(self._blocks, images)[-1].mean(dim=(2, 3))

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the maps before each halving, (N, C, H / s, W / s): of 16, 24, 40, 112 and 320 channels, s = 2 … 32.

        What is near the picture's pixels comes first, what is near its meaning last.
        """
        blocks = self._blocks[:-1]  # before the head
        return [maps for block, maps in zip(blocks, self._after_each(blocks, images), strict=True) if block.ends]

    def _after_each(self, blocks: Sequence[LayerRow], images: Tensor) -> list[Tensor]:
        maps, layers, found = as_mixed(images), iter(self.layers), []
        with unmixed(images):  # else filters would be rounded anew in each pass
            for block in blocks:
                before = maps
                for layer in block.layers:
                    maps = next(layers)(maps)
                    maps = hardtanh_(maps, 0.0, CEILING) if layer.clipped else maps
                maps = maps + before if block.adds else maps
                found.append(maps)
        return found


def _fixed(layer: NormedLayer, weights: Mapping[str, Tensor]) -> FixedConvolution:
    """Return a layer with its batch norm in it, on the device on which modules are built."""
    filters, bias = (values.to(torch.get_default_device()) for values in folded(weights, layer))
    return FixedConvolution(filters, bias, layer.stride, layer.inputs if layer.depthwise else 1)
