import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ganache.support.files import lock, remove_unfinished, replacing


def test_the_file_appears_at_the_end_and_nothing_else_remains(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with replacing(path) as temporary:
        assert temporary.parent.parent == path.parent
        assert temporary.name == path.name
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("accident", [RuntimeError("no"), KeyboardInterrupt()])
def test_an_accident_leaves_what_was_there(tmp_path: Path, accident: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise accident

    with pytest.raises(type(accident)):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_library_left_beside_its_file_goes_with_it(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as temporary:
        temporary.with_name(".tmpfT3kM1").write_text("half")
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from ganache.support.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.with_name('.tmpfT3kM1').write_text('half')\n"
        "    os._exit(9)\n"
    )
    (tmp_path / "b").write_text("whole")
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")]).returncode == 9
    (tmp_path / ".a.txt.ab.partial.txt").write_text("half")
    assert len(list(tmp_path.iterdir())) == 3
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        events.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def noted_replace(source: Any, target: Any) -> None:
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    with replacing(tmp_path / "a") as temporary:
        temporary.write_text("x")
        events.append("written")
    assert events == ["written", "file", "rename", "folder"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask_and_leave_it(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "a") as temporary:
            temporary.write_text("x")
        assert (tmp_path / "a").stat().st_mode & 0o777 == mode
    finally:
        left = os.umask(before)
    assert left == umask


def test_a_lock_is_taken_once_and_is_not_there_on_a_system_without_such_locks(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as first, (tmp_path / "a").open("r+b") as second:
        assert [lock(first.fileno()), lock(second.fileno()), lock(second.fileno(), None)] == [
            *("taken", "held", "unavailable")
        ]
