"""What a translator is given, as it is in training: animations, ranges of deep files, alpha, grey, turned pictures."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ganache
from ganache.data.decoding.films import Timing, read_timing
from ganache.data.decoding.pool import Decoders
from ganache.drawing import given_files
from ganache.drawing.translating import translate_to
from ganache.runs.trained_translators import TrainedTranslator
from ganache.support.errors import UserError
from tests.commands import run_command

SIDE = 16
SIZE = (24, 20)  # width, height of the pictures that it is given


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def shades(number: int = 0, bits: int = 8) -> NDArray[np.uint16]:
    """Return a grey picture (H, W) of so many bits, whose 8 highest are always the same."""
    values = np.random.default_rng(number).integers(0, 256, SIZE[::-1])
    values.flat[:2] = 0, 255
    deep: NDArray[np.uint16] = (values * (2**bits - 1) // 255).astype(np.uint16)
    return deep


def trained(data: Path, out: Path, **options: Any) -> Path:
    narrow = ["translator.width=4", "discriminator.width=4", "ema_half_life=4"]
    sized: dict[str, Any] = {"size": (SIDE, SIDE), "images": 16, "settings": narrow, **options}
    return ganache.train("pix2pix", data=data, task="edges", out=out, **sized).run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that makes colours of grey, which has learnt from files of 12 bits."""
    folder = tmp_path_factory.mktemp("deep")
    for number in range(6):
        Image.fromarray(shades(number, 12)).save(folder / f"{number}.png")
    return trained(folder, tmp_path_factory.mktemp("runs") / "deep")


@pytest.fixture(scope="module")
def film() -> list[Image.Image]:
    frames = []
    for number in range(given_files.AT_ONCE + 3):
        frame = Image.new("RGB", SIZE, (20, 60, 120))
        frame.paste((220, 200, 10), (number, 4, number + 5, 12))
        frames.append(frame)
    return frames


def save_film(frames: list[Image.Image], path: Path, **saved: Any) -> None:
    durations = [30 + 10 * number for number in range(len(frames))]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, **saved)


def timing(path: Path) -> Timing:
    with path.open("rb") as file:
        return read_timing(file)


@pytest.mark.parametrize("whole", [False, True])
def test_a_frame_becomes_what_it_would_as_a_picture(
    run: Path, film: list[Image.Image], tmp_path: Path, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(film):
        frame.save(tmp_path / f"frames/{number:02d}.png")
    save_film(film, tmp_path / "film.gif", loop=0)
    translate_to(run, tmp_path / "frames", tmp_path / "one by one", whole=whole)
    at_once: list[int] = []
    translate = TrainedTranslator.translate

    def noting(self: TrainedTranslator, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        at_once.append(len(images))
        return translate(self, images)

    monkeypatch.setattr(TrainedTranslator, "translate", noting)
    done = translate_to(run, tmp_path / "film.gif", tmp_path / "film.png", whole=whole)
    assert (done.pictures, done.frames, done.skipped) == (1, len(film), {})
    assert at_once == [given_files.AT_ONCE, 3]
    assert timing(tmp_path / "film.png") == timing(tmp_path / "film.gif")
    assert timing(tmp_path / "film.png").plays == 0
    with Image.open(tmp_path / "film.png") as made:
        assert made.size == (SIZE if whole else (SIDE, SIDE))
        for number in range(len(film)):
            made.seek(number)
            alone = pixels(tmp_path / f"one by one/{number:02d}.png")
            assert np.asarray(made.convert("RGB")).tolist() == alone.tolist()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_stays_one_in_every_format(
    run: Path, film: list[Image.Image], tmp_path: Path, suffix: str
) -> None:
    save_film(film[:4], tmp_path / "film.webp", loop=2)
    translate_to(run, tmp_path / "film.webp", tmp_path / f"made{suffix}")
    assert timing(tmp_path / f"made{suffix}") == Timing((30.0, 40.0, 50.0, 60.0), 2)


def test_a_folder_may_hold_pictures_animations_and_what_cannot_be_read(
    run: Path, film: list[Image.Image], tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    save_film(film[:3], folder / "below/film.gif")
    film[0].save(folder / "film.jpg")
    film[0].save(folder / "film.bmp")
    save_film(film[:5], folder / "broken.gif")
    broken = (folder / "broken.gif").read_bytes()
    (folder / "broken.gif").write_bytes(broken[: len(broken) * 2 // 3])
    shutil.make_archive(str(tmp_path / "folder"), "zip", folder)
    for source in (folder, tmp_path / "folder.zip"):
        out = tmp_path / f"from {source.name}"
        done = translate_to(run, source, out)
        assert (done.pictures, done.frames, list(done.skipped)) == (3, 3, ["broken.gif"])
        names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
        assert names == {"below/film.png", "film.png", "film.jpg.png"}  # neither has the other's place
        assert len(timing(out / "below/film.png").durations) == 3


def test_what_a_place_cannot_hold_is_one_line(run: Path, film: list[Image.Image], tmp_path: Path) -> None:
    save_film(film[:2], tmp_path / "film.gif")
    film[0].save(tmp_path / "still.png")
    for source, out, complaint in (
        ("film.gif", "x.jpg", "--out: '{}' would hold one picture; .png, .webp and .gif hold an animation"),
        ("still.png", "x.gif", "--out: '{}' is no picture; its name may end in .png, .jpg, .jpeg, .webp"),
    ):
        status, _, said = run_command("translate", run, tmp_path / source, "--out", tmp_path / out)
        assert (status, said) == (2, f"ganache: {complaint.format(tmp_path / out)}\n")
    assert not list(tmp_path.glob("*x.*"))


def test_a_frame_that_cannot_be_read_leaves_nothing_behind(
    run: Path, film: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_film(film, tmp_path / "film.gif")
    monkeypatch.setattr(Decoders, "timings", lambda self, names: iter([Timing((50.0,) * 40)]))
    with pytest.raises(UserError, match=r"^input: .*film.gif' cannot be read: frame 20: "):
        translate_to(run, tmp_path / "film.gif", tmp_path / "made.png")
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def made_of(run: Path, path: Path, **options: Any) -> NDArray[np.uint8]:
    out = path.with_name(f"made of {path.name}.png")
    translate_to(run, path, out, **options)
    return pixels(out)


@pytest.fixture
def plain(run: Path, tmp_path: Path) -> NDArray[np.uint8]:
    """What is made of a grey picture of 8 bits."""
    Image.fromarray(shades(9).astype(np.uint8)).save(tmp_path / "plain.png")
    return made_of(run, tmp_path / "plain.png")


def test_deep_files_are_read_by_the_range_of_the_training(run: Path, plain: NDArray[np.uint8], tmp_path: Path) -> None:
    values = shades(9, 12)
    Image.fromarray(values).save(tmp_path / "deep.png")
    assert made_of(run, tmp_path / "deep.png").tolist() == plain.tolist()
    Image.fromarray(values // 8).save(tmp_path / "dark.png")  # alone it would be taken for one of 9 bits
    Image.fromarray((shades(9) // 8).astype(np.uint8)).save(tmp_path / "as dark.png")
    apart = made_of(run, tmp_path / "dark.png").astype(int) - made_of(run, tmp_path / "as dark.png")
    assert abs(apart).max() <= 8  # what the division of 12 bits leaves of 8


def test_another_range_may_be_asked_for(run: Path, plain: NDArray[np.uint8], tmp_path: Path) -> None:
    Image.fromarray(shades(9, 14)).save(tmp_path / "deep.png")
    Image.fromarray((shades(9) / 255 * 2000 - 1000).astype(np.float32)).save(tmp_path / "real.tiff")
    assert made_of(run, tmp_path / "deep.png", value_range="0:16383").tolist() == plain.tolist()
    assert made_of(run, tmp_path / "real.tiff", value_range=(-1000.0, 1000.0)).tolist() == plain.tolist()
    assert made_of(run, tmp_path / "deep.png").tolist() != plain.tolist()
    command = ("translate", run, tmp_path / "deep.png", "--out", tmp_path / "x.png", "--range")
    assert run_command(*command, "0:16383")[0] == 0
    assert pixels(tmp_path / "x.png").tolist() == plain.tolist()
    status, _, said = run_command(*command, "much")
    assert (status, said.count("\n")) == (2, 1)


def test_where_training_met_none_the_files_show_their_range(tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    for number in range(4):
        Image.fromarray(shades(number).astype(np.uint8)).save(tmp_path / f"flat/{number}.png")
    flat = trained(tmp_path / "flat", tmp_path / "run")
    (tmp_path / "given").mkdir()
    for name, bits in (("plain", 8), ("deep", 12)):
        values = shades(9, bits)
        Image.fromarray(values if bits > 8 else values.astype(np.uint8)).save(tmp_path / f"given/{name}.png")
    done = translate_to(flat, tmp_path / "given", tmp_path / "made")
    assert done.ranges == ["deep files hold 0 … 4095: taken as 12 bits; --range LOW:HIGH says otherwise"]
    assert pixels(tmp_path / "made/deep.png").tolist() == pixels(tmp_path / "made/plain.png").tolist()


def test_alpha_grey_colours_and_turned_pictures_are_as_in_training(
    run: Path, plain: NDArray[np.uint8], tmp_path: Path
) -> None:
    grey = Image.fromarray(shades(9).astype(np.uint8))
    Image.merge("RGB", [grey] * 3).save(tmp_path / "colours.png")
    Image.merge("LA", [grey, Image.new("L", SIZE, 255)]).save(tmp_path / "opaque.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    grey.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=turned)
    for name in ("colours.png", "opaque.png", "turned.png"):
        assert made_of(run, tmp_path / name).tolist() == plain.tolist(), name
    Image.new("LA", SIZE, (70, 0)).save(tmp_path / "clear.png")
    Image.new("L", SIZE, 255).save(tmp_path / "white.png")
    assert made_of(run, tmp_path / "clear.png").tolist() == made_of(run, tmp_path / "white.png").tolist()


def test_pictures_that_would_be_too_large_are_skipped(
    run: Path, film: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given_files, "MOST_PIXELS", SIDE * SIDE)
    (tmp_path / "some").mkdir()
    save_film(film[:2], tmp_path / "some/film.gif")
    Image.new("L", (SIDE, SIDE)).save(tmp_path / "some/still.png")
    done = translate_to(run, tmp_path / "some", tmp_path / "made", whole=True)
    assert done.pictures == 1
    assert done.skipped == {"film.gif": "20x24 pixels, translated, are above 256"}
    monkeypatch.setattr(given_files, "MOST_PIXELS", SIDE * SIDE - 1)
    with pytest.raises(UserError, match=r"^run: it makes pictures of 256 pixels, above 255$"):
        translate_to(run, tmp_path / "some", tmp_path / "others")
