"""What a page may ask for: messages of JSON, each of one known form and a bounded size."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ganache.parts.part import explain
from ganache.support.errors import UserError
from ganache.support.json_files import BROKEN
from ganache.web.lab.sights import Layers

MOST_BYTES = 2**17  # of a message
MOST_GAMES = 2
MOST_CELLS = 1024  # of a drawn density
MOST_SEED = 2**53 - 1  # beyond it a page cannot count

_Coordinate = Annotated[float, Field(ge=-1, le=1)]
Cell = tuple[_Coordinate, _Coordinate, Annotated[float, Field(gt=0, le=1000)]]  # centre, and how much is there


class Wish(BaseModel):
    """A message from the page; `do` says which."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Drawn(Wish):
    """A density that was drawn: round Gaussians at cells, and their common deviation."""

    cells: tuple[Cell, ...] = Field(min_length=1, max_length=MOST_CELLS)
    std: float = Field(gt=0, le=0.5)


class GameWish(Wish):
    """A game: its recipe as JSON, its data by one of the names that are offered, or drawn."""

    recipe: dict[str, Any]
    data: Annotated[str, Field(min_length=1, max_length=4096)] | Drawn


class BeginWish(Wish):
    """Begin one game, or two side by side with the same seed; all that is answered of them has the number `turn`."""

    do: Literal["begin"]
    games: tuple[GameWish, ...] = Field(min_length=1, max_length=MOST_GAMES)
    seed: int = Field(ge=0, le=MOST_SEED, strict=True)
    turn: int = Field(default=0, ge=0, le=MOST_SEED, strict=True)


class PlayWish(Wish):
    """Play on; at most so many iterations a second, where a number is given."""

    do: Literal["play"]
    per_second: Annotated[float, Field(ge=0.1, le=100_000)] | None = None


class PauseWish(Wish):
    """Stand still, all games after as many iterations."""

    do: Literal["pause"]


class StepWish(Wish):
    """Play so many more iterations, and then stand still."""

    do: Literal["step"]
    iterations: int = Field(default=1, ge=1, le=100_000, strict=True)


class LookWish(Wish):
    """The page has drawn the last frame of a game and wants the newest that there is by now."""

    do: Literal["look"]
    game: int = Field(ge=0, lt=MOST_GAMES, strict=True)
    layers: Layers


class KeepWish(Wish):
    """Write a game as it stands as a run's folder."""

    do: Literal["keep"]
    game: int = Field(ge=0, lt=MOST_GAMES, strict=True)


AnyWish = BeginWish | PlayWish | PauseWish | StepWish | LookWish | KeepWish
_WISHES: TypeAdapter[AnyWish] = TypeAdapter(Annotated[AnyWish, Field(discriminator="do")])


def read_wish(text: str) -> AnyWish:
    """Return a page's message; raises UserError in one line for what is none."""
    if len(text) > MOST_BYTES:
        raise UserError(f"lab: a message of {len(text):,} characters is too long")
    try:
        return _WISHES.validate_python(json.loads(text))
    except BROKEN as error:
        if isinstance(error, ValidationError):
            raise UserError(f"lab: {explain(error)}") from None
        raise UserError("lab: a message is no JSON") from None
