"""A real browser for tests of pages: it fails a test on any error of a page and on any request to another host."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
AT_HOME = ("127.0.0.1", "localhost", "")  # the last for files, and for what a page holds itself


def missing() -> str:
    """Return why no page can be opened here; nothing where one can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return "" if Path(CHROMIUM).exists() else "chromium is not installed: make browser"


@contextlib.contextmanager
def launched() -> Iterator["Browser"]:
    """Start Chromium, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # No sandbox: root has none, and only pages of ours are opened.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


def until(page: "Page", expression: str, arg: object = None) -> None:
    """Wait until what a page evaluates is true: 10 seconds, as any wait.

    Playwright's own way evaluates the text anew within the page where it is not true at once, and that is what the
    policy of our pages forbids.
    """
    for _ in range(500):
        if page.evaluate(expression, arg):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"not true within 10 seconds: {expression}")


@dataclass
class Visitor:
    """Opens pages, and keeps what must not have happened on them."""

    browser: "Browser"
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without cookies, storage or a cache of another test."""
        self._context = self.browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        self._context.set_default_timeout(10_000)

    def open(self, address: str | Path, viewport: dict[str, int] = WIDE) -> "Page":
        """Return a page that shows a file or an address, once it is loaded."""
        page = self._context.new_page()
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._asked)
        page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
        page.wait_for_load_state("load")
        return page

    def close(self) -> None:
        """Close all pages; raises AssertionError for what any of them complained of."""
        self._context.close()
        assert self.complaints == []

    def _heard(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request: "Request") -> None:
        if (urlsplit(request.url).hostname or "") not in AT_HOME:
            self.complaints.append(f"a request to {request.url[:200]}")
