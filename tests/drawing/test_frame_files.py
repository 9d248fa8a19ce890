"""Animations written frame by frame: read again by Pillow, frame for frame, with their times and marks."""

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganache.data.decoding.films import Timing, read_timing
from ganache.drawing.frame_files import write_frames
from ganache.drawing.origins import BARE, PLAIN, Marks, Origin, Stamp
from ganache.support.errors import UserError

SIZE = (9, 6)  # width, height
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def pixels(number: int, mode: str) -> NDArray[np.uint8]:
    """Return a smooth picture, which no format changes much; with alpha one half is clear, and then the other."""
    down, across = np.mgrid[: SIZE[1], : SIZE[0]]
    planes = [10 * down + 3 * across + 30 * number + 20 * plane for plane in range(CHANNELS[mode])]
    if mode in ("LA", "RGBA"):
        planes[-1] = np.where((across < 4) == (number % 2 == 0), 0, 255)
    return np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)


def frames(count: int, mode: str) -> list[Image.Image]:
    return [Image.fromarray(pixels(number, mode).squeeze(), mode) for number in range(count)]


def written(tmp_path: Path, suffix: str, mode: str, timing: Timing, stamp: Stamp = BARE) -> Path:
    path = tmp_path / f"film{suffix}"
    write_frames(path, iter(frames(len(timing.durations), mode)), timing, stamp)
    return path


@pytest.mark.parametrize("mode", CHANNELS)
@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_frames_come_back_in_their_order_and_whole(tmp_path: Path, suffix: str, mode: str) -> None:
    path = written(tmp_path, suffix, mode, Timing((100.0,) * 4, 0))
    with Image.open(path) as film:
        assert (film.n_frames, film.size) == (4, SIZE)  # type: ignore[attr-defined]
        for number in range(4):
            film.seek(number)
            found = np.asarray(film.convert("RGBA")).astype(int)
            expected = np.asarray(frames(4, mode)[number].convert("RGBA")).astype(int)
            assert np.array_equal(found[..., 3], expected[..., 3])
            shows = expected[..., 3] > 0  # what is clear has no colour
            most = {".png": 0, ".gif": 0, ".webp": 24}[suffix]
            assert abs(found - expected)[shows].max() <= most


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
@pytest.mark.parametrize("plays", [0, 1, 4])
def test_times_and_turns_are_kept(tmp_path: Path, suffix: str, plays: int) -> None:
    timing = Timing((40.0, 1000.0, 20.0, 90_000.0), plays)
    with written(tmp_path, suffix, "RGB", timing).open("rb") as file:
        assert read_timing(file) == timing


def test_times_that_a_format_has_not_are_rounded_as_a_whole(tmp_path: Path) -> None:
    third = Timing((100 / 3,) * 30)
    sums = {}
    for suffix, tick in ((".png", 0.0), (".webp", 1.0), (".gif", 10.0)):
        with written(tmp_path, suffix, "L", third).open("rb") as file:
            found = read_timing(file).durations
        sums[suffix] = sum(found)
        assert all(abs(one - 100 / 3) <= tick + 1e-6 for one in found)
    assert sums == {".png": pytest.approx(1000, abs=0.01), ".webp": 1000, ".gif": 1000}


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_few_frames_are_in_memory(tmp_path: Path, suffix: str) -> None:
    made: list[weakref.ref[Image.Image]] = []

    def lazily() -> Iterator[Image.Image]:
        for number in range(9):
            frame = Image.fromarray(pixels(number, "RGB"))
            made.append(weakref.ref(frame))
            assert sum(one() is not None for one in made) <= 3
            yield frame
            del frame

    write_frames(tmp_path / f"film{suffix}", lazily(), Timing((50.0,) * 9))
    assert len(made) == 9


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_a_stamp_is_on_the_file_once_and_a_signer_sees_it_whole(tmp_path: Path, suffix: str) -> None:
    origin = Origin("pix2pix", 9, "ab" * 32, {"translated": "a-to-b"})
    path = written(tmp_path, suffix, "RGB", Timing((50.0,) * 3), PLAIN.on(origin))
    content = path.read_bytes()
    assert content.count(b"trainedAlgorithmicMedia") == 2  # the packet names the type, and all that is known of it
    with Image.open(path) as film:
        film.load()
        known = film.info.get("xmp") or film.info.get("comment") or film.info.get("XML:com.adobe.xmp")
    assert "pix2pix" in str(known)
    assert b"trained" not in written(tmp_path, suffix, "RGB", Timing((50.0,) * 3), Marks(False).on(origin)).read_bytes()

    class Signer:
        def sign(self, content: bytes, kind: str, origin: Origin) -> bytes:
            return kind.encode() + content

    signed = written(tmp_path, suffix, "RGB", Timing((50.0,) * 3), Marks(True, Signer()).on(origin)).read_bytes()
    assert signed == suffix[1:].upper().encode() + content


def test_other_suffixes_and_sides_that_a_format_has_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--out: .*film.jpg' would hold one picture; .png, .webp and .gif hold"):
        written(tmp_path, ".jpg", "RGB", Timing((50.0,) * 2))
    wide = Image.new("L", (16_384, 1))
    with pytest.raises(UserError, match=r"^--out: a WebP has at most 16,383 pixels a side"):
        write_frames(tmp_path / "wide.webp", iter([wide, wide]), Timing((50.0,) * 2))
    assert list(tmp_path.iterdir()) == []
