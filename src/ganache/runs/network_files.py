"""What a file of a trained network says of itself, and the network that it describes: nothing in it is believed."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganache.data.rows.table import Schema
from ganache.data.shape import ImageShape
from ganache.networks.limits import at_most
from ganache.parts.part import Part, named_by_user, parse
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.places import check_place

FORMAT = 1
PartType = TypeVar("PartType", bound=Part)


@dataclasses.dataclass(frozen=True)
class Kept:
    """The weights and the description of a network of one content: ``generator``, ``encoder``."""

    file: Path
    content: str
    tensors: dict[str, Tensor]
    description: dict[str, Any]
    shape: ImageShape
    label_names: tuple[str, ...]
    weights: str = ""  # SHA-256 of tensors and description, as the file says it

    @classmethod
    def read(cls, path: str | Path, content: str) -> "Kept":
        """Return what a run, or a file, holds; raises UserError where there is none or it is damaged."""
        check_place(path, "run")
        file = Path(path)
        if file.is_dir():
            file = Run.open(file).product_file(content)
        if not file.is_file():
            raise UserError(f"run: there is no {content} at {str(path)!r}")
        try:
            tensors, description, digest = sealed.loaded(file)
        except sealed.DamagedError as error:
            raise UserError(f"run: {error}") from None
        if description.get("content") != content or description.get("format") != FORMAT:
            raise UserError(f"run: {file} does not hold {_article(content)} of format {FORMAT}")
        return cls(file, content, tensors, description, *_shape_and_labels(description, file), digest)

    def config(self, family: type[PartType]) -> PartType:
        """Return the part that builds the network; raises UserError when its kind is not known here."""
        with named_by_user():
            return parse(family, self.description.get(self.content))

    def built(self, build: Callable[[], nn.Module], config: Part) -> nn.Module:
        """Return the network with its weights, ready to be used; raises UserError when they are not its own."""
        mismatch = UserError(
            f"run: the weights in {self.file} are not those of the {type(config).__name__} that it describes"
        )
        try:
            # No memory is taken on the file's word: the weights that it holds must fit first.
            with at_most(len(self.tensors), "run"), torch.device("meta"):
                described = build().state_dict()
        except (RuntimeError, TypeError, OverflowError, UserError):  # sizes that no tensor can have
            raise mismatch from None
        if layout(described) != layout(self.tensors):
            raise mismatch
        with torch.random.fork_rng(devices=()):  # the weights that are drawn here are overwritten at once
            network = build()
        network.load_state_dict(self.tensors)
        return network.eval().requires_grad_(False)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def layout(tensors: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """Return the shape and the type of each of named tensors."""
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def _shape_and_labels(description: dict[str, Any], file: Path) -> tuple[ImageShape, tuple[str, ...]]:
    shape, names = description.get("shape"), description.get("label_names")
    told = dict(shape) if isinstance(shape, dict) else {}
    table = Schema.of_json(told.pop("table"), f"run: {file}") if "table" in told else None
    sides = told if all(type(side) is int for side in told.values()) else {}
    if sides.keys() - {"given"} != {"channels", "height", "width"} or not isinstance(names, list):
        raise UserError(f"run: {file} has a description without a valid shape and label_names")
    return ImageShape(**sides, table=table), tuple(str(name) for name in names)
