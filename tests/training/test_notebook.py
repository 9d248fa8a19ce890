"""A training in a notebook, by a shell and a display that are not there: what is shown, and how often."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.training.notebook import Notebook, in_notebook
from tests.training.test_display import LINE


class Cell:
    """The output of a cell: what it showed, one after the other."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, shown: Any, display_id: bool) -> "Cell":
        assert display_id
        self.update(shown)
        return self

    def update(self, shown: Any) -> None:
        self.shown.append(shown._repr_html_())


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """The cell of a notebook whose shell has a kernel."""
    shown, program, display = Cell(), ModuleType("IPython"), ModuleType("IPython.display")
    vars(program)["get_ipython"] = lambda: SimpleNamespace(kernel=object())
    vars(program)["version_info"] = (9, 0, 0)  # which matplotlib asks
    vars(display)["display"] = shown.display
    monkeypatch.setitem(sys.modules, "IPython", program)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_a_notebook_is_a_shell_with_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for shell in (None, SimpleNamespace(), SimpleNamespace(kernel=None)):  # none, and those of a terminal
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert not in_notebook()


def test_it_shows_how_far_it_is_the_losses_and_the_newest_pictures(cell: Cell, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    display = Notebook(tmp_path)
    assert "starting" in cell.shown[-1]
    for seen, red in ((60_000, 10), (120_000, 250)):
        Image.fromarray(np.full((4, 4, 3), red, np.uint8)).save(tmp_path / "samples" / f"{seen:08d}.png")
        display.tick({**LINE, "images_seen": seen}, seen / 240_000)
    shown = cell.shown[-1]
    assert 'value="0.500"' in shown
    assert "G 1.235" in shown
    assert shown.count("<polyline") == 2
    assert "discriminator 0.5" in shown
    assert "120k images" in shown
    assert shown.count("data:image/png;base64,") == 1
    assert "samples after 120000 images" in shown


def test_it_moves_once_a_hundredth_and_keeps_the_last_words(cell: Cell, tmp_path: Path) -> None:
    display = Notebook(tmp_path)
    before = len(cell.shown)
    for step in range(1, 1_001):
        display.advance(step, step / 1_000)
    assert len(cell.shown) == before + 100
    for number in range(50):
        display.say(f"<b>{number}")
    assert "&lt;b&gt;49" in cell.shown[-1]
    assert "&lt;b&gt;10\n" in cell.shown[-1]
    assert "&lt;b&gt;9\n" not in cell.shown[-1]
    assert "<b>" not in cell.shown[-1]


def test_a_training_shows_itself_in_a_notebook_unless_it_shall_not(cell: Cell, tmp_path: Path) -> None:
    settings = ("generator.widths=[4]", "discriminator.widths=[4]")
    given: dict[str, Any] = {"data": "ring", "images": 64, "batch": 16, "settings": settings}
    ganache.train(**given, out=tmp_path / "quiet", quiet=True)
    assert cell.shown == []
    ganache.train(**given, out=tmp_path / "shown")
    assert 'value="1.000"' in cell.shown[-1]
    assert "samples after 64 images" in cell.shown[-1]


def test_a_generator_is_a_picture(digits_run: Path) -> None:
    generator = ganache.load(digits_run)
    png = generator._repr_png_()
    assert png is not None
    import io

    shown = np.array(Image.open(io.BytesIO(png)))
    images = generator.sample(64)
    assert shown.shape == (512, 512)
    np.testing.assert_array_equal(shown[::8, ::8][8:16, 16:24], images[10, ..., 0])


def test_an_evaluation_and_an_examination_are_tables_of_text(digits_run: Path) -> None:
    found = ganache.evaluate(digits_run, count=64, metrics=["fd"], features="random")
    hostile = found.model_copy(update={"warnings": ("<script>alert(1)</script>",)})
    shown = hostile._repr_html_()
    assert f"<td>{found.scores[0].name}</td><td>{found.scores[0].text}</td>" in shown
    assert "<script>" not in shown
    examined = ganache.diagnose(digits_run)._repr_html_()
    assert "640 images seen" in examined
