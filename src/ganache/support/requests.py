"""A request made of a function's own parameters, so that their list is written once for each of the two."""

import dataclasses
from typing import Any, TypeVar

Asked = TypeVar("Asked")


def collected(kind: type[Asked], parameters: dict[str, Any]) -> Asked:
    """Return a request (a dataclass) whose fields are a function's parameters of the same names.

    What was not given (None) keeps the request's own default; lists become tuples.
    """
    given = ((field.name, parameters[field.name]) for field in dataclasses.fields(kind))  # type: ignore[arg-type]
    said = {name: value for name, value in given if value is not None}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in said.items()})
