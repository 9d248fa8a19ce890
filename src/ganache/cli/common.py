"""What commands do besides their work: run the user's code, speak beside the results, show a bar."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ganache.support.errors import UserError, shown

if TYPE_CHECKING:
    from ganache.drawing.origins import Marks


def say(line: str) -> None:
    """Print a line that is no result, beside the results."""
    print(shown(line), file=sys.stderr, flush=True)


def mention_overlooked(data: str | None) -> None:
    """Say that a folder has the name of the set that was named, if one has."""
    from ganache.data.location import overlooked

    if data is not None and (line := overlooked(data)):
        say(line)


def load_code(path: Path | None) -> None:
    """Run the Python file that the user named, if any, so that its parts are known; as those of `scratch` are."""
    from ganache.scratch import by_hand  # noqa: F401

    if path is not None:
        from ganache import recipes

        recipes.load_code(path)


def marks_of(no_metadata: bool, sign: Path | None = None, key: Path | None = None) -> "Marks":
    """Return what is put on the pictures that a command writes; raises UserError for what cannot sign."""
    from ganache.drawing.credentials import Credentials
    from ganache.drawing.origins import Marks

    if key is not None and sign is None:
        raise UserError("key: it signs with a certificate, --sign CERT")
    return Marks(not no_metadata, None if sign is None else Credentials.read(sign, key))


@contextlib.contextmanager
def packing_bar() -> Iterator[Callable[[int, int], None] | None]:
    """Show how far the decoding and the judging of pictures is, on a terminal, while there is any."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("pictures", total=None, visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=done < total)

        yield progress
