"""The sets on which defaults are compared are cut as they say, and the table has the median over the seeds."""

import io
import zipfile
from pathlib import Path

from PIL import Image

from benchmarks.defaults import sets
from benchmarks.defaults.__main__ import Cell, rows


def _zip(path: Path, names: list[str], mode: str = "RGB") -> Path:
    content = io.BytesIO()
    Image.new(mode, (32, 32)).save(content, format="PNG")
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content.getvalue())
        archive.writestr("LICENSE", "not a picture")
    return path


def _names(path: str) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return sorted(archive.namelist())


def test_a_part_of_a_set_has_so_many_of_each_class_and_the_whole_test_split(tmp_path: Path) -> None:
    names = [f"{split}/{kind}/{number}.png" for split in ("train", "test") for kind in "ab" for number in range(3)]
    whole = _zip(tmp_path / "whole.zip", names)
    part = sets.written(tmp_path / "part.zip", whole, lambda archive: sets.first_of_each(archive, 2))
    assert _names(part) == sorted(name for name in names if name.startswith("test") or not name.endswith("2.png"))


def test_every_fifth_picture_without_a_split_is_held_out_and_flags_are_nowhere(tmp_path: Path) -> None:
    source = _zip(tmp_path / "emoji.zip", [f"A/{number}.png" for number in range(1, 8)] + ["A/1f1e9.png"], "RGBA")
    made = sets.known(tmp_path, None, source)["pictures64"]()
    assert _names(made.data) == [
        "test/A-1.png",
        "test/A-6.png",
        *(f"train/A-{number}.png" for number in (2, 3, 4, 5, 7)),
    ]
    assert (made.reals, made.split, made.labelled) == (made.data, "test", False)
    with zipfile.ZipFile(made.data) as archive, archive.open("train/A-2.png") as file:
        picture = Image.open(file)
        assert (picture.mode, picture.size) == ("RGB", (64, 64))
        assert picture.getpixel((0, 0)) == (255, 255, 255)  # transparent lies on white


def test_the_table_has_the_median_of_the_seeds_and_the_smallest_class_of_all() -> None:
    cells = [
        Cell("mnist", "dcgan", seed, 100 * seed, seed == 2, distance, "fd/classifier@10k-vs-test", share)
        for seed, distance, share in ((0, 9.0, 0.05), (1, 2.0, 0.04), (2, 4.0, 0.06))
    ]
    assert rows(cells)[1] == (
        *("mnist", "dcgan", "100", "4.00", "2.00, 4.00, 9.00", "4.0%"),
        "fd/classifier@10k-vs-test (diverged)",
    )
