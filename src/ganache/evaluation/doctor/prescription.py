"""The command that trains a run anew with other settings, to be pasted into a shell."""

import json
import shlex
from typing import Any

from ganache import recipes
from ganache.data.origin import options_of
from ganache.data.shape import ImageShape
from ganache.games import Game
from ganache.recipes.settings import with_settings
from ganache.runs.budget import expected_images
from ganache.support.errors import UserError


def command(recipe: Game, record: dict[str, Any], settings: tuple[str, ...]) -> str:
    """Return the `ganache train` that makes the run of this recipe and run.json with some settings changed."""
    source, budget = record.get("source", {}), record.get("budget", {})
    name, base = _origin(recipe, record)
    words = ["ganache", "train", name, *options_of(source)]
    options = {
        "--images": budget.get("images"),
        "--time": f"{budget['seconds']:g}s" if budget.get("seconds") else None,
        "--from": (record.get("start") or {}).get("run"),
        "--seed": record.get("seed"),
    }
    words += [str(word) for option, value in options.items() if value is not None for word in (option, value)]
    changed = with_settings(recipe, list(settings))
    words += [word for setting in _asked(base, changed, record) for word in ("--set", setting)]
    return shlex.join(words)


def _asked(base: Game, changed: Game, record: dict[str, Any]) -> list[str]:
    """Return the settings that make one recipe the other, without what a plan for these data chooses anyway."""
    settings, data = settings_between(base, changed), record.get("data", {})
    if not data.get("shape"):
        return settings
    chosen, _ = base.changed(batch_size=changed.batch_size).settled(ImageShape.recorded(data), expected_images(record))
    left = set(settings_between(base.changed(batch_size=changed.batch_size), chosen))
    return [setting for setting in settings if setting not in left]


def settings_between(before: Game, after: Game) -> list[str]:
    """Return the settings that make one recipe the other; its name is not one."""
    found = _between(before.model_dump(mode="json"), after.model_dump(mode="json"), "")
    return [setting for setting in found if not setting.startswith("name=")]


def _origin(recipe: Game, record: dict[str, Any]) -> tuple[str, Game]:
    """Return how `ganache train` is told the recipe, and what it is without settings."""
    try:
        return recipe.name, recipes.find(recipes.own_name(recipe.name))
    except UserError:
        commands = [str(session.get("command", "")) for session in record.get("sessions", ())]
        files = [word for text in commands[:1] for word in shlex.split(text) if word.endswith(".py")]
        return (files[-1] if files else "RECIPE.py"), recipe


def _between(before: dict[str, Any], after: dict[str, Any], prefix: str) -> list[str]:
    found = [f"{prefix}{name}=null" for name in before if name not in after]
    for name, value in after.items():
        old = before.get(name)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict) and old.get("kind") == value.get("kind"):
            found += _between(old, value, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}={json.dumps(value)}")
    return found
