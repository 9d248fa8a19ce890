"""EfficientNet-Lite0 as onnxruntime takes it: the same folded weights, on a processor in half of torch's time."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganache.evaluation.features.onnx_file import Node, model
from ganache.networks.efficientnet import CEILING, FEATURES, SIDE, LayerRow, NormedLayer, blocks, folded
from ganache.networks.fixed_convolution import same_padding

_BOUNDS = ("zero", "ceiling")


class Runner(Protocol):
    """Scaled pictures (N, 3, 224, 224) float32 → features (N, 1280) float32."""

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features."""


def runner(weights: Mapping[str, Tensor], threads: int) -> Runner | None:
    """Return the network in onnxruntime with so many threads, None where that is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3  # errors alone
    # Threads that wait for work would take the time of those that draw samples.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session: Any = onnxruntime.InferenceSession(as_onnx(weights), options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, {"images": images})[0]
        return found

    return run


def as_onnx(weights: Mapping[str, Tensor]) -> bytes:
    """Return the network from scaled pictures to features as an ONNX file."""
    nodes: list[Node] = []
    constants: list[tuple[str, NDArray[np.float32]]] = [
        (name, np.array(bound, np.float32)) for name, bound in zip(_BOUNDS, (0.0, CEILING), strict=True)
    ]
    size, at = SIDE, "images"
    for block in blocks():
        size, at = _add(block, size, at, nodes, constants, weights)
    nodes += [Node("GlobalAveragePool", (at,), "means"), Node("Flatten", ("means",), "features")]
    return model(nodes, constants, ("images", ("n", 3, SIDE, SIDE)), ("features", ("n", FEATURES)))


def _add(
    block: LayerRow,
    size: int,
    at: str,
    nodes: list[Node],
    constants: list[tuple[str, NDArray[np.float32]]],
    weights: Mapping[str, Tensor],
) -> tuple[int, str]:
    """Add a block's nodes and constants; return the side of its maps, and their name."""
    before = at
    for layer in block.layers:
        filters, bias = folded(weights, layer)
        constants += [(f"{layer.name}.w", filters.numpy()), (f"{layer.name}.b", bias.numpy())]
        nodes.append(_convolution(layer, size, at))
        size, at = -(-size // layer.stride), layer.name
        if layer.clipped:
            nodes.append(Node("Clip", (at, *_BOUNDS), f"{at}.clipped"))
            at = f"{at}.clipped"
    if block.adds:
        nodes.append(Node("Add", (at, before), f"{at}.sum"))
        at = f"{at}.sum"
    return size, at


def _convolution(layer: NormedLayer, size: int, at: str) -> Node:
    first, last = same_padding(size, layer.kernel, layer.stride)
    attributes = (
        ("group", layer.inputs if layer.depthwise else 1),
        ("kernel_shape", (layer.kernel, layer.kernel)),
        ("pads", (first, first, last, last)),
        ("strides", (layer.stride, layer.stride)),
    )
    return Node("Conv", (at, f"{layer.name}.w", f"{layer.name}.b"), layer.name, attributes)
