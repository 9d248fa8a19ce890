"""Classes by a file beside the pictures: `labels.csv`, StyleGAN's `dataset.json`, Hugging Face's `metadata.csv`.

Formats: https://github.com/NVlabs/stylegan3 (dataset_tool.py), https://huggingface.co/docs/datasets/image_dataset.
"""

import csv
import hashlib
import io
import json
import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ganache.data.containers import Container
from ganache.data.containers.listing import Listing, UnreadableError, printable
from ganache.data.labels import MAX_CLASSES, is_class_name
from ganache.data.sources.layout import Arrangement, arrange, find_layout
from ganache.support.errors import UserError

MAX_BYTES = 64 * 2**20  # a label file above this size is refused: ImageNet's 1.3 million pictures need no more
_FILE_COLUMNS = ("file", "filename", "file_name", "image", "path", "name", "id")
_LABEL_COLUMNS = ("label", "class", "category", "target")

# How an entry may name a picture, relative to the label file's folder; the first way that finds any is taken.
_WAYS: dict[str, Callable[[str], str]] = {
    "path": lambda name: name,
    "path without suffix": lambda name: os.path.splitext(name)[0],
    "file name": posixpath.basename,
    "file name without suffix": lambda name: os.path.splitext(posixpath.basename(name))[0],
}


class _NotLabelsError(Exception):
    """This file gives no classes; the message is the reason."""


class FoundLabels(NamedTuple):
    """The class of each picture that has one, by its name in the container, and where they come from in words."""

    labels: dict[str, str]
    said: str


def arrange_container(container: Container) -> tuple[Listing, Arrangement]:
    """Return what a folder or zip holds, and its rows with their splits and classes.

    A label file at the root, in a folder around everything or in a split's folder decides the classes; else the folders
    do. Raises UserError for a label file that is damaged, contradicts itself or names none of the pictures.
    """
    listing = container.listing()
    layout = find_layout(listing.names)
    used, notes = _find(container, listing, layout.places)
    arranged = arrange(listing.names, used.labels if used else None, layout)
    said = [*([used.said] if used else []), *notes]
    if said:
        folders = [] if used or "labels" not in arranged.decisions else [arranged.decisions["labels"]]
        arranged.decisions["labels"] = "; ".join([*folders, *said])
    return listing, arranged


def labels_key(container: Container) -> str:
    """Return a hash of all label files' names and contents, empty when there are none: new labels are other data."""
    names = sorted(container.listing().label_files)
    digests = [[name, hashlib.sha256(_content(container, name)).hexdigest()] for name in names]
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest() if digests else ""


def labels_in(file: str, content: bytes, names: Sequence[str], columns: Sequence[str]) -> FoundLabels:
    """Return what a table of names and labels says of pictures, the label being in the first of `columns` that it has.

    Raises UserError for what is no such table, contradicts itself or names none of the pictures.
    """
    try:
        return _match(file, _read_table(file, content, columns), "", names)
    except _NotLabelsError as reason:
        raise UserError(f"data: {file}: {reason}") from None


def _find(container: Container, listing: Listing, places: Sequence[str]) -> tuple[FoundLabels | None, list[str]]:
    """Return the classes of the first kind of label file that has any, and a note on each that is not used."""
    used: dict[str, list[FoundLabels]] = {}
    notes = []
    for kind, read in _READERS.items():
        for name in (name for name in sorted(listing.label_files) if posixpath.basename(name) == kind):
            folder = name[: -len(kind)]
            if folder not in places:
                notes.append(f"{printable(name)} is not used: it lies neither at the top nor in a split's folder")
            elif any(other != kind for other in used):
                notes.append(f"{printable(name)} is not used beside {', '.join(used)}")
            else:
                try:
                    found = _match(printable(name), read(_content(container, name)), folder, listing.names)
                    used.setdefault(kind, []).append(found)
                except _NotLabelsError as reason:
                    notes.append(f"{printable(name)} is not used: {reason}")
    all_found = [found for group in used.values() for found in group]
    if not all_found:
        return None, notes
    labels = {name: label for found in all_found for name, label in found.labels.items()}
    if (classes := len(set(labels.values()))) > MAX_CLASSES:
        raise UserError(f"data: {' and '.join(used)}: {classes:,} different labels are more than {MAX_CLASSES:,}")
    without = len(listing.names) - len(labels) if labels else 0
    said = [found.said for found in all_found] + ([f"pictures without one: {without}"] if without else [])
    return FoundLabels(labels, "; ".join(said)), notes


def _match(file: str, entries: Mapping[str, str] | str, folder: str, names: Sequence[str]) -> FoundLabels:
    if isinstance(entries, str):
        return FoundLabels({}, f"none: {file} {entries}")
    inside = {name: _plain(name[len(folder) :]) for name in names if name.startswith(folder)}
    for way, key in _WAYS.items():
        shared = Counter(map(key, inside.values()))
        if not shared.keys() & entries.keys():
            continue
        if double := next((entry for entry in entries if shared[entry] > 1), None):
            raise UserError(f"data: {file}: {double!r} names {shared[double]} pictures; write their paths")
        labels = {name: entries[key(path)] for name, path in inside.items() if entries.get(key(path))}
        lost = sum(entry not in shared for entry in entries)
        return FoundLabels(
            labels, f"from {file}, by {way}" + (f"; entries that name no picture: {lost}" if lost else "")
        )
    first = next(iter(entries), None)
    raise UserError(
        f"data: {file} names none of the pictures: " + (f"there is no {first!r}" if first else "it is empty")
    )


def _read_json(content: bytes) -> dict[str, str] | str:
    """Return the classes by StyleGAN's names, or why there are none although its folders are no classes."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"data: dataset.json is damaged: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(value, dict) or "labels" not in value:
        raise _NotLabelsError("it has no 'labels', as StyleGAN's would")
    labels = value["labels"]
    if labels is None:
        return "says so"
    if not isinstance(labels, list):
        raise UserError("data: dataset.json: 'labels' is neither null nor a list of [name, class]")
    rows = []
    for number, entry in enumerate(labels):
        match entry:
            case [str(), list()]:
                return "holds vectors, not classes"
            case [str(name), int(label)] if not isinstance(label, bool) and 0 <= label < 2**31:
                rows.append((number, name, str(label)))
            case _:
                raise UserError(f"data: dataset.json: label {number} is not [name, class], a class from 0 on")
    return _once("dataset.json", rows)


def _read_table(file: str, content: bytes, kinds: Sequence[str] = _LABEL_COLUMNS) -> dict[str, str]:
    try:
        return _once(file, _table_rows(file, content.decode("utf-8-sig"), kinds))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"data: {file} is no CSV in UTF-8: {' '.join(str(error).split())[:200]}") from error


def _table_rows(file: str, text: str, kinds: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield line, picture and class of every row, one at a time: lists of all cells would be many times the file."""
    header = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    columns = [name.strip().lower() for name in next(lines, [])]
    files, labels = _column(columns, _FILE_COLUMNS), _column(columns, kinds)
    if files is None or labels is None:
        wanted = f"file ({', '.join(_FILE_COLUMNS[1:])}) and {kinds[0]} ({', '.join(kinds[1:])})"
        raise _NotLabelsError(f"its first line must name the columns {wanted}")
    for number, line in enumerate(lines, start=2):
        if not any(line):
            continue
        if len(line) <= max(files, labels):
            raise UserError(f"data: {file}: line {number} has {len(line)} columns, too few for file and label")
        yield number, line[files].strip(), printable(line[labels].strip())


def _labels_csv(content: bytes) -> dict[str, str]:
    try:
        return _read_table("labels.csv", content)
    except _NotLabelsError as reason:  # its name leaves no other meaning
        raise UserError(f"data: labels.csv: {reason}") from None


_READERS: dict[str, Callable[[bytes], dict[str, str] | str]] = {
    "labels.csv": _labels_csv,
    "dataset.json": _read_json,
    "metadata.csv": lambda content: _read_table("metadata.csv", content),
}


def _once(file: str, rows: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    """Return the class by name; raises UserError where a name has two, or a class's name is no name."""
    found: dict[str, str] = {}
    for number, name, label in rows:
        if label and not is_class_name(label):
            raise UserError(f"data: {file}: line {number}: {label[:40]!r} … is no name of a class")
        if found.setdefault(_plain(name), label) != label:
            raise UserError(f"data: {file}: {name!r} is listed as {found[_plain(name)]!r} and as {label!r}")
    return found


def _column(columns: Sequence[str], known: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in known if name in columns), None)


def _plain(name: str) -> str:
    """Return a path as both sides are compared: composed letters, one kind of separator, no leading dot."""
    return printable(name).replace("\\", "/").removeprefix("./")


def _content(container: Container, name: str) -> bytes:
    try:
        if container.size(name) > MAX_BYTES:
            raise UserError(f"data: {printable(name)} is larger than {MAX_BYTES >> 20} MiB, too large for labels")
        with container.open(name) as file:
            return file.read(MAX_BYTES)
    except (UnreadableError, OSError) as error:
        raise UserError(f"data: {printable(name)}: {error}") from error
