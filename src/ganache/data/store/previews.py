"""A source before it is packed: what its names and headers say, and a few of its pictures; nothing is written."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.store.packed import PackedDataset
from ganache.data.store.packing import new_manifest
from ganache.data.store.survey import Packable, Survey, add_rows, nothing_decoded, refuse_many
from ganache.support.units import counted


@dataclass(frozen=True)
class Glance:
    """How much a preview looks at: seconds, whatever the size of the set.

    At most so many headers, about so many rows, every n-th of each split, and so many bytes of files whose digests are
    unknown, to find out whether the source is packed already.
    """

    headers: int = 20_000
    rows: int = 256
    unknown_bytes: int = 2**26


def read_preview(
    source: Packable, how: Conversion, workers: Workers, progress: Progress, glance: Glance
) -> PackedDataset:
    """Return a sample of a source as a dataset whose summary describes the whole, as far as it was looked at.

    Its fingerprint is empty. Raises UserError as packing does, for what was looked at.
    """
    survey = source.survey(how, workers, progress, glance.headers)
    sample = survey.peek(glance.rows)
    lost = [skip for block in sample.blocks for skip in block.skipped]
    read = sum(len(block.images) for block in sample.blocks)
    refuse_many(lost, read + len(lost), how.max_skipped)
    skipped = [*survey.skipped, *lost]
    if not read:
        raise nothing_decoded(source.text, skipped)
    splits: dict[str, tuple[int, int]] = {}
    for split, counts in sample.counts.items():
        add_rows(splits, split, int(counts.sum()))
    held: dict[str, tuple[int, int]] = {}
    for block in sample.blocks:
        add_rows(held, block.split, len(block.images))
    totals: Any = sum(sample.counts.values())
    classes = Counter(dict(enumerate(totals[:-1].tolist()))) + Counter({-1: int(totals[-1])})
    manifest = new_manifest(source, survey, classes, splits, sorted(skipped))
    manifest["decisions"] = {**survey.decisions, "looked at": _looked_at(survey, manifest["count"], read)}
    images = np.concatenate([block.images for block in sample.blocks])
    labels = np.concatenate([block.labels for block in sample.blocks])
    progress(survey.candidates, survey.candidates)
    return PackedDataset(source.text, {**manifest, "fingerprint": None}, images, labels, held, counts=sample.counts)


def _looked_at(survey: Survey, rows: int, read: int) -> str:
    some = "" if survey.headers is None or survey.headers >= rows else f" of {rows:,} files"
    later = "" if read == rows and not some else "; the others when it is packed"
    if survey.headers is None:
        return f"{read:,} of {rows:,} {'rows' if survey.shape.is_row else 'images'}{later}"
    return f"the headers of {survey.headers:,}{some} and {counted(read, 'image')}{later}"
