"""The base of everything that a recipe is made of: frozen, typed values that round-trip through JSON.

A part is its own configuration. In JSON it is ``{"kind": "LeastSquares", …fields…}``; a part without fields
to set may be written as its bare name. Reading JSON only ever looks a name up among the classes that are
already imported: nothing in a file can bring code with it.
"""

import json
from collections.abc import Iterator
from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ganache.errors import UserError, did_you_mean, fold

PartType = TypeVar("PartType", bound="Part")


class Part(BaseModel):
    """A frozen, validated value; direct subclasses are families (Objective, Penalty, …) of exchangeable kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)

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
        wanted = fields.pop("kind", cls.__name__)
        target = find_kind(cls, wanted)
        if target is cls:
            return construct(fields)
        return target.model_validate(fields)

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
    if not getattr(family, "__abstractmethods__", None) and not family.__name__.startswith("_"):
        yield family
    for subclass in family.__subclasses__():
        yield from kinds(subclass)


def find_kind(family: type[PartType], name: Any) -> type[PartType]:
    """Return the family's kind with this name, whatever its case and hyphens; raises ValueError when there is none."""
    known = {kind.__name__: kind for kind in kinds(family)}
    for known_name, kind in known.items():
        if isinstance(name, str) and fold(known_name) == fold(name):
            return kind
    choice = ", ".join(sorted(known)) or "none is imported"
    raise ValueError(f"no {family.__name__} is called {name!r}{did_you_mean(str(name), known)}; there are: {choice}")


def parse(part: type[PartType], value: Any) -> PartType:
    """Validate a value as a part; raises UserError with one line for the first field that is not allowed."""
    try:
        return part.model_validate(value)
    except ValidationError as error:
        raise UserError(explain(error)) from None


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


def _is_type_tag(step: str | int) -> bool:
    # pydantic adds the tried member of a union ("float", "Schedule") to the path of an error.
    return isinstance(step, str) and (
        step[:1].isupper() or step in {"float", "int", "constrained-float"} or "[" in step
    )
