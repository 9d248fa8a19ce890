"""The recipes: one file per GAN, each a function `recipe` that returns a frozen Recipe."""

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from ganache.errors import UserError, did_you_mean, fold
from ganache.recipe import Recipe
from ganache.shape import ImageShape


def names() -> list[str]:
    """Return the names of all recipes, sorted: ``dcgan``, ``lsgan``, …"""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Recipe:
    """Return the recipe with this name, or the one that a Python file defines: ``lsgan``, ``./my_gan.py``.

    Raises UserError when there is no such recipe (with the closest name) or the file has no function `recipe`.
    """
    maker = getattr(_module(name), "recipe", None)
    made = maker() if callable(maker) else None
    if not isinstance(made, Recipe):
        raise UserError(f"recipe: {name!r} has no function recipe() that returns a ganache.Recipe")
    return made


def default_for(shape: ImageShape) -> Recipe:
    """Return the recipe for data of this shape when none is named: dcgan for pictures, mlp-2d for points."""
    return find("mlp-2d" if shape.is_point else "dcgan")


def describe(name: str) -> str:
    """Return the docstring of a recipe's file: paper, equations, command, what it reached."""
    return (_module(name).__doc__ or "").strip()


def load_code(path: Path) -> ModuleType:
    """Run a Python file that the user named, so that the parts it defines are known.

    Raises UserError when there is no such file.
    """
    if not path.is_file():
        raise UserError(f"code: there is no Python file {str(path)!r}")
    name = f"ganache_code_{path.stem}"  # a file called random.py must not take the place of Python's own
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        return load_code(Path(name))
    known = names()
    for candidate in known:
        if fold(candidate) == fold(name):
            return importlib.import_module(f"{__name__}.{candidate.replace('-', '_')}")
    raise UserError(f"recipe: there is no {name!r}{did_you_mean(name, known)}; there are: {', '.join(known)}")
