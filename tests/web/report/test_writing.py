"""Reports as files: after every training, on demand, small, and never at the cost of a run."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

import ganache
from ganache.drawing.grids import grid
from ganache.support.errors import UserError
from ganache.web.report.writing import NAME, report_after, write_comparison, write_report
from tests.commands import TINY, draw_pictures, run_command
from tests.web.report.by_hand import RECORD, add_sheet, run_by_hand, write_log

MOST_BYTES = 10_000_000


@pytest.fixture
def own_run(digits_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(digits_run, tmp_path / "own")


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_training_from_python_ends_with_a_report(digits_run: Path) -> None:
    page = (digits_run / NAME).read_text(encoding="utf-8")
    assert "<title>digits: dcgan</title>" in page
    assert len(page) < 1_000_000


def test_the_commands_train_and_resume_write_one(tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = run_command("train", "--data", "digits", "--out", run, *TINY)
    assert f"report         {run}/report.html\n" in ended.output
    (run / NAME).unlink()
    ended = run_command("resume", run, "--images", "64")
    assert f"report         {run}/report.html\n" in ended.output
    assert '"images_seen": 64' in (run / NAME).read_text()


def test_a_report_that_cannot_be_written_costs_no_run(own_run: Path) -> None:
    (own_run / NAME).unlink()
    (own_run / NAME / "in the way").mkdir(parents=True)
    ended = run_command("resume", own_run, "--images", "704")
    assert ended.status == 0
    assert "finished: 704 images" in ended.output
    assert "no report was written: could not write" in ended.complaints
    assert ganache.resume(own_run, images=768).images_seen == 768


def test_whatever_goes_wrong_in_a_report_is_a_line(own_run: Path) -> None:
    said: list[str] = []
    (own_run / "run.json").write_text("[]")
    assert report_after(own_run, said.append) is None
    assert report_after(own_run / "nowhere", said.append) is None
    assert report_after(None, said.append) is None  # type: ignore[arg-type]
    assert len(said) == 3
    assert all(line.startswith("no report was written: ") and "\n" not in line for line in said)


def test_of_many_processes_the_first_one_writes(own_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_run / NAME).unlink()
    monkeypatch.setenv("RANK", "1")
    assert report_after(own_run) is None
    assert not (own_run / NAME).exists()
    monkeypatch.setenv("RANK", "0")
    assert report_after(own_run) == own_run / NAME


def test_a_report_changes_nothing_else(own_run: Path) -> None:
    before = digests(own_run)
    write_report(own_run)
    after = digests(own_run)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} <= {NAME}


def test_equal_runs_have_equal_reports(own_run: Path, tmp_path: Path) -> None:
    first, second = (write_report(own_run, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def full_run(path: Path, sheets: int) -> Path:
    """Write a run with all that a page has room for: sheets of noise and a long log of many measurements."""
    run = run_by_hand(path, data={**RECORD["data"], "shape": [3, 64, 64]})
    random = np.random.default_rng(0)
    picture = grid(random.integers(0, 256, (64, 64, 64, 3), dtype=np.uint8))
    first = add_sheet(run, 0, picture)
    for number in range(1, sheets):
        shutil.copy(first, run.samples / f"{number:08d}.png")
    values = random.normal(size=(700, 60)).tolist()
    names = [f"group{number // 4}/measurement {number}" for number in range(60)]
    lines = [{"images_seen": at, **dict(zip(names, row, strict=True))} for at, row in enumerate(values)]
    write_log(run, lines)
    return path


def test_a_report_has_less_than_ten_megabytes(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run", 16)
    assert 3_000_000 < write_report(run).stat().st_size < MOST_BYTES
    runs = [run, *(shutil.copytree(run, tmp_path / f"{number}") for number in range(2))]
    assert write_comparison(runs, tmp_path / "compared.html").stat().st_size < MOST_BYTES


def test_the_command_writes_where_it_is_told(digits_run: Path, own_run: Path, tmp_path: Path) -> None:
    ended = run_command("report", own_run, "--out", tmp_path / "new" / "page.html")
    assert (ended.status, ended.output) == (0, f"report         {tmp_path}/new/page.html\n")
    ended = run_command("report", own_run, digits_run, "--out", tmp_path / "compared.html")
    assert ended.status == 0
    assert "<title>2 runs compared</title>" in (tmp_path / "compared.html").read_text()
    assert ganache.report(own_run) == own_run / NAME


def test_mistakes_are_one_line(own_run: Path, tmp_path: Path) -> None:
    for words, status, complaint in (
        (("report", own_run, own_run), 2, "--out compared.html"),
        (("report", tmp_path / "nowhere"), 2, "there is no"),
        (("report", tmp_path), 2, "is not a run"),
        (("report", own_run, "--out", tmp_path), 2, "is a folder"),
        (("report", own_run, "--out", "/dev/null/page.html"), 1, "could not write"),
    ):
        ended = run_command(*words)
        assert ended.status == status, ended.complaints
        assert complaint in ended.complaints
        assert ended.complaints.count("\n") == 1
    with pytest.raises(UserError, match="--out"):
        ganache.report()


def test_a_run_keeps_the_nearest_pairs_that_were_asked_for(own_run: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        draw_pictures(tmp_path / "pictures" / split)
    given = ("--data", tmp_path / "pictures", "--count", "20", "--features", "pixels")
    pairs = ("--metrics", "memorisation", "--pairs", tmp_path / "pairs.png")
    assert run_command("evaluate", own_run, *given, *pairs).status == 0
    assert (own_run / "nearest.png").read_bytes() == (tmp_path / "pairs.png").read_bytes()
    assert '"nearest": "data:image/' in write_report(own_run).read_text()
    assert run_command("evaluate", own_run, *given, "--metrics", "fd").status == 0
    assert not (own_run / "nearest.png").exists()  # it belonged to the other evaluation
