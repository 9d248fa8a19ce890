"""Which pictures of a labelled data set its judge learns from, and on which others it is tested."""

from dataclasses import dataclass

import numpy as np

from ganache.data.dataset import Batch, RowDataset
from ganache.data.selection import HELD_OUT_SPLITS, occurring
from ganache.support.streams import derive

MOST_IMAGES, MOST_TESTED = 60_000, 10_000
MOST_BYTES = 2**30  # of training images: fewer when they are large


@dataclass(frozen=True, eq=False)
class JudgesTest:
    """Labelled pictures that a judge was not trained on, and of which split they are in words."""

    pictures: Batch
    split: str


def learnt_and_held_out(dataset: RowDataset, seed: int = 0, most_bytes: int = MOST_BYTES) -> tuple[Batch, JudgesTest]:
    """Return labelled training images, at most 60,000 or `most_bytes`, and those of the test split.

    Without one, the last tenth of the training images is held out.
    """
    room = _room(dataset, most_bytes)
    drawn = _drawn(dataset, "train", seed, min(MOST_IMAGES, room))
    split = _tested_split(dataset)
    if split is not None:
        return drawn, JudgesTest(_drawn(dataset, split, seed, min(MOST_TESTED, room)), split)
    kept = len(drawn.images) - max(1, len(drawn.images) // 10)
    (images, others), (labels, other_labels) = np.split(drawn.images, [kept]), np.split(drawn.labels, [kept])
    return Batch(images, labels), JudgesTest(Batch(others, other_labels), "a tenth held out")


def held_out(dataset: RowDataset, seed: int = 0, most_bytes: int = MOST_BYTES) -> JudgesTest:
    """Return the pictures on which the judge of a data set was tested, none of which it has seen."""
    split = _tested_split(dataset)
    if split is None:
        return learnt_and_held_out(dataset, seed, most_bytes)[1]
    return JudgesTest(_drawn(dataset, split, seed, min(MOST_TESTED, _room(dataset, most_bytes))), split)


def _room(dataset: RowDataset, most_bytes: int) -> int:
    return max(1, most_bytes // dataset.shape.pixels)


def _tested_split(dataset: RowDataset) -> str | None:
    return next((name for name in HELD_OUT_SPLITS if _is_labelled(dataset, name)), None)


def _drawn(dataset: RowDataset, split: str, seed: int, most: int) -> Batch:
    stream = dataset.stream(derive(seed, "classifier", split), _trained(dataset), split)
    assert stream.count is not None
    return stream.batch(0, min(stream.count, most))


def _trained(dataset: RowDataset) -> tuple[str, ...]:
    """Return the classes of the training images; what occurs in the test split alone cannot be judged."""
    return occurring(dataset) or dataset.label_names


def _is_labelled(dataset: RowDataset, split: str) -> bool:
    there = split in dataset.summary()["splits"]
    return there and not set(_trained(dataset)).isdisjoint(occurring(dataset, split))
