"""log.jsonl, one line a tick, and its copy for TensorBoard.

log.jsonl is the truth. TensorBoard's files are written anew from it whenever a run is continued, so that neither
holds a line twice or shows what a crash undid.
"""

import importlib.util
import json
import os
from typing import Any, Protocol

from ganache.files import replacing
from ganache.run import Run


class _Writer(Protocol):
    def add_scalar(self, tag: str, value: float, step: int) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class Logbook:
    """The log of a run, continued after `images_seen`: later lines belong to a future that did not happen."""

    def __init__(self, run: Run, images_seen: int) -> None:
        self.run = run
        self.lines = [line for line in run.log_lines() if line["images_seen"] <= images_seen]
        with replacing(run.log_file) as temporary:
            temporary.write_text("".join(_text(line) for line in self.lines), encoding="utf-8")
        self._file = run.log_file.open("a", encoding="utf-8")
        self._board = self._rebuild_board()

    def write(self, line: dict[str, Any]) -> None:
        """Append a line; it is in the file when this returns, on the disk after `sync`."""
        self.lines.append(line)
        self._file.write(_text(line))
        self._file.flush()
        self._show(line)

    def sync(self) -> None:
        """Wait until all lines are on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._board:
            self._board.flush()

    def close(self) -> None:
        """Finish both files."""
        self._file.close()
        if self._board:
            self._board.close()

    def _rebuild_board(self) -> _Writer | None:
        for stale in self.run.path.glob("events.out.*"):
            stale.unlink()
        if importlib.util.find_spec("tensorboard") is None:
            return None
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(self.run.path))
        for line in self.lines:
            self._show(line)
        return self._board

    def _show(self, line: dict[str, Any]) -> None:
        if self._board:
            for name, value in line.items():
                if name != "images_seen" and isinstance(value, int | float):
                    self._board.add_scalar(name, value, line["images_seen"])


def _text(line: dict[str, Any]) -> str:
    return json.dumps(line) + "\n"
