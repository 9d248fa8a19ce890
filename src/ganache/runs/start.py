"""Beginning from another run's weights, where the pictures are others and the classes may be.

What is taken are the networks as they stood, their averages and whatever else had learnt; not the optimisers' memory,
which is of other pictures' slopes, nor the counters. The networks are the raw ones of the checkpoint, since it is them
that the discriminator was trained against: the averaged generator would be better than its opponent expects. It goes on
as the average.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.networks.limits import MOST_WEIGHTS, at_most
from ganache.runs import sealed
from ganache.runs.checkpoints import FORMAT
from ganache.runs.folder import Run
from ganache.runs.network_files import Kept
from ganache.support.errors import UserError
from ganache.support.units import listed

Shapes = Mapping[str, torch.Size]


@dataclasses.dataclass(frozen=True)
class Start:
    """A run whose weights another one begins with."""

    path: Path
    recipe: Game
    shape: ImageShape
    label_names: tuple[str, ...]  # of the classes that its networks are told
    checkpoint: Path
    images_seen: int

    @classmethod
    def of(cls, path: Path) -> "Start":
        """Return what a run is; raises UserError where it is none, is damaged or has no checkpoint."""
        run = Run.open(path)
        recipe, record = run.asked_recipe(), run.record("data")
        # What the values of rows mean is in the generator's file alone.
        is_of_rows = bool(record["data"].get("columns")) and recipe.draws
        shape = Kept.read(path, "generator").shape if is_of_rows else _shape_of(record["data"], run)
        names = (record.get("selection") or {}).get("classes") if recipe.conditional else []
        if not isinstance(names, list):
            raise UserError(f"from: {run.record_file} does not say which classes the networks of {path} are told")
        checkpoints = sealed.newest(run.checkpoints)
        if not checkpoints:
            raise UserError(f"from: {path} has no checkpoint to begin from")
        found = next(filter(sealed.is_whole, checkpoints), checkpoints[0])  # without a whole one, `read` says why
        return cls(path, recipe, shape, tuple(map(str, names)), found, int(found.stem))

    @property
    def trained_as(self) -> str:
        """The name of the recipe that the weights were trained by."""
        return self.recipe.name

    def refuse_shape(self, shape: ImageShape) -> None:
        """Raise UserError unless pictures have the shape that the networks know."""
        if shape != self.shape:
            ours = self.shape
            if ours.is_row or shape.is_row:
                raise UserError(
                    f"from: the networks of {self.path} know other values than these data have: columns, their"
                    " categories and what places their numbers must be the same"
                )
            raise UserError(
                f"from: the networks of {self.path} know images of {ours}, and these are of {shape}; "
                f"--size {ours.height}x{ours.width} --channels {ours.channels} would make them fit"
            )

    def line(self, label_names: Sequence[str]) -> str:
        """Return in a sentence what a training begins with that is told of classes with these names."""
        taken = f"the weights of {self.path} ({self.trained_as}), as they were after {self.images_seen:,} images"
        new = [name for name in label_names if name not in self.label_names]
        return f"{taken}{f'; drawn anew for classes that it did not know: {listed(new)}' if new else ''}"

    def put_into(self, state: TrainingState, label_names: Sequence[str]) -> dict[str, Any]:
        """Give a state that is built the weights, and return what a record says of it.

        `label_names` are the classes that it is told. What belongs to one keeps the weights of the class of that name;
        those of all others are as they were drawn. Raises UserError for a checkpoint that is damaged, and for networks
        of another form, with the first difference.
        """
        tensors, digest = self.read()
        fitting = _Fitting(state, self.label_names, label_names, tensors)
        anew: list[str] = []
        for name, module in state.cast.modules.items():
            is_network = name in state.cast.networks
            if is_network or any(True for _ in module.parameters()):
                why = fitting.misfit(name)
                if why and is_network:
                    raise UserError(
                        f"from: the {name} of {self.path} is not that of {state.recipe.name!r}: {why}; without a "
                        "recipe, the run's own is taken"
                    )
                anew += [name] if why else fitting.put(name, module, name)
        for name, average in state.averages.items():
            average.network.load_state_dict(state.cast.networks[name].state_dict())
            if not fitting.misfit(name, f"average/{name}"):
                fitting.put(name, average.network, f"average/{name}")
        return {
            "run": str(self.path),
            "recipe": self.trained_as,
            "images_seen": self.images_seen,
            "checkpoint": self.checkpoint.name,
            "sha256": digest,
            "drawn_anew": sorted(anew),
        }

    def read(self) -> tuple[dict[str, Tensor], str]:
        """Return all tensors of the checkpoint and the digest of it; raises UserError for a damaged one."""
        try:
            tensors, description, digest = sealed.loaded(self.checkpoint)
        except sealed.DamagedError as error:
            raise UserError(f"from: {error}") from None
        found = (description.get("content"), description.get("format"))
        if found != ("checkpoint", FORMAT):
            raise UserError(f"from: {self.checkpoint} is no checkpoint of format {FORMAT}")
        return tensors, digest


class _Fitting:
    """Which of a run's tensors goes where: found by building the networks for other numbers of classes."""

    def __init__(
        self, state: TrainingState, before: Sequence[str], now: Sequence[str], tensors: Mapping[str, Tensor]
    ) -> None:
        self.tensors = tensors
        self.before, self.now = list(before), list(now) if state.recipe.conditional else []
        self.expected = _shapes(state, len(self.before))
        # With one class more, what grows belongs to classes.
        self.more = _shapes(state, len(self.now) + 1) if self.now else {}

    def misfit(self, module: str, prefix: str = "") -> str:
        """Return the first difference between the tensors of a module and those under a prefix; "" for none."""
        prefix = f"{prefix or module}/"
        wanted = {name.removeprefix(f"{module}/"): shape for name, shape in self.expected.items() if _in(name, module)}
        found = {name.removeprefix(prefix): one.shape for name, one in self.tensors.items() if name.startswith(prefix)}
        for name in [*wanted, *(name for name in found if name not in wanted)]:
            if wanted.get(name) != found.get(name):
                return f"its {name} has {_form(found.get(name))}, and here {_form(wanted.get(name))}"
        return ""

    @torch.no_grad()
    def put(self, module: str, target: torch.nn.Module, prefix: str) -> list[str]:
        """Copy a module's tensors from under a prefix; return the names of those of which a part is left as drawn."""
        left = []
        for name, tensor in target.state_dict().items():
            path, old = f"{module}/{name}", self.tensors.get(f"{prefix}/{name}")
            if old is None or not self._copied(tensor, old, self.more.get(path, tensor.shape)):
                left.append(path)
        return left

    def _copied(self, new: Tensor, old: Tensor, more: torch.Size) -> bool:
        """Copy what is common of two tensors, of which one may belong to other classes; return whether it is all.

        `more` is the shape for one class more.
        """
        axes = [axis for axis in range(new.dim()) if more[axis] != new.shape[axis]]
        others = [axis for axis in range(new.dim()) if old.dim() == new.dim() and old.shape[axis] != new.shape[axis]]
        if old.dim() != new.dim() or len({*axes, *others}) > 1:
            return False
        if others == [0] and not axes:  # each output has another meaning where classes are told, and where they are not
            return False
        if not axes and not others:
            new.copy_(old)
            return True
        (axis,) = {*axes, *others}
        each = more[axis] - new.shape[axis] if axes else 0  # places that a class has, which lie together, the last ones
        common = new.shape[axis] - each * len(self.now) if axes else min(old.shape[axis], new.shape[axis])
        common = min(common, old.shape[axis])
        new.narrow(axis, 0, common).copy_(old.narrow(axis, 0, common))
        known = [name for name in self.now if name in self.before] if axes else []
        if old.shape[axis] != common + each * len(self.before):
            known = []
        for name in known:
            there, here = (common + each * names.index(name) for names in (self.before, self.now))
            new.narrow(axis, here, each).copy_(old.narrow(axis, there, each))
        return common + each * len(known) == new.shape[axis]


def _shapes(state: TrainingState, conditions: int) -> Shapes:
    """Return the shapes of all tensors that the state's game has for so many classes, by module and name."""
    with at_most(MOST_WEIGHTS, "recipe"), torch.device("meta"):
        modules = state.recipe.build(state.shape, conditions).modules
    return {f"{name}/{key}": one.shape for name, module in modules.items() for key, one in module.state_dict().items()}


def _in(path: str, module: str) -> bool:
    return path.startswith(f"{module}/")


def _form(shape: torch.Size | None) -> str:
    if shape is None:
        return "nothing"
    return "×".join(map(str, shape)) or "one value"


def _shape_of(data: dict[str, Any], run: Run) -> ImageShape:
    sides, given = data.get("shape"), data.get("given", 0)
    if not isinstance(sides, list) or len(sides) != 3 or not all(type(side) is int for side in [*sides, given]):
        raise UserError(f"from: {run.record_file} does not say which shape the images had")
    if data.get("columns"):
        return ImageShape.recorded(data)
    channels, height, width = sides
    return ImageShape(channels, height, width, given)
