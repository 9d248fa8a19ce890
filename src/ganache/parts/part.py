"""The base of everything that a recipe is made of: frozen, typed values that round-trip through JSON.

A part is its own configuration. In JSON it is ``{"kind": "LeastSquares", …fields…}``; a part without fields
to set may be written as its bare name. Reading JSON only ever looks a name up among the classes that are
already imported: nothing in a file can bring code with it.
"""

import contextlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ganache.support.errors import UserError, did_you_mean, fold
from ganache.support.json_files import read_json

PartType = TypeVar("PartType", bound="Part")
ModelType = TypeVar("ModelType", bound=BaseModel)


class FrozenDict(dict[str, PartType]):
    """Parts by name, fixed once they are there."""

    def _refuse(self, *given: Any, **named: Any) -> NoReturn:
        """Refuse: a recipe does not change."""
        raise TypeError("a recipe does not change; make another with .changed(…)")

    # All that changes a dict; what `|` and `copy` return is a plain one.
    __setitem__ = __delitem__ = __ior__ = pop = popitem = update = clear = setdefault = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Return the same for equal contents."""
        return hash(frozenset(self.items()))


class Part(BaseModel):
    """A frozen, validated value; direct subclasses are families (Objective, Penalty, …) of exchangeable kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)

    former_names: ClassVar[tuple[str, ...]] = ()  # of this kind, in files that earlier versions wrote

    @model_validator(mode="wrap")
    @classmethod
    def _from_kind(cls, value: Any, construct: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, dict):
            return construct(value)
        fields = dict(value)
        wanted = fields.pop("kind", None)
        if not inspect.isabstract(cls) and wanted in (None, *_names(cls)):
            _refuse_booleans(cls, fields)
            return construct(fields)
        return find_kind(cls, wanted).model_validate(fields)

    @model_serializer(mode="plain")
    def _with_kind(self) -> dict[str, Any]:
        return {"kind": type(self).__name__, **{name: getattr(self, name) for name in type(self).model_fields}}

    def to_json(self) -> str:
        """Return the part as indented JSON text."""
        return json.dumps(self.model_dump(mode="json"), indent=2)

    def changed(self, **fields: Any) -> Self:
        """Return a copy with some fields replaced, validated like a new one.

        Raises UserError naming the field when a value is not allowed.
        """
        return parse(type(self), {**{name: getattr(self, name) for name in type(self).model_fields}, **fields})


def kinds(family: type[PartType]) -> Iterator[type[PartType]]:
    """Yield every concrete part of a family, itself included when it is concrete."""
    if not inspect.isabstract(family):
        yield family
    for subclass in family.__subclasses__():
        yield from kinds(subclass)


def _names(kind: type[Part]) -> tuple[str, ...]:
    """Return under which names a kind is known; what a class that it extends was once called is not among them."""
    return (kind.__name__, *vars(kind).get("former_names", ()))


class UnknownPartError(UserError):
    """A kind of part that no file that was read defines; one of the user's may."""


class _UnknownKindError(ValueError):
    pass


def find_kind(family: type[PartType], name: Any) -> type[PartType]:
    """Return the family's kind with this name, whatever its case and hyphens.

    Raises ValueError when there is none, or two: a class of one's own needs a name of its own.
    """
    # A file that is loaded again defines its classes again: the last ones count.
    known = list({(kind.__module__, kind.__qualname__): kind for kind in kinds(family)}.values())
    found = [kind for kind in known if isinstance(name, str) and fold(name) in map(fold, _names(kind))]
    if len(found) == 1:
        return found[0]
    if found:
        places = " and ".join(kind.__module__ for kind in found)
        raise ValueError(f"two kinds of {family.__name__} are called {name!r}, in {places}; rename one")
    names = sorted(kind.__name__ for kind in known)
    asked = (
        f"no {family.__name__} is called {name!r}{did_you_mean(str(name), names)}" if name else "its kind is missing"
    )
    raise _UnknownKindError(f"{asked}; there are: {', '.join(names) or 'none is imported'}")


@contextlib.contextmanager
def named_by_user() -> Iterator[None]:
    """Say of a kind that is not known how a user names the file that defines it."""
    try:
        yield
    except UnknownPartError as error:
        raise UserError(f"{error}; if a file of yours defines it, name that file with --code") from None


def parse(part: type[PartType], value: Any) -> PartType:
    """Validate a value as a part; raises UserError with one line for the first field that is not allowed.

    It is an UnknownPartError where a kind is not known.
    """
    try:
        return part.model_validate(value)
    except ValidationError as error:
        cause = error.errors(include_url=False)[0].get("ctx", {}).get("error")
        raise (UnknownPartError if isinstance(cause, _UnknownKindError) else UserError)(explain(error)) from None


def read_model(model: type[ModelType], path: Path, field: str) -> ModelType:
    """Return what a JSON file says as a model; raises UserError, beginning with `field`, where it cannot be one."""
    return model_of(model, read_json(path, field), f"{field}: {path}")


def model_of(model: type[ModelType], value: Any, where: str) -> ModelType:
    """Return a JSON value as a model; raises UserError, saying `where` it came from, when it is none."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError(f"{where}: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """Return a validation error's first complaint on one line: field, what is wrong, what was received."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in first["loc"] if not _is_type_tag(step)) or "recipe"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{field}: {message}"
    if first["type"] == "extra_forbidden":
        return f"{field}: there is no such field"
    return f"{field}: {message[:1].lower()}{message[1:]}, not {first['input']!r}"


def _refuse_booleans(part: type[Part], fields: dict[str, Any]) -> None:
    # Python counts True as the number 1; a user who writes true for a number has mistaken the field.
    for name, value in fields.items():
        if isinstance(value, bool) and name in part.model_fields and part.model_fields[name].annotation in (int, float):
            raise ValueError(f"{name} is a number, not {str(value).lower()}")


def _is_type_tag(step: str | int) -> bool:
    # pydantic adds the tried member of a union ("float", "Schedule") to the path of an error.
    return isinstance(step, str) and (
        step[:1].isupper() or step in {"float", "int", "constrained-float"} or "[" in step
    )
