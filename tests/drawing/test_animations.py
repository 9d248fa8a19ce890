import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from ganache.drawing import animations
from ganache.support.errors import RunError, UserError


def solid(*colours: Any, size: tuple[int, int] = (16, 12), mode: str = "RGB") -> list[Image.Image]:
    return [Image.new(mode, size, colour) for colour in colours]


def played(path: Path) -> tuple[list[int], list[Any]]:
    """Return the duration of each frame in milliseconds and its pixel in the middle."""
    with Image.open(path) as image:
        durations, middles = [], []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            durations.append(int(image.info["duration"]))
            middles.append(image.convert("RGB").getpixel((image.width // 2, image.height // 2)))
    return durations, middles


def test_frames_are_chosen_evenly_with_both_ends() -> None:
    paths = [Path(f"{index:08d}.png") for index in range(11)]
    assert animations.fit_frames(paths) == paths
    assert animations.fit_frames(paths, 3) == [paths[0], paths[5], paths[10]]
    assert animations.fit_frames(paths, 2) == [paths[0], paths[10]]
    chosen = [int(path.name) for path in animations.fit_frames([Path(str(index)) for index in range(1000)])]
    assert (len(chosen), chosen[0], chosen[-1]) == (120, 0, 999)
    assert {after - before for before, after in itertools.pairwise(chosen)} == {8, 9}


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_keep_frames_durations_and_loop(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"new/progress{suffix}"
    animations.animate(iter(solid("red", "lime", "blue")), out, 4)
    durations, middles = played(out)
    assert durations == [250, 250, 1000]
    assert np.abs(np.array(middles) - np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)])).max() <= 6
    with Image.open(out) as image:
        assert image.size == (16, 12)
        assert image.info["loop"] == 0
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_an_animation_may_play_once(tmp_path: Path) -> None:
    for suffix in (".gif", ".webp"):
        animations.animate(solid("red", "blue"), tmp_path / f"once{suffix}", 5, loop=False, hold_last=0)
    with Image.open(tmp_path / "once.gif") as image:
        assert "loop" not in image.info
    with Image.open(tmp_path / "once.webp") as image:
        assert image.info["loop"] == 1
    assert played(tmp_path / "once.gif")[0] == [200, 200]


def test_speeds_that_the_format_cannot_say_exactly_hold_on_average(tmp_path: Path) -> None:
    grays = solid(*range(0, 31 * 8, 8), mode="L")
    animations.animate(grays, tmp_path / "fast.gif", 30)
    durations, middles = played(tmp_path / "fast.gif")
    # Hundredths of a second: 3, 4, 3, 3, 4, 3 … and 30 of them make one second.
    assert durations[:3] == [30, 40, 30]
    assert sum(durations[:-1]) == 1000
    assert middles == [(value,) * 3 for value in range(0, 31 * 8, 8)]
    animations.animate(grays, tmp_path / "faster.gif", 1000)
    assert set(played(tmp_path / "faster.gif")[0][:-1]) == {20}


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_gray_frames_stay_exact(tmp_path: Path, suffix: str) -> None:
    frames = [np.roll(np.arange(256, dtype=np.uint8), shift).reshape(16, 16) for shift in (0, 100)]
    out = tmp_path / f"gray{suffix}"
    animations.animate([Image.fromarray(frame) for frame in frames], out, 2)
    with Image.open(out) as image:
        for index, frame in enumerate(frames):
            image.seek(index)
            assert np.array_equal(np.asarray(image.convert("L")), frame)


def test_a_gif_of_photographs_comes_close_and_keeps_white(tmp_path: Path) -> None:
    across, down = np.meshgrid(np.linspace(0, 200, 96), np.linspace(40, 250, 96))
    photograph = np.stack([across, down, 255 - across], axis=-1)
    photograph[:, 40:44], photograph[:, 44:60] = 255, 252
    noise = np.random.default_rng(0).integers(0, 256, photograph.shape)
    frames = [np.uint8(photograph * k + noise * (1 - k)) for k in (0, 0.5, 1)]
    animations.animate([Image.fromarray(frame) for frame in frames], tmp_path / "photo.gif", 2)
    with Image.open(tmp_path / "photo.gif") as image:
        image.seek(2)
        shown = np.asarray(image.convert("RGB")).astype(float)
    assert (shown[:, 41:43] == 255).mean() > 0.9
    # A dithered colour is right on average over a few pixels.
    blocks = np.abs((shown - photograph).reshape(12, 8, 12, 8, 3).mean(axis=(1, 3)))
    assert blocks.mean() < 6


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".mp4"])
def test_alpha_is_laid_over_white(tmp_path: Path, suffix: str) -> None:
    half, none = (0, 0, 0, 128), (0, 0, 0, 0)
    out = tmp_path / f"alpha{suffix}"
    animations.animate(solid(half, none, mode="RGBA"), out, 2)
    shown = decoded(out, 16, 12)[0][:, 6, 8] if suffix == ".mp4" else played(out)[1]
    assert np.abs(np.array(shown[:2]) - np.array([(127,) * 3, (255,) * 3])).max() <= 4


def decoded(path: Path, width: int, height: int) -> Any:
    """Return the frames (N, H, W, 3) of a video and what FFmpeg says about it."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = f"{program} -hide_banner -i {path} -f rawvideo -pix_fmt rgb24 -"
    done = subprocess.run(command.split(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3).astype(int), done.stderr.decode()


def test_a_video_has_its_frames_and_holds_the_last(tmp_path: Path) -> None:
    out = tmp_path / "progress.mp4"
    colours = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]
    animations.animate(iter(solid(*colours, size=(33, 21))), out, 5, hold_last=0.6)
    # Three frames, the last of them shown for 0.6 s · 5/s = 3 frames.
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(out))
    assert count == 5
    assert abs(seconds - 1.0) < 0.02
    frames, described = decoded(out, 34, 22)  # odd sides are padded
    expected = np.array([*colours, colours[2], colours[2]])[:, None, None]
    assert np.abs(frames - expected).max() < 12
    assert "yuv420p(tv, bt709" in described


def test_a_video_without_ffmpeg_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=r"pip install 'ganache\[video\]'"):
        animations.animate(solid("red"), tmp_path / "a.mp4", 5)
    assert not list(tmp_path.iterdir())


def test_a_failing_ffmpeg_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho first >&2\necho no such codec >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with pytest.raises(RunError, match=r"^FFmpeg could not write the \.mp4 \(status 3\): no such codec$"):
        animations.animate(solid("red", "blue", size=(400, 400)), tmp_path / "a.mp4", 5)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".mp4"])
def test_a_failure_in_the_middle_leaves_the_old_animation(tmp_path: Path, suffix: str) -> None:
    def failing() -> Iterator[Image.Image]:
        yield from solid("red", "blue")
        raise ZeroDivisionError

    out = tmp_path / f"a{suffix}"
    out.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        animations.animate(failing(), out, 5)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(out.name, b"old")]


def test_wrong_requests(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.avi.*\.gif, \.webp, \.mp4"):
        animations.animate(solid("red"), tmp_path / "a.avi", 5)
    with pytest.raises(AssertionError, match="no frames"):
        animations.animate([], tmp_path / "a.mp4", 5)
    with pytest.raises(AssertionError, match=r"\(9, 9\) among frames of \(16, 12\)"):
        animations.animate([*solid("red"), *solid("red", size=(9, 9))], tmp_path / "a.gif", 5)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="could not write"):
        animations.animate(solid("red"), tmp_path / "file/a.gif", 5)


def test_the_suffix_follows_what_pillow_can_write() -> None:
    assert animations.animation_suffix() == ".webp"
    assert animations.animation_suffix(lambda name: name != "webp") == ".gif"
