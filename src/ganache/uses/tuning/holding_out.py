"""Pictures for the judge alone, of data that has none: a fifth, which no trial is trained on.

A score against the pictures that a trial was trained on would favour those that copy them. The copy lies in the study's
folder; the best recipe is then trained on all of the data, by whoever wants it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ganache.data import Dataset
from ganache.data.npy import write_arrays
from ganache.data.selection import TRAIN
from ganache.data.store.packed import PackedDataset
from ganache.support.streams import derive

OWN_DATA = "pictures.npz"
SHARE = 5  # one of so many
LEAST = 100  # pictures held out, or none are: of fewer a score says little
MOST_BYTES = 2**30  # of pixels that are copied


def can_hold_out(dataset: Dataset) -> bool:
    """Return whether a data set is one of pictures of which a part can be copied, all labelled or none."""
    if not isinstance(dataset, PackedDataset) or dataset.shape.is_point or dataset.shape.is_row:
        return False
    unlabelled = int(dataset.rows_by_label(TRAIN)[-1])
    count = int(dataset.rows_by_label(TRAIN).sum())
    return count // SHARE >= LEAST and count * dataset.shape.pixels <= MOST_BYTES and unlabelled in (0, count)


def hold_out(dataset: Dataset, path: Path) -> None:
    """Write the data anew with a split ``test`` of a fifth of its pictures, chosen at random, the same every time.

    Raises RunError when the disk refuses.
    """
    assert isinstance(dataset, PackedDataset), dataset
    count = int(dataset.rows_by_label(TRAIN).sum())
    order = np.random.default_rng(derive(0, "held out")).permutation(count)
    rows = {"test": np.sort(order[: count // SHARE]), TRAIN: np.sort(order[count // SHARE :])}
    arrays: dict[str, Any] = {}
    for split, chosen in rows.items():
        batch = dataset.pick(TRAIN, chosen)
        arrays[f"{split}_images"] = batch.images.transpose(0, 2, 3, 1)
        if dataset.label_names and batch.labels.min() >= 0:
            arrays[f"{split}_labels"] = np.array(dataset.label_names)[batch.labels]
    write_arrays(path, arrays)
