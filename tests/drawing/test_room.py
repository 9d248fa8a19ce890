"""What has no room: on the disk, or in the memory of a process that makes an animation."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ganache.drawing import sampling
from ganache.drawing.sampling import interpolate_to, sample_to
from ganache.support.errors import UserError


def test_an_array_that_just_fits_is_drawn(digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=640))
    with pytest.raises(UserError, match=r"count: 11 of them need 704 B in .*, where 640 B are free"):
        sample_to(digits_run, str(tmp_path / "not" / "there" / "x.npy"), count=11)
    assert list(tmp_path.iterdir()) == []
    sample_to(digits_run, str(tmp_path / "x.npy"), count=10)
    sample_to(digits_run, str(tmp_path / "x.png"), count=11)  # no array


def test_frames_that_must_be_held_are_counted(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MOST_HELD", 1_000)
    for through in (None, "3,17"):
        with pytest.raises(UserError, match=r"frames: 3 take .* a file \.mp4 is written frame by frame"):
            interpolate_to(digits_run, str(tmp_path / "x.webp"), frames=3, through=through)
    assert list(tmp_path.iterdir()) == []
