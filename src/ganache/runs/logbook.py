"""log.jsonl, one line a tick, and its copy for TensorBoard.

log.jsonl is the truth. TensorBoard's files are written anew from it whenever a run is continued, so that neither
holds a line twice or shows what a crash undid.
"""

import contextlib
import importlib.util
import os
import socket
import time
from pathlib import Path
from typing import Any

from ganache.runs.folder import Run
from ganache.support.files import writing
from ganache.support.json_files import json_line, write_json_lines


class Logbook:
    """The log of a run, continued after `images_seen`: later lines belong to a future that did not happen.

    All methods raise RunError when the disk refuses.
    """

    def __init__(self, run: Run, images_seen: int) -> None:
        self.run = run
        self.lines = [line for line in run.log_lines() if line["images_seen"] <= images_seen]
        write_json_lines(run.log_file, self.lines)
        with writing(run.log_file), contextlib.ExitStack() as opened:
            self._file = opened.enter_context(run.log_file.open("a", encoding="utf-8", newline="\n"))
            run.remove_events()
            self._board: Board | None = None
            if importlib.util.find_spec("tensorboard") is not None:
                self._board = opened.enter_context(contextlib.closing(Board(run.path)))
                for line in self.lines:
                    self._board.add(line)
            opened.pop_all()

    def write(self, line: dict[str, Any]) -> None:
        """Append a line; it is in the file when this returns, on the disk after `sync`."""
        self.lines.append(line)
        with writing(self.run.log_file):
            self._file.write(json_line(line))
            self._file.flush()
            if self._board:
                self._board.add(line)

    def sync(self) -> None:
        """Wait until all lines are on the disk."""
        with writing(self.run.log_file):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Finish both files."""
        with writing(self.run.log_file), contextlib.ExitStack() as both:
            both.callback(self._file.close)
            if self._board:
                both.callback(self._board.close)


class Board:
    """A file for TensorBoard in a folder, written at once: its own writer has a thread, which fails unheard."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
        with contextlib.ExitStack() as opened:
            self._file = opened.enter_context((folder / name).open("wb"))
            self._records = RecordWriter(self._file)
            self._add(file_version="brain.Event:2")
            opened.pop_all()

    def add(self, line: dict[str, Any]) -> None:
        """Show the numbers of a line of the log."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        numbers = {name: float(value) for name, value in line.items() if isinstance(value, int | float)}
        step = int(numbers.pop("images_seen"))
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        self._add(step=step, summary=Summary(value=values))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _add(self, **event: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **event).SerializeToString())
        self._file.flush()
