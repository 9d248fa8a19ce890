"""What a training shows in a notebook: how far it is, its losses, the newest pictures, in one place that changes."""

import sys
from collections import deque
from pathlib import Path
from typing import Any

from ganache.drawing.curves import panels_of
from ganache.drawing.small_curves import small_curves
from ganache.runs.folder import Run
from ganache.support.markup import element, picture, text
from ganache.training.display import Display, summary

MOST_SAID = 40  # lines, of which the last ones are kept
MOST_DRAWN = 5_000  # lines of the log, of which the last ones are drawn
LOSSES = "loss"


def in_notebook() -> bool:
    """Return whether this is a notebook: IPython is there and has a kernel, which a terminal's has not."""
    program = sys.modules.get("IPython")
    shell = program.get_ipython() if program is not None else None
    return getattr(shell, "kernel", None) is not None


class Notebook(Display):
    """One output of a cell, renewed at every line of the log and at every hundredth of the training."""

    def __init__(self, run: Path) -> None:
        from IPython.display import display

        self._run = Run(run)
        self._lines: deque[dict[str, Any]] = deque(maxlen=MOST_DRAWN)
        self._said: deque[str] = deque(maxlen=MOST_SAID)
        self._done = 0.0
        self._handle = display(self, display_id=True)

    def tick(self, line: dict[str, Any], done: float) -> None:
        """Show speed, time left and losses, and the newest pictures."""
        self._lines.append(line)
        self._done = done
        self._renew()

    def advance(self, images_seen: int, done: float) -> None:
        """Move the bar, once it would be seen."""
        if round(100 * done) != round(100 * self._done):
            self._done = done
            self._renew()

    def say(self, message: str) -> None:
        """Show the message above the bar."""
        self._said.append(message)
        self._renew()

    def close(self) -> None:
        """Leave it as it stands, with the last pictures."""
        self._renew()

    def _renew(self) -> None:
        if self._handle is not None:  # None where nothing can be shown any more
            self._handle.update(self)

    def _repr_html_(self) -> str:
        told = summary(self._lines[-1], self._done) if self._lines else "starting"
        losses = panels_of(list(self._lines)).get(LOSSES, [])
        bar = element("progress", value=f"{self._done:.3f}", max=1, style="width:100%")
        words = element("pre", "\n".join(map(text, self._said))) if self._said else ""
        return element("div", words, bar, element("div", text(told)), small_curves(losses, LOSSES), self._picture())

    def _picture(self) -> str:
        files = self._run.sample_files()
        if not files:
            return ""
        newest = files[-1]
        return picture(newest.read_bytes(), f"samples after {int(newest.stem)} images")
