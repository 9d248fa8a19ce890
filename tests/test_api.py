"""The public names: all there, none of them hidden by a module of the same name."""

import importlib
import pkgutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import ganache
import ganache.data
from ganache.support.requests import as_names, as_settings
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


def test_names_are_shown_to_whoever_looks_for_them() -> None:
    """Before, a notebook completed submodules alone."""
    assert {"train", "load", "evaluate", "__version__"} <= set(dir(ganache))
    assert "open_dataset" in dir(ganache.data)


def test_one_name_is_not_its_letters_and_settings_may_be_a_dictionary() -> None:
    """Before, the label "cats" was refused for "c", and a dictionary for its keys."""
    assert as_names("cats") == ("cats",)
    assert as_names(["cats", "dogs"]) == ("cats", "dogs")
    told = {"generator.width": 8, "conditional": True, "objective": "Hinge", "generator.widths": [4, 8]}
    assert as_settings(told) == (
        *("generator.width=8", "conditional=true"),
        *("objective=Hinge", "generator.widths=[4, 8]"),
    )
    assert as_settings("batch_size=4") == ("batch_size=4",)


def test_a_generator_and_a_training_take_one_name(tmp_path: Path) -> None:
    ran = ganache.train(
        "vanilla",
        data="digits",
        labels=["0", "1"],
        out=tmp_path / "run",
        images=32,
        settings={"batch_size": 32, "conditional": True},
        device="cpu",
    )
    generator = ganache.load(ran.run)
    assert (generator.sample(3, labels="1") == generator.sample(3, labels=["1"])).all()
