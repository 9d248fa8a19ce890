"""Names under which runs are served."""

from pathlib import Path

import pytest

from ganache.support.errors import UserError
from ganache.web.serve.run_names import named


def test_runs_have_the_names_of_their_folders_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "best.safetensors").touch()
    monkeypatch.chdir(tmp_path / "digits")
    assert list(named([Path("."), Path("../best.safetensors"), Path("absent")])) == ["digits", "best", "absent"]


def test_a_second_run_of_a_name_gets_a_number(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("a/digits", "b/digits", "digits-2", "c/digits")]
    said: list[str] = []
    found = named(places, said.append)
    assert found == dict(zip(("digits", "digits-2", "digits-2-2", "digits-3"), map(Path.resolve, places), strict=True))
    assert said[0] == f"another run is called 'digits': {places[1]} is served as 'digits-2'"
    assert len(said) == 3


def test_a_run_that_is_named_twice_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is named twice"):
        named([tmp_path / "a", tmp_path / "b" / ".." / "a"])
    with pytest.raises(UserError, match="has no name"):
        named([Path("/")])
