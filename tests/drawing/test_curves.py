import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.drawing import curves
from ganache.support.errors import RunError


def log(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "images_seen": 1000 * (index + 1),
            "training_seconds": 2.0 * index,
            "images_per_second": 500 + float(rng.normal()),
            "loss/generator": 1 + float(rng.normal()) / 10,
            "loss/discriminator": 1.0,
            "penalty/r1": 10.0 ** (-index / 20),
        }
        for index in range(count)
    ]


def drawn(lines: list[dict[str, Any]], out: Path, title: str = "a run") -> Any:
    curves.draw(lines, out, title)
    with Image.open(out) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def has_colour(pixels: Any, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels - np.array(colour)).max(axis=-1) < 8).sum() > 20)


RED, BLUE, GREEN = (214, 57, 43), (47, 93, 140), (58, 143, 111)


def test_keys_are_grouped_into_panels_in_the_order_of_what_matters() -> None:
    lines = [
        {"images_seen": 2, "images_per_second": 9.0, "fid/val": 3.0, "learning_rate/generator": 0.1},
        {"images_seen": 1, "penalty/r1": 1, "logits/real": 2.0, "logits/fake": -2.0, "training_seconds": 5.0},
        {"images_seen": 3, "loss/generator": 0.5, "fid/val": 2.0, "fid/train": 1.5, "alarm": 1.0},
    ]
    panels = curves.panels_of(lines)
    assert list(panels) == ["loss", "logits", "penalty", "fid", "learning_rate", "alarm", "images_per_second"]
    assert [series.name for series in panels["fid"]] == ["val", "train"]
    assert panels["fid"][0].images_seen.tolist() == [2, 3]
    assert panels["fid"][0].values.tolist() == [3.0, 2.0]
    assert panels["alarm"][0].name == ""


def test_what_is_no_finite_number_is_left_out_and_the_order_is_that_of_the_images() -> None:
    values: list[Any] = [4.0, float("nan"), float("inf"), None, "x", True, [1], 2]
    lines: list[dict[str, Any]] = [{"images_seen": 10 - i, "loss/generator": v} for i, v in enumerate(values)]
    panels = curves.panels_of([*lines, {"loss/generator": 7.0}, {"event": "resumed"}])
    (series,) = panels["loss"]
    assert series.images_seen.tolist() == [3, 10]
    assert series.values.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1.0, 100.0]], False),
        ([[1.0, 101.0]], True),
        ([[0.0, 1000.0]], False),
        ([[1.0, 101.0], [-1.0, 1.0]], False),
        ([[1.0, 1.0], [0.001, 1.0]], True),
        ([[5.0]], False),
    ],
)
def test_logarithmic_where_all_is_positive_and_something_spans_more_than_a_hundredfold(
    values: list[list[float]], expected: bool
) -> None:
    series = [curves.Series("", np.arange(len(one), dtype=float), np.array(one)) for one in values]
    assert curves.logarithmic(series) is expected


def test_smoothing_by_hand() -> None:
    # N = 5: windows of three, shortened at the ends, twice.
    # 0 0 12 0 0 → 0 4 4 4 0 → 2 8/3 4 8/3 2
    smooth = curves.smoothed(np.array([0.0, 0, 12, 0, 0]))
    assert np.allclose(smooth, [2, 8 / 3, 4, 8 / 3, 2])
    assert np.allclose(curves.smoothed(np.full(1000, 0.3)), 0.3)
    line = np.linspace(0, 1, 1000)
    assert np.allclose(curves.smoothed(line)[60:-60], line[60:-60])  # nothing lags behind
    assert curves.smoothed(np.array([7.0])).tolist() == [7.0]


def test_schedules_are_not_smoothed_and_noise_is() -> None:
    warm_up = np.minimum(np.arange(1000) / 100, 1.0)
    assert not curves.noisy(warm_up)
    assert not curves.noisy(np.concatenate([warm_up, warm_up[::-1]]))
    assert not curves.noisy(np.full(1000, 0.1))
    assert curves.noisy(np.random.default_rng(0).normal(size=100))
    assert not curves.noisy(np.random.default_rng(0).normal(size=24))


def test_two_columns_of_panels_with_the_players_colours(tmp_path: Path) -> None:
    pixels = drawn(log(200), tmp_path / "new/curves.png")
    height, width, _ = pixels.shape
    assert width > 1200
    losses = pixels[: height // 2, : width // 2]
    assert has_colour(losses, RED)
    assert has_colour(losses, BLUE)
    assert not has_colour(losses, GREEN)
    assert has_colour(pixels[: height // 2, width // 2 :], GREEN)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["curves.png"]


@pytest.mark.parametrize("count", [1, 2, 30])
def test_short_logs_are_drawn(tmp_path: Path, count: int) -> None:
    assert has_colour(drawn(log(count), tmp_path / "curves.png"), RED)


def test_logs_without_anything_to_draw_say_so(tmp_path: Path) -> None:
    for lines in ([], [{"images_seen": 0}], [{"event": "started"}]):
        pixels = drawn(lines, tmp_path / "curves.png")
        assert (pixels < 200).any()
        assert not has_colour(pixels, RED)


def test_awkward_logs_are_drawn(tmp_path: Path) -> None:
    lines = log(50)
    lines += [{"images_seen": 0, "loss/generator": 0.0}, {"images_seen": 5, "note": "x"}, {"fid/val": 1.0}]
    lines += [{"images_seen": 60_000, **{f"penalty/_$long_{index}$": 1e-9 for index in range(9)}}]
    assert has_colour(drawn(lines, tmp_path / "curves.png", "costs $5, or $x_1"), RED)


def test_equal_logs_give_equal_pictures(tmp_path: Path) -> None:
    assert np.array_equal(drawn(log(60), tmp_path / "a.png"), drawn(log(60), tmp_path / "b.png"))


def test_a_failure_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def fail(canvas: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError

    out = tmp_path / "curves.png"
    out.write_bytes(b"old")
    monkeypatch.setattr(FigureCanvasAgg, "print_png", fail)
    with pytest.raises(RunError, match=r"could not write .*curves\.png"):
        curves.draw(log(3), out, "a run")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("curves.png", b"old")]


def test_drawing_touches_no_global_state_and_imports_matplotlib_only_then(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from ganache.drawing import curves, exports, grids
assert not {"matplotlib", "imageio_ffmpeg", "torch"} & set(sys.modules)
curves.draw([{"images_seen": 1, "loss/generator": 1.0}], Path(sys.argv[1]), "a run")
assert not {"matplotlib.pyplot", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "curves.png")], check=True)


@pytest.mark.parametrize("title", ["写真", "a$\\b$c", "caf\udce9", "\x1b[2J\n"])
def test_any_folders_name_can_be_a_title(title: str, tmp_path: Path) -> None:
    """Letters that the font lacks warned at the end of a training, bytes that are no Unicode ended it."""
    curves.draw([], tmp_path / "curves.png", title)
    assert (tmp_path / "curves.png").exists()
