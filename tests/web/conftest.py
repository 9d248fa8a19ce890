"""The browser of a module's tests, and a visitor for each test."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.browser import Visitor, launched, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A running browser; tests that need one are skipped where there is none.

    Playwright runs an event loop in this thread for as long as it lives, and no other test could start one of its own.
    """
    if why := missing():
        pytest.skip(why)
    with launched() as browser:
        yield browser


@pytest.fixture
def visitor(chromium: "Browser") -> Iterator[Visitor]:
    """Who opens pages; the test fails when one of them logs an error or asks another host for anything."""
    visiting = Visitor(chromium)
    yield visiting
    visiting.close()
