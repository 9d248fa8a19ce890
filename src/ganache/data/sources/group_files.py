"""Groups of pictures by a table beside the data, whatever their classes are: a column of names, a column of groups."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganache.data.containers import open_container
from ganache.data.containers.listing import printable
from ganache.data.labels import MAX_CLASSES, natural_order
from ganache.data.sources.label_files import MAX_BYTES, arrange_container, labels_in
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError, reason

COLUMNS = ("group", "label", "class", "category")  # by which a table names the column of groups


def grouped(dataset: PackedDataset, table: Path, classes: Sequence[str] = ()) -> tuple[PackedDataset, str]:
    """Return a data set with the groups of a table in the place of its classes, and how names were met, in words.

    A picture of a folder or zip has its path as its name, or its file's; a row of anything else its split and number
    there, as in ``train/0``. A picture that the table leaves out is of no group, nor is one of another class than
    `classes`, if any are named. Raises UserError for a table that cannot be read, and for fewer than two groups.
    """
    names = _names(dataset)
    found = labels_in(printable(table.name), _read(table), names, COLUMNS)
    groups = tuple(sorted(set(found.labels.values()), key=natural_order))
    if not 2 <= len(groups) <= MAX_CLASSES:
        raise UserError(f"groups: {str(table)!r} tells of {len(groups)}, and {dataset.name!r} needs two or more")
    numbers = {name: number for number, name in enumerate(groups)}
    labels = np.array([numbers[found.labels[name]] if name in found.labels else -1 for name in names], np.int32)
    if classes:
        own = np.concatenate([dataset.labels_of(split) for split in dataset.summary()["splits"]])
        labels[~np.isin(own, [dataset.label_names.index(name) for name in classes])] = -1
    return dataset.relabelled(groups, labels), found.said


def _read(table: Path) -> bytes:
    try:
        if table.stat().st_size > MAX_BYTES:
            raise UserError(f"groups: {str(table)!r} is larger than {MAX_BYTES >> 20} MiB, too large for groups")
        return table.read_bytes()
    except OSError as error:
        raise UserError(f"groups: {str(table)!r} cannot be read: {reason(error)}") from None


def _names(dataset: PackedDataset) -> list[str]:
    """Return the name of every row, in the store's order."""
    about = dataset.summary()
    place = Path(os.path.expanduser(dataset.name))
    if about.get("kind") in ("folder of images", "zip of images") and place.exists() and dataset.store is not None:
        skipped = {skip.file for skip in dataset.store.skipped()}
        rows = arrange_container(open_container(place))[1].rows
        names = [row.name for row in rows if printable(row.name) not in skipped]
        if len(names) == dataset.count:
            return names
        raise UserError(f"groups: {dataset.name!r} is not what it was when it was packed; its pictures have no names")
    splits = about["splits"].items()
    return [f"{split}/{number}" for split, (start, stop) in splits for number in range(stop - start)]
