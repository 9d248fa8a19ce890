"""What folders mean: which split and which class a file belongs to, from its path alone."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ganache.data.types import Row, Skipped

SPLITS = ("train", "val", "test")
"""The order of the splits in a store."""

_SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_UNLABELLED = "unlabelled"


def arrange(names: Sequence[str]) -> tuple[list[Row], list[Skipped]]:
    """Return the rows of a set in store order and the files that belong nowhere, from slash-separated paths.

    A single folder around everything means nothing. Top folders named train, val (valid, validation) and test are
    splits; the folders below them are the class, nested ones joined with "/".
    """
    paths = [tuple(name.split("/")) for name in names]
    depth = _wrappers(paths)
    folders = {path[depth] for path in paths if len(path) > depth + 1}
    splits = {_SPLIT_NAMES.get(folder.lower(), "") for folder in folders}
    if "" in splits or not (len(splits) > 1 or splits == {"train"}):
        splits = set()
    skipped = [
        Skipped(name, "outside the split folders " + ", ".join(sorted(folders)))
        for name, path in zip(names, paths, strict=True)
        if splits and len(path) == depth + 1
    ]
    located = [
        (name, _SPLIT_NAMES[path[depth].lower()] if splits else "train", path[depth + bool(splits) :])
        for name, path in zip(names, paths, strict=True)
        if not (splits and len(path) == depth + 1)
    ]
    rows = _labelled(located)
    rows.sort(key=lambda row: (SPLITS.index(row.split), natural_order(row.name)))
    return rows, skipped


def natural_order(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key in which image2 comes before image10."""
    parts = re.split(r"(\d{1,18})", text, flags=re.ASCII)
    key = tuple((0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts))
    return (*key, (-1, 0, text))


def printable(text: str) -> str:
    """Return a file's name as valid Unicode in composed form, undecodable bytes replaced."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _wrappers(paths: Iterable[tuple[str, ...]]) -> int:
    remaining = list(paths)
    depth = 0
    while remaining and all(len(path) > depth + 1 for path in remaining):
        if len({path[depth] for path in remaining}) > 1:
            break
        depth += 1
    return depth


def _labelled(located: list[tuple[str, str, tuple[str, ...]]]) -> list[Row]:
    depth = _wrappers(path for _, _, path in located)
    with_classes = {split for _, split, path in located if len(path) > depth + 1}
    rows = []
    for name, split, path in located:
        label = printable("/".join(path[depth:-1])) or _UNLABELLED
        # A split without any class folder is unlabelled as a whole: it adds no class of its own.
        rows.append(Row(name, split, label if split in with_classes else None))
    return rows
