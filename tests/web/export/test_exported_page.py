"""The exported page, in a browser: it draws what `ganache sample` draws, and its controls change what is drawn."""

import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.data.shape import ImageShape
from ganache.networks import MLPGenerator, StyleGAN2Generator
from ganache.parts.latents import Keyed, Normal
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import RunError, UserError
from ganache.web.export import generator_page, runtime
from tests.commands import run_command
from tests.drawing.small_generators import NAMES, untrained
from tests.web.browser import NARROW, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

HOSTILE = "</script><b>eel"


def fetched() -> bool:
    return all((runtime.HOME / name).is_file() for name in runtime.CHECKSUMS)


with_runtime = pytest.mark.skipif(not fetched(), reason="onnxruntime-web is not there: make web")


@pytest.fixture(scope="module")
def styled() -> TrainedGenerator:
    """A generator with classes, styles, noise by keys and truncation."""
    config = StyleGAN2Generator(latent=Keyed(size=6), style_width=8, channel_base=32, channel_max=8)
    return untrained(config, ImageShape(3, 12, 8), (*NAMES[:2], HOSTILE), {"recipe": HOSTILE, "images_seen": 5})


def written(generator: TrainedGenerator, folder: Path) -> Path:
    page = folder / "generator.html"
    generator_page.export_page(generator, page)
    return page


@pytest.fixture(scope="module")
def file(styled: TrainedGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(styled, tmp_path_factory.mktemp("page"))


def drawn(page: "Page", **wanted: Any) -> None:
    """Wait until the page has drawn what is wanted; its policy forbids to be asked in JavaScript that is made here."""
    attributes = "".join(f'[data-{name}="{value}"]' for name, value in wanted.items())
    page.wait_for_selector(f"#state{attributes}")


PIXELS = """([rows, columns]) => {
    const canvas = document.querySelector("#pictures canvas"), pen = canvas.getContext("2d");
    const factor = Math.floor((canvas.width - 6) / (4 * columns)); // between two cells are 2 pixels
    const place = (at, side) => Math.floor(at / side) * (side * factor + 2) + (at % side) * factor;
    const { data, width } = pen.getImageData(0, 0, canvas.width, canvas.height), found = [];
    for (let y = 0; y < 4 * rows; y += 1) for (let x = 0; x < 4 * columns; x += 1)
        for (let colour = 0; colour < 3; colour += 1)
            found.push(data[4 * (place(y, rows) * width + place(x, columns)) + colour]);
    return found.join(" "); }"""


def cells(page: "Page", shape: ImageShape) -> NDArray[Any]:
    """Return the 16 pictures (16, H, W, 3) that the grid shows, four in a row."""
    height, width = shape.height, shape.width
    values = np.array(page.evaluate(PIXELS, [height, width]).split(), int)
    return values.reshape(4, height, 4, width, 3).swapaxes(1, 2).reshape(16, height, width, 3)


def move(page: "Page", label: str, to: int) -> None:
    page.get_by_label(label, exact=True).evaluate(
        "(input, to) => { input.value = to; input.dispatchEvent(new Event('input')); }", to
    )


def difference(found: NDArray[Any], expected: NDArray[Any]) -> int:
    return int(np.abs(found.astype(int) - expected.astype(int)).max())


@with_runtime
def test_it_draws_what_sample_draws(visitor: Visitor, file: Path, styled: TrainedGenerator) -> None:
    page = visitor.open(file)
    drawn(page, seed=0, truncation=1)
    assert difference(cells(page, styled.shape), styled.sample(16, seed=0)) <= 2
    move(page, "seed", 3)
    drawn(page, seed=3)
    assert difference(cells(page, styled.shape), styled.sample(16, seed=3)) <= 2
    move(page, "truncation", 30)
    drawn(page, truncation=0.3)
    assert difference(cells(page, styled.shape), styled.truncated(0.3).sample(16, seed=3)) <= 2
    page.get_by_label("class", exact=True).select_option(label=HOSTILE)
    drawn(page, label=2)
    assert difference(cells(page, styled.shape), styled.truncated(0.3).sample(16, seed=3, labels=[HOSTILE])) <= 2
    assert np.ptp(cells(page, styled.shape)) > 50


@with_runtime
def test_it_walks_to_another_seed(visitor: Visitor, file: Path, styled: TrainedGenerator) -> None:
    page = visitor.open(file)
    drawn(page, seed=0)
    move(page, "to seed", 5)
    move(page, "on the way", 40)
    drawn(page, to=5, fraction=0.4)
    (start, classes), (end, _) = styled.inputs(0, 0), styled.inputs(5, 0)
    expected = styled.make(styled.config.latent.interpolate(start, end, 0.4), classes)[:16]
    assert difference(cells(page, styled.shape), expected) <= 2
    assert "40% of the way to seed 5" in page.locator("#state").inner_text()


@with_runtime
def test_names_from_a_file_are_text_and_a_phone_is_wide_enough(visitor: Visitor, file: Path) -> None:
    page = visitor.open(file, NARROW)
    drawn(page, seed=0)
    assert page.locator("h1").inner_text() == f"A generator: {HOSTILE}"
    assert page.locator("b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@with_runtime
def test_it_draws_points(visitor: Visitor, tmp_path: Path) -> None:
    generator = untrained(MLPGenerator(latent=Normal(size=2), widths=(5,)), ImageShape(2, 1, 1))
    page = visitor.open(written(generator, tmp_path))
    drawn(page, seed=0, truncation=1)
    assert page.locator("#pictures .plane canvas").get_attribute("aria-label") == "points of seed 0"


@with_runtime
def test_the_page_names_no_other_host_and_can_be_sent_by_mail(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert "://" not in content.replace("http://www.w3.org/", "")
    assert file.stat().st_size < 8_000_000


def test_a_runtime_that_is_missing_or_another_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`make web` fetches it"):
        runtime.file_of(runtime.CODE, tmp_path)
    (tmp_path / runtime.CODE).write_bytes(b"another")
    with pytest.raises(UserError, match=r"is not that of onnxruntime-web@.*`make web` fetches it anew"):
        runtime.file_of(runtime.CODE, tmp_path)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'npm error code E404' >&2; exit 1", "npm could not fetch onnxruntime-web@.*npm error code E404"),
        ("exit 3", "npm could not fetch onnxruntime-web@.*exit status 3"),
        (None, "npm is not installed"),
    ],
)
def test_what_npm_cannot_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if script is not None:
        (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin" if script else str(folder))
    with pytest.raises(RunError, match=said):
        runtime.fetch(tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


def test_what_is_not_as_it_is_known_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package" / "dist").mkdir(parents=True)
    for name in runtime.CHECKSUMS:
        (tmp_path / "package" / "dist" / name).write_text("something else")
    with tarfile.open(tmp_path / "packed.tgz", "w:gz") as archive:
        archive.add(tmp_path / "package", "package")
    monkeypatch.setattr(runtime, "_packed", lambda folder: tmp_path / "packed.tgz")
    with pytest.raises(RunError, match="it was not kept"):
        runtime.fetch(tmp_path / "vendor")
    assert list((tmp_path / "vendor").iterdir()) == []


@with_runtime
def test_the_command_writes_a_page_and_refuses_latents(digits_run: Path, tmp_path: Path) -> None:
    ended = run_command("export", digits_run, "--out", tmp_path / "digits.html")
    assert ended.status == 0, ended.complaints
    assert "digits.html: differs from torch by" in ended.output
    refused = run_command("export", digits_run, "--out", tmp_path / "x.html", "--latents", 3)
    assert (refused.status, refused.complaints.count("\n")) == (2, 1)
    other = run_command("export", digits_run, "--out", tmp_path / "x.pth")
    assert other.status == 2
    assert ".onnx" in other.complaints
