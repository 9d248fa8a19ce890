"""The public names: all there, none of them hidden by a module of the same name."""

import importlib
import pkgutil
import subprocess
import sys
import types

import pytest

import ganache
from ganache.training.plan import Request


def test_every_public_name_is_what_its_home_defines_even_when_all_modules_are_loaded() -> None:
    for module in pkgutil.walk_packages(ganache.__path__, "ganache."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    names: list[str] = getattr(ganache, "__all__")  # noqa: B009, it is made when it is asked for
    assert {"train", "Recipe", "Hinge", "R1", "UserError", "Outcome"} < set(names)
    assert len(names) == len(set(names)) >= 58
    for name in names:
        found = getattr(ganache, name)
        assert not isinstance(found, types.ModuleType), name
        assert found.__module__.startswith("ganache."), name
        assert getattr(importlib.import_module(found.__module__), found.__name__) is found  # Recipe is another name


def test_a_star_brings_every_public_name_and_nothing_else() -> None:
    brought: dict[str, object] = {}
    exec("from ganache import *", brought)
    assert sorted(brought.keys() - {"__builtins__"}) == getattr(ganache, "__all__")  # noqa: B009


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        getattr(ganache, "trian")  # noqa: B009, mypy knows that there is none


def test_an_error_can_be_named_without_what_is_heavy() -> None:
    program = "import sys, ganache; ganache.UserError; print({'torch', 'numpy', 'PIL', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_plan_measures_and_writes_nothing() -> None:
    plan = ganache.plan(Request(data="ring", batch=8, settings=("generator.widths=[4]", "discriminator.widths=[4]")))
    assert plan.recipe.name == "mlp-2d"
    assert plan.measure(seconds=0.01) > 0
