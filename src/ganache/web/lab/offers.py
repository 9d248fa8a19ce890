"""The parts as a page offers them, each with its fields, as they describe themselves."""

import contextlib
import inspect
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ganache.games import TwoPlayers
from ganache.networks.base import Discriminator, Generator
from ganache.parts.augmentations import Augmentation
from ganache.parts.constraints import Constraint
from ganache.parts.latents import Latent
from ganache.parts.objectives import Objective
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import Part, kinds, parse
from ganache.parts.schedules import Curve
from ganache.parts.terms import Term
from ganache.support.errors import UserError

FAMILIES: tuple[type[Part], ...] = (
    *(Objective, Generator, Discriminator, Latent, Optimizer, Term, Constraint, Augmentation),
)
_PACKAGE = "ganache."
_NUMBERS = (1, 16, 256)  # that are tried for what has to be given
_BOUNDS = {
    annotated_types.Ge: ("ge", "least"),
    annotated_types.Gt: ("gt", "above"),
    annotated_types.Le: ("le", "most"),
    annotated_types.Lt: ("lt", "below"),
}


def catalogue() -> dict[str, Any]:
    """Return as JSON all kinds of every family by its name, and the fields of the game itself."""
    families = {
        family.__name__: [{**describe(kind), "example": begun} for kind in offered(family) if (begun := example(kind))]
        for family in FAMILIES
    }
    return {"families": families, "game": describe(TwoPlayers)["fields"]}


def offered(family: type[Part]) -> Iterator[type[Part]]:
    """Yield the kinds of a family that belong to the package and can be had without further files, by name."""
    known = {kind.__name__: kind for kind in kinds(family) if kind.__module__.startswith(_PACKAGE)}
    yield from (known[name] for name in sorted(known))


def describe(kind: type[Part]) -> dict[str, Any]:
    """Return what a kind is called, what it says of itself, whose loss a term belongs to, and its fields."""
    described: dict[str, Any] = {
        "name": kind.__name__,
        "says": first_sentence(kind),
        "fields": [describe_field(name, field) for name, field in kind.model_fields.items()],
    }
    return {**described, "players": list(kind.players)} if issubclass(kind, Term) else described


def example(kind: type[Part]) -> dict[str, Any] | None:
    """Return the JSON of a valid part of a kind, its defaults and something for what has to be given; None for none."""
    needed = {name: field for name, field in kind.model_fields.items() if field.is_required()}
    for number in _NUMBERS:
        given = {name: _given(field, number) for name, field in needed.items()}
        with contextlib.suppress(UserError):
            return parse(kind, given).model_dump(mode="json")
    return None


def _given(field: FieldInfo, number: int) -> Any:
    family = field.annotation
    if not (inspect.isclass(family) and issubclass(family, Part)):
        return number
    complete = (kind for kind in offered(family) if not any(one.is_required() for one in kind.model_fields.values()))
    return next(complete)()


def first_sentence(kind: type[Part]) -> str:
    """Return the first paragraph of a part's docstring on one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def describe_field(name: str, field: FieldInfo) -> dict[str, Any]:
    """Return a field's name, form, bounds and default: JSON, absent where the field has to be given.

    Forms are number, integer, boolean, choice, list, part, parts (by free names) and text.
    """
    described: dict[str, Any] = {"name": name, **_form(field.annotation), **_bounds(field.metadata)}
    if field.default is not PydanticUndefined:
        default = field.default
        described["default"] = default.model_dump(mode="json") if isinstance(default, Part) else default
    return described


def _form(annotation: Any) -> dict[str, Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"form": "choice", "choices": list(inner)}
    if origin in (Union, types.UnionType):
        return {"form": "number", "may_change": any(_is_part(one, Curve) for one in inner)}
    if origin is tuple:
        return {"form": "list", "of": _form(_bare(inner[0]))["form"], "length": None if ... in inner else len(inner)}
    if origin is dict or (inspect.isclass(annotation) and issubclass(annotation, dict)):
        return {"form": "parts"}
    if _is_part(annotation, Part):
        return {"form": "part", "family": annotation.__name__}
    return {"form": {bool: "boolean", int: "integer", float: "number"}.get(annotation, "text")}


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def _is_part(annotation: Any, family: type[Part]) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, family)


def _bounds(metadata: list[Any]) -> dict[str, float]:
    """Return the bounds that a field states, by ``least``, ``most``, ``above`` and ``below``."""
    found = {}
    for bound in metadata:
        for kind, (attribute, name) in _BOUNDS.items():
            if isinstance(bound, kind):
                found[name] = getattr(bound, attribute)
    return found
