"""The recipes: one file per GAN, each a function `recipe` that returns a frozen Game."""

import contextlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ganache.games import Game
from ganache.parts.part import parse
from ganache.support.errors import UserError, did_you_mean, fold
from ganache.support.files import at_home
from ganache.support.json_files import read_json
from ganache.support.places import check_place

_NOT_RECIPES = {"default", "rehearsal", "settings"}  # what lies beside them


def names() -> list[str]:
    """Return the names of all recipes, sorted: ``dcgan``, ``lsgan``, …"""
    return sorted(
        module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_RECIPES
    )


def of_images() -> list[str]:
    """Return the names of those that learn from images that stand alone, and not from picture to picture."""
    return [name for name in names() if find(name).meeting is None]


def find(name: str) -> Game:
    """Return the recipe with this name, or that of a file: ``lsgan``, ``./my_gan.py``, ``runs/digits/recipe.json``.

    Raises UserError when there is no such recipe (with the closest name) or the file has no function `recipe`; JSON can
    name no parts but those that are known.
    """
    if name.endswith(".json"):
        return parse(Game, read_json(at_home(name), "recipe"))
    maker = getattr(_module(name), "recipe", None)
    with _explained(Path(name)):
        made = maker() if callable(maker) else None
    if not isinstance(made, Game):
        raise UserError(f"recipe: {name!r} has no function recipe() that returns a ganache.Recipe")
    return made


def describe(name: str) -> str:
    """Return the docstring of a recipe's file: paper, equations, command, what it reached; nothing of a JSON file."""
    if name.endswith(".json"):
        return ""
    return (_module(name).__doc__ or "").strip()


def own_name(name: str) -> str:
    """Return a name under which `find` has a recipe of the package; for a name that a file claims, which may be a path.

    Raises UserError when there is none: what a run calls its recipe must not run a file.
    """
    known = names()
    found = next((candidate for candidate in known if fold(candidate) == fold(name)), None)
    if found is None:
        raise UserError(f"recipe: there is no {name!r}{did_you_mean(name, known)}; there are: {', '.join(known)}")
    return found


def load_code(path: Path) -> ModuleType:
    """Run a Python file that the user named, so that the parts it defines are known.

    Raises UserError when there is no such file, and in one line, with the place in the file, for what it raises.
    """
    check_place(path, "code")
    if not path.is_file() or path.suffix != ".py":
        raise UserError(f"code: there is no Python file {str(path)!r}")
    name = f"ganache_code_{path.stem}"  # a file called random.py must not take the place of Python's own
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    with _explained(path):
        specification.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn whatever the user's own file raises into one line, with the last line of the file that it passed."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename).name == path.name]
        complaint = str(error)
        if isinstance(error, SyntaxError):
            lines, complaint = [error.lineno], error.msg
        place = f", in line {lines[-1]}" if lines and lines[-1] else ""
        raise UserError(f"code: {str(path)!r} cannot be run: {type(error).__name__}: {complaint}{place}") from error


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        return load_code(Path(name))
    return importlib.import_module(f"{__name__}.{own_name(name).replace('-', '_')}")
