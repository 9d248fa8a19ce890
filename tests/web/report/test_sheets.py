"""Sheets of samples as a page has them: the cells' own pixels without gaps, within a number of bytes."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ganache import recipes
from ganache.drawing.grids import grid, scatter
from ganache.web.report import sheets
from ganache.web.report.found import find_run
from ganache.web.report.run_facts import run_facts
from ganache.web.report.sheets import picture_of, sheets_of
from tests.web.report.by_hand import RECORD, add_sheet, run_by_hand

Pixels = npt.NDArray[np.uint8]


def noise(count: int, side: int = 8, channels: int = 1) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def told(path: Path, room: float = 1.0) -> dict[str, Any]:
    found = sheets_of(find_run(path), room)
    assert found is not None
    return found


def opened(address: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    picture.load()
    return picture


def with_shape(channels: int, side: int) -> dict[str, Any]:
    return {**RECORD["data"], "shape": [channels, side, side]}


def test_cells_are_the_generators_own_pixels(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    images = noise(64)
    add_sheet(run, 0, grid(noise(64)[::-1]))
    add_sheet(run, 1_000, grid(images))
    found = told(run.path)
    assert found["images_seen"] == [0, 1_000]
    assert found["cells"] == {"count": 64, "columns": 8, "width": 8, "height": 8}
    pixels = np.asarray(opened(found["pictures"][-1]).convert("L"))
    assert np.array_equal(pixels.reshape(8, 8, 8, 8).swapaxes(1, 2).reshape(64, 8, 8, 1), images)


def test_a_conditional_sheet_names_its_columns(tmp_path: Path) -> None:
    names = ["cat", "dog", "</script>"]
    run = run_by_hand(tmp_path / "run", selection={"classes": names})
    recipe = run.recipe().changed(conditional=True)
    run.recipe_file.write_text(recipe.to_json())
    add_sheet(run, 0, grid(noise(24), columns=3))
    found = told(run.path)
    assert found["cells"] == {"count": 24, "columns": 3, "width": 8, "height": 8}
    assert found["names"] == names


def test_points_are_one_picture(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run", data={**RECORD["data"], "shape": [2, 1, 1]})
    add_sheet(run, 0, scatter(np.zeros((3, 2), np.float32)))
    found = told(run.path)
    assert found["cells"] == {"count": 1, "columns": 1, "width": 512, "height": 512}
    assert found["names"] == []


def test_a_sheet_of_another_layout_is_shown_whole(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    add_sheet(run, 0, Image.new("L", (90, 60)))
    add_sheet(run, 500, Image.new("L", (30, 40)))
    found = told(run.path)
    assert found["cells"] == {"count": 1, "columns": 1, "width": 30, "height": 40}
    assert found["images_seen"] == [500]


def test_large_sheets_are_made_smaller(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run", data=with_shape(3, 256))
    add_sheet(run, 0, grid(noise(64, 256, 3)))
    found = told(run.path)
    picture = opened(found["pictures"][0])
    assert max(picture.size) <= sheets.MOST_SIDE
    assert picture.size == (8 * found["cells"]["width"], 8 * found["cells"]["height"])


@pytest.mark.parametrize("room", [1.0, 0.25])
def test_all_sheets_together_stay_within_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: float
) -> None:
    run = run_by_hand(tmp_path / "run")
    for number in range(12):
        add_sheet(run, number, grid(noise(64)))
    whole = len(told(run.path)["pictures"][0]) * 3 / 4
    monkeypatch.setattr(sheets, "MOST_BYTES", round(5 * whole))
    found = told(run.path, room)
    assert sum(len(address) * 3 / 4 for address in found["pictures"]) <= 5 * whole * room * 1.1
    assert found["images_seen"][-1] == 11
    assert len(found["images_seen"]) == len(found["pictures"])


def test_sheets_that_are_larger_than_the_last_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_by_hand(tmp_path / "run")
    for number in range(8):
        add_sheet(run, number, grid(noise(64)))
    whole = len(told(run.path)["pictures"][0])
    add_sheet(run, 8, grid(np.zeros((64, 8, 8, 1), np.uint8)))  # by which it seems that all are small
    monkeypatch.setattr(sheets, "MOST_BYTES", 2 * whole)
    found = told(run.path)
    assert found["images_seen"] == [0, 4, 8]


def test_many_sheets_are_thinned_out(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    for number in range(100):
        add_sheet(run, number, Image.new("L", (8, 8)))
    found = told(run.path)
    assert len(found["pictures"]) == sheets.MOST_SHEETS
    assert (found["images_seen"][0], found["images_seen"][-1]) == (0, 99)


def test_what_is_no_picture_is_said_and_left_out(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    add_sheet(run, 0, grid(noise(64)))
    (run.samples / "00000500.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    (run.samples / "00000600.png").write_bytes(b"GIF89a")
    found = find_run(run.path)
    shown = sheets_of(found)
    assert shown is not None
    assert shown["images_seen"] == [0]
    assert [name for name in ("00000500.png", "00000600.png") if any(name in said for said in found.missing)]


def test_no_samples_and_odd_names(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    assert sheets_of(find_run(run.path)) is None
    (run.samples / "².png").write_bytes(b"")  # a digit to Python, and no number
    found = find_run(run.path)
    assert sheets_of(found) is None
    assert found.missing == ["The folder of samples holds something that is no sample."]


def test_the_nearest_pairs_are_made_smaller(tmp_path: Path) -> None:
    assert picture_of(tmp_path / "nearest.png") is None
    Image.new("RGB", (3_000, 1_500), "red").save(tmp_path / "nearest.png")
    address = picture_of(tmp_path / "nearest.png")
    assert address is not None
    assert opened(address).size == (sheets.MOST_SIDE, sheets.MOST_SIDE // 2)


@pytest.mark.parametrize(
    ("name", "third", "ways"), [("pix2pix", "what was wanted", 1), ("cyclegan", "the way back", 2)]
)
def test_a_translations_sheet_names_its_rows(tmp_path: Path, name: str, third: str, ways: int) -> None:
    data = {**RECORD["data"], "shape": [4, 8, 8], "given": 1}
    run = run_by_hand(tmp_path / "run", recipe=recipes.find(name), data=data)
    images = noise(3 * ways * 8, channels=3)
    add_sheet(run, 0, grid(images, columns=8))
    found = told(run.path)
    assert found["cells"] == {"count": 24 * ways, "columns": 8, "width": 8, "height": 8}
    assert found["rows"] == ["what was given", "its translation", third] * ways
    pixels = np.asarray(opened(found["pictures"][0]).convert("RGB")).reshape(3 * ways, 8, 8, 8, 3).swapaxes(1, 2)
    assert np.array_equal(pixels.reshape(images.shape), images)
    facts = run_facts(run.path)
    assert facts["translates"]
    assert facts["commands"]["sample"].startswith("ganache translate ")
