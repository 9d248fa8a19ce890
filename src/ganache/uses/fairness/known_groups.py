"""What is known of groups before a sample is seen: shares, how often they are misread, and what reals reach."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.data.store.packed import PackedDataset
from ganache.evaluation.evidence import KEPT, PAIRED
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.metric_records import K
from ganache.evaluation.metrics.certainty import Certainty
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.group_shares import Counts
from ganache.evaluation.metrics.inputs import Features, Floats
from ganache.evaluation.metrics.manifold import Overlap, overlap
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.reference import Reference, Rows
from ganache.support.errors import UserError

LEAST_FOR_RECALL = 50  # reals of a group, of which one is 2%
LEAST_FOR_DISTANCE = 2  # samples, and reals, for each feature: as many as the whole's distance asks for
LEAST_HELD_OUT = 10  # pictures of a group, below which its classifier's errors are a guess


@dataclass(frozen=True, eq=False)
class KnownGroups:
    """The groups of a data set as a classifier knows them, and their reals in two halves.

    Samples meet the first half; the other half meets it too, which says what no generator can better. `expected` (K,)
    are the groups' shares among the reals, 0 for what is not looked for; row i of `confusion` (K, K) counts how
    held-out pictures of group i are read.
    """

    reference: Reference
    names: tuple[str, ...]
    expected: Floats
    confusion: Counts
    first: Rows
    other: Rows
    compared: int  # reals of each half that are compared one by one
    of_reals: Overlap  # where the other half meets the first

    @classmethod
    def of(cls, dataset: PackedDataset, reference: Reference, count: int) -> "KnownGroups":
        """Return what is known for `count` samples; raises UserError for a group without reals, or too few of them."""
        extractor = reference.extractor
        assert isinstance(extractor, ClassifierExtractor)
        counts = dataset.rows_by_label(reference.split)[:-1].astype(np.float64)
        if reference.labels:
            counts[[name not in reference.labels for name in dataset.label_names]] = 0.0
        if not counts.any():
            raise UserError(f"groups: no picture of the split {reference.split!r} has a group")
        taken = min(reference.used, KEPT)
        reference.expect(taken)
        reference.count_with([Certainty(len(dataset.label_names))])  # with the rows in the same pass
        rows = reference.rows(taken)
        half = len(rows.labels) // 2
        if half <= K:
            raise UserError(f"data: {len(rows.labels)} reals are too few; groups need some hundreds")
        first, other = (Rows(rows.features[part], rows.labels[part]) for part in _halves(half))
        compared = min(half, count, PAIRED)
        beside = overlap(other.features[:compared], first.features[:compared], K, extractor.device)
        confusion = extractor.judge.confusion(dataset)
        shares = counts / counts.sum()
        return cls(reference, dataset.label_names, shares, confusion, first, other, compared, beside)

    @property
    def looked_for(self) -> list[int]:
        """The numbers of the groups that are looked for."""
        return np.flatnonzero(self.expected > 0).tolist()

    @property
    def least_for_distance(self) -> int:
        """The pictures of which a group's distance is worth its name."""
        return LEAST_FOR_DISTANCE * self.reference.extractor.size

    def shares_of(self, covered: NDArray[np.bool_]) -> list[float | None]:
        """Return for each group the share of its compared reals that are in a mask (n,), None where they are few."""
        labels = self.first.labels[: self.compared]
        own = [covered[labels == group] for group in range(len(self.names))]
        return [float(mask.mean()) if len(mask) >= LEAST_FOR_RECALL else None for mask in own]

    def distances(self, group: int, features: Features) -> tuple[float, float, int] | None:
        """Return how far samples (n, D), and as many other reals, are from a group's reals; None where they are few."""
        ours, theirs = (part.features[part.labels == group] for part in (self.first, self.other))
        count = min(len(features), len(theirs))
        if min(count, len(ours)) < self.least_for_distance:
            return None
        reals = moments_of(ours)
        found = [frechet_distance(moments_of(one[:count]), reals) for one in (features, theirs)]
        return found[0], found[1], count


def _halves(half: int) -> tuple[slice, slice]:
    return slice(0, half), slice(half, 2 * half)
