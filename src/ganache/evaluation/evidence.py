"""One pass over the samples: what all metrics need of them, gathered in memory that does not grow with their number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ganache.data.dataset import Dataset, Progress
from ganache.evaluation.features.extractor import Extractor
from ganache.evaluation.metrics.counter import Counter, Sums
from ganache.evaluation.metrics.frechet import Extrapolation, extrapolate
from ganache.evaluation.metrics.inputs import stream
from ganache.evaluation.metrics.moments import AnyMoments, RunningMoments
from ganache.evaluation.pieces import Labels, Piece, in_pieces, piece_size
from ganache.evaluation.records import Better, Protocol, Score, finite, score_name
from ganache.evaluation.reference import Reference
from ganache.support.machine import versions

KEPT = 50_000  # samples at most whose features are kept: the largest published protocol
PAIRED = 10_000  # samples at most that are compared pair by pair, with as many reals

C = TypeVar("C", bound=Counter)


@dataclass(frozen=True)
class Requests:
    """The classes that a conditional generator is asked for, in turn, none for others; and how they were chosen."""

    names: tuple[str, ...] = ()
    chosen: str = "as often as among the reals"


@dataclass(frozen=True)
class Setting:
    """What an evaluation is about, as far as a metric's possibility depends on it."""

    reference: Reference
    count: int
    seed: int
    requests: Requests
    has_classes: bool  # whether each sample's class is known
    beside: tuple[str, ...] = ()  # what lies beside each sample: of one that was translated, what was given
    origin: Mapping[str, Any] = field(default_factory=dict)  # how the samples came about, in every record's settings

    @property
    def dataset(self) -> Dataset:
        """The data of the reals."""
        return self.reference.dataset

    @property
    def extractor(self) -> Extractor:
        """What samples and reals are seen through."""
        return self.reference.extractor


@dataclass(frozen=True, eq=False)
class KeptSamples:
    """Some of the samples: their numbers (n,), features (n, D), logits (n, K) and classes (n,), -1 where unknown."""

    numbers: NDArray[np.int64]
    features: NDArray[np.float32]
    logits: NDArray[np.float32] | None
    labels: Labels

    def some(self, count: int, seed: int) -> "KeptSamples":
        """Return a seeded choice among these, or all where they are no more."""
        if count >= len(self.numbers):
            return self
        rows = np.sort(stream(seed, "paired samples").permutation(len(self.numbers))[:count])
        logits = None if self.logits is None else self.logits[rows]
        return KeptSamples(self.numbers[rows], self.features[rows], logits, self.labels[rows])


@dataclass(frozen=True, eq=False)
class NearestPairs:
    """Samples and the training images nearest to them: the samples' numbers (n,), the reals' places, the distances."""

    samples: NDArray[np.int64]
    training: Reference
    places: NDArray[np.int64]
    distances: NDArray[np.float64]


@dataclass(eq=False)
class Evidence:
    """What the pass found, and the reals that it is compared with; `sums` are what counters found of these."""

    setting: Setting
    reference: Reference
    moments: AnyMoments
    kept: KeptSamples
    images_seen: int | None
    counters: Sequence[Counter] = ()
    sums: Sequence[Sums] = ()
    pairs: NearestPairs | None = field(default=None, init=False)

    @property
    def is_complete(self) -> bool:
        """Whether the features of every sample are kept."""
        return len(self.kept.features) == self.setting.count

    def counted(self, kind: type[C]) -> C:
        """Return what a counter of this kind found of the samples."""
        return next(counter for counter in self.counters if isinstance(counter, kind))

    def counted_of_reals(self, kind: type[C]) -> C:
        """Return what one found of the reals."""
        return next(counter for counter in self.sums if isinstance(counter, kind))

    @cached_property
    def extrapolation(self) -> Extrapolation:
        """The Fréchet distance of the kept features, and its limit for infinitely many."""
        return extrapolate(
            self.kept.features, self.reference.moments(), self.setting.seed, device=self.setting.extractor.device
        )

    @cached_property
    def pair(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features of as many samples as reals, for what compares them pair by pair."""
        count = min(len(self.kept.features), PAIRED, self.reference.used)
        return self.kept.some(count, self.setting.seed).features, self.reference.rows(count).features

    def score(
        self,
        metric: str,
        value: float,
        better: Better,
        *,
        samples: int,
        reals: int | None = None,
        uncertainty: float | None = None,
        uncertainty_kind: str = "standard error",
        details: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        features: dict[str, Any] | None = None,
        reference: Reference | None = None,
    ) -> Score:
        """Return a record. `features` describe what saw the samples, the extractor if left out; ``{}`` for none.

        `reference` is given where the samples were compared with reals, `reals` where not with all of them.
        """
        described = self.setting.extractor.describe() if features is None else features
        known = uncertainty is not None and np.isfinite(uncertainty)
        return Score(
            name=score_name(metric, samples, described.get("name"), reference.split if reference else None),
            value=finite(float(value)),
            uncertainty=uncertainty if known else None,
            uncertainty_kind=uncertainty_kind if known else "",
            better=better,
            details=finite(details or {}),
            protocol=Protocol(
                metric=metric,
                samples=samples,
                reals=reals if reals is not None else reference.used if reference else 0,
                features=described or None,
                reference=reference.describe() if reference else None,
                settings=finite({**self.setting.origin, **(settings or {})}),
            ),
            seed=self.setting.seed,
            images_seen=self.images_seen,
            versions=versions(),
        )


def gather(
    pieces: Iterator[Piece],
    setting: Setting,
    keep: int,
    counters: Sequence[Counter] = (),
    progress: Progress | None = None,
) -> tuple[AnyMoments, KeptSamples]:
    """Pass over `setting.count` samples once; return their moments, and the features of a seeded choice of `keep`.

    The samples are cut into pieces of one size, so that no value depends on how they came. `progress` hears
    (done, total).
    """
    running = RunningMoments(setting.extractor.size, setting.extractor.device)
    choice = _choice(setting.count, keep, setting.seed)
    found: list[KeptSamples] = []
    done = 0
    for piece in in_pieces(pieces, piece_size(setting.dataset.shape)):
        if progress is not None:
            progress(done, setting.count)
        seen = setting.reference.see(np.require(piece.images, requirements=["C", "W"]))
        running.add(seen.features)
        for counter in counters:
            counter.add(piece.images, seen.logits, piece.beside)
        first, last = np.searchsorted(choice, [done, done + len(piece.images)])
        rows = choice[first:last] - done
        logits = None if seen.logits is None else seen.logits[rows]
        found.append(KeptSamples(choice[first:last], seen.features[rows], logits, piece.labels[rows]))
        done += len(piece.images)
    if progress is not None:
        progress(done, setting.count)
    assert done == setting.count, (done, setting.count)
    return running.result(), _joined(found)


def _choice(count: int, keep: int, seed: int) -> NDArray[np.int64]:
    if keep >= count:
        return np.arange(count)
    return np.sort(stream(seed, "kept samples").choice(count, keep, replace=False))


def _joined(parts: Sequence[KeptSamples]) -> KeptSamples:
    logits = [part.logits for part in parts if part.logits is not None]
    return KeptSamples(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.features for part in parts]),
        np.concatenate(logits) if logits else None,
        np.concatenate([part.labels for part in parts]),
    )
