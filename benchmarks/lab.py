"""How often the lab's page is drawn anew while it plays, and how fast its games go meanwhile.

python -m benchmarks.lab

It needs chromium (`make browser`). A processor that draws the page without a GPU does the browser's work too.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers import serving
from tests.web.browser import launched, missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 10.0
PRESETS = ("ring", "moons", "vanishing", "convolutions")


def measure(page: "Page", preset: str) -> dict[str, float]:
    """Play a preset; return frames drawn and iterations played per second, each of a single game."""
    page.select_option("#lab-preset", preset)
    page.wait_for_function("() => document.body.dataset.iterationA === '0'", timeout=60_000)
    page.get_by_role("button", name="play").click()
    page.wait_for_function("() => Number(document.body.dataset.iterationA) > 20", timeout=60_000)
    count = "() => [document.body.dataset.frames, document.body.dataset.iterationA].map(Number)"
    games = page.locator(".board").count()
    began, before = time.perf_counter(), page.evaluate(count)
    page.wait_for_timeout(1000 * SECONDS)
    took, after = time.perf_counter() - began, page.evaluate(count)
    page.get_by_role("button", name="pause").click()
    frames, iterations = ((now - then) / took for now, then in zip(after, before, strict=True))
    return {"games": games, "frames": frames / games, "iterations": iterations}


def main() -> None:
    """Print a line for each preset."""
    if why := missing():
        sys.exit(why)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(["lab", "--no-browser"], Path(folder)) as address,
        launched() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_function("() => document.body.dataset.frames > 0", timeout=120_000)
        print("| preset | games | drawn anew, 1/s | iterations/s |\n|---|---|---|---|")
        for preset in PRESETS:
            one = measure(page, preset)
            print(f"| {preset} | {one['games']} | {one['frames']:.1f} | {one['iterations']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
