import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, features

from ganache.drawing import grids
from ganache.support.errors import RunError, UserError


def cells(*values: int, height: int = 1, width: int = 1, channels: int = 1) -> Any:
    return np.stack([np.full((height, width, channels), value, np.uint8) for value in values])


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


def test_two_images_stand_side_by_side_with_a_white_gap() -> None:
    picture = grids.grid(cells(10, 20), smallest_side=1)
    assert picture.mode == "L"
    assert np.asarray(picture).tolist() == [[10, 255, 255, 20]]


def test_tiny_cells_are_enlarged_without_interpolation_but_the_gap_is_not() -> None:
    # Two cells of one pixel and a gap of two: 2 f + 2 >= 8 first holds at f = 3.
    picture = grids.grid(cells(10, 20), smallest_side=8)
    assert np.asarray(picture).tolist() == [[10, 10, 10, 255, 255, 20, 20, 20]] * 3


def test_the_rest_of_the_last_row_is_white() -> None:
    pixels = np.asarray(grids.grid(cells(1, 2, 3), smallest_side=1))
    assert pixels.tolist() == [[1, 255, 255, 2], [255] * 4, [255] * 4, [3, 255, 255, 255]]
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)
    assert np.array_equal(np.asarray(grids.grid(image, smallest_side=1)), image[0])


@pytest.mark.parametrize(
    ("channels", "mode", "gap"),
    [(1, "L", 255), (2, "LA", (255, 0)), (3, "RGB", (255, 255, 255)), (4, "RGBA", (255, 255, 255, 0))],
)
def test_channels_decide_the_mode_and_alpha_makes_gaps_transparent(channels: int, mode: str, gap: Any) -> None:
    picture = grids.grid(cells(7, 9, channels=channels), smallest_side=1)
    assert picture.mode == mode
    assert picture.getpixel((1, 0)) == gap
    assert picture.getpixel((3, 0)) == (9 if channels == 1 else (9,) * channels)


@pytest.mark.parametrize(
    ("count", "height", "width", "columns", "expected"),
    [
        (64, 8, 8, None, (8, 8, 8)),  # 8 · 8 · 8 + 7 · 2 = 526, and a factor of 7 gives 462
        (10, 8, 8, None, (3, 4, 16)),
        (4, 16, 64, None, (4, 1, 8)),  # wide cells are stacked: 64 × 70
        (4, 64, 16, None, (1, 4, 8)),
        (5, 32, 32, 2, (3, 2, 6)),  # the height decides: 3 · 32 · 5 + 4 = 484
        (3, 32, 32, 8, (1, 3, 6)),  # no more columns than images
        (1, 600, 900, None, (1, 1, 1)),
        (100, 256, 256, None, (10, 10, 1)),
    ],
)
def test_layouts(count: int, height: int, width: int, columns: int | None, expected: tuple[int, int, int]) -> None:
    assert grids.layout(count, height, width, columns) == expected


def test_a_grid_above_64_megapixels_is_refused_with_the_ways_out() -> None:
    # 31 · 256 + 60 = 7996 pixels a side is the last that fits.
    assert grids.layout(31 * 31, 256, 256) == (31, 31, 1)
    with pytest.raises(UserError, match=r"--count: 1024 images .* 8254 × 8254 .*--out NAME/.*NAME\.npy"):
        grids.layout(32 * 32, 256, 256)
    with pytest.raises(UserError, match="--count"):
        grids.grid(np.broadcast_to(np.uint8(0), (40_000, 64, 64, 1)))


def reddest(picture: Image.Image) -> tuple[float, float]:
    """Return the centre (x, y) of what is red, in pixels."""
    pixels = np.asarray(picture).astype(int)
    rows, columns = np.nonzero(pixels[..., 0] - pixels[..., 2] > 60)
    return float(columns.mean()), float(rows.mean())


def test_y_points_up_in_a_scatter() -> None:
    # The margin of a picture 512 wide is 8 pixels: -1 is the centre of pixel 8, 1 that of pixel 503.
    assert reddest(grids.scatter(np.array([[1.0, -1.0]]))) == (503, 503)
    assert reddest(grids.scatter(np.array([[-1.0, 1.0]]))) == (8, 8)
    assert reddest(grids.scatter(np.array([[0.0, 0.0]]))) == (255.5, 255.5)


def test_points_outside_are_drawn_on_the_border() -> None:
    assert grids.scatter(np.array([[7.0, -np.inf]])) == grids.scatter(np.array([[1.0, -1.0]]))


def test_overlapping_dots_let_less_white_through() -> None:
    # Generated points are half transparent: k of them leave (1/2)^k of the white over (214, 57, 43).
    for count in (1, 2, 3):
        middle = np.asarray(grids.scatter(np.full((count, 2), -1.0)))[503, 8]
        expected = np.array([214, 57, 43]) + np.array([41, 198, 212]) * 0.5**count
        assert np.abs(middle - expected).max() <= 0.51


def test_reals_lie_gray_beneath_the_generated_points() -> None:
    both = np.asarray(grids.scatter(np.full((40, 2), -1.0), np.array([[-1.0, -1.0], [1.0, 1.0]])))
    assert both[503, 8].tolist() == [214, 57, 43]
    # One real: 0.84 of 255 and 0.16 of (150, 156, 168).
    assert both[8, 503].tolist() == [238, 239, 241]
    assert both[0, 0].tolist() == both[-1, 300].tolist() == [208, 212, 218]
    assert both[256, 256].tolist() == [255, 255, 255]


def test_a_scatter_depends_neither_on_order_nor_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(500, 2)) * 0.4
    once = grids.scatter(points)
    monkeypatch.setattr(grids, "_DOTS_AT_ONCE", 7)
    assert grids.scatter(points[::-1]) == once


def test_a_scatter_is_stamped_in_one_go_so_that_every_tick_can_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # One pass over arrays for each cloud takes 17 ms; dot by dot it would be seconds.
    counted: list[int] = []
    count = np.bincount

    def counting(places: Any, *more: Any) -> Any:
        counted.append(len(places))
        return count(places, *more)

    monkeypatch.setattr(np, "bincount", counting)
    points = np.random.default_rng(0).normal(size=(2500, 2)) * 0.4
    grids.scatter(points, points)
    assert len(counted) == 2


def test_points_are_displayed_as_a_scatter_and_images_as_a_grid() -> None:
    points = np.array([[0.5, -0.5], [0.1, 0.2]], np.float32)
    shown = grids.for_display(points.reshape(2, 1, 1, 2), points[:1].reshape(1, 1, 1, 2))
    assert shown == grids.scatter(points, points[:1])
    assert grids.for_display(cells(1, 2, height=8, width=8)).mode == "L"
    assert grids.for_display(cells(1, 2, channels=2)).mode == "LA"


def test_frames_are_chosen_evenly_with_both_ends() -> None:
    paths = [Path(f"{index:08d}.png") for index in range(11)]
    assert grids.fit_frames(paths) == paths
    assert grids.fit_frames(paths, 3) == [paths[0], paths[5], paths[10]]
    assert grids.fit_frames(paths, 2) == [paths[0], paths[10]]
    chosen = [int(path.name) for path in grids.fit_frames([Path(str(index)) for index in range(1000)])]
    assert (len(chosen), chosen[0], chosen[-1]) == (120, 0, 999)
    assert {after - before for before, after in itertools.pairwise(chosen)} == {8, 9}


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_keep_frames_durations_and_loop(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"new/progress{suffix}"
    grids.animate(iter(solid("red", "lime", "blue")), out, 4)
    durations, middles = played(out)
    assert durations == [250, 250, 1000]
    assert np.abs(np.array(middles) - np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)])).max() <= 6
    with Image.open(out) as image:
        assert image.size == (16, 12)
        assert image.info["loop"] == 0
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_an_animation_may_play_once(tmp_path: Path) -> None:
    for suffix in (".gif", ".webp"):
        grids.animate(solid("red", "blue"), tmp_path / f"once{suffix}", 5, loop=False, hold_last=0)
    with Image.open(tmp_path / "once.gif") as image:
        assert "loop" not in image.info
    with Image.open(tmp_path / "once.webp") as image:
        assert image.info["loop"] == 1
    assert played(tmp_path / "once.gif")[0] == [200, 200]


def test_speeds_that_the_format_cannot_say_exactly_hold_on_average(tmp_path: Path) -> None:
    grays = solid(*range(0, 31 * 8, 8), mode="L")
    grids.animate(grays, tmp_path / "fast.gif", 30)
    durations, middles = played(tmp_path / "fast.gif")
    # Hundredths of a second: 3, 4, 3, 3, 4, 3 … and 30 of them make one second.
    assert durations[:3] == [30, 40, 30]
    assert sum(durations[:-1]) == 1000
    assert middles == [(value,) * 3 for value in range(0, 31 * 8, 8)]
    grids.animate(grays, tmp_path / "faster.gif", 1000)
    assert set(played(tmp_path / "faster.gif")[0][:-1]) == {20}


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_gray_frames_stay_exact(tmp_path: Path, suffix: str) -> None:
    frames = [np.roll(np.arange(256, dtype=np.uint8), shift).reshape(16, 16) for shift in (0, 100)]
    out = tmp_path / f"gray{suffix}"
    grids.animate([Image.fromarray(frame) for frame in frames], out, 2)
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
    grids.animate([Image.fromarray(frame) for frame in frames], tmp_path / "photo.gif", 2)
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
    grids.animate(solid(half, none, mode="RGBA"), out, 2)
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
    grids.animate(iter(solid(*colours, size=(33, 21))), out, 5, hold_last=0.6)
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
        grids.animate(solid("red"), tmp_path / "a.mp4", 5)
    assert not list(tmp_path.iterdir())


def test_a_failing_ffmpeg_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho first >&2\necho no such codec >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(program))
    with pytest.raises(RunError, match=r"^FFmpeg could not write the \.mp4 \(status 3\): no such codec$"):
        grids.animate(solid("red", "blue", size=(400, 400)), tmp_path / "a.mp4", 5)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".mp4"])
def test_a_failure_in_the_middle_leaves_the_old_animation(tmp_path: Path, suffix: str) -> None:
    def failing() -> Iterator[Image.Image]:
        yield from solid("red", "blue")
        raise ZeroDivisionError

    out = tmp_path / f"a{suffix}"
    out.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        grids.animate(failing(), out, 5)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(out.name, b"old")]


def test_wrong_requests(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.avi.*\.gif, \.webp, \.mp4"):
        grids.animate(solid("red"), tmp_path / "a.avi", 5)
    with pytest.raises(AssertionError, match="no frames"):
        grids.animate([], tmp_path / "a.mp4", 5)
    with pytest.raises(AssertionError, match=r"\(9, 9\) among frames of \(16, 12\)"):
        grids.animate([*solid("red"), *solid("red", size=(9, 9))], tmp_path / "a.gif", 5)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="could not write"):
        grids.animate(solid("red"), tmp_path / "file/a.gif", 5)


def test_the_suffix_follows_what_pillow_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    assert grids.animation_suffix() == ".webp"
    monkeypatch.setattr(features, "check", lambda name: False)
    assert grids.animation_suffix() == ".gif"
