"""What is said before a training begins: the same lines in `train`, its dry run and `data info`, and never too many."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.data import preview
from ganache.support.units import brief, counted, listed
from ganache.training.briefing import data_lines
from tests.commands import TINY, run_command
from tests.conftest import SMALL


def mess(folder: Path) -> Path:
    """Write two classes of two sizes in grey and colour, a held-out picture, files to skip and files to ignore."""
    for split, name, size, mode in (
        *(("train", "cats", (12, 12), "L") for _ in range(3)),
        *(("train", "dogs", (12, 16), "RGB") for _ in range(2)),
        ("test", "cats", (12, 12), "L"),
    ):
        place = folder / split / name
        place.mkdir(parents=True, exist_ok=True)
        number = len(list(place.iterdir()))
        Image.new(mode, size[::-1], number).save(place / f"{number}.png")
    for number in range(5):
        (folder / "train" / "cats" / f"broken{number}.png").write_text("no picture")
        (folder / "train" / "dogs" / f"{number}.HEIC").write_text("of a telephone")
    (folder / "train" / "cats" / "odd\x1b[31m\n.txt").touch()
    return folder


EXPECTED = [
    "data           mess: 6 images of 12×12, 1 channel",
    "size           12x12: the images have 2 different sizes with a median short side of 12 pixels",
    "channels       1: 4 of 6 images have as many",
    "resize         scaled to cover the shape",
    "converted      3 to 1 channels (2), resized or cropped (2)",
    "splits         train 5, test 1",
    "classes        2: cats (4), dogs (2)",
    "skipped        5 files",
    "               train/cats/broken0.png: not an image",
    "               … and 2 more; the packed store's manifest.json lists them all",
    "ignored        6 files that are no images by their names: .heic (5), .txt (1)",
    "advice         .heic cannot be read here; save them as JPEG, PNG or TIFF first",
    "fingerprint    ",
]
OF_A_TRAINING = [
    "recipe         r3gan: R3GAN (Huang et al. 2024",
    "device         cpu, fp32, 1 thread, seed 0",
    "chosen for     pictures: ",
    "budget         32 images, about ",
    "run            runs/r3gan-mess",
]


@pytest.mark.parametrize("words", [("train",), ("train", "--dry-run"), ("data", "info")])
def test_train_says_first_what_the_dry_run_and_data_info_say(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train` said nothing of its data: not what it skipped, ignored, cropped or converted, nor how long it takes."""
    mess(tmp_path / "mess")
    monkeypatch.chdir(tmp_path)
    of_a_training = words[0] == "train"
    arguments: tuple[str | int, ...] = (
        (*words, "--data", "mess", "--precision", "fp32", *TINY) if of_a_training else (*words, "mess")
    )
    status, text, said = run_command(*arguments)
    assert (status, said) == (0, "")
    lines = text[text.index("data           ") :].splitlines()
    for expected in EXPECTED + OF_A_TRAINING * of_a_training:
        assert sum(line.startswith(expected) for line in lines) == 1, expected
    if words == ("train",):
        begun = next(index for index, line in enumerate(lines) if line.startswith("run "))
        assert all("images/s  " not in line for line in lines[: begun + 1])
        assert any("images/s  " in line for line in lines[begun + 1 :])
        assert begun < 24


def test_resume_says_in_short_what_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mess(tmp_path / "mess")
    monkeypatch.chdir(tmp_path)
    ganache.train("dcgan", data="mess", images=32, settings=SMALL)
    _, text, _ = run_command("resume", "runs/dcgan-mess", "--images", 48)
    lines = text.splitlines()
    assert lines[0].startswith("run            runs/dcgan-mess: dcgan: Deep")
    assert lines[1] == f"data           {tmp_path / 'mess'}: 6 images of 12×12, 1 channel"
    assert lines[2].startswith("device         cpu, ")
    assert lines[3].startswith("budget         32 images seen in ")
    assert ", of 48 images, about " in lines[3]
    assert any("images/s" in line for line in lines[4:])


def test_resume_says_where_the_checkpoint_stands_that_it_takes(tmp_path: Path) -> None:
    run = tmp_path / "run"
    ganache.train("dcgan", data="digits", images=256, out=run, settings=SMALL)
    newest, before, *_ = sorted((run / "checkpoints").iterdir(), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-1])
    _, text, _ = run_command("resume", run)
    said = [line for line in text.splitlines() if line.startswith("budget ")]
    assert [line.split()[1] for line in said] == [str(int(before.stem))]
    assert text.index("set aside") < text.index(said[0])


@pytest.mark.parametrize("budget", [("--images", 48), ("--time", "0.2s")])
def test_what_is_said_costs_no_bit_of_the_training(
    budget: tuple[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The estimate trains a network that is thrown away; the run's own is the one of a silent training."""
    settings = [word for setting in SMALL for word in ("--set", setting)]
    run_command("train", "--data", "digits", "--out", tmp_path / "told", *budget, *settings)
    name = str(budget[0]).removeprefix("--")
    ganache.train(data="digits", out=tmp_path / "silent", settings=SMALL, **{name: budget[1]})
    assert capsys.readouterr().out == ""
    first = [tmp_path / name / "checkpoints" / "00000000.safetensors" for name in ("told", "silent")]
    files = [*first, *(tmp_path / name / "generator.safetensors" for name in ("told", "silent"))]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if name == "images" or file in first]
    assert len(set(digests)) == len(digests) // 2


def test_however_much_there_is_to_say_it_is_said_shortly() -> None:
    """Thousands of classes were one line of thousands of names, each skipped file had a line of its own."""
    summary = {
        "source": "x" * 5_000,
        "count": 1,
        "shape": [1, 5, 7],
        "classes": {f"class {number}": number for number in range(1_000)},
        "unlabelled": 3,
        "splits": {"train": [0, 1]},
        "skipped": [{"file": "f" * 5_000, "reason": "r" * 5_000}] * 100,
        "skipped_count": 1_000_000,
        "ignored_count": 1,
        "ignored_suffixes": {"": 1},
        "fingerprint": "f" * 64,
    }
    lines = list(data_lines(summary))
    assert len(lines) == 11
    assert max(map(len, lines)) < 420
    assert lines[0].endswith(": 1 image of 5×7, 1 channel")
    assert "classes        1,000: class 0 (0), class 1 (1)," in lines[2]
    assert lines[2].endswith("class 9 (9), … and 990 more")
    assert lines[3] == "without class  3"
    assert lines[-2] == "ignored        1 file that is no image by its name: no suffix (1)"


def test_numbers_agree_with_their_nouns() -> None:
    """It was "1 images", "1 files", "1 threads"."""
    found = [counted(count, "image") for count in (0, 1, 2, 1_797)]
    assert found == ["0 images", "1 image", "2 images", "1,797 images"]
    assert [counted(count, "class", "classes") for count in (1, 10)] == ["1 class", "10 classes"]


def test_lists_end_with_how_many_more_there_are() -> None:
    assert listed([]) == ""
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(list("abcde"), 2, "; ") == "a; b; … and 3 more"
    assert brief("x" * 160) == "x" * 160
    assert brief("abcdefghij", 5) == "ab…ij"
    assert len(brief("x" * 500)) == 160


def test_endless_data_have_neither_a_count_nor_splits() -> None:
    lines = list(data_lines(preview("ring").summary()))
    assert lines[0] == "data           ring: endless points of 1×1, 2 channels"
    assert not any(line.startswith("splits") for line in lines)


def test_pictures_of_one_pixel_are_pictures(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "dot.png")
    assert next(data_lines(preview(tmp_path).summary())).endswith(": 1 image of 1×1, 1 channel")
