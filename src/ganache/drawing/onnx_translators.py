"""A translator as a model of ONNX: from pictures to pictures of the same size, whatever that is."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim

from ganache.drawing.onnx_export import PIXELS, write_model
from ganache.drawing.onnx_graph import OPSET, graph_of
from ganache.drawing.onnx_parity import SEED, Parity, checked, runner
from ganache.networks.translators import Translating
from ganache.runs.trained_translators import TrainedTranslator
from ganache.support.places import check_output
from ganache.support.streams import derive
from ganache.support.version import __version__

GIVEN = "given"
PICTURES = 4  # of each size that are compared
MOST_STRIDES = 4_096  # of a side
_VALUES = "pictures (N, channels, height, width), float32 in [-1, 1]; value = pixel / 127.5 - 1"


def export_translator(translator: TrainedTranslator, out: Path, *, opset: int = OPSET) -> Parity:
    """Write a translator as an ONNX model, with ``NAME.onnx.json`` beside it: by how much it differs from torch.

    Raises UserError for what cannot be written, RunError when it makes other pictures than torch does or the disk
    refuses; nothing is written then.
    """
    check_output(out, "--out")
    model = translator_model(translator, opset)
    parity = _compared(model, translator)
    write_model(model, _metadata(translator, opset), parity, out)
    return parity


def translator_model(translator: TrainedTranslator, opset: int = OPSET) -> Any:
    """Return the model (an onnx.ModelProto): ``given`` (N, C, H, W) to ``images`` (N, D, H, W), in [-1, 1].

    N is any number, H and W are multiples of the network's stride. Raises UserError where onnx is not installed, for an
    opset that cannot be written, and for a network that cannot.
    """
    network = translator.network
    least = least_strides(network)
    down, across = (network.stride * Dim(name, min=least, max=MOST_STRIDES) for name in ("down", "across"))
    example = _pictures(translator, 2, least + 1, least + 2)
    kind = f"a translator of the kind {type(network).__name__.strip('_')}"
    return graph_of(
        _Whole(network), (example,), ({0: Dim("batch"), 2: down, 3: across},), names=[GIVEN], opset=opset, kind=kind
    )


def least_strides(network: Translating) -> int:
    """Return how many strides a side of the model's pictures has at least."""
    return -(-max(network.least, network.steady) // network.stride)


class _Whole(nn.Module):
    """A translator for pictures of whole strides, which need not be continued."""

    def __init__(self, network: Translating) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return images (N, D, H, W)."""
        return self.network.translated(images)


def _pictures(translator: TrainedTranslator, count: int, down: int, across: int) -> Tensor:
    """Return noise of so many strides down and across."""
    stride, random = translator.network.stride, torch.Generator().manual_seed(derive(SEED, "translations"))
    form = (count, translator.inputs.channels, down * stride, across * stride)
    return torch.rand(form, generator=random) * 2.0 - 1.0


def _compared(model: Any, translator: TrainedTranslator) -> Parity:
    """Return how a model and its translator agree, on pictures of two sizes."""
    by, run = runner(model.SerializeToString())
    worst, least = 0.0, least_strides(translator.network)
    for down, across in ((least, least + 3), (least + 1, least)):
        given = _pictures(translator, PICTURES, down, across)
        with torch.inference_mode():
            wanted: NDArray[np.float32] = translator.network.translated(given).float().numpy()
        found = run({GIVEN: given.numpy()})
        worst = max(worst, float(np.abs(found - wanted).max()) if found.shape == wanted.shape else np.inf)
    return checked(worst, 2 * PICTURES, by)


def _metadata(translator: TrainedTranslator, opset: int) -> dict[str, Any]:
    told, network = translator.description, translator.network
    least = least_strides(network) * network.stride
    return {
        "recipe": told.get("recipe", ""),
        "images_seen": told.get("images_seen"),
        "inputs": translator.inputs.to_json(),
        "targets": translator.targets.to_json(),
        "task": told.get("task") or "",
        "values": _VALUES,
        "pixels": PIXELS,
        "sides": f"multiples of {network.stride}, at least {least}; others are continued by reflection and cut",
        "opset": opset,
        "version": __version__,
    }
