"""Runs of translators that were never trained."""

from pathlib import Path
from typing import Any

import torch

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.networks.translators import Translator
from ganache.recipes.settings import with_settings
from ganache.runs import products
from ganache.runs.folder import Run

NARROW = ["translator.width=2", "discriminator.width=4"]


def translators_run(path: Path, recipe_name: str, shape: ImageShape, *settings: str, **facts: Any) -> Path:
    """Make a run of a recipe's translators, as they are drawn; `facts` are in their files."""
    recipe = with_settings(recipes.find(recipe_name), [*NARROW, *settings])
    run = Run.create(path, recipe, {})
    torch.manual_seed(0)
    for product in recipe.products():
        assert isinstance(product.config, Translator), product
        network = product.config.build(*shape.sides(product.is_reverse))
        products.save(run.product_file(product.network), network, recipe, shape, {"label_names": [], **facts}, product)
    return path


def horses(path: Path, side: int = 16) -> Path:
    """Make a run of a translator there and one back, between colours."""
    return translators_run(path, "cyclegan", ImageShape(6, side, side, given=3), "translator.blocks=1", images_seen=8)


def colours(path: Path, side: int = 16) -> Path:
    """Make a run that makes grey pictures coloured."""
    return translators_run(path, "pix2pix", ImageShape(4, side, side, given=1), task="colorize")
