"""Before, every name of a million ignored or skipped files stood in run.json, which is written anew at each save."""

import json
from pathlib import Path
from typing import Any

import pytest

from ganache.data import open_dataset
from ganache.data.containers.listing import Ignored
from ganache.data.conversion import Conversion
from ganache.data.store.summaries import summarise
from ganache.training.briefing import data_lines
from tests.data.data_files import classes

SKIPPED = [{"file": f"{number:04d}.png", "reason": "empty file (0 bytes)"} for number in range(250)]


def test_ignored_names_are_counted_by_suffix_and_a_hundred_are_given() -> None:
    ignored = Ignored()
    for number in range(300):
        ignored.add(f"b/{number:03d}.TXT")
    for name in ("notes.txt", "README", "a.b/c", "x.heic", f"x.{'y' * 50}"):
        ignored.add(name)
    told = ignored.to_json()
    assert told["ignored_count"] == 305
    assert told["ignored_suffixes"] == {".txt": 301, "": 2, ".heic": 1, "others": 1}
    assert told["ignored"] == [f"b/{number:03d}.TXT" for number in range(100)]


def test_a_million_different_suffixes_take_no_more_room_than_twenty() -> None:
    ignored = Ignored()
    for number in range(3_000):
        ignored.add(f"part.{number}")
        ignored.add("a.txt")
    suffixes = ignored.to_json()["ignored_suffixes"]
    assert len(suffixes) == 21
    assert suffixes[".txt"] == 3_000
    assert suffixes["others"] == 3_000 - 19


def test_the_summary_of_much_junk_is_short_and_counts_it(tmp_path: Path) -> None:
    root = classes(tmp_path / "set")
    for number in range(250):
        (root / f"{number:04d}.png").touch()
        (root / f"{number:04d}.txt").touch()
    dataset = open_dataset(root, Conversion(max_skipped=1), cache=tmp_path / "cache")
    summary = dataset.summary()
    assert (summary["skipped_count"], len(summary["skipped"]), summary["skipped"][0]) == (250, 100, SKIPPED[0])
    assert (summary["ignored_count"], len(summary["ignored"])) == (250, 100)
    (store,) = (tmp_path / "cache" / "stores").iterdir()
    assert json.loads((store / "manifest.json").read_text())["skipped"] == SKIPPED  # the store keeps them all
    lines = list(data_lines(summary))
    assert "skipped        250 files" in lines
    assert "               … and 247 more; the packed store's manifest.json lists them all" in lines
    assert "ignored        250 files that are no images by their names: .txt (250)" in lines


@pytest.mark.parametrize("again", [False, True])
def test_manifests_and_records_of_earlier_versions_are_given_the_same_form(again: bool) -> None:
    old: dict[str, Any] = {"count": 5, "skipped": SKIPPED, "ignored": [f"{number:04d}.txt" for number in range(250)]}
    told = summarise(summarise(old)) if again else summarise(old)
    assert told == {
        "count": 5,
        "skipped": SKIPPED[:100],
        "skipped_count": 250,
        "ignored": [f"{number:04d}.txt" for number in range(100)],
        "ignored_count": 250,
        "ignored_suffixes": {".txt": 250},
    }
    assert len(old["skipped"]) == 250
