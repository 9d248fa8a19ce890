"""What folders mean: which split and which class a file belongs to, from its path alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ganache.data.containers.listing import Skipped, printable
from ganache.data.labels import natural_order

SPLIT_ORDER = ("train", "val", "test")  # the order of the splits in a store

SPLIT_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "eval", "evaluation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_DOMAIN = re.compile(r"(.+?)[_-]?([AB])", re.IGNORECASE)
_LIKE_A_SPLIT = re.compile(r"(?<![a-z])(?:" + "|".join(SPLIT_WORDS) + r")(?:[_-]?[ab])?(?![a-z])")


class Picture(NamedTuple):
    """A file that is in the set: its path inside the source, its split, its label or None."""

    name: str
    split: str
    label: str | None


class Arrangement(NamedTuple):
    """The rows of a set in store order, the files that belong nowhere, and a sentence for each decision."""

    rows: list[Picture]
    skipped: list[Skipped]
    decisions: dict[str, str]


@dataclass(frozen=True)
class FolderLayout:
    """Folders `around` everything, which mean nothing, and below them for each split folder its (split, domain).

    A domain is the letter of unpaired translation's folders, trainA and trainB; "" elsewhere.
    """

    around: tuple[str, ...]
    splits: Mapping[str, tuple[str, str]]
    top: tuple[str, ...]

    @property
    def places(self) -> list[str]:
        """The folders, as prefixes of names, in which a file may speak for the whole set or a whole split."""
        outer = [self.around[:depth] for depth in range(len(self.around) + 1)]
        return ["".join(f"{part}/" for part in place) for place in (*outer, *((*self.around, s) for s in self.splits))]


def find_layout(names: Sequence[str]) -> FolderLayout:
    """Return what the folders of slash-separated paths mean.

    Splits are folders called train or training, val, valid, validation, eval, evaluation or dev, test or testing,
    when nothing else stands beside them; or such names followed by A and B. One alone is a folder around everything.
    """
    paths = [tuple(name.split("/")) for name in names]
    depth = _wrappers(paths)
    top = sorted({path[depth] for path in paths if len(path) > depth + 1}, key=natural_order)
    return FolderLayout(paths[0][:depth] if paths else (), _plain_splits(top) or _domain_splits(top), tuple(top))


def arrange(
    names: Sequence[str], labels: Mapping[str, str] | None = None, layout: FolderLayout | None = None
) -> Arrangement:  # fmt: skip
    """Return the rows of a set with their splits and classes.

    With `labels` a file's class is what is found there by its name, and no folder is a class. Without them the folders
    below the splits are the class, nested ones joined with "/".
    """
    layout = layout or find_layout(names)
    depth = len(layout.around)
    located: list[tuple[str, str, tuple[str, ...]]] = []
    skipped: list[Skipped] = []
    for name in names:
        path = tuple(name.split("/"))[depth:]
        if not layout.splits:
            located.append((name, "train", path))
        elif len(path) == 1:
            skipped.append(Skipped(printable(name), "outside the split folders " + ", ".join(layout.splits)))
        else:
            split, domain = layout.splits[path[0]]
            located.append((name, split, (domain, *path[1:]) if domain else path[1:]))
    decisions = {} if not (said := _describe_splits(layout)) else {"split folders": said}
    if labels is None:
        rows, decided = _labelled(located, layout)
        decisions |= decided
    else:
        rows = [Picture(name, split, labels.get(name)) for name, split, _ in located]
    rows.sort(key=lambda row: (SPLIT_ORDER.index(row.split), natural_order(row.name)))
    return Arrangement(rows, skipped, decisions)


def _wrappers(paths: Iterable[tuple[str, ...]]) -> int:
    remaining = list(paths)
    depth = 0
    while remaining and all(len(path) > depth + 1 for path in remaining):
        if len({path[depth] for path in remaining}) > 1:
            break
        depth += 1
    return depth


def _plain_splits(top: Sequence[str]) -> dict[str, tuple[str, str]]:
    found = {folder: SPLIT_WORDS.get(folder.lower(), "") for folder in top}
    if "" in found.values() or (len(set(found.values())) < 2 and set(found.values()) != {"train"}):
        return {}
    return {folder: (split, "") for folder, split in found.items()}


def _domain_splits(top: Sequence[str]) -> dict[str, tuple[str, str]]:
    found = {}
    for folder in top:
        match = _DOMAIN.fullmatch(folder)
        if match is None or match[1].lower() not in SPLIT_WORDS:
            return {}
        found[folder] = (SPLIT_WORDS[match[1].lower()], match[2].upper())
    return found if {("train", "A"), ("train", "B")} <= set(found.values()) else {}


def _describe_splits(layout: FolderLayout) -> str | None:
    if layout.splits:
        folders: dict[str, list[str]] = {}
        for folder, (split, _) in layout.splits.items():
            folders.setdefault(split, []).append(printable(folder))
        parts = [
            split if names == [split] else f"{split} from {' and '.join(names)}"
            for split in SPLIT_ORDER
            if (names := folders.get(split))
        ]
        said = ", ".join(parts)
        has_domains = any(domain for _, domain in layout.splits.values())
        return f"{said}; their letters A and B are classes" if has_domains else said
    alone = [folder for folder in layout.around if SPLIT_WORDS.get(folder.lower(), "train") != "train"]
    if alone:
        return f"none: the folder {printable(alone[-1])} stands alone, and its pictures are the training images"
    alike = [folder for folder in layout.top if _LIKE_A_SPLIT.search(folder.lower())]
    if not alike:
        return None
    others = "" if len(alike) == len(layout.top) else ", beside others,"
    return (
        f"none: {_few(alike)}{others} looked like splits, but are classes; only folders called train, val and test "
        "(or training, validation, eval, dev, testing), with nothing beside them, are splits"
    )


def _labelled(
    located: list[tuple[str, str, tuple[str, ...]]], layout: FolderLayout
) -> tuple[list[Picture], dict[str, str]]:
    depth = _wrappers(path for _, _, path in located)
    rows = [Picture(name, split, printable("/".join(path[depth:-1])) or None) for name, split, path in located]
    if any(row.label is not None for row in rows):
        return rows, {"labels": "by folder"}
    around = (*layout.around, *(located[0][2][:depth] if located else ()))
    if not around or around[-1].lower() in SPLIT_WORDS:
        return rows, {}
    return rows, {"labels": f"none: the one folder {printable(around[-1])} around all pictures names no class"}


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:5])) + (" …" if len(names) > 5 else "")
