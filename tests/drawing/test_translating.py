"""Pictures translated by a run: as its sheet has them, of any size, in parts without seams, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import ganache
from ganache.data.shape import ImageShape
from ganache.drawing.origins import Marks
from ganache.drawing.translating import translate_to
from ganache.networks import ResidualTranslator, UNet
from ganache.runs import trained_translators as translators
from ganache.runs.trained_translators import TrainedTranslator, load_translator
from ganache.support.errors import UserError
from ganache.training.observers.translation_sheet import COLUMNS
from ganache.training.plan import Request, make_plan
from tests.commands import run_command

SIDE = 16


def pixels(path: Path, mode: str | None = None) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert(mode or picture.mode))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for number in range(12):
        split = "test" if number >= 12 - COLUMNS else "train"
        path = folder / split / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "colours"
    settings = ["translator.width=4", "discriminator.width=4", "ema_half_life=4"]
    ganache.train("pix2pix", data=pictures, task="colorize", out=out, images=16, size=(SIDE, SIDE), settings=settings)
    return out


def test_a_sheets_cells_are_what_translate_makes_of_the_same_files(run: Path, pictures: Path, tmp_path: Path) -> None:
    done = translate_to(run, pictures / "test", tmp_path / "made")
    assert (done.pictures, done.skipped) == (COLUMNS, {})
    sheet = pixels(sorted((run / "samples").glob("*.png"))[-1], "RGB")
    factor = (sheet.shape[1] - 2 * (COLUMNS - 1)) // (COLUMNS * SIDE)
    step = SIDE * factor + 2
    second = sheet[step : step + SIDE * factor : factor]
    cells = {second[:, column * step : column * step + SIDE * factor : factor].tobytes() for column in range(COLUMNS)}
    made = {pixels(path).tobytes() for path in (tmp_path / "made").glob("*.png")}
    assert len(made) == COLUMNS
    assert made == cells


def test_a_run_on_crops_takes_pictures_of_the_size_that_they_are_cut_from(pictures: Path, tmp_path: Path) -> None:
    narrow = ["translator.width=2", "translator.blocks=1", "translator.scale=2", "discriminator.width=4"]
    asked: Any = {"task": "super-resolution:2", "size": "16x20", "crop": "8", "images": 8}
    run = ganache.train("esrgan", data=pictures, out=tmp_path / "run", settings=narrow, **asked).run
    assert pixels(sorted((run / "samples").glob("*.png"))[-1]).shape[1] % 8 == 2 * (COLUMNS - 1) % 8
    translate_to(run, pictures / "test/05.png", tmp_path / "one.png")
    assert pixels(tmp_path / "one.png").shape == (16, 20, 3)


def test_a_task_of_another_scale_than_the_networks_is_one_line_before_the_data_are_read(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"data": str(tmp_path / "none"), "out": tmp_path / "run", "images": 8}
    with pytest.raises(UserError, match=r"^translator: .* 4 times as large, and the task 2 times: --set trans.*=2 or "):
        ganache.train("esrgan", task="super-resolution:2", **asked)
    with pytest.raises(UserError, match=r"^translator: .* 4 times as large, and the task does not: --task super-res"):
        ganache.train("esrgan", task="edges", **asked)
    whole = (("super-resolution", ()), ("super-resolution:2", ["translator.scale=2"]), ("side-by-side", ()))
    for task, settings in whole:
        with pytest.raises(UserError, match=r"^data: "):  # which there are none
            ganache.train("esrgan", task=task, settings=settings, **asked)
    with pytest.raises(UserError, match=r"^data: "):  # a network that takes any picture
        ganache.train("pix2pix", task="super-resolution:2", **asked)


def test_one_picture_alone_is_the_same_as_among_others(run: Path, pictures: Path, tmp_path: Path) -> None:
    translate_to(run, pictures / "test", tmp_path / "made")
    translate_to(run, pictures / "test/05.png", tmp_path / "one.png")
    assert np.array_equal(pixels(tmp_path / "one.png"), pixels(tmp_path / "made/05.png"))
    with Image.open(tmp_path / "one.png") as made:
        assert b"trainedAlgorithmicMedia" in made.info["xmp"]
    translate_to(run, pictures / "test/05.png", tmp_path / "silent.png", marks=Marks(metadata=False))
    with Image.open(tmp_path / "silent.png") as made:
        assert made.info == {}


def test_whole_pictures_keep_their_size_and_unreadable_ones_are_named(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    for number, size in enumerate([(7, 9), (40, 33), (7, 9)]):
        Image.new("RGB", size, (200, 10 * number, 0)).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    done = translate_to(run, folder, tmp_path / "out", whole=True)
    assert done.pictures == 3
    assert list(done.skipped) == ["broken.png"]
    assert [pixels(tmp_path / f"out/{number}.png").shape[1::-1] for number in range(3)] == [(7, 9), (40, 33), (7, 9)]


def test_another_training_begins_with_its_weights(run: Path, pictures: Path) -> None:
    asked = Request(data=str(pictures), start=run, task="colorize", size=(SIDE, SIDE))
    plan = make_plan(asked, write=False)
    assert plan.start is not None
    assert (plan.recipe.name, plan.start.shape, plan.start.images_seen) == ("pix2pix", plan.data.shape, 16)


def test_what_cannot_be_translated_is_one_line(run: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^run: .* translates a-to-b alone"):
        translate_to(run, pictures, tmp_path / "out", direction="b-to-a")
    with pytest.raises(UserError, match=r"' translates pictures and draws none of its own: ganache translate "):
        ganache.load(run)
    with pytest.raises(UserError, match=r"^direction: 'back' is not one of a-to-b, b-to-a$"):
        load_translator(run, "back")
    with pytest.raises(UserError, match=r"^input: there is no"):
        translate_to(run, tmp_path / "none", tmp_path / "out")
    with pytest.raises(UserError, match=r"is no picture; its name may end in"):
        translate_to(run, pictures / "test/05.png", tmp_path / "out")
    with pytest.raises(UserError, match=r"^images: this translator takes uint8 \(N, H, W, 1\), not uint8"):
        load_translator(run).translate(np.zeros((1, 4, 4, 3), np.uint8))


def test_the_commands_train_resume_and_translate(pictures: Path, tmp_path: Path) -> None:
    narrow = ["--set", "translator.width=2", "--set", "discriminator.width=4"]
    out = str(tmp_path / "larger")
    begin = ["train", "pix2pix", "--data", str(pictures), "--task", "super-resolution:4", "--size", "16", *narrow]
    status, said, _ = run_command(*begin, "--images", "8", "--out", out)
    assert status == 0
    assert f"ganache translate {out}" in said
    assert run_command("resume", out, "--images", "16")[0] == 0
    status, said, _ = run_command("translate", out, str(pictures / "test/05.png"), "--out", str(tmp_path / "x.png"),
                                  "--whole")  # fmt: skip
    assert (status, said) == (0, f"1 picture translated a-to-b: {tmp_path / 'x.png'}\n")
    assert pixels(tmp_path / "x.png").shape == (4 * 20, 4 * 24, 3)


@pytest.mark.parametrize("config", [UNet(width=2, depth=3), ResidualTranslator(width=2, blocks=1)])
def test_parts_meet_without_seams(config: UNet | ResidualTranslator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translators, "TILE", 96)
    monkeypatch.setattr(translators, "OVERLAP", 16)
    torch.manual_seed(0)
    shape = ImageShape(1, 32, 32)
    network = config.build(shape, shape).eval()
    translator = TrainedTranslator(network, shape, shape, {})
    down, across = np.meshgrid(np.arange(130), np.arange(210), indexing="ij")
    image = (127 + 60 * np.sin(down / 9) + 60 * np.cos(across / 7)).astype(np.uint8)[None, :, :, None]
    made = translator.translate(image).astype(int)
    monkeypatch.setattr(translators, "TILE", 512)
    whole = translator.translate(image).astype(int)
    assert made.shape == whole.shape == (1, 130, 210, 1)
    if network.margin is not None and network.margin <= 24:
        assert abs(made - whole).max() <= 1
    # No step between neighbours that the whole translation has not; parts with statistics of their own have their own
    # contrast, and fade over 16 pixels.
    more = 2 if network.margin is not None else 255 / 16 + 4
    for axis in (1, 2):
        assert abs(np.diff(made, axis=axis)).max() <= abs(np.diff(whole, axis=axis)).max() + more
