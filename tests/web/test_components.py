"""The components, in a browser: each shows its data, and answers the pointer and the keyboard."""

import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from ganache.web.pages import STATIC, data_address, self_contained, served
from tests.web.browser import NARROW, Visitor, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = Path(__file__).with_name("components.html")
HOSTILE = "</script><img src=x onerror=alert(1)><b>loss"


def sheet(*greys: int) -> str:
    """Return a sheet of cells of 8×8 pixels, two in a row, each of one grey."""
    cells = np.array(greys, np.uint8).reshape(-1, 2).repeat(8, axis=0).repeat(8, axis=1)
    file = io.BytesIO()
    Image.fromarray(cells).save(file, "PNG")
    return data_address("image/png", file.getvalue())


def data() -> dict[str, Any]:
    return {
        "name": HOSTILE,
        "sheets": [sheet(0, 50, 100, 150), sheet(255, 200, 210, 220), sheet(0, 0, 0, 0)],
        "cells": {"count": 4, "columns": 2, "width": 8, "height": 8},
        "series": [
            {"name": "generator", "x": [0, 1_000, 2_000], "y": [100.0, 10.0, 1.0]},
            {"name": HOSTILE, "x": [0, 1_000, 2_000], "y": [-5.0, 20.0, 40.0]},
        ],
        "points": [[0.5, 0.5]],
        "values": [0.0, 1.0, 0.0, 1.0],
    }


@pytest.fixture
def page(visitor: Visitor, tmp_path: Path) -> "Page":
    file = tmp_path / "components.html"
    file.write_text(self_contained(PAGE, data()), encoding="utf-8")
    return ready(visitor.open(file))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has the page, and the files of ours below /static/."""
    (tmp_path / "static").symlink_to(STATIC)
    (tmp_path / "page.html").write_text(served(PAGE, data()), encoding="utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


def ready(page: "Page") -> "Page":
    until(page, "document.body.dataset.ready === 'yes'")
    return page


def pixel(page: "Page", canvas: str, x: float, y: float) -> list[int]:
    """Return the colour (red, green, blue) of a canvas at a share of its width and height."""
    script = """([name, x, y]) => { const canvas = document.querySelector(name);
        const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1];
        return [...canvas.getContext("2d").getImageData(...at).data].slice(0, 3); }"""
    return list(page.evaluate(script, [canvas, x, y]))


def move_slider(page: "Page", key: str) -> None:
    page.locator("#slider input").press(key)


def test_a_slider_changes_the_pictures(page: "Page") -> None:
    until(page, "document.querySelector('#grid canvas').width > 0")
    move_slider(page, "ArrowRight")
    until(page, "document.body.dataset.shown === '1'")
    assert page.locator("#slider output").text_content() == "1 of 2"
    assert page.locator("#slider input").get_attribute("aria-valuetext") == "1 of 2"
    shown = [pixel(page, "#grid canvas", x, y)[0] for y in (0.25, 0.75) for x in (0.25, 0.75)]
    assert shown == [255, 200, 210, 220]
    move_slider(page, "ArrowRight")
    until(page, "document.body.dataset.shown === '2'")
    assert pixel(page, "#grid canvas", 0.25, 0.25) == [0, 0, 0]


def test_arrow_keys_and_clicks_choose_a_picture(page: "Page") -> None:
    canvas = page.locator("#grid canvas")
    canvas.press("ArrowRight")
    assert page.locator("#grid .spoken").text_content() == "square 1"
    canvas.press("ArrowDown")
    assert page.locator("#grid .spoken").text_content() == "square 3"
    canvas.press("ArrowDown")  # there is no row below
    assert page.locator("#grid .spoken").text_content() == "square 3"
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.25})
    assert page.locator("#grid .spoken").text_content() == "square 2"
    until(page, "document.querySelector('#cell').width === 64")
    assert pixel(page, "#cell", 0.5, 0.5)[0] == 200


def test_a_curve_has_a_logarithmic_axis_a_legend_a_zoom_and_a_reading(page: "Page") -> None:
    line = page.locator("#curve path.line").first
    straight = line.get_attribute("d")
    page.locator("#curve button.switch").click()
    assert page.locator("#curve button.switch").get_attribute("aria-pressed") == "true"
    # 100, 10 and 1 lie on a straight line of a logarithmic axis.
    places = [float(one.split()[1]) for one in (line.get_attribute("d") or "").strip("M").split("L")]
    assert line.get_attribute("d") != straight
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.2)
    page.locator("#curve .legend button").nth(1).click()
    assert page.locator("#curve path.line").count() == 1
    drawing = page.locator("#curve figure > svg")
    drawing.press("ArrowRight")
    assert "images: generator" in (page.locator("#curve .reading").text_content() or "")
    whole = page.locator("#curve button", has_text="show all")
    assert whole.is_disabled()
    drawing.press("+")
    assert whole.is_enabled()
    whole.click()
    assert whole.is_disabled()


def test_a_drag_over_a_curve_shows_that_part(page: "Page") -> None:
    drawing = page.locator("#curve figure > svg")
    box = drawing.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60)
    page.mouse.up()
    assert page.locator("#curve button", has_text="show all").is_enabled()
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 50)
    assert page.locator("#curve button", has_text="show all").is_disabled()


def test_points_and_fields_are_painted_where_they_are(page: "Page") -> None:
    # y points upwards: (½, ½) is right of the middle and above it.
    inside, outside = pixel(page, "#scatter canvas", 0.75, 0.25), pixel(page, "#scatter canvas", 0.25, 0.75)
    assert inside == [0x96, 0x9C, 0xA8]
    assert outside == [0, 0, 0]
    left, right = pixel(page, "#field canvas", 0.1, 0.9), pixel(page, "#field canvas", 0.9, 0.9)
    assert left[0] > left[2]  # where the discriminator says fake: red
    assert right[2] > right[0]


def test_names_from_files_are_text(page: "Page") -> None:
    assert page.locator("img").count() == 0
    assert HOSTILE in (page.locator("#curve strong").text_content() or "")
    assert HOSTILE in (page.locator("#curve .legend button").nth(1).text_content() or "")


def test_the_components_fit_a_telephone(page: "Page") -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_served_page_has_the_same_modules(visitor: Visitor, address: str) -> None:
    page = ready(visitor.open(address))
    move_slider(page, "ArrowRight")
    until(page, "document.body.dataset.shown === '1'")
    assert page.locator("#curve path.line").count() == 2


def test_a_page_cannot_ask_another_host(visitor: Visitor, page: "Page") -> None:
    script = """fetch("https://example.org/").then(() => "answered", () => "refused")"""
    assert page.evaluate(script) == "refused"
    assert visitor.complaints
    assert all("Content Security Policy" in one for one in visitor.complaints)  # says the browser
    visitor.complaints.clear()


def test_errors_of_a_page_fail_its_test(chromium: "Browser", tmp_path: Path) -> None:
    visiting = Visitor(chromium)
    file = tmp_path / "wrong.html"
    file.write_text("<script>console.error('alas'); fetch('http://example.org/'); undefinedFunction()</script>")
    page = visiting.open(file)
    with page.expect_event("requestfailed"):
        page.evaluate("fetch('http://example.org/').catch(() => 0)")
    with pytest.raises(AssertionError):
        visiting.close()
    assert "console: alas" in visiting.complaints
    assert any("undefinedFunction" in one for one in visiting.complaints)
    assert any("a request to http://example.org/" in one for one in visiting.complaints)
