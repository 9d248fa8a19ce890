import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganache.runs.folder import Run
from ganache.runs.logbook import Logbook
from tests.tiny import tiny_recipe


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", tiny_recipe(), {})


def line(images: int) -> dict[str, Any]:
    return {"images_seen": images, "loss/generator": images / 128, "memory_bytes": 1000 + images, "note": "text"}


def lines(*images: int) -> list[dict[str, Any]]:
    return [line(count) for count in images]


def written(run: Run) -> list[dict[str, Any]]:
    return [json.loads(text) for text in run.log_file.read_text().splitlines()]


def shown(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Return what TensorBoard reads from the run's folder."""
    assert len(list(run.path.glob("events.out.*"))) == 1
    board = EventAccumulator(str(run.path), size_guidance={"scalars": 0}).Reload()
    return {tag: [(event.step, event.value) for event in board.Scalars(tag)] for tag in board.Tags()["scalars"]}


def test_lines_are_in_the_file_when_they_are_written(run: Run) -> None:
    book = Logbook(run, 0)
    assert written(run) == []
    for images in (64, 128):
        book.write(line(images))
        assert written(run)[-1] == line(images)
    assert book.lines == written(run) == lines(64, 128)
    book.close()
    assert run.log_file.read_text().endswith("\n")


def test_tensorboard_shows_every_number_at_its_images(run: Run) -> None:
    book = Logbook(run, 0)
    for images in (64, 128):
        book.write(line(images))
    book.close()
    assert shown(run) == {
        "loss/generator": [(64, 0.5), (128, 1.0)],
        "memory_bytes": [(64, 1064.0), (128, 1128.0)],
    }


def test_a_continued_log_forgets_what_came_after_and_shows_no_line_twice(run: Run) -> None:
    first = Logbook(run, 0)
    for images in (64, 128, 192, 256):
        first.write(line(images))
    first.close()
    with run.log_file.open("a") as file:
        file.write('{"images_seen": 320, "loss/gen')  # torn by a crash
    second = Logbook(run, 150)
    assert second.lines == written(run) == lines(64, 128)
    second.write({**line(192), "loss/generator": 9.0})
    second.close()
    assert [entry["images_seen"] for entry in written(run)] == [64, 128, 192]
    assert shown(run)["loss/generator"] == [(64, 0.5), (128, 1.0), (192, 9.0)]


def test_a_line_of_the_very_moment_stays(run: Run) -> None:
    run.log_file.write_text(json.dumps(line(64)) + "\n" + json.dumps(line(128)) + "\n")
    book = Logbook(run, 128)
    book.close()
    assert written(run) == lines(64, 128)
    book = Logbook(run, 127)
    book.close()
    assert written(run) == lines(64)


def test_a_whole_last_line_without_its_end_gets_it(run: Run) -> None:
    run.log_file.write_text(json.dumps(line(64)))
    book = Logbook(run, 64)
    book.write(line(128))
    book.close()
    assert written(run) == lines(64, 128)


def test_an_accident_while_the_log_is_cut_leaves_it_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.log_file.write_text(json.dumps(line(64)) + "\n" + json.dumps(line(128)) + "\n")
    before = run.log_file.read_bytes()

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        Logbook(run, 64)
    assert run.log_file.read_bytes() == before


def test_after_sync_the_lines_are_on_the_disk_and_on_the_board(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    book = Logbook(run, 0)
    book.write(line(64))
    monkeypatch.setattr(os, "fsync", noted)
    book.sync()
    assert str(run.log_file) in synced
    assert shown(run)["loss/generator"] == [(64, 0.5)]
    book.close()


def test_without_tensorboard_there_is_the_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    book = Logbook(run, 0)
    book.write(line(64))
    book.sync()
    book.close()
    assert written(run) == lines(64)
    assert list(run.path.glob("events.out.*")) == []
