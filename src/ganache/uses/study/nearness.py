"""How near synthetic pictures are to those that they were learnt from, and to those that judge, which nobody may know.

Distances are of pixels. With U pictures that neither anybody learnt from nor that judge, J as many that judge, of each
class as many as of U:

* copies of the few: the share of synthetic pictures that are nearer to one of the few than 5% of U are
  (`evaluation/metrics/memorisation.py`);
* copies of judges: the same by d₁ / d₂, the distances to the nearest and the second nearest of J. A smooth picture is
  near to many, a copy to one;
* hits: the pictures of J and U that are the nearest one of some synthetic picture. Whoever never saw either knows no
  difference between the two, so that J has half of the hits in each class, whatever is drawn and however alike its
  pictures are. With h hits of 2m pictures of a class, J's number is hypergeometric: mean h / 2, variance
  h (2m - h) / (4 (2m - 1)).
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ganache.data.labels import count_labels
from ganache.data.shape import ImageShape
from ganache.engine.pixel_values import channels_last
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.metrics.inputs import Features, stream
from ganache.evaluation.metrics.memorisation import Memorisation, compare, memorisation
from ganache.evaluation.metrics.neighbours import Nearest, nearest
from ganache.uses.study.subsets import Integers, LabelledPictures

QUANTILE = 0.05  # of unseen pictures that are as near by chance
LEAST_UNSEEN = 20  # pictures, below which nobody knows what is usual
MOST_COMPARED = 5_000  # of J, and as many of U
SURE = 4.0  # deviations, one chance in 30,000
COPIED, LEAST_COPIED = 0.05, 10  # of the synthetic pictures, beyond chance; different judges that are copied


class Nearness(BaseModel):
    """The shares of synthetic pictures that are nearer than usual, and the hits, as the module says."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    unseen: int
    few_copied: float
    few_expected: float
    judges_copied: float
    judges_expected: float
    judges_error: float
    different: int  # judges that are copied
    hits: int
    judge_hits: int
    deviations: float  # by which the judges' hits exceed half of them

    @property
    def knows_judges(self) -> bool:
        """Whether whoever drew the pictures has seen those that judge: by hits, or by copies."""
        excess = self.judges_copied - self.judges_expected
        is_copied = excess > max(COPIED, SURE * self.judges_error) and self.different >= LEAST_COPIED
        return self.deviations > SURE or is_copied


def nearness(
    synthetic: Features,
    few: Features,
    judges: tuple[Features, Integers],
    unseen: tuple[Features, Integers],
    classes: int,
) -> Nearness | None:
    """Return how near synthetic pictures are, as pixels (N, D); None where too few pictures are unseen to know.

    `judges` and `unseen` come with the numbers of their classes.
    """
    rows = _as_many(judges[1], unseen[1], classes)
    theirs, ours = judges[0][rows[0]], unseen[0][rows[1]]
    if len(ours) < LEAST_UNSEEN or not len(synthetic):
        return None
    of_few = memorisation(synthetic, few, ours, QUANTILE)
    copied = compare(_relative(synthetic, theirs), _relative(ours, theirs), QUANTILE)
    hits, judge_hits, deviations = _hits(synthetic, theirs, ours, judges[1][rows[0]])
    return Nearness(
        unseen=len(ours),
        few_copied=of_few.share,
        few_expected=of_few.expected,
        judges_copied=copied.share,
        judges_expected=copied.expected,
        judges_error=copied.standard_error,
        different=_different(copied),
        hits=hits,
        judge_hits=judge_hits,
        deviations=deviations,
    )


def is_copy(synthetic: Features, few: Features, unseen: Features) -> NDArray[np.bool_]:
    """Return which synthetic pictures are nearer to one of the few than is usual of pictures that nobody saw."""
    found = memorisation(synthetic, few, unseen, QUANTILE)
    copies = np.zeros(len(synthetic), bool)
    copies[found.samples[found.distances <= found.threshold]] = True
    return copies


def pixels_of(pictures: LabelledPictures, shape: ImageShape) -> Features:
    """Return pictures of a shape as pixels in [0, 1] (N, D), large ones shrunk to 1,024 pixels."""
    extractor = PixelExtractor(shape)
    if not len(pictures.labels):
        return np.empty((0, extractor.size), np.float32)
    return extractor(channels_last(pictures.images)).features


def _as_many(judges: Integers, unseen: Integers, classes: int) -> tuple[Integers, Integers]:
    """Return rows of both, of each class as many of one as of the other, drawn from all of it by a seed.

    Neighbours in a stored split are often of one writer or one film: the first rows of a class are no sample of it.
    """
    counts = np.minimum(count_labels(judges, classes), count_labels(unseen, classes))[:classes]
    if counts.sum() > MOST_COMPARED:
        counts = counts * MOST_COMPARED // counts.sum()
    first, second = (_some(labels, counts, side) for side, labels in (("judges", judges), ("unseen", unseen)))
    return first, second


def _some(labels: Integers, counts: Integers, side: str) -> Integers:
    """Return so many rows of each class, class by class."""
    random = stream(0, "nearness", side)
    return np.concatenate(
        [random.permutation(np.flatnonzero(labels == number))[:count] for number, count in enumerate(counts)]
    )


def _relative(queries: Features, points: Features) -> Nearest:
    """Return the nearest points, the squared distance to each divided by that to the second nearest; 0 of equals."""
    found = nearest(queries, points, k=2)
    first, second = found.squares.T
    ratios = np.divide(first, second, out=np.zeros_like(first), where=first > 0)
    return Nearest(found.indices[:, :1], ratios[:, None])


def _different(copied: Memorisation) -> int:
    return len(np.unique(copied.training[copied.distances <= copied.threshold]))


def _hits(synthetic: Features, judges: Features, unseen: Features, labels: Integers) -> tuple[int, int, float]:
    """Return all hits, the judges' and by how many deviations those exceed their half; labels are of either."""
    found = np.unique(nearest(synthetic, np.concatenate([judges, unseen])).indices)
    by_class = [
        count_labels(np.tile(labels, 2)[part], labels.max() + 1)[:-1] for part in (found, found[found < len(judges)])
    ]
    pictures = 2 * count_labels(labels, labels.max() + 1)[:-1]
    hits, theirs = by_class
    variance = float((hits * (pictures - hits) / (4.0 * np.maximum(pictures - 1, 1))).sum())
    excess = float((theirs - hits / 2.0).sum())
    return int(hits.sum()), int(theirs.sum()), excess / variance**0.5 if variance > 0 else 0.0
