"""Small games for tests of the lab."""

from typing import Any

from ganache import recipes
from ganache.games import TwoPlayers
from ganache.recipes.settings import with_settings
from ganache.web.lab.packets import head_of
from ganache.web.lab.workbench import Workbench, planned

TINY = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=16", "images=320")


def recipe(*settings: str) -> TwoPlayers:
    found = with_settings(recipes.find("mlp-2d"), [*TINY, *settings])
    assert isinstance(found, TwoPlayers)
    return found


def tree(*settings: str) -> dict[str, Any]:
    return recipe(*settings).model_dump(mode="json")


def bench(*settings: str, data: str = "ring", seed: int = 3, iterations: int = 0) -> Workbench:
    made = Workbench(planned(recipe(*settings), data, seed))
    for _ in range(iterations):
        made.advance()
    return made


def heads(packets: list[bytes]) -> list[dict[str, Any]]:
    return [head_of(packet) for packet in packets]
