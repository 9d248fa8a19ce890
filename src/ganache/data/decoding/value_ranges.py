"""The range of the values in all deep files of a set, found in one pass over their pixels before any is converted."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from ganache.data.decoding.decode import Header
from ganache.data.decoding.deep import Extremes, decide_ranges, is_clipped, merged
from ganache.data.decoding.pool import Decoders, memory_of
from ganache.data.ranges import FULL, Pair, Ranges


class FoundRanges(NamedTuple):
    """One range for a set, a sentence for each decision, how many files it clips, the files without one by reason."""

    ranges: Ranges
    decisions: dict[str, str]
    clipped: int
    unreadable: dict[str, str]


def find_ranges(
    decoders: Decoders, names: Sequence[str], memory: Mapping[str, int], asked: Pair | Ranges | None
) -> FoundRanges:
    """Read the deep files of the names and return the range to convert them by, `asked` if it is given.

    `memory` is as for the decoders. A part of a set's files gives the range of that part: for one that belongs with a
    set, `asked` are the set's ranges.
    """
    whole, clipped = Extremes(), 0
    pair = None if isinstance(asked, Ranges) else asked
    unreadable: dict[str, str] = {}
    for name, answer in zip(names, chain.from_iterable(decoders.extremes(names, memory)), strict=True):
        if isinstance(answer, str):
            unreadable[name] = answer
        else:
            whole = merged([whole, answer])
            # Only a range that was asked for can leave out what a file holds.
            clipped += pair is not None and is_clipped(answer, pair)
    ranges, decisions = decide_ranges(whole, asked)
    if pair and not decisions:
        decisions["range"] = "no file has more than 8 bits a channel, so the one that was asked for changes nothing"
    if clipped:
        decisions["clipped"] = f"{clipped} of {len(names)} deep files hold values outside the range"
    return FoundRanges(ranges, decisions, clipped, unreadable)


def ranges_at_use(
    decoders: Decoders, names: Sequence[str], said: Ranges | None, asked: Pair | None = None
) -> tuple[Ranges, list[str]]:
    """Return by which ranges files of more than 8 bits are read, and a sentence for each decision.

    They are what is `asked` for, or else what training `said`, or else what the files show, as in training.
    """
    if asked is not None:
        return (said or FULL)._replace(integer=asked, real=asked), []
    if said is not None:
        return said, []
    answers = (one for some in decoders.headers(names) for one in some)
    deep = {name: one for name, one in zip(names, answers, strict=True) if isinstance(one, Header) and one.is_deep}
    if not deep:
        return FULL, []
    found = find_ranges(decoders, list(deep), memory_of(deep), None)
    return found.ranges, list(found.decisions.values())
