"""The values that become 0 and 255 in pictures of more than 8 bits."""

from typing import Any, NamedTuple, TypeAlias

from ganache.support.errors import UserError
from ganache.support.json_files import is_number

Pair: TypeAlias = tuple[float, float]


class Ranges(NamedTuple):
    """The values that become 0 and 255: of integers, of floating-point numbers, of the alpha beside integers."""

    integer: Pair = (0, 65535)
    real: Pair = (0, 1)
    alpha: Pair = (0, 65535)

    @property
    def met(self) -> Pair | None:
        """The range of floats, None where it is the usual one: then a set may never have met any."""
        return self.real if self.real != FULL.real else None


FULL = Ranges()


def recorded_ranges(said: Any) -> Ranges | None:
    """Return the ranges of a record's JSON, None where it has none; raises UserError for what are none."""
    found = {kind: _pair(said[kind]) for kind in Ranges._fields if kind in said} if isinstance(said, dict) else {}
    if any(low >= high for low, high in found.values()):
        raise UserError("run: its record says that pictures are read by a range that is none")
    return Ranges(**found) if found else None


def _pair(said: Any) -> Pair:
    if not isinstance(said, list | tuple) or len(said) != 2 or not all(map(is_number, said)):
        raise UserError(f"run: its record says {str(said)[:40]!r} where two numbers say how pictures are read")
    return said[0], said[1]
