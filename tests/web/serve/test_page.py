"""The pages of a server in a browser: what is asked for is seen, what is refused is said."""

import io
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import uvicorn
from PIL import Image

from ganache.runs.products import load
from ganache.runs.trained_translators import load_translator
from ganache.web.pages import STATIC
from ganache.web.serve.application import application
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.entrance import hosts_for
from tests.drawing.test_mixing import run as styled_run
from tests.drawing.test_projecting import a_run
from tests.web.browser import NARROW, Visitor
from tests.web.serve.asking import Here, ask_once, trained, translating
from tests.web.serve.translators import horses

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["styled_run"]
NAME = '<img src=x onerror=alert(1)> & "plain"'  # of a run, which a page shows as text
TOKEN = "correct-horse-battery"


@contextmanager
def address_of(here: Here, token: str | None = None) -> Iterator[str]:
    """Serve in a thread of this process."""
    with ThreadPoolExecutor(1) as encoders, socket.create_server(("127.0.0.1", 0)) as listening:
        app = application(here, encoders, Bounds(), token, hosts_for("127.0.0.1"))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_run(tmp_path_factory.mktemp("page") / "plain")


@pytest.fixture
def address(plain: Path, styled_run: Path) -> Iterator[str]:
    with address_of(Here(trained(NAME, plain), trained("styled", styled_run))) as found:
        yield found


def opened(visitor: Visitor, address: str, viewport: dict[str, int] | None = None) -> "Page":
    page = visitor.open(address, viewport) if viewport else visitor.open(address)
    page.wait_for_selector("body[data-samples]")
    page.wait_for_selector("body[data-walk]")
    return page


def middles(page: "Page", canvas: str, columns: int, rows: int) -> list[int]:
    """Return the grey in the middle of each cell of a canvas."""
    script = """([name, columns, rows]) => {
        const canvas = document.querySelector(name);
        const pen = canvas.getContext("2d");
        const found = [];
        for (let row = 0; row < rows; row += 1)
            for (let column = 0; column < columns; column += 1) {
                const x = Math.floor(((column + 0.51) * canvas.width) / columns);
                const y = Math.floor(((row + 0.51) * canvas.height) / rows);
                found.push(pen.getImageData(x, y, 1, 1).data[0]);
            }
        return found;
    }"""
    return list(page.evaluate(script, [canvas, columns, rows]))


def test_the_grid_is_of_the_seed_the_class_and_the_truncation(visitor: Visitor, address: str, plain: Path) -> None:
    page = opened(visitor, address)
    assert page.locator("#runs option").first.text_content() == NAME
    generator = load(plain)
    drawn = generator.sample(36, 0)[:, 4, 4, 0].tolist()
    assert middles(page, "#samples .picture-grid canvas", 6, 6) == drawn
    page.get_by_label("seed", exact=True).fill("5")
    page.get_by_label("how many").select_option("16")
    page.locator("#samples").get_by_label("class").select_option("square")
    page.locator("#samples .slider input").press("Home")
    page.wait_for_selector("""body[data-samples='{"seed":5,"count":16,"class":"square","truncation":0}']""")
    drawn = generator.truncated(0.0).sample(16, 5, ["square"])[:, 4, 4, 0].tolist()
    assert middles(page, "#samples .picture-grid canvas", 4, 4) == drawn
    page.locator("#samples .picture-grid canvas").press("ArrowRight")
    page.locator("#samples .picture-grid canvas").press("ArrowRight")
    assert page.locator("#samples .shown p").text_content() == "seed 5, number 1"


def test_the_slider_walks_from_the_one_seed_to_the_other(visitor: Visitor, address: str, plain: Path) -> None:
    page = opened(visitor, address)
    for key, seed in (("Home", 1), ("End", 2)):
        page.locator("#walk > div > .slider input").first.press(key)
        page.wait_for_selector(f"body[data-walk='{0 if key == 'Home' else 32}']")
        assert middles(page, "#walk canvas", 1, 1) == [load(plain).sample(1, seed)[0, 4, 4, 0]]


def test_files_are_downloaded(visitor: Visitor, address: str, plain: Path) -> None:
    page = opened(visitor, address)
    with page.expect_download() as download:
        page.get_by_role("button", name="download NPZ").click()
    with np.load(io.BytesIO(Path(download.value.path()).read_bytes())) as found:
        np.testing.assert_array_equal(found["arr_0"], load(plain).sample(36, 0))


def test_styles_are_mixed_and_pictures_looked_for(visitor: Visitor, address: str, tmp_path: Path) -> None:
    page = opened(visitor, address)
    assert page.locator("#mix canvas").count() == 0
    page.locator("#runs select").select_option("styled")
    page.wait_for_selector("body[data-mix='']")
    page.locator("#mix select").select_option("0")
    page.wait_for_selector("body[data-mix='0']")
    page.locator("#runs select").select_option(NAME)
    page.get_by_role("button", name="look for it").click()
    page.get_by_text("choose a picture first").wait_for()
    page.get_by_role("button", name="seed ▶").first.click()
    page.wait_for_selector("body[data-samples*='\"seed\":1,']")
    assert page.get_by_text("choose a picture first").is_visible()  # what another part has drawn does not answer it
    Image.new("L", (30, 20), 200).save(tmp_path / "mine.png")
    page.locator("#pictures input[type=file]").set_input_files(tmp_path / "mine.png")
    page.get_by_role("button", name="look for it").click()
    page.wait_for_selector("body[data-found=project]", timeout=60_000)
    assert page.locator("#complaint").is_hidden()
    assert page.locator("#pictures img").evaluate("image => image.naturalHeight > image.naturalWidth")


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, NARROW])
def test_a_picture_is_shown_before_and_after_it_is_translated(
    viewport: dict[str, int], visitor: Visitor, plain: Path, tmp_path: Path
) -> None:
    run = horses(tmp_path / "horses")
    given = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(given).save(tmp_path / "mine.png")
    with address_of(Here(translating(NAME, run), trained("plain", plain))) as address:
        page = visitor.open(address, viewport)
        page.wait_for_selector("#translate h2")
        assert page.locator("#samples > *").count() == 0
        page.get_by_role("button", name="translate").click()
        page.get_by_text("choose a picture first").wait_for()
        page.locator("#translate input[type=file]").set_input_files(tmp_path / "mine.png")
        page.wait_for_selector("""body[data-translated='{"direction":"a-to-b","whole":"false"}']""")
        page.get_by_label("direction").select_option("b-to-a")
        page.wait_for_selector("""body[data-translated='{"direction":"b-to-a","whole":"false"}']""")
        assert page.locator("#complaint").is_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert page.locator("#translate img").evaluate_all("images => images.map(image => image.naturalWidth)") == [
            16,
            16,
        ]
        with page.expect_download() as download:
            page.get_by_role("link", name="download PNG").click()
        assert download.value.suggested_filename == "mine-b-to-a.png"
        with Image.open(download.value.path()) as made:
            assert np.array_equal(np.asarray(made), load_translator(run, "b-to-a").translate(given[None])[0])
        page.locator("#runs select").select_option("plain")
        page.wait_for_selector("body[data-samples]")
        assert page.locator("#translate > *").count() == 0


def test_a_token_is_asked_for_and_kept(visitor: Visitor, plain: Path) -> None:
    with address_of(Here(trained("plain", plain)), TOKEN) as address:
        page = visitor.open(address)
        page.get_by_label("token").fill("wrong-and-long-enough")
        page.get_by_role("button", name="open").click()
        page.get_by_text("a token is needed").wait_for()
        page.get_by_label("token").fill(TOKEN)
        page.get_by_role("button", name="open").click()
        page.wait_for_selector("body[data-samples]")
        assert page.locator("#token").is_hidden()
        page.goto(f"{address}docs")
        page.get_by_text("GET /api/runs/{run}/images").wait_for()
        # A browser logs each refusal; nothing else may be wrong.
        assert all("401 (Unauthorized)" in complaint for complaint in visitor.complaints)
        visitor.complaints.clear()


@pytest.mark.parametrize("path", ["", "docs"])
def test_the_pages_fit_a_phone(path: str, visitor: Visitor, address: str) -> None:
    page = visitor.open(f"{address}{path}", NARROW)
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_pages_are_sent_from_memory_and_nothing_else_is() -> None:
    for name, kind in (("serve.js", "text/javascript"), ("base.css", "text/css")):
        reply = ask_once(Here(), f"/static/{name}")
        assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, kind)
        assert reply.body == (STATIC / name).read_bytes()
    for name in ("serve.html", "absent.js", "..%2Fpages.py", "%2e%2e%2fpages.py", "../pages.py"):
        assert ask_once(Here(), f"/static/{name}").status == 404
    page = ask_once(Here(), "/", token=TOKEN).body.decode()
    assert "Content-Security-Policy" in page
