"""Every setting of the race on CIFAR-10 is a recipe that can be trained on it, with classes and without."""

import argparse
from pathlib import Path

import pytest

from benchmarks.cifar_speedrun import SETTINGS, rows, trial
from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_can_be_trained(name: str, told: bool) -> None:
    asked = trial(name, told, argparse.Namespace(cifar10=Path("cifar10.zip"), seconds=90.0, set=["batch_size=8"]))
    game, _ = with_settings(recipes.find(asked.recipe), list(asked.settings)).settled(ImageShape(3, 32, 32))
    assert (game.conditional, game.batch_size) == (told, 8)
    rehearse(game, ImageShape(3, 32, 32), 10 if told else 0)


def test_the_table_has_a_column_for_each_distance() -> None:
    one = {"setting": "dcgan", "told": True, "images_seen": 1000, "training_seconds": 9.6, "fd/classifier@50k": 5.125}
    two = {**one, "setting": "r3gan", "told": False, "smallest class": 0.051}
    assert rows([one, two])[1:] == [
        ("dcgan", "told", "1,000", "10", "5.12", ""),
        ("r3gan", "", "1,000", "10", "5.12", "5.1%"),
    ]
