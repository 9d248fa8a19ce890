"""A folder or zip of image files as a source: headers first, one decision for the set, then pixels."""

import contextlib
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ganache.data.containers import open_container
from ganache.data.containers.digests import DigestCache
from ganache.data.containers.folders import Folder
from ganache.data.containers.listing import Ignored, Skipped, printable
from ganache.data.conversion import Conversion, decide, describe_sizes
from ganache.data.dataset import Progress
from ganache.data.decoding.decode import Header
from ganache.data.decoding.pool import SMALL, Decoders, Workers
from ganache.data.decoding.value_ranges import find_ranges
from ganache.data.labels import count_labels, natural_order
from ganache.data.npy import SUFFIXES
from ganache.data.ranges import Ranges
from ganache.data.shape import Fitting, ImageShape
from ganache.data.sources.label_files import arrange_container, labels_key
from ganache.data.sources.layout import Picture
from ganache.data.store.survey import Block, Peek, Survey, nothing_decoded, refuse_many
from ganache.support.errors import UserError

DEEP_PREVIEWED = 256  # of so many deep files a preview reads the values; packing reads those of all


class Pictures:
    """The image files of a folder or zip; raises UserError when it cannot be opened."""

    def __init__(self, path: Path, text: str) -> None:
        self.text = text
        self._container = open_container(path)

    def content_key(self, digests: DigestCache) -> str:
        """Return a hash of all image files' names and contents, and of the files that name their classes."""
        return f"pictures-{self._container.content_key(digests)}{labels_key(self._container)}"

    def survey(self, how: Conversion, workers: Workers, progress: Progress, most_headers: int | None = None) -> Survey:
        """Read every header, or an even sample of them, and the range of the files of more than 8 bits among them.

        Raises UserError when nothing, or too little, can be read.
        """
        listing, (rows, outside, meanings) = arrange_container(self._container)
        skipped = [*listing.skipped, *outside]
        candidates = len(rows) + len(skipped)
        headers, decoders = Headers(rows, most_headers), Decoders(self._container, workers)
        with contextlib.ExitStack() as failed:
            failed.callback(decoders.close)
            for answers in decoders.headers([row.name for row in headers.looked_at]):
                headers.add(answers)
                refuse_many([*skipped, *headers.lost], candidates, how.max_skipped)
                progress(headers.count, 2 * len(headers.looked_at))
            # Of a sample, the share that cannot be read is also the sample's own.
            refuse_many(headers.lost, headers.count, how.max_skipped)
            if not headers.sizes:
                raise _nothing(self.text, [*skipped, *headers.lost], listing.ignored)
            looked_at = headers.deep if most_headers is None else _evenly(headers.deep, DEEP_PREVIEWED)
            found = find_ranges(decoders, looked_at, headers.memory, how.values)
            headers.lose(found.unreadable)
            skipped += headers.lost
            refuse_many(skipped, candidates, how.max_skipped)
            shape, decisions = decide(headers.sizes, headers.channels, how)
            failed.pop_all()
        readable = headers.readable(rows)
        labels = tuple(sorted({row.label for row in readable if row.label is not None}, key=natural_order))
        numbers: dict[str | None, int] = {label: number for number, label in enumerate(labels)} | {None: -1}
        reading = _Reading(decoders, numbers, shape, found.ranges, headers.memory, how.fitting)
        return Survey(
            kind="folder of images" if isinstance(self._container, Folder) else "zip of images",
            candidates=candidates,
            shape=shape,
            label_names=labels,
            decisions={**decisions, **found.decisions, **meanings},
            original=describe_sizes(headers.sizes),
            blocks=lambda start: reading.blocks(readable[start:]),
            peek=lambda count: reading.peek(readable, count),
            converted=headers.converted(shape, found.clipped),
            headers=headers.count,
            skipped=tuple(skipped),
            ignored=listing.ignored.to_json(),
            ranges=found.ranges if headers.deep else None,
        )


class Headers:
    """Of every row, or of at most `most` of them in even steps: counts over the headers, and which have none.

    `deep` are the names of files of more than 8 bits, `memory` bounds of what decoding a large file takes, in bytes.
    """

    def __init__(self, rows: Sequence[Picture], most: int | None) -> None:
        self.looked_at = rows if most is None else _evenly(rows, most)
        self.deep: list[str] = []
        self.memory: dict[str, int] = {}
        self.count = 0
        self.lost: list[Skipped] = []
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.channels: Counter[int] = Counter()
        self._notes: Counter[str] = Counter()
        self._without: set[str] = set()

    def add(self, answers: Sequence[Header | str]) -> None:
        """Count the headers of the next rows that are looked at, or the reasons why they have none."""
        rows = self.looked_at[self.count : self.count + len(answers)]
        self.count += len(answers)
        for (name, *_), answer in zip(rows, answers, strict=True):
            if isinstance(answer, str):
                self.lose({name: answer})
                continue
            if answer.is_deep:
                self.deep.append(name)
            if answer.memory > SMALL:
                self.memory[name] = answer.memory
            self.sizes[answer.height, answer.width] += 1
            self.channels[answer.channels] += 1
            self._notes.update(answer.notes)

    def lose(self, reasons: Mapping[str, str]) -> None:
        """Note files that cannot be read, by name."""
        self.lost += [Skipped(printable(name), reason) for name, reason in reasons.items()]
        self._without |= reasons.keys()

    def readable(self, rows: Sequence[Picture]) -> list[Picture]:
        """Return the rows but for those whose header was looked for in vain."""
        return [row for row in rows if row.name not in self._without]

    def converted(self, shape: ImageShape, clipped: int) -> dict[str, int]:
        """Return how many files were converted in which way to get the shape."""
        resized = self.sizes.total() - self.sizes[shape.height, shape.width]
        counts = {**self._notes, "resized or cropped": resized, "clipped to the range": clipped}
        for channels, count in self.channels.items():
            if channels != shape.channels:
                counts[f"{channels} to {shape.channels} channels"] = count
        return {note: count for note, count in sorted(counts.items()) if count}


@dataclass(frozen=True)
class _Reading:
    """The pixels of rows, once their classes, shape and ranges are decided."""

    decoders: Decoders
    numbers: dict[str | None, int]  # of the labels
    shape: ImageShape
    ranges: Ranges
    memory: Mapping[str, int]
    fitting: Fitting

    def blocks(self, rows: Sequence[Picture]) -> Generator[Block, None, None]:
        with self.decoders:
            splits = (list(members) for _, members in groupby(rows, key=lambda row: row.split))
            parts = [part for members in splits for part in self.decoders.split(members, self.shape.pixels)]
            names = [[row.name for row in part] for part in parts]
            pixels = self.decoders.pixels(names, self.shape, self.ranges, self.memory, self.fitting)
            for part, (images, reasons) in zip(parts, pixels, strict=True):
                answers = list(zip(part, reasons, strict=True))
                labels = [self.numbers[row.label] for row, reason in answers if reason is None]
                lost = tuple(Skipped(printable(row.name), reason) for row, reason in answers if reason is not None)
                yield Block(part[0].split, images, np.array(labels, np.int32), lost)

    def peek(self, rows: Sequence[Picture], count: int) -> Peek:
        step = max(1, -(-len(rows) // count))
        chosen: list[Picture] = []
        counts = {}
        for split, members in groupby(rows, key=lambda row: row.split):
            held = list(members)
            chosen += held[::step]
            counts[split] = count_labels(np.array([self.numbers[row.label] for row in held]), len(self.numbers) - 1)
        return Peek(list(self.blocks(chosen)), counts)


def _nothing(text: str, skipped: Sequence[Skipped], ignored: Ignored) -> UserError:
    if skipped:
        return nothing_decoded(text, skipped)
    if array := next((name for name in ignored.to_json()["ignored"] if name.lower().endswith(SUFFIXES)), None):
        return UserError(f"data: no image files in {text!r}; an array is named itself, as {array} would be")
    return UserError(
        f"data: no image files in {text!r} ({ignored.count} other files); PNG, JPEG, WebP, GIF, BMP, TIFF … are read"
    )


def _evenly(items: Sequence[Any], most: int) -> Sequence[Any]:
    return items[:: max(1, -(-len(items) // most))]
