"""A run knows the versions that each of its sessions had."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ganache
from ganache.support import machine
from tests.conftest import SMALL


def test_a_resume_under_other_versions_says_so_in_a_line_and_the_session_notes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run went on under another torch without a word, and run.json named the first one alone."""
    run = ganache.train("dcgan", data="digits", out=tmp_path / "run", images=16, settings=SMALL).run
    now = machine.versions()
    ganache.resume(run, images=32, quiet=False)
    assert "other versions" not in capsys.readouterr().out
    monkeypatch.setattr("ganache.support.machine.np.__version__", "9.8")
    for images in (48, 64):  # said once: the second session had the same
        ganache.resume(run, images=images, quiet=False)
    said = [line for line in capsys.readouterr().out.splitlines() if "other versions" in line]
    assert said == [f"other versions than before: numpy {now['numpy']} → 9.8; its bits may differ from here on"]
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    noted = [{name: session[name] for name in now} for session in record["sessions"]]
    assert noted == [now, now, {**now, "numpy": "9.8"}, {**now, "numpy": "9.8"}]


UNINSTALLED = """
import importlib.metadata

def missing(name):
    raise importlib.metadata.PackageNotFoundError(name)

importlib.metadata.distribution = importlib.metadata.version = missing
import ganache
from ganache.cli.app import main
from ganache.support.machine import versions

assert "torch" in versions()
print(versions()["ganache"], ganache.__version__, flush=True)
main()
"""


def test_the_version_is_known_where_only_the_source_is() -> None:
    """On a machine to which a folder of source was brought, every run ended at `importlib.metadata`."""
    done = subprocess.run([sys.executable, "-c", UNINSTALLED, "--version"], capture_output=True, text=True, check=False)
    version = ganache.__version__
    assert (done.stdout, done.stderr) == (f"{version} {version}\nganache {version}\n", "")


def test_what_is_installed_takes_its_version_from_the_source() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert Path(project["tool"]["hatch"]["version"]["path"]) == Path("src/ganache/support/version.py")
