"""What a training says while it runs: a progress bar on a terminal, plain lines elsewhere, nothing when asked."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ganache.support.errors import shown
from ganache.support.units import count_text, duration_text

_LOSSES = {"G": "loss/generator", "D": "loss/discriminator"}  # a generator that is left alone has none


class Display:
    """Who is told about a training; this one ignores it all."""

    def tick(self, line: dict[str, Any], done: float) -> None:
        """Hear a line of the log, and which share (0 to 1) of the budget is used."""

    def advance(self, images_seen: int, done: float) -> None:
        """Hear that the training moved."""

    def say(self, message: str) -> None:
        """Hear something worth a line of its own."""

    def close(self) -> None:
        """Hear that it is over."""


class Lines(Display):
    """One plain line a tick on standard output, for files and pipes."""

    def tick(self, line: dict[str, Any], done: float) -> None:
        """Print images seen, share done, speed, losses, memory and time left."""
        self.say(f"{count_text(line['images_seen']):>8} images  {100 * done:5.1f}%  {summary(line, done)}")

    def say(self, message: str) -> None:
        """Print the message, with escapes for what this output cannot show."""
        message = shown(message)
        try:
            print(message, flush=True)
        except UnicodeEncodeError:
            print(message.encode("ascii", "backslashreplace").decode(), flush=True)


class Bar(Display):
    """A rich progress bar."""

    def __init__(self, images: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._images = images
        self._progress = Progress(
            TextColumn("{task.fields[seen]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[summary]}"),
            console=Console(),
            refresh_per_second=4,
            expand=True,
        )
        self._task = self._progress.add_task("", total=1.0, seen="", summary="starting")
        self._progress.start()

    def tick(self, line: dict[str, Any], done: float) -> None:
        """Show speed, time left, losses and memory."""
        self._progress.update(self._task, summary=summary(line, done))
        self.advance(line["images_seen"], done)

    def advance(self, images_seen: int, done: float) -> None:
        """Move the bar."""
        total = f"/{count_text(self._images)}" if self._images else ""
        self._progress.update(self._task, completed=done, seen=f"{count_text(images_seen)}{total} images")

    def say(self, message: str) -> None:
        """Print the message above the bar."""
        self._progress.console.print(shown(message), markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()


class Forgiving(Display):
    """Passes everything on to a display until that fails: then it is silent, and the training goes on."""

    def __init__(self, choose: Callable[[], Display]) -> None:
        self.shown: Display = Display()
        with self._forgiven():
            self.shown = choose()

    def tick(self, line: dict[str, Any], done: float) -> None:
        """Pass the line on."""
        with self._forgiven():
            self.shown.tick(line, done)

    def advance(self, images_seen: int, done: float) -> None:
        """Pass the movement on."""
        with self._forgiven():
            self.shown.advance(images_seen, done)

    def say(self, message: str) -> None:
        """Pass the message on."""
        with self._forgiven():
            self.shown.say(message)

    def close(self) -> None:
        """Close the display."""
        with self._forgiven():
            self.shown.close()

    @contextlib.contextmanager
    def _forgiven(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # a notebook, a closed pipe, a vanished terminal: each raises what it likes
            self.shown = Display()
            with contextlib.suppress(Exception):
                reason = f"{type(error).__name__}: {error}"
                print(f"ganache: nothing more is shown ({reason}); the training goes on", file=sys.stderr)


def choose_display(images: int | None) -> Display:
    """Return the display for this standard output."""
    return Bar(images) if sys.stdout is not None and sys.stdout.isatty() else Lines()


def summary(line: dict[str, Any], done: float) -> str:
    """Return a log line in words: speed, time left, both losses, memory."""
    speed = line["images_per_second"]
    left = line["training_seconds"] * (1.0 - done) / done if done > 0 else 0.0
    losses = [f"{name} {line[key]:.3f}  " for name, key in _LOSSES.items() if key in line]
    return (
        f"{speed:.0f} images/s  {1000 / speed if speed else 0:.2f} s/kimg  {duration_text(left)} left  "
        f"{''.join(losses)}{line['memory_bytes'] / 2**20:.0f} MiB"
    )
