"""The terminal's side of a command: streams that show what they can, files before tables, a line for a failure."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ganache.support.errors import RunError, UserError, reason, shown
from ganache.support.interrupts import Terminated, terminable
from ganache.support.json_files import write_json
from ganache.support.refusals import refusals
from ganache.support.units import brief

MOST_SHOWN = 900  # characters of a failure


class Output(NamedTuple):
    """A file that a command leaves: what it is called in the report, its path, and how it is written."""

    title: str
    path: Path
    write: Callable[[], None]


def json_outputs(path: Path | None, value: Callable[[], Any]) -> list[Output]:
    """Return a value as a JSON file of the report, nothing without a path; its writing raises RunError."""
    return [] if path is None else [Output("written", path, lambda: write_json(path, value()))]


def write_then_print(outputs: Sequence[Output], lines: Iterable[str]) -> None:
    """Write all files, then print the lines and where the files are: what was computed survives a closed pipe.

    A file that cannot be written costs neither the others nor the lines; its UserError or RunError is raised last.
    """
    written, failures = [], []
    for output in outputs:
        try:
            output.write()
            written.append(output)
        except (UserError, RunError) as error:
            failures.append(error)
    show(lines)
    show(f"{output.title:<14} {output.path}" for output in written)
    if failures:
        raise type(failures[0])("; ".join(str(failure) for failure in failures))


def show(lines: Iterable[str]) -> None:
    """Print lines, with escapes for what would steer a terminal in the names that they hold."""
    for line in lines:
        print(shown(line))


def end_with_status(program: str, command: Callable[[], int | None]) -> NoReturn:
    """Run a command and leave: exit status 0 or its own, 2 for a user's mistake, 1 for what failed, 130 or 143 (by
    SIGTERM) when stopped.

    Every failure is one line on standard error. A reader that closed the pipe ends it silently, with 141.
    """
    show_anything()
    try:
        with refusals(), terminable():
            status = command() or 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        status = _complain(program, error, 2)
    except RunError as error:
        status = _complain(program, error, 1)
        _close_output()
    except KeyboardInterrupt:
        status = _complain(program, "stopped", 130)
    except Terminated as terminated:
        status = _complain(program, "stopped", int(terminated.code or 0))
    except BrokenPipeError:
        status = 141
        _close_output()
    except OSError as error:  # what was printed last could not be kept
        status = _complain(program, reason(error), 1)
        _close_output()
    sys.exit(status)


def show_anything() -> None:
    """Have the standard streams show what their encoding lacks as ``\\u2193``, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _complain(program: str, message: object, status: int) -> int:
    line = brief(shown(" ".join(str(message).split())), MOST_SHOWN)
    if line:  # a command group without a command has shown its help instead
        with contextlib.suppress(OSError):
            print(f"{program}: {line}", file=sys.stderr)
    return status


def _close_output() -> None:
    """Drop what is still waiting to be printed, about which Python would complain at its exit."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        sys.stdout.flush()
        return
    with contextlib.suppress(OSError, AttributeError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
