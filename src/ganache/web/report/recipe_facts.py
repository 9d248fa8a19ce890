"""A recipe as its parts, each with its fields, and beside those that were changed what they are without settings."""

import inspect
import json
from typing import Any

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.games import Game
from ganache.parts.part import Part
from ganache.runs.budget import expected_images
from ganache.support.errors import UserError
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import mapping, text

MOST_DEPTH, MOST_PARTS = 6, 80
ABSENT = object()  # in the recipe without settings


def recipe_facts(found: FoundRun) -> dict[str, Any]:
    """Return a recipe's name, what it is in a sentence, and its parts.

    `known` says whether it is one of the package's, so that what was changed is known.
    """
    name, tree, base, about = text(found.tree.get("name"), 80), found.tree, None, ""
    if found.recipe is not None:
        tree = found.recipe.model_dump(mode="json")  # with the fields that earlier versions did not have
        base = _without_settings(found.recipe, found.record)
        about = _about(found.recipe.name)
    told = _Telling()
    root = told.part("game", tree, base, found.recipe)
    return {"name": name, "about": about, "known": base is not None, "changed": told.changed, "root": root}


def _without_settings(recipe: Game, record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON of the package's recipe of this name, with what a plan for these data chooses."""
    try:
        base = recipes.find(recipes.own_name(recipe.name))
        shape = ImageShape.recorded(record["data"])
        chosen, _ = base.changed(batch_size=recipe.batch_size).settled(shape, expected_images(record))
        return chosen.changed(batch_size=base.batch_size).model_dump(mode="json")
    except (UserError, KeyError, TypeError):
        return None


def _about(name: str) -> str:
    try:
        return text(recipes.describe(recipes.own_name(name)).splitlines()[0].replace("`", ""), 300)
    except (UserError, IndexError):
        return ""


class _Telling:
    """A walk over a recipe's JSON that counts what was changed, and ends after so many parts."""

    def __init__(self) -> None:
        self.changed = 0
        self._parts = 0

    def part(self, role: str, tree: dict[str, Any], base: Any, own: Any, depth: int = 0) -> dict[str, Any]:
        """Return a part: the role that it has, its kind and family, its fields, and the parts that it holds.

        `base` is the same without settings, None where that is not known, ABSENT where there was no such part.
        """
        self._parts += 1
        kind = text(tree.get("kind"), 80)
        is_new = base is ABSENT or (isinstance(base, dict) and base.get("kind") != tree.get("kind"))
        instead = text(base.get("kind"), 80) if is_new and isinstance(base, dict) else ""
        self.changed += is_new
        told: dict[str, Any] = {
            "role": text(role, 80),
            "kind": kind,
            "family": _family(own),
            "new": is_new,
            "instead_of": instead,
            "fields": [],
            "parts": [],
        }
        inner = None if is_new or not isinstance(base, dict) else base
        for name, value in mapping(tree).items():
            if name not in ("kind", "name"):
                self._entry(told, name, value, _of(inner, name), _own(own, name), depth)
        for name in mapping(inner):
            if name not in tree:
                told["fields"].append(self._field(name, None, inner[name] if inner else None))
        return told

    def _entry(self, told: dict[str, Any], name: str, value: Any, base: Any, own: Any, depth: int) -> None:
        """Add a field of a part to what is told of it: as a value, a part or several parts by their names."""
        if isinstance(value, dict) and depth < MOST_DEPTH and self._parts < MOST_PARTS:
            if "kind" in value:
                told["parts"].append(self.part(name, value, base, own, depth + 1))
                return
            if value and all(isinstance(one, dict) and "kind" in one for one in value.values()):
                for key, one in mapping(value).items():
                    of_base = base.get(key, ABSENT) if isinstance(base, dict) else base
                    part = self.part(f"{name}.{key}", one, of_base, _own(own, key), depth + 1)
                    told["parts"].append({**part, "group": text(name, 80)})
                return
        told["fields"].append(self._field(name, value, base))

    def _field(self, name: str, value: Any, base: Any) -> dict[str, Any]:
        is_changed = base is not None and base is not ABSENT and base != value
        self.changed += is_changed
        default = _written(base) if is_changed else None
        return {"name": text(name, 80), "value": _written(value), "default": default}


def _of(base: dict[str, Any] | None, name: str) -> Any:
    return None if base is None else base.get(name, ABSENT)


def _own(own: Any, name: str) -> Any:
    return own.get(name) if isinstance(own, dict) else getattr(own, name, None)


def _family(own: Any) -> str:
    """Return the family of exchangeable kinds to which a part belongs."""
    if not isinstance(own, Part):
        return ""
    lines = [one for one in type(own).__mro__ if issubclass(one, Part) and one is not Part]
    abstract = [one for one in lines if inspect.isabstract(one)]
    return (abstract or lines)[-1].__name__


def _written(value: Any) -> str:
    """Return a value as it is written behind ``--set FIELD=``."""
    return text(value, 300) if isinstance(value, str) else text(json.dumps(value), 300)
