"""The public names: all there, none of them hidden by a module of the same name."""

import importlib
import pkgutil
import types

import pytest

import ganache


def test_every_public_name_is_what_its_home_defines_even_when_all_modules_are_loaded() -> None:
    for module in pkgutil.walk_packages(ganache.__path__, "ganache."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert set(ganache.__all__) == set(ganache._MODULE_OF)
    for name in ganache.__all__:
        found = getattr(ganache, name)
        assert not isinstance(found, types.ModuleType), name
        assert found is getattr(importlib.import_module(f"ganache.{ganache._MODULE_OF[name]}"), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = ganache.trian


def test_a_plan_measures_and_writes_nothing(tmp_path: object) -> None:
    from ganache.training.plan import Request

    plan = ganache.plan(Request("ring", batch=8, settings=("generator.widths=[4]", "discriminator.widths=[4]")))
    assert plan.recipe.name == "mlp-2d"
    assert plan.measure(seconds=0.01) > 0
