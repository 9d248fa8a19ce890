"""What can be packed into a store, and what is known of it before its pixels are decoded."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ganache.data.containers.digests import DigestCache
from ganache.data.containers.listing import Skipped
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError
from ganache.support.units import counted

ALWAYS_ALLOWED = 16  # so many unreadable files stop no run, however small the set, unless none may fail


@dataclass(frozen=True)
class Block:
    """Consecutive rows of one split, images (n, C, H, W) of the shape's type and labels (n,) int32, and the files lost
    among them.
    """

    split: str
    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int32]
    skipped: tuple[Skipped, ...] = ()


class Peek(NamedTuple):
    """A few rows of each split in order, and how many rows (K + 1,) of each split have each label, last without one."""

    blocks: list[Block]
    counts: dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Survey:
    """All that is known of a source before its pixels are decoded; `blocks` decodes them, ordered by split.

    `blocks` begins behind so many rows, decoded or lost; `peek` decodes every n-th row of each split, about as many as
    it is asked for. `headers` is how many headers were read, None where rows have none; `ignored` are fields of the
    manifest about files that are no images; `ranges` bring files of more than 8 bits to 8, None where there are none,
    `columns` what a table's columns hold, in words.
    """

    kind: str
    candidates: int
    shape: ImageShape
    label_names: tuple[str, ...]
    decisions: dict[str, str]
    original: dict[str, Any]
    blocks: Callable[[int], Generator[Block, None, None]]
    peek: Callable[[int], Peek]
    converted: dict[str, int]
    headers: int | None = None
    skipped: tuple[Skipped, ...] = ()
    ignored: dict[str, Any] = field(default_factory=dict)
    ranges: Ranges | None = None
    columns: Sequence[dict[str, str]] = ()


class Packable(Protocol):
    """Something that can be packed into a store."""

    text: str

    def content_key(self, digests: DigestCache) -> str:
        """Return a hash that changes whenever the content does.

        Raises TooManyUnknownError when more would have to be read than `digests` allows.
        """

    def survey(self, how: Conversion, workers: Workers, progress: Progress, most_headers: int | None = None) -> Survey:
        """Look at everything but the pixels and decide one shape; with `most_headers`, at so many headers at most."""


def add_rows(splits: dict[str, tuple[int, int]], split: str, rows: int) -> None:
    """Extend the rows [start, stop) of consecutive splits by more rows of a split, which is the last one or new."""
    end = max((stop for _, stop in splits.values()), default=0)
    splits[split] = (splits.get(split, (end, end))[0], end + rows)


def refuse_many(skipped: Sequence[Skipped], candidates: int, max_skipped: float) -> None:
    """Raise UserError when more than 16 files and more than the allowed share of all could not be read.

    Where the share is 0 one such file is too many.
    """
    if len(skipped) <= max(ALWAYS_ALLOWED if max_skipped else 0, max_skipped * candidates):
        return
    raise UserError(
        f"data: at least {len(skipped)} of {candidates} images cannot be read, such as {_first(skipped)}; "
        f"at most {max_skipped:.3g} of them may fail, --max-skipped 0.5 would allow half"
    )


def nothing_decoded(text: str, skipped: Sequence[Skipped]) -> UserError:
    """Return the error that says why a source has no rows."""
    return UserError(f"data: none of {counted(len(skipped), 'image')} in {text!r} can be read: {_first(skipped)}")


def _first(skipped: Sequence[Skipped]) -> str:
    return "; ".join(f"{skip.file}: {skip.reason}" for skip in skipped[:3])
