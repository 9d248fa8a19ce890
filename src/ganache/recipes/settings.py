"""Settings: fields of a recipe that a user changes by name."""

import json
from typing import Any, TypeVar

from ganache.games import Game
from ganache.parts.part import Part, find_kind, parse
from ganache.support.errors import UserError, did_you_mean

AnyGame = TypeVar("AnyGame", bound=Game)


def with_settings(recipe: AnyGame, settings: list[str]) -> AnyGame:
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
    return parse(type(recipe), tree)


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
        names_part = isinstance(value, str) and (is_open or isinstance(node.get(last), dict))
        node[last] = _written_out(value) if names_part else value


def _written_out(word: str) -> Any:
    """Return a part that is named with all of its fields, which following settings may change; else the word."""
    try:
        return find_kind(Part, word)().model_dump(mode="json")
    except (UserError, ValueError):
        return word  # that is no part, or one whose fields have to be given: whoever reads the recipe says so


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
