"""What a folder or zip holds: names of images, what cannot be opened, what is no image at all."""

import enum
import os
import re
import unicodedata
from collections import Counter
from typing import Any, NamedTuple


class UnreadableError(Exception):
    """This file cannot become an image; the message is the reason that the manifest lists."""


class Skipped(NamedTuple):
    """A file that is not in the set, and why, in words for its owner."""

    file: str
    reason: str


EXAMPLES = 100
_SUFFIXES, _SUFFIX_LETTERS = 20, 12
_KINDS_COUNTED = 1_000  # suffixes that are kept apart while there is no end of names
OTHERS = "others"
_HALVES = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")  # of UTF-16; those between stand for undecodable bytes


class Ignored:
    """Names of files that are no images, counted by their suffixes; the first hundred are kept."""

    def __init__(self) -> None:
        self.count = 0
        self._suffixes: Counter[str] = Counter()
        self._examples: list[str] = []

    def add(self, name: str) -> None:
        """Count a name."""
        self.count += 1
        suffix = os.path.splitext(name)[1].lower()
        is_kept = suffix in self._suffixes or len(self._suffixes) < _KINDS_COUNTED
        self._suffixes[suffix if is_kept and len(suffix) <= _SUFFIX_LETTERS else OTHERS] += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(name)

    def to_json(self) -> dict[str, Any]:
        """Return how many there are, how many of each suffix ("" for none; rare ones together) and the examples."""
        common = sorted(self._suffixes.items(), key=lambda item: (-item[1], item[0]))
        shown = {suffix: count for suffix, count in common if suffix != OTHERS}
        shown = dict(list(shown.items())[:_SUFFIXES])
        if rest := self.count - sum(shown.values()):
            shown[OTHERS] = rest
        return {"ignored": sorted(self._examples), "ignored_count": self.count, "ignored_suffixes": shown}


def printable(text: str) -> str:
    """Return a file's name as valid Unicode in composed form, undecodable bytes and halves of letters replaced."""
    text = _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)
    return unicodedata.normalize("NFC", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


IMAGE_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".jp2", ".j2k", ".avif", ".avifs", ".pcx", ".qoi"),
)
LABEL_FILES = ("dataset.json", "labels.csv", "metadata.csv")  # may say which picture belongs to which class
_DROPPINGS = (
    *("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
)  # of systems, whose pictures are thumbnails and waste


class Listing(NamedTuple):
    """Slash-separated names of the files with an image's suffix, what cannot be opened, what is no image at all.

    `label_files` are those that may name the images' classes.
    """

    names: list[str]
    skipped: list[Skipped]
    ignored: Ignored
    label_files: list[str]


def is_dropping(part: str) -> bool:
    """Return whether a file or folder of this name was left by a system, hidden from its user."""
    return part in _DROPPINGS or (part.startswith(".") and part not in (".", ".."))


class FileKind(enum.Enum):
    """What a file is taken for, by its name."""

    IMAGE = enum.auto()
    LABELS = enum.auto()
    IGNORED = enum.auto()


def kind_of(name: str) -> FileKind:
    """Return what a file is taken for, by its slash-separated name."""
    *folders, file = name.split("/")
    if any(map(is_dropping, (*folders, file))):
        return FileKind.IGNORED
    if file in LABEL_FILES:
        return FileKind.LABELS
    return FileKind.IMAGE if file.lower().endswith(IMAGE_SUFFIXES) else FileKind.IGNORED
