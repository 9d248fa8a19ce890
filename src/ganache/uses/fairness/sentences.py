"""What was found of groups, in plain sentences."""

from collections.abc import Iterator, Sequence

import numpy as np

from ganache.support.units import listed
from ganache.uses.fairness.fairness_record import Draw, GroupRow

MOST_NAMED = 20  # groups that get a sentence of their own
TOLD = 0.05  # differences of recall that are worth a word


def sentences_of(draws: Sequence[Draw], is_of_classes: bool) -> list[str]:
    """Return what a reader should know of all draws: which groups are lost, what truncation and balance change."""
    first, *others = draws
    said = [*_losses(first), *_varieties(first)]
    for draw in others:
        said += _balance(first, draw, is_of_classes) if draw.balanced else _truncation(first, draw)
    return said


def share_text(share: float) -> str:
    """Return a share in per cent, with as many digits as small ones need."""
    return f"{share:.1%}" if share >= 0.01 or share == 0 else f"{share:.2%}"


def _losses(draw: Draw) -> Iterator[str]:
    count = draw.evaluation.samples.count
    less = draw.of("lost", "thinned")
    for row in less[:MOST_NAMED]:
        of = f"{_interval(row)} of the samples, {share_text(row.expected)} of the data"
        yield f"{_named(row)} is {row.verdict}: {of}."
    if len(less) > MOST_NAMED:
        yield f"So are {len(less) - MOST_NAMED:,} further groups."
    if more := draw.of("grown"):
        yield f"Drawn more often than they should be: {listed([_named(row) for row in more[::-1]])}."
    if few := draw.of("too few"):
        names = listed([_named(row) for row in few])
        yield f"Of {names} there should be fewer than 5 among {count:,} samples, which tells nothing."
    if not less:
        least = min((row for row in draw.rows if row.verdict != "too few"), key=lambda row: row.expected, default=None)
        if least is None:
            yield f"No group is large enough for {count:,} samples to tell anything of it."
            return
        yield (
            f"No group is lost or thinned, as far as {count:,} samples tell: {_named(least)}, of which the data have"
            f" {share_text(least.expected)}, would have been found below {share_text(least.found_below)}."
        )


def _varieties(draw: Draw) -> Iterator[str]:
    """Say of which groups the reals are reached least, beside what other reals reach of them."""
    known = [row for row in draw.rows if row.recall is not None and row.recall_of_reals is not None]
    if not known:
        yield "No group has enough reals for its recall."
        return
    worst = min(known, key=_lack)
    yield (
        f"Least varied is {_named(worst)}: samples reach {worst.recall:.0%} of its reals, as many other reals reach"
        f" {worst.recall_of_reals:.0%}."
    )


def _truncation(first: Draw, draw: Draw) -> Iterator[str]:
    before = {row.name: row for row in first.rows}
    pairs = [(before[row.name], row) for row in draw.rows if row.recall is not None]
    known = [(old, new) for old, new in pairs if old.recall is not None and new.recall is not None]
    less = [f"{_named(row)} ({share_text(row.share)})" for row in draw.of("lost", "thinned")]
    at = f"At truncation {draw.truncation:g}"
    yield f"{at} {'no group is lost or thinned' if not less else f'lost or thinned: {listed(less)}'}."
    if known:
        means = [float(np.mean([row.recall for row in side])) for side in zip(*known, strict=True)]
        fallen = max(known, key=lambda pair: (pair[0].recall or 0.0) - (pair[1].recall or 0.0))
        most = f", most of all of {_named(fallen[1])} ({fallen[0].recall:.0%} to {fallen[1].recall:.0%})"
        change = means[1] - means[0]
        if abs(change) < TOLD:
            yield f"{at} the groups' recall stays near {means[1]:.0%} on average."
        else:
            how, whose = ("falls", most) if change < 0 else ("rises", "")
            yield f"{at} the groups' recall {how} from {means[0]:.0%} to {means[1]:.0%} on average{whose}."


def _balance(first: Draw, draw: Draw, is_of_classes: bool) -> Iterator[str]:
    least = min(first.rows, key=lambda row: row.share)
    after = next(row for row in draw.rows if row.name == least.name)
    mends = f"Balanced, {_named(least)} has {_interval(after)} of the samples instead of {_interval(least)}"
    recall = ""
    if least.recall is not None and after.recall is not None:
        recall = f"; samples reach {after.recall:.0%} of its reals instead of {least.recall:.0%}"
    yield f"{mends}{recall}."
    less = draw.of("lost", "thinned")
    target = "an equal share" if is_of_classes else "their share of the data"
    if less:
        how = "mend" if draw.of("lost") else "wholly mend"
        yield f"Balance does not {how} {listed([_named(row) for row in less])}: asked for, still below {target}."
    elif first.of("lost", "thinned"):
        yield f"Balanced, no group is below {target}."


def _interval(row: GroupRow) -> str:
    return f"{share_text(row.share)} ({share_text(row.low)} to {share_text(row.high)})"


def _lack(row: GroupRow) -> float:
    return (row.recall or 0.0) - (row.recall_of_reals or 0.0)


def _named(row: GroupRow) -> str:
    return f"“{row.name}”"
