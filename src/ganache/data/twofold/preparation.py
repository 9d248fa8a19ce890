"""How the pictures of a training were prepared, as its products say, so that those at use are prepared alike."""

from dataclasses import dataclass
from typing import Any, Self

from ganache.data.ranges import Ranges, recorded_ranges
from ganache.data.shape import ImageShape
from ganache.data.twofold.own_inputs import Use, use_of
from ganache.support.errors import UserError
from ganache.support.json_files import is_number

_SAID = ("task", "whole", "ranges", "ranges_b")  # in a summary of data, and in what is kept of it


def prepared_by(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what a product says of how the pictures of such data were prepared."""
    return {name: summary[name] for name in _SAID if summary.get(name)}


@dataclass(frozen=True)
class Preparation:
    """What becomes of a picture that a translator is given: its `shape`, and what is made of it then.

    `ranges` are the values that became 0 and 255 in files of more than 8 bits; None where none were met.
    """

    shape: ImageShape
    use: Use
    ranges: Ranges | None = None

    @classmethod
    def of(cls, said: dict[str, Any], inputs: ImageShape, targets: ImageShape) -> Self:
        """Return what a product says, from pictures like `inputs` to such as `targets`; nothing of it is believed.

        Pictures are brought to the size from which a training took its crops. Raises UserError for what cannot be.
        """
        backwards = bool(said.get("is_reverse"))
        use = use_of("" if backwards else str(said.get("task") or ""))
        own = targets if use.greyed else inputs
        height, width = _pair(said["whole"]) if said.get("whole") else (own.height, own.width)
        ImageShape(own.channels, int(height), int(width))
        shape = ImageShape(own.channels, max(1, int(height) // use.scale), max(1, int(width) // use.scale))
        return cls(shape, use, recorded_ranges(said.get("ranges_b" if backwards else "ranges")))


def _pair(said: Any) -> tuple[float, float]:
    if not isinstance(said, list) or len(said) != 2 or not all(map(is_number, said)):
        raise UserError(f"run: its product says {str(said)[:40]!r} where two numbers say how pictures are read")
    return said[0], said[1]
