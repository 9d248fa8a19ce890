"""A trained generator as a graph of ONNX: named inputs and output, any batch, nothing of the machine that wrote it."""

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from ganache.engine.full_precision import full_precision
from ganache.networks.base import StyledGenerator
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError, reason
from ganache.support.version import __version__

OPSET = 18  # below it torch's exporter writes nothing, and every later program reads it
LATENT, CLASS, TRUNCATION, IMAGES = "latent", "class", "truncation", "images"
START, END, FRACTION = "start", "end", "fraction"
_ROWS = 2  # of the examples with which a graph is written: more than one, so that a batch is taken for no constant


def model_of(generator: TrainedGenerator, opset: int = OPSET, walks: bool = False) -> Any:
    """Return the model (an onnx.ModelProto) of a generator: inputs `input_names`, output ``images`` (N, C, H, W).

    Where it can be truncated the input ``truncation`` (1,) may be left out, and is then the generator's. A model that
    `walks` has in the place of the latent a ``start``, an ``end`` and a ``fraction`` (1,) of the way between them.
    Raises UserError where onnx is not installed, for an opset that cannot be written, and for a network that cannot.
    """
    names = input_names(generator, walks)
    module = _Walking(generator) if walks else _Drawing(generator)
    given = _examples(generator, names)
    shapes = (tuple({0: Dim("batch")} if len(one) == _ROWS else None for one in given),)
    kind = f"a generator of the kind {type(generator.config).__name__}"
    model = graph_of(module, (tuple(given),), shapes, names=names, opset=opset, kind=kind)
    if TRUNCATION in names and not walks:
        _offer(model, TRUNCATION, generator.truncation)
    return model


def graph_of(module: nn.Module, given: Any, shapes: Any, *, names: Sequence[str], opset: int, kind: str) -> Any:
    """Return a module as a model with one output, ``images``: written along examples, for `shapes` that vary.

    Raises UserError, which calls the network by its `kind`, as `model_of` does.
    """
    _check(opset)
    with torch.no_grad(), full_precision(), _quiet(), _refusing(kind):
        written = torch.onnx.export(
            module,
            given,
            dynamo=True,
            verbose=False,
            opset_version=opset,
            dynamic_shapes=shapes,
            input_names=names,
            output_names=[IMAGES],
        )
    assert written is not None
    model = written.model_proto
    found = next(entry.version for entry in model.opset_import if not entry.domain)
    if found != opset:
        raise UserError(f"opset: {opset} cannot be written for this network; {found} can")
    _strip(model)
    return model


def input_names(generator: TrainedGenerator, walks: bool = False) -> list[str]:
    """Return the names of a model's inputs, in order."""
    latents = [START, END, FRACTION] if walks else [LATENT]
    return [
        *latents,
        *([CLASS] if generator.label_names else []),
        *([TRUNCATION] if can_be_truncated(generator) else []),
    ]


def can_be_truncated(generator: TrainedGenerator) -> bool:
    """Return whether a generator can be truncated."""
    with contextlib.suppress(UserError):
        generator.truncated(0.5)
        return True
    return False


class _Drawing(nn.Module):
    """Images of latents, of classes where there are any, and of a truncation where there can be one."""

    def __init__(self, generator: TrainedGenerator) -> None:
        super().__init__()
        self.network = _plain(generator.network)
        self.latent = generator.config.latent
        self.classes, self.truncates = bool(generator.label_names), can_be_truncated(generator)

    def forward(self, given: Sequence[Tensor]) -> Tensor:
        """Return images (N, C, H, W) of the tensors of `input_names`."""
        latents, rest = self.latents(given)
        conditions = rest.pop(0) if self.classes else latents[:, :0]
        if not self.truncates:
            images: Tensor = self.network(latents, conditions)
        elif isinstance(self.network, StyledGenerator):
            images = self.network(latents, conditions, rest[0])
        else:
            images = self.network(self.latent.truncated(latents, rest[0]), conditions)
        return images

    def latents(self, given: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the latents (N, Z), and the inputs that are left."""
        return given[0], list(given[1:])


class _Walking(_Drawing):
    """Images on the way between two latents."""

    def latents(self, given: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the latents (N, Z) on the way."""
        start, end, fraction, *rest = given
        return self.latent.interpolate(start, end, fraction), rest


def _plain(network: nn.Module) -> nn.Module:
    """Return a copy whose weights are what parametrisations make of them: a graph would make them for every batch."""
    plain = copy.deepcopy(network)
    for module in list(plain.modules()):
        if is_parametrized(module):
            # Not by torch's own function: it takes the weight from the class, which the copied network has too.
            made = {name: getattr(module, name).detach() for name in module.parametrizations}  # type: ignore[union-attr]
            module.__class__ = type_before_parametrizations(module)
            del module.parametrizations
            for name, weight in made.items():
                module.register_parameter(name, nn.Parameter(weight, requires_grad=False))
    return plain


def _examples(generator: TrainedGenerator, names: Sequence[str]) -> list[Tensor]:
    """Return tensors of the inputs' forms: the values of a batch, or (1,)."""
    latents, labels = (rows[:_ROWS] for rows in generator.inputs(0, 0))
    forms = {LATENT: latents, START: latents, END: latents.flip(0), CLASS: labels}
    return [forms.get(name, torch.ones(1) / 2.0) for name in names]


def _check(opset: int) -> None:
    try:
        import onnxscript  # noqa: F401
        from onnx import defs
    except ImportError as error:
        raise UserError(
            f"--out: ONNX needs the extra `export` ({reason(error)}): pip install 'ganache[export]'"
        ) from None
    newest = defs.onnx_opset_version()
    if not OPSET <= opset <= newest:
        raise UserError(f"opset: {opset} is not between {OPSET} and {newest}, which are written here")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the exporter says: of its own future, of constants, of graphs that it tries in vain."""
    with warnings.catch_warnings():
        for kind in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.simplefilter("ignore", kind)
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                yield
        finally:
            logging.disable(before)


@contextlib.contextmanager
def _refusing(kind: str) -> Iterator[None]:
    """Say of a network that the exporter cannot write, whatever it raises, so in a line."""
    from torch.onnx import errors

    try:
        yield
    except errors.OnnxExporterError as error:
        raise UserError(f"run: {kind} cannot be written as ONNX: {reason(error.__cause__ or error)}") from error


def _strip(model: Any) -> None:
    """Take out of a model what says where and from which lines of code it was written."""
    assert not model.functions, [function.name for function in model.functions]
    model.producer_name, model.producer_version, model.domain, model.doc_string = "ganache", __version__, "", ""
    del model.metadata_props[:]
    _strip_graph(model.graph)


def _strip_graph(graph: Any) -> None:
    graph.name = IMAGES
    del graph.value_info[:]
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                _strip_graph(inner)


def _offer(model: Any, name: str, value: float) -> None:
    """Let an input (1,) be left out: an initialiser of its name is what it then is."""
    from onnx import TensorProto, helper

    model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [1], [value]))
