"""A store while it is packed: its arrays, and a journal by which a packing that was stopped goes on where it stood.

The journal has a line for each block: split, rows, files that were lost, and the checksums of both arrays up to there.
What a killed packing left is read back once and kept as far as the checksums agree, so that the store has the same
bytes as one that was packed without a stop, whatever the system had written.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganache.data.containers.listing import Skipped
from ganache.data.shape import ImageShape
from ganache.data.store.store import HEADER_BYTES, IMAGES, LABELS, ArrayFile
from ganache.data.store.survey import Block

JOURNAL = "packing.jsonl"
_MOST_LINE_BYTES = 2**24


class Draft:
    """The arrays of a store in `folder`; `key` says what is packed, and only what was begun under it is continued."""

    def __init__(self, folder: Path, key: str, shape: ImageShape) -> None:
        self._folder, self._key = folder, key
        self._row_shapes = {IMAGES: (shape.channels, shape.height, shape.width), LABELS: ()}
        self._types = {IMAGES: shape.dtype.str, LABELS: "<i4"}
        self._digests = {IMAGES: hashlib.sha256(), LABELS: hashlib.sha256()}
        self._rows = 0
        self._journal_bytes = 0
        self._files: dict[str, ArrayFile] = {}
        self._journal: IO[bytes] | None = None

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *exception: object) -> None:
        for file in (*self._files.values(), self._journal):
            if file is not None:
                file.close()

    def kept(self) -> Iterator[Block]:
        """Yield the blocks, whole and in order, that an earlier packing under the same key left; ends where they do."""
        try:
            with (
                (self._folder / JOURNAL).open("rb") as journal,
                (self._folder / IMAGES).open("rb") as images,
                (self._folder / LABELS).open("rb") as labels,
            ):
                if journal.readline(_MOST_LINE_BYTES) != self._first_line():
                    return
                self._journal_bytes = journal.tell()
                images.seek(HEADER_BYTES)
                labels.seek(HEADER_BYTES)
                while block := self._read(journal, images, labels):
                    yield block
        except FileNotFoundError:
            return

    def begin(self) -> None:
        """Make ready to append behind what was kept."""
        self._files = {
            name: ArrayFile(self._folder / name, self._types[name], self._row_shapes[name], self._rows)
            for name in (IMAGES, LABELS)
        }
        if not self._journal_bytes:
            (self._folder / JOURNAL).write_bytes(self._first_line())
            self._journal_bytes = len(self._first_line())
        self._journal = (self._folder / JOURNAL).open("r+b")
        self._journal.truncate(self._journal_bytes)
        self._journal.seek(self._journal_bytes)

    def append(self, block: Block) -> None:
        """Write a block, and then its line."""
        assert self._journal
        self._files[IMAGES].append(block.images)
        self._files[LABELS].append(block.labels)
        self._count(block)
        line = {
            "split": block.split,
            "rows": len(block.images),
            "skipped": [list(skip) for skip in block.skipped],
            "sha256": self.checksums(),
        }
        self._journal.write(json.dumps(line).encode() + b"\n")
        self._journal.flush()

    def finish(self) -> None:
        """Complete both arrays; the journal stays until the manifest is written."""
        for file in self._files.values():
            file.finish()

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of each array's content so far."""
        return {name: digest.hexdigest() for name, digest in self._digests.items()}

    def _count(self, block: Block) -> None:
        self._digests[IMAGES].update(np.ascontiguousarray(block.images).data)
        self._digests[LABELS].update(block.labels.astype("<i4").tobytes())
        self._rows += len(block.images)

    def _first_line(self) -> bytes:
        return json.dumps({"packing": self._key}).encode() + b"\n"

    def _read(self, journal: IO[bytes], images: IO[bytes], labels: IO[bytes]) -> Block | None:
        """Return the next block; None where the journal ends, is torn, or promises what the arrays do not hold."""
        line = journal.readline(_MOST_LINE_BYTES)
        try:
            entry: Any = json.loads(line) if line.endswith(b"\n") else None
            split, rows, sums = str(entry["split"]), int(entry["rows"]), dict(entry["sha256"])
            skipped = tuple(Skipped(str(file), str(reason)) for file, reason in entry["skipped"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        shape, dtype = (rows, *self._row_shapes[IMAGES]), np.dtype(self._types[IMAGES])
        size = math.prod(shape) * dtype.itemsize
        # What a line claims is bounded by what the file holds before memory is taken.
        if rows < 0 or size > (self._folder / IMAGES).stat().st_size:
            return None
        pixels, numbers = images.read(size), labels.read(4 * rows)
        if len(pixels) != size or len(numbers) != 4 * rows:
            return None
        block = Block(split, np.frombuffer(pixels, dtype).reshape(shape), np.frombuffer(numbers, "<i4"), skipped)
        before = {name: digest.copy() for name, digest in self._digests.items()}
        self._count(block)
        if self.checksums() != sums:
            self._digests = before
            self._rows -= rows
            return None
        self._journal_bytes = journal.tell()
        return block
