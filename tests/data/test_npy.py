"""Arrays that are written."""

import time
from pathlib import Path

import numpy as np
import pytest

from ganache.data.npy import write_arrays
from ganache.support.errors import RunError


def test_arrays_of_any_kind_come_back_and_equal_ones_are_equal_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(0, 2, 1)  # not in C's order
    given = {"images": images, "names": np.array(["a", "längst"]), "empty": np.zeros((0, 5), ">f4")}
    write_arrays(tmp_path / "first.npz", given)
    monkeypatch.setattr(time, "time", lambda: 2e9)  # of another day
    write_arrays(tmp_path / "second.npz", given)
    with np.load(tmp_path / "first.npz", allow_pickle=False) as found:
        assert set(found) == set(given)
        for name, array in given.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_a_disk_that_refuses_is_an_error_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError):
        write_arrays(tmp_path / "file" / "x.npz", {"a": np.zeros(1)})
    assert (tmp_path / "file").read_text() == "mine"
