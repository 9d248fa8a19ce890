"""A request made of a function's own parameters, so that their list is written once for each of the two."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Asked = TypeVar("Asked")


def collected(kind: type[Asked], parameters: dict[str, Any], partial: bool = False) -> Asked:
    """Return a request (a dataclass) whose fields are a function's parameters of the same names.

    What was not given (None) keeps the request's own default, and so does with `partial` what the function has no
    parameter for; lists become tuples.
    """
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    given = ((name, parameters[name]) for name in names if not partial or name in parameters)
    said = {name: value for name, value in given if value is not None}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in said.items()})


def as_names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return names that a program gives; one that stands by itself is one, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def as_settings(given: str | Iterable[str] | Mapping[str, Any]) -> tuple[str, ...]:
    """Return settings as ``field=value``, which a program may also give as a dictionary."""
    if not isinstance(given, Mapping):
        return as_names(given)
    return tuple(f"{field}={value if isinstance(value, str) else json.dumps(value)}" for field, value in given.items())
