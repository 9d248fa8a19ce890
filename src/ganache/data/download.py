"""Pinned files over HTTP: resumed where they stopped, never longer than pinned, checked before they get their name."""

import contextlib
import http.client
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganache.data.dataset import Progress
from ganache.support.errors import RunError
from ganache.support.files import digest_of, lock, sync

TIMEOUT_SECONDS = 30.0  # a server that sends nothing for so long is given up for the next mirror
_CHUNK_BYTES = 256 * 1024
_ATTEMPTS_PER_MIRROR = 2


@dataclass(frozen=True)
class PinnedFile:
    """A published file: its name, the algorithm and hex digest of its content, its size in bytes."""

    name: str
    algorithm: str
    digest: str
    size: int


Fetch = Callable[[PinnedFile, Sequence[str], Path, Progress | None], Path]
"""As `fetch`: returns a file in a folder, from one of the mirrors."""


class _FetchError(Exception):
    """This mirror failed; the text says how."""


def fetch(
    file: PinnedFile,
    mirrors: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Path:
    """Return the file in the folder, downloaded from the first mirror (a base address) that has it whole.

    Raises RunError with each mirror's failure when none has.
    """
    target = folder / file.name
    if target.is_file():
        if target.stat().st_size == file.size and digest_of(target, file.algorithm) == file.digest:
            return target
        target.unlink()
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _part_file(target) as part:
            for mirror in mirrors:
                for _ in range(_ATTEMPTS_PER_MIRROR):
                    had = part.stat().st_size
                    try:
                        _receive(f"{mirror}{file.name}", part, file.size, timeout, progress)
                        _check(part, file)
                    except _FetchError as error:
                        failures.append(f"{mirror}: {error}")
                        # The same server again only for what a broken earlier part, or a cut connection, spoilt.
                        if part.stat().st_size == had:
                            break
                        continue
                    os.replace(part, target)
                    sync(folder)
                    return target
    except OSError as error:
        raise RunError(f"data: {file.name} cannot be written to {str(folder)!r}: {error.strerror or error}") from error
    raise RunError(f"data: {file.name} could not be downloaded ({'; '.join(dict.fromkeys(failures))})")


def _receive(url: str, part: Path, size: int, timeout: float, progress: Progress | None) -> None:
    had = part.stat().st_size
    if had >= size:
        return
    headers = {"User-Agent": "ganache", "Accept-Encoding": "identity"}
    if had:
        headers["Range"] = f"bytes={had}-"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            resumes = answer.status == 206
            if resumes and _starts_at(answer.headers.get("Content-Range", "")) != had:
                part.write_bytes(b"")
                raise _FetchError("answered with another range than the one asked for")
            with part.open("ab" if resumes else "wb") as output:
                held = had if resumes else 0
                while chunk := answer.read(min(_CHUNK_BYTES, size + 1 - held)):
                    output.write(chunk)
                    held += len(chunk)
                    if held > size:
                        break
                    if progress:
                        progress(held, size)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            part.write_bytes(b"")
        raise _FetchError(f"HTTP status {error.code}") from error
    except TimeoutError as error:
        raise _FetchError(f"silent for {timeout:g} seconds") from error
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, ssl.SSLError, ValueError) as error:
        raise _FetchError(" ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__) from error


def _check(part: Path, file: PinnedFile) -> None:
    held = part.stat().st_size
    if held < file.size:
        raise _FetchError(f"ended after {held} of {file.size} bytes")
    if held > file.size or digest_of(part, file.algorithm) != file.digest:
        # Nothing in it can be trusted, so nothing of it is resumed.
        part.write_bytes(b"")
        raise _FetchError("more bytes than expected" if held > file.size else f"wrong {file.algorithm} checksum")
    sync(part)


def _starts_at(content_range: str) -> int:
    match = re.match(r"bytes (\d+)-", content_range)
    return int(match[1]) if match else -1


@contextlib.contextmanager
def _part_file(target: Path) -> Iterator[Path]:
    part = target.with_name(target.name + ".part")
    with part.open("ab") as handle:
        taken = lock(handle.fileno())
        if taken == "taken":
            yield part
            return
    if taken == "unavailable":  # closed, since Windows does not rename an open file
        yield part
        return
    # Another process is downloading into that file: work beside it, and leave nothing behind.
    private = target.with_name(f"{target.name}.{os.getpid()}.part")
    private.write_bytes(b"")
    try:
        yield private
    finally:
        private.unlink(missing_ok=True)
