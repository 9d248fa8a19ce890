"""From a source to a store: the blocks run past once, counted and hashed on the way."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ganache.data.pictures import refuse_many
from ganache.data.store import IMAGES, LABELS, ArrayFile, building, fingerprint, write_manifest
from ganache.data.types import Block, Options, Progress, Skipped, Source, Survey
from ganache.errors import UserError

PACKER_VERSION = 2
"""Raised whenever the same source and options would give other pixels, so that cached stores are made again."""


def write_store(source: Source, target: Path, options: Options, processes: int, progress: Progress) -> None:
    """Decode a source into a store at `target`, whole or not at all; raises UserError or RunError."""
    survey = source.survey(options, processes, progress)
    shape = survey.shape
    with building(target) as folder, contextlib.ExitStack() as stack:
        images = ArrayFile(folder / IMAGES, "|u1", (shape.channels, shape.height, shape.width))
        stack.callback(images.close)
        labels = ArrayFile(folder / LABELS, "<i4", ())
        stack.callback(labels.close)

        def keep(block: Block) -> None:
            images.append(block.images)
            labels.append(block.labels)

        manifest = _run(source, survey, options, progress, keep)
        images.finish()
        labels.finish()
        write_manifest(folder, manifest)


def _run(
    source: Source, survey: Survey, options: Options, progress: Progress, keep: Callable[[Block], None]
) -> dict[str, Any]:
    skipped = list(survey.skipped)
    classes: Counter[int] = Counter()
    splits: dict[str, list[int]] = {}
    digests = {IMAGES: hashlib.sha256(), LABELS: hashlib.sha256()}
    position = 0
    with contextlib.closing(survey.blocks()) as blocks:
        for block in blocks:
            skipped += block.skipped
            refuse_many(skipped, survey.candidates, options.max_skipped)
            if len(block.images):
                keep(block)
                digests[IMAGES].update(np.ascontiguousarray(block.images).data)
                digests[LABELS].update(block.labels.astype("<i4").tobytes())
                classes.update(block.labels.tolist())
                splits.setdefault(block.split, [position, position])
                position += len(block.images)
                splits[block.split][1] = position
            progress(min(survey.candidates, position + len(skipped)) + survey.candidates, 2 * survey.candidates)
    if not position:
        raise nothing_decoded(source.text, skipped)
    manifest = manifest_of(source, survey, classes, splits, sorted(skipped))
    manifest["sha256"] = {name: digest.hexdigest() for name, digest in digests.items()}
    return {**manifest, "fingerprint": fingerprint(manifest)}


def manifest_of(
    source: Source, survey: Survey, classes: Counter[int], splits: dict[str, list[int]], skipped: list[Skipped]
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
        "splits": splits,
        "decisions": survey.decisions,
        "original": survey.original,
        "converted": survey.converted,
        "skipped": [skip._asdict() for skip in skipped],
        **survey.ignored,
    }


def nothing_decoded(text: str, skipped: list[Skipped]) -> UserError:
    """Return the error that says why a source has no rows."""
    first = "; ".join(f"{skip.file}: {skip.reason}" for skip in skipped[:3])
    return UserError(f"data: none of the {len(skipped)} images in {text!r} can be read: {first}")
