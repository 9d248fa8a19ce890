"""Logs written by hand: a healthy run, of which a test makes a sick one."""

from collections.abc import Callable
from typing import Any

from ganache.games import TwoPlayers
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from tests.tiny import tiny_recipe

Value = float | Callable[[float], float]  # of how far the run is, 0 to 1
Lines = list[dict[str, Any]]

TICKS, IMAGES = 100, 200  # lines, and images between two of them
PICTURES: dict[str, Any] = {"data": {"shape": [1, 8, 8], "label_names": []}}
POINTS: dict[str, Any] = {"data": {"shape": [2, 1, 1], "label_names": []}}

PLAY: dict[str, Value] = {
    **{"accuracy/real": 0.85, "accuracy/fake": 0.82, "logits/real": 0.6, "logits/fake": -0.5, "gradient/fakes": 2.0},
    **{"movement/generator": 0.006, "movement/discriminator": 0.003, "gradient/generator": 6.0},
}
OF_PICTURES: dict[str, Value] = {
    **PLAY,
    **{"diversity/raw": 0.98, "diversity/average": 0.95, "duplicates/raw": 0.0, "duplicates/average": 0.0},
    **{"dead/raw": 0.0, "dead/average": 0.0, "saturated/raw": 0.15, "saturated/average": 0.1, "saturated/real": 0.57},
    **{"checkerboard/raw": 0.03, "checkerboard/average": 0.02, "checkerboard/real": 0.03},
    **{"centre/raw_1": 0.05, "centre/raw_2": -0.1},
}
OF_POINTS: dict[str, Value] = {
    **PLAY,
    **{"diversity/raw": 0.98, "diversity/average": 0.95, "duplicates/raw": 0.0, "duplicates/average": 0.0},
    **{"reached/raw": 1.0, "reached/average": 1.0, "centre/raw_1": 0.05, "centre/raw_2": -0.1},
}


def log(healthy: dict[str, Value], **changed: Value) -> Lines:
    """Return a log of constant values, or functions of time; a name's "/" is written "__"."""
    names = {**healthy, **{name.replace("__", "/"): value for name, value in changed.items()}}
    return [
        {
            "images_seen": IMAGES * number,
            **{name: value(number / TICKS) if callable(value) else value for name, value in names.items()},
        }
        for number in range(1, TICKS + 1)
    ]


def picture_recipe(**fields: Any) -> TwoPlayers:
    """Return a small dcgan without batch norm in its discriminator."""
    networks = {"generator": DCGANGenerator(width=4), "discriminator": DCGANDiscriminator(width=4, batch_norm=False)}
    return tiny_recipe(**{**networks, **fields})
