"""From a source to a store: the blocks run past once, counted and hashed on the way."""

import contextlib
import glob
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganache.data.containers.listing import Skipped
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.store.drafts import JOURNAL, Draft
from ganache.data.store.store import TABLE, building, fingerprint, write_manifest
from ganache.data.store.survey import Block, Packable, Survey, add_rows, nothing_decoded, refuse_many
from ganache.support.errors import RunError
from ganache.support.files import PARTIAL
from ganache.support.places import room_at
from ganache.support.units import counted

PACKER_VERSION = 3  # grows whenever the same source and conversion would give other pixels
LABEL_BYTES = 4
SPARE_BYTES = 2**26  # so much more than a store's pixels and labels must be free for it


def write_store(
    source: Packable, target: Path, how: Conversion, workers: Workers, progress: Progress, key: str | None = None
) -> None:
    """Decode a source into a store at `target`, whole or not at all.

    Where an earlier packing of the same source and conversion was stopped, as `key` says, this one goes on.
    Raises UserError or RunError.
    """
    survey = source.survey(how, workers, progress)
    _refuse_full(target, survey)
    whole_key = _whole_key(key, survey)
    with building(target, resumable=key is not None) as folder:
        with Draft(folder, whole_key, survey.shape) as draft:
            manifest = _run(source, survey, how, progress, draft)
            draft.finish()
        write_manifest(folder, manifest)
        (folder / JOURNAL).unlink()


def _run(source: Packable, survey: Survey, how: Conversion, progress: Progress, draft: Draft) -> dict[str, Any]:
    skipped = list(survey.skipped)
    classes: Counter[int] = Counter()
    splits: dict[str, tuple[int, int]] = {}
    files, position = 0, 0

    def count(block: Block) -> None:
        nonlocal skipped, files, position
        skipped += block.skipped
        refuse_many(skipped, survey.candidates, how.max_skipped)
        files += len(block.images) + len(block.skipped)
        if len(block.images):
            classes.update(block.labels.tolist())
            add_rows(splits, block.split, len(block.images))
            position += len(block.images)
        progress(min(survey.candidates, position + len(skipped)) + survey.candidates, 2 * survey.candidates)

    for block in draft.kept():
        count(block)
    draft.begin()
    with contextlib.closing(survey.blocks(files)) as blocks:
        for block in blocks:
            draft.append(block)
            count(block)
    if not position:
        raise nothing_decoded(source.text, skipped)
    manifest = new_manifest(source, survey, classes, splits, sorted(skipped))
    manifest["sha256"] = draft.checksums()
    return {**manifest, "fingerprint": fingerprint(manifest)}


def _whole_key(key: str | None, survey: Survey) -> str:
    """Return what must be the same for a packing to go on: also what the headers, read anew, decided."""
    decided: list[Any] = [key, str(survey.shape), survey.label_names, survey.candidates, len(survey.skipped)]
    if survey.shape.table is not None:
        decided.append(survey.shape.table.digest)
    return hashlib.sha256(json.dumps(decided).encode()).hexdigest()


def _refuse_full(target: Path, survey: Survey) -> None:
    """Raise RunError when the store would not fit on the disk."""
    place, free = room_at(target)
    held = sum(path.stat().st_size for path in place.glob(f".{glob.escape(target.name)}{PARTIAL}/*.npy"))
    needed = survey.candidates * (survey.shape.stored_bytes + LABEL_BYTES) + SPARE_BYTES - held
    if needed > free:
        raise RunError(
            f"data: {counted(survey.candidates, 'image')} of {survey.shape} need {needed / 2**30:.1f} GiB in"
            f" {str(place)!r}, where {free / 2**30:.1f} GiB are free; GANACHE_CACHE (or --out of `data pack`)"
            " names another place, --size makes them smaller"
        )


def new_manifest(
    source: Packable, survey: Survey, classes: Counter[int], splits: dict[str, tuple[int, int]], skipped: list[Skipped]
) -> dict[str, Any]:
    """Return the manifest without its checksums; `classes` counts rows by label, -1 where there is none."""
    shape = survey.shape
    return {
        "source": source.text,
        "kind": survey.kind,
        "count": sum(stop - start for start, stop in splits.values()),
        "shape": [shape.channels, shape.height, shape.width],
        "label_names": list(survey.label_names),
        "classes": {name: classes[number] for number, name in enumerate(survey.label_names)},
        "unlabelled": classes[-1],
        "splits": {split: list(edges) for split, edges in splits.items()},
        "decisions": survey.decisions,
        "original": survey.original,
        "converted": survey.converted,
        "skipped": [skip._asdict() for skip in skipped],
        **survey.ignored,
        **({"ranges": survey.ranges._asdict()} if survey.ranges else {}),
        **table_fields(shape, survey.columns),
    }


def table_fields(shape: ImageShape, columns: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return what a manifest says of a table: its columns in words, and what their values mean."""
    if shape.table is None:
        return {}
    return {"columns": list(columns), "column_count": len(shape.table.columns), TABLE: shape.table.to_json()}
