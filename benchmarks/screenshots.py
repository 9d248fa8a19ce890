"""Pictures of every page at two widths, to be looked at: the lab's presets, a server, a report, an exported page.

    python -m benchmarks.screenshots --run RUN [--run RUN] [--out runs/screenshots] [--seconds 60]
        [--presets ring moons] [--pages lab serve report export] [--most 1800]

It needs chromium and onnxruntime-web (`make browser web`). Each preset of the lab plays for so many seconds. Writes
NAME-1280.webp and NAME-390.webp, which show a page from its top to its end, or so many pixels of it; nothing on a page
may be an error. Those in docs/images/pages were made by it.
"""

import argparse
import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import ganache
from benchmarks.servers import serving
from ganache.web.lab.presets import presets
from ganache.web.report import writing
from tests.web.browser import NARROW, WIDE, Visitor, launched, missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUALITY = 80  # of WebP
PATIENCE = 120_000.0  # milliseconds


@dataclass(frozen=True)
class Out:
    """Where pictures go, and how many pixels of a page's height they show at most."""

    folder: Path
    most: int


def keep(page: "Page", out: Out, name: str) -> None:
    """Write a page at both widths."""
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.wait_for_timeout(1000)  # what is drawn anew for the new width
        with Image.open(io.BytesIO(page.screenshot(full_page=True))) as picture:
            shown = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, out.most)))
        shown.save(out.folder / f"{name}-{viewport['width']}.webp", quality=QUALITY)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def lab(visitor: Visitor, out: Out, names: list[str], seconds: float) -> None:
    """Play presets."""
    with serving(["lab", "--no-browser"]) as address:
        for name in names:
            page = visitor.open(address)
            page.wait_for_function("() => document.body.dataset.frames > 0", timeout=PATIENCE)
            page.select_option("#lab-preset", name)
            page.wait_for_function("() => document.body.dataset.iterationA === '0'", timeout=PATIENCE)
            page.get_by_role("button", name="play").click()
            page.wait_for_timeout(1000 * seconds)
            page.get_by_role("button", name="pause").click()
            keep(page, out, f"lab-{name}")
            page.close()


def serve(visitor: Visitor, out: Out, runs: list[Path]) -> None:
    """Show the first page of a server, and that of its endpoints."""
    with serving(["serve", *map(str, runs), "--port", "0"]) as address:
        page = visitor.open(address)
        page.wait_for_selector("body[data-samples]", timeout=PATIENCE)
        keep(page, out, "serve")
        page.goto(f"{address}docs")
        page.wait_for_selector("body[data-ready]", timeout=PATIENCE)
        keep(page, out, "serve-docs")


def report(visitor: Visitor, out: Out, runs: list[Path]) -> None:
    """Show the report of each run, and of all beside each other."""
    file = out.folder / "report.html"
    for run in runs:
        writing.write_report(run, file)
        keep(visitor.open(file), out, f"report-{run.name}")
    if len(runs) > 1:
        writing.write_comparison(runs, file)
        keep(visitor.open(file), out, "report-compared")
    file.unlink()


def export(visitor: Visitor, out: Out, run: Path) -> None:
    """Show a page that draws by itself."""
    with tempfile.TemporaryDirectory() as folder:
        ganache.export(run, Path(folder) / "generator.html")
        page = visitor.open(Path(folder) / "generator.html")
        page.wait_for_timeout(5000)
        keep(page, out, "exported")


def main() -> None:
    """Open what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names, pages = [preset.name for preset in presets()], ["lab", "serve", "report", "export"]
    parser.add_argument("--run", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, default=Path("runs/screenshots"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--presets", nargs="+", default=names, choices=names)
    parser.add_argument("--most", type=int, default=10_000, metavar="PIXELS")
    parser.add_argument("--pages", nargs="+", default=pages, choices=pages)
    asked = parser.parse_args()
    if why := missing():
        sys.exit(why)
    if not asked.run and asked.pages != ["lab"]:
        parser.error("pages of runs need --run")
    asked.out.mkdir(parents=True, exist_ok=True)
    out = Out(asked.out, asked.most)
    with launched() as browser:
        visitor = Visitor(browser)
        if "lab" in asked.pages:
            lab(visitor, out, asked.presets, asked.seconds)
        for name, show in (("serve", serve), ("report", report)):
            if name in asked.pages:
                show(visitor, out, asked.run)
        if "export" in asked.pages:
            export(visitor, out, asked.run[0])
        visitor.close()


if __name__ == "__main__":
    main()
