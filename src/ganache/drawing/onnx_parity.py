"""Whether a model of ONNX draws what torch draws: both draw the same images, and the largest difference is kept."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.drawing.onnx_graph import CLASS, END, FRACTION, LATENT, START, TRUNCATION, can_be_truncated
from ganache.runs.products import GROUP, TrainedGenerator
from ganache.support.errors import RunError, reason
from ganache.support.version import __version__

GROUPS, SEED = 4, 0  # 256 samples
TOLERANCE = 1e-4  # of values in [-1, 1]; a step of a pixel's is 0.0078
TRUNCATED = 0.7  # where there is a truncation, a last group is drawn with this one

Run = Callable[[dict[str, NDArray[Any]]], NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Parity:
    """The largest difference between a model's values and torch's, over so many samples of a seed, and who drew it."""

    max_difference: float
    samples: int
    seed: int
    tolerance: float
    by: str  # the program that ran the model
    versions: dict[str, str]


def compared(model: Any, generator: TrainedGenerator) -> Parity:
    """Return how a model (an onnx.ModelProto) and its generator agree.

    Raises RunError where they differ by more than `TOLERANCE`.
    """
    by, run = runner(model.SerializeToString())
    settings = [generator] * GROUPS + ([generator.truncated(TRUNCATED)] if can_be_truncated(generator) else [])
    names = [value.name for value in model.graph.input]
    worst = max(_difference(run, names, drawn, group % GROUPS) for group, drawn in enumerate(settings))
    return checked(worst, GROUP * len(settings), by)


def checked(worst: float, samples: int, by: str) -> Parity:
    """Return the largest difference with what it was found by; raises RunError above `TOLERANCE`."""
    import onnx

    if not worst <= TOLERANCE:  # also where it is no number
        raise RunError(
            f"the ONNX model draws other images than torch: over {samples} samples values differ by {worst:.2g}, more"
            f" than {TOLERANCE:g}; nothing was written"
        )
    versions = {"ganache": __version__, "torch": torch.__version__, "onnx": onnx.__version__}
    return Parity(worst, samples, SEED, TOLERANCE, by, versions)


def runner(model: bytes) -> tuple[str, Run]:
    """Return by what a model is run, onnxruntime or else onnx's own reference, and a function from inputs to images."""
    try:
        import onnxruntime
    except ImportError:
        import onnx
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return f"onnx.reference {onnx.__version__}", lambda given: _only(evaluator.run(None, given))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a class of its own for each reason, all of them private
        raise RunError(f"onnxruntime {onnxruntime.__version__} does not read the model: {reason(error)}") from error
    return f"onnxruntime {onnxruntime.__version__}", lambda given: _only(session.run(None, given))


def _only(outputs: Any) -> NDArray[Any]:
    (images,) = outputs
    return np.asarray(images)


def _difference(run: Run, names: Sequence[str], generator: TrainedGenerator, group: int) -> float:
    latents, labels = generator.inputs(SEED, group)
    given = {
        **{LATENT: latents.numpy(), START: latents.numpy(), END: latents.flip(0).numpy(), CLASS: labels.numpy()},
        **{FRACTION: np.zeros(1, np.float32), TRUNCATION: np.array([generator.truncation], np.float32)},
    }
    drawn = run({name: given[name] for name in names})
    expected = generator.draw(latents, labels).numpy()
    if drawn.shape != expected.shape:
        raise RunError(f"the ONNX model draws images of the form {drawn.shape}, torch of {expected.shape}")
    return float(np.abs(drawn - expected).max())
