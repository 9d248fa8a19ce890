"""What pages.py puts together, and what every file of static/ keeps to."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from ganache.web.pages import STATIC, modules_of, self_contained, served

PAGE = Path(__file__).with_name("components.html")
SOURCES = sorted(path for path in STATIC.iterdir() if path.suffix in (".js", ".css", ".html"))
SCRIPTS = [path for path in SOURCES if path.suffix == ".js"]
MOST_LINES, MOST_COLUMNS = 300, 120


def data_of(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


@pytest.mark.parametrize("make", [self_contained, served])
@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--", "\udcff", "a\u2028b & \"c\" 'd'"])
def test_data_come_back_as_they_were(make: Any, name: str) -> None:
    page = make(PAGE, {"name": name, "of": {name: [1.5, None, True]}}, title=name)
    assert data_of(page) == {"name": name, "of": {name: [1.5, None, True]}}
    assert page.count("<script") == 3  # the map of modules, the data, the document's own
    assert page.count("<!--") == 0
    page.encode("utf-8")


@pytest.mark.parametrize("make", [self_contained, served])
def test_a_title_that_reads_like_an_import_is_a_title(make: Any) -> None:
    name = 'mine, from "ganache/nothing.js" \'<link rel="stylesheet" href="ganache/nothing.css">\''
    page = make(PAGE, {}, title=name)
    assert f"<title>{name.replace('<', '&lt;')}</title>" in page
    assert len(page) == len(make(PAGE, {}, title="x")) + len(name.replace("<", "&lt;")) - 1


def test_what_is_no_number_is_null() -> None:
    page = self_contained(PAGE, {"values": [math.nan, math.inf, -math.inf, 0.5]})
    assert data_of(page) == {"values": [None, None, None, 0.5]}


def test_a_file_holds_all_that_it_needs() -> None:
    page = self_contained(PAGE, {})
    assert not re.search(r"""(?:src|href)=["']?(?!data:)[^"' >]""", page)
    (imports,) = re.findall(r'<script type="importmap">(.*?)</script>', page)
    addresses = json.loads(imports)["imports"]
    assert {"ganache/curve.js", "ganache/numbers.js", "ganache/plane.js"} <= set(addresses)
    assert all(address.startswith("data:text/javascript;base64,") for address in addresses.values())


def test_a_served_page_names_the_servers_files() -> None:
    page = served(PAGE, {}, mounted="/ours/")
    assert '<link rel="stylesheet" href="/ours/base.css">' in page
    assert '"ganache/curve.js": "/ours/curve.js"' in page


def test_a_page_may_be_allowed_more() -> None:
    page = self_contained(PAGE, {}, also={"script-src": "'wasm-unsafe-eval'", "connect-src": "data:"})
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["script-src"].endswith(" 'wasm-unsafe-eval'")
    assert rules["connect-src"] == "data:"
    assert rules["default-src"] == "'none'"
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_file_of_the_front_end_is_read_in_one_sitting(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if len(line) > MOST_COLUMNS] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_module_names_modules_that_exist_and_reads_no_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert modules_of(text) is not None  # it raises for a file that is not there
    assert re.findall(r"""\bfrom\s*["'](?!ganache/)""", text) == []
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in text
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
