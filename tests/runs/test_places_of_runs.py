"""Where a run goes when no place is named: runs/RECIPE-DATA, a safe name, never among the data or in another run."""

import os
import shutil
from pathlib import Path

import pytest

import ganache
from ganache.data import pack
from ganache.data.location import refuse_among, title
from ganache.support.errors import UserError
from ganache.support.files import safe_name
from ganache.training import sessions
from tests.commands import TINY, draw_pictures, run_command
from tests.conftest import SMALL


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("photos", "photos"),
        ("my photos", "my_photos"),
        ("-rf", "rf"),
        ("--", ""),
        (".hidden", "hidden"),
        ("..", ""),
        ("a/b\\c:d", "a_b_c_d"),
        ("red\x1b[31m\n", "red__31m_"),
        ("caf\udce9", "caf_"),
        ("cafe\u0301", "café"),
        ("写真", "写真"),
        ("नमस्ते", "नमस्ते"),
        ("v1.5+x.", "v1.5+x"),
        ("x" * 5_000, "x" * 120),
        ("é" * 100, "é" * 60),
    ],
)
def test_a_safe_name(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_a_run_is_named_after_the_last_part_of_where_its_data_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path as it was typed made `runs/dcgan-photos/-2`, `runs/dcgan-.` and `runs/dcgan-/abs/photos`."""
    photos = tmp_path / "photos"
    (photos / "cats").mkdir(parents=True)
    for name in ("some.zip", "some.tar.gz", "x.NPZ"):
        (tmp_path / name).touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(photos)
    named = {
        "digits": "digits",
        ".": "photos",
        "..": tmp_path.name,
        "cats": "cats",
        "cats/": "cats",
        "./cats//": "cats",
        "../photos": "photos",
        str(photos): "photos",
        "~/photos/": "photos",
        "/": "data",
        "../some.zip": "some",
        "../some.tar.gz": "some",
        "../x.NPZ": "x",
    }
    assert {text: title(text) for text in named} == named


def test_default_folders_are_numbered_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train --data photos/` twice was `runs/dcgan-photos` and, inside it, `runs/dcgan-photos/-2`."""
    draw_pictures(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    for source in ("photos/", str(tmp_path / "photos"), "./photos"):
        status, _, said = run_command("train", "--data", source, *TINY)
        assert (status, said) == (0, "")
    made = sorted(str(path.parent) for path in Path().rglob("run.json"))
    assert made == ["runs/r3gan-photos", "runs/r3gan-photos-2", "runs/r3gan-photos-3"]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("source", "out"),
    [
        (".", None),
        ("..", None),
        ("../photos", None),
        (".", "../photos/new"),
        ("../photos", "sub/new"),
        ("~/photos", "~/photos/deep/new"),
        ("../link", "new"),
        ("../photos", "../link/new"),
    ],
)
def test_a_run_never_lies_among_its_data(
    source: str,
    out: str | None,
    dry: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`cd photos; ganache train --data .` made its run among the pictures: the next one learnt from its sheets."""
    photos = draw_pictures(tmp_path / "photos")
    (tmp_path / "link").symlink_to(photos)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(photos)
    before = sorted(tmp_path.rglob("*"))
    where = () if out is None else ("--out", os.path.expanduser(out))
    status, _, said = run_command("train", "--data", source, *where, *dry, *TINY)
    assert (status, said.count("\n")) == (2, 1)
    assert "lies in the data" in said
    assert "--out" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_never_lies_in_a_run(digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(digits_run, tmp_path / "first")
    monkeypatch.chdir(tmp_path / "first" / "samples")
    for out in ((), ("--out", "new")):
        status, _, said = run_command("train", "--data", "digits", *out, *TINY)
        assert (status, said.count("\n")) == (2, 1)
        assert f"lies in the run {str(tmp_path / 'first')!r}" in said


def test_a_place_beside_the_data_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    refuse_among(Path("photos-run"), "photos")
    refuse_among(Path("digits/run"), "digits")
    sessions.check_place(None, "photos")


def test_a_store_never_lies_among_its_data(tmp_path: Path) -> None:
    photos = draw_pictures(tmp_path / "photos")
    with pytest.raises(UserError, match="lies in the data"):
        pack(photos, photos / "store")
    assert pack(photos, tmp_path / "store").count == 20


@pytest.mark.parametrize("name", [b"a b", b"caf\xe9", b"-x", b"\x1b[2J", "写真".encode()])
def test_odd_names_of_data_make_sound_names_of_runs(
    name: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_pictures(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    monkeypatch.chdir(tmp_path)
    outcome = ganache.train("dcgan", data=folder, images=16, settings=SMALL)
    expected = {b"a b": "a_b", b"caf\xe9": "caf_", b"-x": "x", b"\x1b[2J": "__2J"}.get(name, "写真")
    assert outcome.run == Path("runs") / f"dcgan-{expected}"
    assert outcome.images_seen == 16


@pytest.mark.parametrize("words", [("train", "--data", "digits", "--out", "a\udcff"), ("resume", "a\udcff")])
def test_a_run_in_a_folder_whose_name_is_no_text_is_refused(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trained, and then neither TensorBoard, nor the curves' title, nor safetensors took its name."""
    monkeypatch.chdir(tmp_path)
    assert run_command(*words).status == 2
    with pytest.raises(UserError, match=r"'a\\udcff' is not UTF-8"):
        ganache.train(data="digits", out="a\udcff")
