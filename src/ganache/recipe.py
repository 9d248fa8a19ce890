"""A recipe: one of each part, frozen, complete, and the same as its JSON."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from ganache.augment import Augmentation, Unchanged
from ganache.errors import UserError, did_you_mean
from ganache.generator_terms import GeneratorTerm
from ganache.networks import Discriminator, Generator
from ganache.objectives import Objective
from ganache.optimizers import Optimizer
from ganache.parts import FrozenDict, Part, parse
from ganache.penalties import Constraint, Penalty, Unconstrained, Weighted
from ganache.players import Role
from ganache.schedules import NonNegative, Schedule, within


class Optimizers(Part):
    """One optimiser for each player."""

    generator: Optimizer
    discriminator: Optimizer


def _weighted(value: Any) -> Any:
    """Take a penalty without its weight, as in ``penalties.r1=R1``, for one of weight 1."""
    bare = isinstance(value, Penalty | str) or (isinstance(value, dict) and "penalty" not in value)
    return {"penalty": value} if bare else value


NamedPenalty = Annotated[Weighted, BeforeValidator(_weighted)]


class Recipe(Part):
    """Everything that decides what a GAN becomes, given data, seed and budget."""

    name: str = Field(min_length=1)
    generator: Generator
    discriminator: Discriminator
    objective: Objective
    optimizers: Optimizers
    penalties: Annotated[dict[str, NamedPenalty], AfterValidator(FrozenDict)] = FrozenDict()
    constraint: Constraint = Unconstrained()
    augment: Augmentation = Unchanged()
    adversarial: NonNegative = (
        1.0  # the weight of the objective in the generator's loss; 0 leaves its other terms alone
    )
    generator_terms: Annotated[dict[str, GeneratorTerm], AfterValidator(FrozenDict)] = FrozenDict()
    generator_steps: int = Field(default=1, ge=0)  # generator updates in an iteration; with 0 it stays as it was drawn
    critic_steps: int = Field(default=1, ge=1)  # discriminator updates, on different batches, for each of the generator
    first: Role = "discriminator"  # who moves first in an iteration
    # The share of pairs that the discriminator is told the wrong way.
    label_flips: Annotated[Schedule, within(0.0, 1.0)] = 0.0
    joint_batch: bool = False  # reals and fakes go through the discriminator as one batch
    batch_size: int = Field(default=64, ge=1, le=65536)
    ema_half_life: NonNegative = 0.0  # images after which a weight counts half in the average; 0: no averaging
    conditional: bool = False  # whether both networks are told the images' labels
    # How many images of a held-out split the discriminator is examined on after each pass over the data.
    held_out: int = Field(default=1_000, ge=0)
    images: int = Field(default=1_000_000, ge=1)  # the budget when none is asked for

    @property
    def images_per_iteration(self) -> int:
        """How many images the discriminator sees between two generator updates."""
        return self.critic_steps * self.batch_size

    @property
    def generator_takes_reals(self) -> bool:
        """Whether the generator's half of the step needs a batch: to compare with, or for its labels."""
        return self.objective.generator_needs_reals or self.conditional or bool(self.generator_terms)


def with_settings(recipe: Recipe, settings: list[str]) -> Recipe:
    """Return the recipe with ``field=value`` settings applied; fields are dotted paths into its JSON.

    A value is JSON, or else a bare word: ``optimizers.generator.learning_rate=1e-4``, ``objective=LeastSquares``.
    Raises UserError for a setting without ``=``, an unknown field (with the closest) or a value not allowed.
    """
    tree = recipe.model_dump(mode="json")
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator or not path.strip():
            raise UserError(f"--set: {setting!r} is not field=value, such as batch_size=32")
        _assign(tree, path.strip(), _value(text.strip()))
    return parse(Recipe, tree)


def leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Return every value of a JSON tree by its dotted path; lists are values."""
    if not isinstance(tree, dict):
        return {prefix: tree}
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= leaves(value, f"{prefix}.{key}" if prefix else key)
    return found


def differences(before: Any, after: Any) -> list[str]:
    """Return one line ``path: old → new`` for each value in which two JSON trees differ."""
    old, new = leaves(before), leaves(after)
    absent = "nothing"
    return [
        f"{path}: {old.get(path, absent)} → {new.get(path, absent)}"
        for path in [*old, *(path for path in new if path not in old)]
        if old.get(path, absent) != new.get(path, absent)
    ]


def _assign(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    node: Any = tree
    for name in parents:
        node = node.get(name) if isinstance(node, dict) else None
    is_open = len(parents) == 1 and parents[0] in ("penalties", "generator_terms")  # their names are free
    if not isinstance(node, dict) or (last not in node and not is_open) or last == "kind":
        paths = [known for known in _paths(tree) if not known.endswith("kind")]
        raise UserError(f"--set: the recipe has no field {path!r}{_closest(path, paths)}")
    if value is None and is_open:
        node.pop(last, None)
    else:
        node[last] = value


def _paths(tree: Any, prefix: str = "") -> list[str]:
    if not isinstance(tree, dict):
        return []
    return [path for key, value in tree.items() for path in (f"{prefix}{key}", *_paths(value, f"{prefix}{key}."))]


def _closest(path: str, known: list[str]) -> str:
    same_end = [full for full in known if full.rpartition(".")[2] == path.rpartition(".")[2]]
    if same_end:
        return f" (did you mean {' or '.join(same_end[:3])}?)"
    return did_you_mean(path, known) or f"; its fields are {', '.join(p for p in known if '.' not in p)}"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        constants: dict[str, Any] = {"True": True, "False": False, "None": None}
        return constants.get(text, text)
