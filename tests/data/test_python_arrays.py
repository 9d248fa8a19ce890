"""Arrays of a program as data: ganache.train(data=array) and the like, which took paths and names alone.

Before, an array became a path made of its numbers: "neither a folder, a file nor one of digits, mnist …".
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ganache
from ganache.data.python_arrays import as_source
from ganache.runs.folder import Run
from ganache.support.errors import RunError, UserError
from tests.conftest import SMALL
from tests.data.data_files import pixels


def images(count: int = 32) -> NDArray[np.uint8]:
    return np.stack([pixels(8, 8, 1, seed)[..., None] for seed in range(count)])


def train(out: Path, data: Any, **fields: Any) -> Path:
    return ganache.train("dcgan", data=data, out=out, images=32, settings=SMALL, **fields).run


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_run_learns_from_an_array_and_another_process_resumes_it(tmp_path: Path, cache: Path) -> None:
    run = train(tmp_path / "run", images())
    record = Run(run).record()
    assert record["data"]["count"] == 32
    assert record["data"]["decisions"]["axes"] == "(N, height, width, channels)"
    kept = Path(record["source"]["data"])
    assert kept.parent == cache / "arrays"
    command = [sys.executable, "-m", "ganache", "resume", str(run), "--images", "48"]
    assert "finished: 48 images" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Without the file the array itself is asked for, and is enough.
    kept.unlink()
    with pytest.raises(UserError, match=r"the run's array is no longer in .*; give it again: resume\(…, data=array\)"):
        ganache.resume(run, images=64)
    with pytest.raises(UserError, match="its data changed"):
        ganache.resume(run, images=64, data=images()[::-1])
    assert ganache.resume(run, images=64, data=images()).images_seen == 64


def test_images_with_labels_and_other_reals_are_given_the_same_way(tmp_path: Path, cache: Path) -> None:
    labels = ["cat", "dog"] * 16
    run = train(tmp_path / "run", (images(), labels), labels=["dog"])
    assert Run(run).record()["data"]["classes"] == {"cat": 16, "dog": 16}
    wanted: dict[str, Any] = {"features": "pixels", "metrics": ["fd"]}
    found = ganache.evaluate(run, data=(images(), labels), **wanted)
    assert found.reference.fingerprint == Run(run).record()["data"]["fingerprint"]
    assert ganache.evaluate(images(), data=images(), **wanted)["fd/pixels"].value == pytest.approx(0, abs=1e-9)


def test_the_same_arrays_are_one_file_however_they_lie_in_memory(cache: Path) -> None:
    wanted = as_source(images())
    written = Path(wanted).stat().st_mtime_ns
    for same in (np.asfortranarray(images()), images(64)[:32], torch.from_numpy(images())):
        assert as_source(same) == wanted
    assert Path(wanted).stat().st_mtime_ns == written
    assert len({wanted, as_source(images() / 255), as_source((images(), range(32))), as_source(images(31))}) == 4
    assert np.array_equal(np.load(wanted)["images"], images())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(4, np.uint8), "data: the array holds uint8 (4,); it must be pictures"),
        (np.array([object()] * 3), "data: the array holds pickled Python objects"),
        (np.zeros((4, 4, 4), [("r", "u1")]), "no numbers"),
        ([images()], "data: list is neither a path, a name, an array nor a pair (images, labels)"),
        ((images(), [1, 2]), "data: labels int64 (2,) are not one class"),
        ((images(), np.zeros(32)), "data: labels float64 (32,) are not one class"),
        ((images(), {"a": 1}), "data: dict is no array of classes"),
        (torch.zeros(4, 3, 8, 8, requires_grad=True), "data: Can't call numpy() on Tensor that requires grad"),
    ],
)
def test_what_is_no_array_of_pictures_is_one_line_and_leaves_nothing(cache: Path, data: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        train(cache.parent / "run", data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (cache / "arrays").exists()


def test_a_cache_that_cannot_be_written_is_one_line(cache: Path) -> None:
    cache.write_bytes(b"no folder")
    with pytest.raises(
        RunError,
        match=r"data: the array cannot be kept in the cache, GANACHE_CACHE names another: could not write .*array-",
    ):
        as_source(images())
