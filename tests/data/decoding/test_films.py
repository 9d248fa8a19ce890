"""Animations read frame by frame by a decoder process: as Pillow shows them, in order, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganache.data.containers import open_container
from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding import films
from ganache.data.decoding.films import Film, Timing, read_timing
from ganache.data.decoding.pool import SMALL, Decoders, Workers
from ganache.data.decoding.process import PROGRAM
from ganache.data.shape import ImageShape

SHAPE = ImageShape(3, 6, 8)
# A decoder that is ended by the third frame of whatever it reads.
_FRAGILE = """
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from ganache.data.decoding import worker
from ganache.data.decoding.films import Film
def frame(self, number, shape, read=Film.frame):
    return os._exit(7) if number == 2 else read(self, number, shape)
Film.frame = frame
worker.main()
"""


def moving(path: Path, count: int = 5, mode: str = "RGB", **saved: Any) -> list[NDArray[np.uint8]]:
    """Write an animation in which a small square wanders, and return its frames as (C, H, W)."""
    frames = []
    for number in range(count):
        frame = Image.new(mode, (8, 6), (0, 80, 160, 255)[: len(mode)])
        frame.paste((200, 250, 0, 255)[: len(mode)], (number, number % 4, number + 2, number % 4 + 2))
        frames.append(frame)
    options = {"duration": [40 * (number + 1) for number in range(count)], "loop": 0, "lossless": True, **saved}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return [np.asarray(frame.convert("RGB")).transpose(2, 0, 1) for frame in frames]


def timing(path: Path) -> Timing:
    with path.open("rb") as file:
        return read_timing(file)


def read(path: Path, count: int, at_once: int = 2, program: str = PROGRAM) -> tuple[NDArray[np.uint8], list[Any]]:
    workers = Workers(processes=1, program=program)
    with Decoders(open_container(path.parent), workers) as decoders:
        found = list(decoders.frames(path.name, count, at_once, SHAPE, SMALL))
    assert [len(part.reasons) for part in found[:-1]] == [at_once] * (len(found) - 1)
    return np.concatenate([part.images for part in found]), [why for part in found for why in part.reasons]


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_frames_are_those_that_a_program_would_show(tmp_path: Path, name: str) -> None:
    expected = moving(tmp_path / name)
    assert timing(tmp_path / name) == Timing((40.0, 80.0, 120.0, 160.0, 200.0), 0)
    images, reasons = read(tmp_path / name, 5)
    assert reasons == [None] * 5
    assert images.tolist() == np.stack(expected).tolist()


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.gif", {}), ("b.gif", {"loop": None}), ("c.gif", {"loop": 2}), ("a.webp", {"loop": 3}), ("a.png", {"loop": 1})],
)
def test_how_often_it_is_played(tmp_path: Path, name: str, said: dict[str, Any]) -> None:
    saved = {**said}
    if saved.get("loop", 0) is None:
        frames = [Image.new("L", (4, 4), 50 * number) for number in range(2)]
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=50)
    else:
        moving(tmp_path / name, **saved)
    # A GIF says how often it is repeated.
    expected = {"a.gif": 0, "b.gif": 1, "c.gif": 3, "a.webp": 3, "a.png": 1}[name]
    assert timing(tmp_path / name).plays == expected


def test_the_picture_for_programs_without_animations_is_no_frame(tmp_path: Path) -> None:
    expected = moving(tmp_path / "a.png", default_image=True, duration=70)
    assert timing(tmp_path / "a.png").durations == (70.0,) * 4
    assert read(tmp_path / "a.png", 4)[0].tolist() == np.stack(expected[1:]).tolist()


def test_what_does_not_move_has_no_frames(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "still.png")
    pages = [Image.new("RGB", (4, 4), (number, 0, 0)) for number in range(2)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    assert timing(tmp_path / "still.png") == timing(tmp_path / "pages.tiff") == Timing((), 0)


def test_frames_lie_as_the_file_says(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    expected = moving(tmp_path / "a.webp", exif=turned)
    assert read(tmp_path / "a.webp", 5)[0].tolist() == np.stack(expected)[..., ::-1, ::-1].tolist()


def test_alpha_is_laid_over_white(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (8, 6), (10, 20, 30, 0)), Image.new("RGBA", (8, 6), (10, 20, 30, 255))]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True, duration=50)
    images, _ = read(tmp_path / "a.webp", 2)
    assert images[:, :, 0, 0].tolist() == [[255, 255, 255], [10, 20, 30]]


def test_a_damaged_one_is_a_reason(tmp_path: Path) -> None:
    for name in ("a.gif", "a.png", "a.webp"):
        moving(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
        with Decoders(open_container(tmp_path)) as decoders:
            (said,) = decoders.timings([name])
        assert isinstance(said, str), name


def test_too_many_frames_and_deep_ones_are_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moving(tmp_path / "a.gif")
    monkeypatch.setattr(films, "MOST_FRAMES", 4)
    with pytest.raises(UnreadableError, match=r"^5 frames are above 4$"):
        timing(tmp_path / "a.gif")
    monkeypatch.undo()
    moving(tmp_path / "a.png")
    monkeypatch.setattr(films, "is_deep", lambda image: True)
    film = Film(open_container(tmp_path), "a.png")
    with pytest.raises(UnreadableError, match=r"^animations of more than 8 bits are not read"):
        film.frame(0, SHAPE)
    film.close()


def test_a_frame_that_ends_the_process_costs_the_frames_asked_for_with_it_no_more(tmp_path: Path) -> None:
    moving(tmp_path / "a.gif")
    images, reasons = read(tmp_path / "a.gif", 5, program=_FRAGILE)
    assert reasons == [None, None, "ended the decoder process (exit status 7)", None, None]
    assert len(images) == 4
