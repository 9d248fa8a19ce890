"""The ways in which a generator is asked for samples: by truncation, and with classes as among the reals or evenly."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganache.evaluation.evidence import Requests
from ganache.evaluation.metrics.inputs import Floats
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples, Samples
from ganache.evaluation.scoring import as_among_reals, evenly
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.uses.fairness.known_groups import KnownGroups

USUAL = (1.0, 0.7, 0.5)  # truncations, of what can truncate
MOST = 8


@dataclass(frozen=True, eq=False)
class WayToDraw:
    """One of them: the samples, what is asked for, and what share (K,) of them each group should have, in words too."""

    samples: Samples
    requests: Requests
    expected: Floats
    said: str
    truncation: float | None = None
    balanced: bool = False


def parse_truncations(text: str | None) -> tuple[float, ...]:
    """Return the truncations of a text such as ``1,0.7,0.5``, none of None; raises UserError for anything else."""
    if text is None:
        return ()
    try:
        found = tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError:
        raise UserError(f"truncation: {text!r} is no list of numbers such as 1,0.7,0.5") from None
    return found


def check_truncations(source: Samples, truncations: Sequence[float]) -> None:
    """Raise UserError for truncations that a source cannot draw with; NaN and numbers beyond 0 and 1 among them."""
    if not truncations:
        return
    if not isinstance(source, GeneratorSamples):
        raise UserError("truncation: it is for generators, and these samples were given")
    if len(truncations) > MOST:
        raise UserError(f"truncation: {len(truncations)} of them are more than {MOST}")
    for truncation in truncations:
        source.generator.truncated(truncation)


def ways_of(
    source: Samples, known: KnownGroups, classes: Reference, truncations: Sequence[float], count: int, seed: int
) -> list[WayToDraw]:
    """Return the ways to draw from a source; `classes` are the reals with the classes that a generator is asked for.

    Samples that are given come in one way, and truncations are those that the source can draw with.
    """
    said = f"the share among the reals ({known.reference.split})"
    if not isinstance(source, GeneratorSamples):
        return [WayToDraw(source, Requests(), known.expected, said)]
    generator = source.generator
    as_theirs = as_among_reals(source, classes, count, seed)
    ways = [
        WayToDraw(_truncated(source, truncation), as_theirs, known.expected, said, truncation)
        for truncation in truncations or _usual(generator)
    ]
    balanced = evenly(source, classes.dataset, classes.labels)
    if len(set(balanced.names)) < 2:
        return ways
    equal = _equal_shares(known, balanced.names)
    told = said if equal is None else "equal shares"
    target = known.expected if equal is None else equal
    first = ways[0]
    assert first.truncation is not None
    drawn = _truncated(source, first.truncation, {"requests": balanced.chosen})
    return [*ways, WayToDraw(drawn, balanced, target, told, first.truncation, balanced=True)]


def _usual(generator: TrainedGenerator) -> tuple[float, ...]:
    try:
        generator.truncated(USUAL[-1])
    except UserError:  # latents without tails
        return USUAL[:1]
    return USUAL


def _truncated(source: GeneratorSamples, truncation: float, settings: dict[str, str] | None = None) -> GeneratorSamples:
    own = {} if truncation == 1.0 else {"truncation": truncation}
    return GeneratorSamples(
        source.generator.truncated(truncation), source.source, source.kind, settings={**own, **(settings or {})}
    )


def _equal_shares(known: KnownGroups, names: Sequence[str]) -> Floats | None:
    """Return equal shares (K,) of the groups that are classes which were asked for; None where groups are others."""
    looked_for = {known.names[group] for group in known.looked_for}
    if looked_for != set(names):
        return None
    return np.where(known.expected > 0, 1.0 / len(looked_for), 0.0)
