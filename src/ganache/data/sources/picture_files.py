"""A folder or zip of image files as a source: headers first, one decision for the set, then pixels."""

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
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
from ganache.data.decoding.pool import SMALL, Decoders, Pixels, Workers
from ganache.data.decoding.value_ranges import find_ranges
from ganache.data.labels import count_labels, natural_order
from ganache.data.npy import SUFFIXES
from ganache.data.shape import ImageShape
from ganache.data.sources.label_files import arrange_container, labels_key
from ganache.data.sources.layout import Picture
from ganache.data.store.survey import Block, Peek, Survey, refuse_many
from ganache.support.errors import UserError
from ganache.support.units import counted

DEEP_PREVIEWED = 256
"""Of so many deep files a preview reads the values; packing reads those of all."""


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
        headers = Headers(rows, most_headers)
        decoders = Decoders(self._container, workers)
        with contextlib.ExitStack() as failed:
            failed.callback(decoders.close)
            for answers in decoders.headers([row.name for row in headers.looked_at]):
                for answer in answers:
                    headers.add(answer)
                refuse_many([*skipped, *headers.lost], candidates, how.max_skipped)
                progress(headers.count, 2 * len(headers.looked_at))
            # Of a sample, the share that cannot be read is also the sample's own.
            refuse_many(headers.lost, headers.count, how.max_skipped)
            if not headers.sizes:
                raise UserError(_nothing(self.text, [*skipped, *headers.lost], listing.ignored))
            looked_at = headers.deep if most_headers is None else _evenly(headers.deep, DEEP_PREVIEWED)
            found = find_ranges(decoders, looked_at, headers.memory, how.value_range)
            headers.lose(found.unreadable)
            skipped += headers.lost
            refuse_many(skipped, candidates, how.max_skipped)
            shape, decisions = decide(headers.sizes, headers.channels, how)
            failed.pop_all()
        readable = headers.readable(rows)
        labels = tuple(sorted({row.label for row in readable if row.label is not None}, key=natural_order))

        def decode(chosen: Sequence[Picture]) -> Generator[Block, None, None]:
            with decoders:
                parts = [
                    (split, names)
                    for split, members in groupby(chosen, key=lambda row: row.split)
                    for names in decoders.split([row.name for row in members], shape.pixels)
                ]
                names = [names for _, names in parts]
                pixels = decoders.pixels(names, shape, found.ranges, headers.memory, how.stretch)
                yield from _blocks(chosen, labels, parts, pixels)

        return Survey(
            kind="folder of images" if isinstance(self._container, Folder) else "zip of images",
            candidates=candidates,
            shape=shape,
            label_names=labels,
            decisions={**decisions, **found.decisions, **meanings},
            original=describe_sizes(headers.sizes),
            blocks=lambda start: decode(readable[start:]),
            peek=lambda count: _peek(readable, labels, count, decode),
            converted=headers.converted(shape, found.clipped),
            headers=headers.count,
            skipped=tuple(skipped),
            ignored=listing.ignored.to_json(),
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

    def add(self, answer: Header | str) -> None:
        """Count the header of the next row that is looked at, or the reason why it has none."""
        name = self.looked_at[self.count].name
        self.count += 1
        if isinstance(answer, str):
            self.lose({name: answer})
        else:
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


def _nothing(text: str, skipped: Sequence[Skipped], ignored: Ignored) -> str:
    if skipped:
        first = "; ".join(f"{skip.file}: {skip.reason}" for skip in skipped[:3])
        return f"data: none of {counted(len(skipped), 'image')} in {text!r} can be read: {first}"
    if array := next((name for name in ignored.to_json()["ignored"] if name.lower().endswith(SUFFIXES)), None):
        return f"data: no image files in {text!r}; an array is named itself, as {array} would be"
    return f"data: no image files in {text!r} ({ignored.count} other files); PNG, JPEG, WebP, GIF, BMP, TIFF … are read"


def _peek(
    rows: Sequence[Picture],
    labels: tuple[str, ...],
    count: int,
    decode: Callable[[Sequence[Picture]], Iterator[Block]],
) -> Peek:
    numbers: dict[str | None, int] = {label: number for number, label in enumerate(labels)} | {None: -1}
    step = max(1, -(-len(rows) // count))
    chosen: list[Picture] = []
    counts = {}
    for split, members in groupby(rows, key=lambda row: row.split):
        held = list(members)
        chosen += held[::step]
        counts[split] = count_labels(np.array([numbers[row.label] for row in held]), len(labels))
    return Peek(list(decode(chosen)), counts)


def _evenly(items: Sequence[Any], most: int) -> Sequence[Any]:
    return items[:: max(1, -(-len(items) // most))]


def _blocks(
    rows: Sequence[Picture],
    labels: tuple[str, ...],
    parts: list[tuple[str, Sequence[str]]],
    decoded: Iterator[Pixels],
) -> Generator[Block, None, None]:
    numbers: dict[str | None, int] = {label: number for number, label in enumerate(labels)} | {None: -1}
    position = 0
    for (split, names), pixels in zip(parts, decoded, strict=True):
        numbered = [numbers[row.label] for row in rows[position : position + len(names)]]
        position += len(names)
        kept = [number for number, reason in zip(numbered, pixels.reasons, strict=True) if reason is None]
        skipped = tuple(
            Skipped(printable(name), reason) for name, reason in zip(names, pixels.reasons, strict=True) if reason
        )
        yield Block(split, pixels.images, np.array(kept, np.int32), skipped)
