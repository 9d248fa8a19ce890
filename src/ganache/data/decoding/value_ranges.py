"""The range of the values in all deep files of a set, found in one pass over their pixels before any is converted."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from ganache.data.decoding.deep import Extremes, Pair, Ranges, decide_ranges, is_clipped, merged
from ganache.data.decoding.pool import Decoders


class FoundRanges(NamedTuple):
    """One range for a set, a sentence for each decision, how many files it clips, the files without one by reason."""

    ranges: Ranges
    decisions: dict[str, str]
    clipped: int
    unreadable: dict[str, str]


def find_ranges(decoders: Decoders, names: Sequence[str], memory: Mapping[str, int], asked: Pair | None) -> FoundRanges:
    """Read the deep files of the names and return the range to convert them by, `asked` if it is given.

    `memory` is as for the decoders. A part of a set's files gives the range of that part.
    """
    whole, clipped = Extremes(), 0
    unreadable: dict[str, str] = {}
    for name, answer in zip(names, chain.from_iterable(decoders.extremes(names, memory)), strict=True):
        if isinstance(answer, str):
            unreadable[name] = answer
        else:
            whole = merged([whole, answer])
            # Only a range that was asked for can leave out what a file holds.
            clipped += asked is not None and is_clipped(answer, asked)
    ranges, decisions = decide_ranges(whole, asked)
    if asked and not decisions:
        decisions["range"] = "no file has more than 8 bits a channel, so the one that was asked for changes nothing"
    if clipped:
        decisions["clipped"] = f"{clipped} of {len(names)} deep files hold values outside the range"
    return FoundRanges(ranges, decisions, clipped, unreadable)
