"""A .npy or .npz as a source: which of its arrays are pictures, which are their classes, which split they belong to."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganache.data.containers.listing import printable
from ganache.data.labels import MAX_CLASSES, is_class_name, natural_order
from ganache.data.npy import StoredArray, open_arrays, rows_per_part
from ganache.data.ranges import Pair, Ranges
from ganache.data.sources.array_source import ArraySource, Contents, hash_files
from ganache.data.sources.layout import SPLIT_ORDER, SPLIT_WORDS
from ganache.data.sources.picture_arrays import PictureArray, Scale, as_pictures, find_scale
from ganache.data.store.survey import Block
from ganache.support.errors import UserError

_PICTURES = ("images", "image", "imgs", "pictures", "samples", "x", "data")
_LABELS = ("labels", "label", "y", "targets", "target", "classes")
_MAX_LABEL = 2**31

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class ArraySet:
    """One split of a file: its pictures, and the array of their classes or None."""

    split: str
    pictures: StoredArray
    labels: StoredArray | None

    @property
    def said(self) -> str:
        """Which arrays these are, in words."""
        classes = f" with classes {printable(self.labels.name)}" if self.labels else ""
        return f"{self.split} from {printable(self.pictures.name)}{classes}"


def find_sets(path: Path, field: str) -> tuple[list[ArraySet], list[str]]:
    """Return the splits in a file, in order, and the names of the arrays that are in none of them.

    Of a .npz, names say which array is what (images, x, data; labels, y, targets; with train, val, test for splits),
    or else shapes do: whole numbers or words, one for each picture, are classes. Raises UserError, which begins with
    `field`, when no array can be pictures, or it cannot be known which are.
    """
    arrays = open_arrays(path, field)
    if path.suffix.lower() != ".npz":
        return [ArraySet("train", arrays[0], None)], []
    by_split: dict[str, list[StoredArray]] = {}
    for array in arrays:
        by_split.setdefault(_split(array.name), []).append(array)
    found = []
    for split in sorted(by_split, key=SPLIT_ORDER.index):
        if pictures := _one([array for array in by_split[split] if _role(array) == "pictures"], _PICTURES):
            same = [array for array in by_split[split] if _role(array) == "labels" and _fits(array, pictures)]
            found.append(ArraySet(split, pictures, _one(same, _LABELS)))
    if not found:
        names = [f"{array.name} {array.described}" for array in arrays]
        statistics = "; `evaluate` takes mu and sigma as reals" if has_statistics(arrays) else ""
        raise UserError(f"{field}: {path} holds {', '.join(names) or 'no array'}, no pictures{statistics}")
    used = {array.name for part in found for array in (part.pictures, part.labels) if array}
    return found, [array.name for array in arrays if array.name not in used]


def has_statistics(arrays: Sequence[StoredArray]) -> bool:
    """Return whether arrays are a mean and a covariance under their usual names."""
    return {"mu", "sigma"} <= {array.name for array in arrays}


def read_labels(sets: Sequence[ArraySet]) -> tuple[tuple[str, ...], list[Labels]]:
    """Return the names of all classes, and for each split its pictures' classes (N,), -1 where there is none.

    Raises UserError for what are no classes.
    """
    raw = [part.labels.whole().reshape(-1) if part.labels else None for part in sets]
    if len({values.dtype.kind == "U" for values in raw if values is not None}) > 1:
        raise sets[0].pictures.error("has classes in words for one split and in numbers for another")
    known: set[str] = set()
    for part, values in zip(sets, raw, strict=True):
        if values is not None:
            assert part.labels
            known |= _class_names(part.labels, values)
    if len(known) > MAX_CLASSES:
        raise sets[0].pictures.error(f"has {len(known):,} different labels, more than {MAX_CLASSES:,}")
    names = tuple(sorted(known, key=natural_order))
    numbers = {name: number for number, name in enumerate(names)}
    found = []
    for part, values in zip(sets, raw, strict=True):
        if values is None:
            found.append(np.full(part.pictures.shape[0], -1, np.int32))
        else:
            different, places = np.unique(values, return_inverse=True)
            found.append(np.array([numbers.get(_text(value), -1) for value in different], np.int32)[places.reshape(-1)])
    return names, found


def array_source(path: Path, text: str, value_range: Pair | Ranges | None = None) -> ArraySource:
    """Return the source of a .npy or .npz file, whose values in `value_range` become 0 … 255 if it is given."""
    # Stores of earlier versions, which rounded ranges that were asked for in another way, are not found.
    kind = "arrays-exact" if value_range else "arrays"
    return ArraySource(
        text, lambda digests: f"{kind}-{hash_files([path], digests)}", lambda: _contents(path, value_range)
    )


def _contents(path: Path, value_range: Pair | Ranges | None) -> Contents:
    sets, unused = find_sets(path, "data")
    pictures = [as_pictures(part.pictures) for part in sets]
    if len({array.shape for array in pictures}) > 1:
        differing = " and ".join(f"{array.stored.name} {array.shape}" for array in pictures)
        raise UserError(f"data: {path}: the splits differ in size: {differing}")
    names, labels = read_labels(sets)
    scale = find_scale(pictures, value_range)
    said = [part.said for part in sets] + ([f"not used: {', '.join(map(printable, unused))}"] if unused else [])
    decisions = {"arrays": "; ".join(said)} if path.suffix.lower() == ".npz" else {}
    decisions |= {"axes": pictures[0].order, "values": scale.said}
    return Contents(
        kind="NumPy arrays",
        shape=pictures[0].shape,
        count=sum(array.count for array in pictures),
        label_names=names,
        parts=lambda: _parts(sets, pictures, labels, scale),
        decisions=decisions,
        ranges=_ranges_of(pictures, scale),
    )


def _ranges_of(pictures: Sequence[PictureArray], scale: Scale) -> Ranges | None:
    """Return what others that belong with these are read by; None where values are pixels already."""
    kinds = {array.stored.dtype.kind for array in pictures}
    if scale.ends is None or kinds == {"b"}:
        return None
    return Ranges(real=scale.ends) if "f" in kinds else Ranges(integer=scale.ends)


def _parts(
    sets: Sequence[ArraySet], pictures: Sequence[PictureArray], labels: Sequence[Labels], scale: Scale
) -> Iterator[Block]:
    for part, array, numbers in zip(sets, pictures, labels, strict=True):
        done = 0
        for images in array.pieces(rows_per_part(array.shape.pixels), scale):
            yield Block(part.split, images.transpose(0, 3, 1, 2), numbers[done : done + len(images)])
            done += len(images)


def _split(name: str) -> str:
    return next((SPLIT_WORDS[word] for word in _words(name) if word in SPLIT_WORDS), "train")


def _role(array: StoredArray) -> str:
    words = _words(array.name)
    if len(array.shape) >= 2 and (any(word in _PICTURES for word in words) or len(array.shape) >= 3):
        return "pictures"
    if array.dtype.hasobject:
        # Refused where it is all that there is, or named so; an odd array beside the pictures does no harm.
        return "labels" if any(word in _LABELS for word in words) else "pictures" if words in ([], ["arr"]) else ""
    is_column = len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)
    is_named = any(word in _LABELS for word in words)
    return "labels" if is_named or (is_column and array.dtype.kind in "iuU") else ""


def _fits(labels: StoredArray, pictures: StoredArray) -> bool:
    """Return whether labels belong to pictures; raises UserError where their name says so and their shape does not."""
    if labels.shape in ((pictures.shape[0],), (pictures.shape[0], 1)):
        return True
    if any(word in _LABELS for word in _words(labels.name)):
        raise labels.error(
            f"is {labels.described}, not one class (a whole number from 0 on, or a word) for each of"
            f" {pictures.shape[0]} pictures"
        )
    return False


def _one(arrays: Sequence[StoredArray], names: Sequence[str]) -> StoredArray | None:
    """Return the only array, or the only one with a telling name."""
    telling = [array for array in arrays if any(word in names for word in _words(array.name))] or arrays
    if len(telling) > 1:
        which = ", ".join(array.name for array in telling)
        raise telling[0].error(f"is one of {which}: which of them is meant? Call it {names[0]}")
    return telling[0] if telling else None


def _class_names(stored: StoredArray, values: NDArray[np.generic]) -> set[str]:
    if values.dtype.kind == "U":
        _refuse_no_letters(stored, values)
        words = {_text(value) for value in _different(stored, values)} - {""}
        if odd := next((word for word in words if not is_class_name(word)), None):
            raise stored.error(f"holds {odd[:40]!r}, which is no name of a class")
        return words
    if values.dtype.kind not in "iu":
        raise stored.error(f"is {stored.described}; classes are whole numbers from 0 on, or words")
    different = _different(stored, values)
    if len(different) and (different[0] < -1 or different[-1] >= _MAX_LABEL):
        raise stored.error(f"holds {different[0]} … {different[-1]}; classes are whole numbers from 0 on, -1 for none")
    return {_text(value) for value in different} - {"-1"}


def _different(stored: StoredArray, values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the different values in order; raises UserError, before any is a text, for more than can be classes."""
    different: NDArray[np.generic] = np.unique(values)
    if len(different) > MAX_CLASSES + 1:  # one may stand for no class
        raise stored.error(f"has {len(different):,} different labels, more than {MAX_CLASSES:,}")
    return different


def _refuse_no_letters(stored: StoredArray, values: NDArray[np.generic]) -> None:
    """Raise UserError for numbers beyond Unicode, of which Python makes no text."""
    letters = np.ascontiguousarray(values).view(f"{values.dtype.str[0]}u4") if values.dtype.itemsize else np.empty(0)
    if letters.size and letters.max() > sys.maxunicode:
        raise stored.error(f"holds {letters.max():#x}, which is no letter of a class's name")


def _text(value: np.generic) -> str:
    return printable(str(value))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z]+", name.lower()) if word]
