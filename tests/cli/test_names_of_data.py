"""A word after `--data` that is a set's name means the set, whatever lies around; a run is never data."""

import json
import os
from pathlib import Path

import pytest

import ganache
from ganache import api
from ganache.data import open_dataset, pack, preview
from ganache.data.cache import cache_folder
from ganache.data.conversion import Conversion
from ganache.data.location import NAMES, as_text, lasting, overlooked
from ganache.data.origin import Source
from ganache.evaluation.reference_statistics import find_statistics
from ganache.evaluation.sample_places import open_samples, run_of
from ganache.support.errors import UserError
from tests.commands import TINY, draw_pictures, run_command
from tests.conftest import SMALL


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_set_and_a_path_is_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--data digits` beside a folder ./digits was the folder, and a resume found other data than the run had."""
    monkeypatch.chdir(tmp_path)
    assert overlooked(name) is None
    (tmp_path / name).mkdir()
    assert lasting(name) == name
    line = overlooked(name)
    assert line is not None
    assert f"./{name}" in line
    for path in (f"./{name}", str(tmp_path / name), f"../{tmp_path.name}/{name}", f"{name}/"):
        assert lasting(path) == str(tmp_path / name)
        assert overlooked(path) is None
    assert as_text(name) == name
    assert as_text(Path(name)) == f"./{name}"
    assert as_text(tmp_path / name) == str(tmp_path / name)


def test_a_path_lasts_across_links_and_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert lasting("~/link") == str(tmp_path / "photos")
    assert lasting(str(tmp_path / "link")) == str(tmp_path / "photos")


def test_a_home_that_nobody_has_is_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "~ganache-nobody/x"
    monkeypatch.setenv("GANACHE_CACHE", nobody)
    monkeypatch.setenv("GANACHE_DATA", nobody)
    assert cache_folder() == Path(nobody)
    with pytest.raises(UserError, match=rf"samples: there is no '{nobody}'"):
        open_samples(nobody)
    assert (run_of(nobody), find_statistics(nobody)) == (None, None)
    with pytest.raises(UserError, match=f"data: '{nobody}' is neither a folder"):
        preview(nobody)


def test_a_user_without_a_home_is_told_to_name_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GANACHE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", str)  # as where the system knows no such user
    with pytest.raises(UserError, match="cache: this user has no home folder; GANACHE_CACHE names"):
        cache_folder()


@pytest.mark.parametrize("name", ["digits", "ring", "stacked-mnist"])
def test_every_way_to_open_data_follows_the_rule(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draw_pictures(tmp_path / name)
    for source in (f"./{name}", Path(name)):
        assert open_dataset(source).count == 20
        assert preview(source).count == 20
    assert pack(f"./{name}", tmp_path / f"{name}-store").count == 20
    if name != "stacked-mnist":  # the digits it is made of are not on every machine
        assert open_dataset(name).count != 20
        assert preview(name).count != 20


def test_a_run_named_like_a_set_goes_on_and_is_judged_by_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ganache train --data digits --out digits`: resume, evaluate and judge failed, and the next `train --data digits`
    learnt from the first run's sample sheets without a word."""
    monkeypatch.chdir(tmp_path)
    assert run_command("train", "--data", "digits", "--out", "digits", *TINY)[0] == 0
    for words in (
        ("resume", "digits", "--images", 64),
        ("evaluate", "digits", "--count", 20, "--features", "pixels", "--metrics", "fd"),
        ("judge", "digits", "--data", "digits", "--count", 20),
        ("train", "--data", "digits", "--out", "second", *TINY),
        ("doctor", "digits", "--data", "digits"),
    ):
        status, _, said = run_command(*words)
        assert status == 0, said
        lines = [line for line in said.splitlines() if "the folder ./digits was not taken" in line]
        assert len(lines) == ("--data" in words)
    records = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("digits", "second")]
    assert records[0]["images_seen"] == 64
    for record in records:
        assert record["source"]["data"] == "digits"
        assert record["data"]["kind"] == "scikit-learn's digits"


@pytest.mark.parametrize(
    "words",
    [
        "train --data {}",
        "train --data {} --dry-run",
        "data info {}",
        "data pack {} --out store",
        "evaluate {run} --data {}",
        "judge {run} --data {}",
        "doctor {run} --data {}",
        "resume {run} --data {}",
    ],
)
@pytest.mark.parametrize("part", ["", "samples", "generator.safetensors"])
def test_a_run_and_what_lies_in_it_are_no_data(
    words: str,
    part: str,
    digits_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run's sample sheets were taken for pictures to learn from, in `train` and wherever else data is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(digits_run)
    status, _, said = run_command(*words.format(os.path.join("link", part), run=digits_run).split())
    assert status == 2
    assert said.count("\n") == 1
    assert ("is a run" if not part else f"lies in the run {str(digits_run)!r}") in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link"]


def test_runs_among_the_pictures_are_left_out(tmp_path: Path, digits_run: Path) -> None:
    """Sheets of runs below the folder were classes of it: `runs/dcgan-photos/samples`."""
    draw_pictures(tmp_path / "cats")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "first").symlink_to(digits_run)
    found = open_dataset(tmp_path)
    assert found.count == 20
    assert [skip["file"] for skip in found.summary()["skipped"]] == ["runs/first"]
    with pytest.raises(UserError, match="a run, and what a run draws is no data"):
        open_dataset(tmp_path / "runs")


def test_a_run_finds_its_data_from_any_folder_and_remembers_where_they_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train --data photos`, then `resume` from another folder: "neither a folder, a file nor one of digits …"."""
    draw_pictures(tmp_path / "work" / "photos")
    monkeypatch.chdir(tmp_path / "work")
    assert run_command("train", "--data", "photos", "--out", "../out", *TINY)[0] == 0
    kept = tmp_path / "out" / "run.json"
    assert json.loads(kept.read_text())["source"]["data"] == str(tmp_path / "work" / "photos")
    monkeypatch.chdir("/")
    ganache.resume(tmp_path / "out", images=48)

    (tmp_path / "work" / "photos").rename(tmp_path / "moved")
    for words in (("resume", tmp_path / "out"), ("evaluate", tmp_path / "out")):
        status, _, said = run_command(*words)
        assert (status, said.count("\n")) == (2, 1)
        assert repr(str(tmp_path / "work" / "photos")) in said
        assert "--data" in said
    monkeypatch.chdir(tmp_path)
    ganache.resume(tmp_path / "out", images=64, data="moved")
    assert json.loads(kept.read_text())["source"]["data"] == str(tmp_path / "moved")
    monkeypatch.chdir("/")
    assert ganache.resume(tmp_path / "out", images=80).images_seen == 80


def test_records_of_earlier_versions_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep a path as it was typed, and have no fields that came later."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    old = {"data": "photos", "size": [4, 6], "channels": None, "labels": ["a"]}
    assert Source.of(old) == Source("photos", Conversion((4, 6)), ("a",))
    assert Source.of(old).to_json()["data"] == str(tmp_path / "photos")
    assert Source.of({**old, "data": "digits"}).data == "digits"
    assert Source.of({**old, "data": "gone"}, "photos").data == "photos"
    with pytest.raises(UserError, match=r"'gone'.* --data"):
        Source.of({**old, "data": "gone"})


def test_a_path_object_is_never_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draw_pictures(tmp_path / "digits")
    outcome = api.train("dcgan", data=Path("digits"), out=tmp_path / "run", images=32, settings=SMALL)
    record = json.loads((outcome.run / "run.json").read_text())
    assert record["source"]["data"] == str(tmp_path / "digits")
    assert record["data"]["count"] == 20
    assert api.resume(outcome.run, images=48, data=Path("digits")).images_seen == 48


def test_a_path_that_is_no_unicode_is_kept(tmp_path: Path) -> None:
    """run.json could not be written: UnicodeEncodeError after the data had been packed."""
    folder = draw_pictures(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    outcome = ganache.train("dcgan", data=folder, out=tmp_path / "run", images=32, settings=SMALL)
    assert json.loads((outcome.run / "run.json").read_text(encoding="utf-8"))["source"]["data"] == str(folder)
    assert ganache.resume(outcome.run, images=48).images_seen == 48
