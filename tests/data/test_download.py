import hashlib
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ganache.data.download import PinnedFile, _part_file, fetch
from ganache.data.sources.named_sets import NAMED_SETS
from ganache.support.errors import RunError

CONTENT = bytes(range(256)) * 4000
PINNED = PinnedFile("file.bin", "sha256", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


class Server(ThreadingHTTPServer):
    """Serves one content in as many ways as there are mirrors that misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    def mirror(self, way: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{way}/"

    def handle_error(self, request: Any, address: Any) -> None:
        pass  # a client that hangs up is part of the tests


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        way = self.path.split("/")[1]
        wanted = self.headers.get("Range")
        self.server.asked.append((way, wanted))
        if way == "missing":
            self.send_error(404)
            return
        if way == "refuse-range" and wanted:
            self.send_error(416)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and way != "ignore-range" else 0
        body = CONTENT[start:]
        if way == "corrupt":
            body = b"X" + body[1:]
        if way == "endless":
            body += b"more" * 1000
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            shift = 5 if way == "wrong-range" else 0
            self.send_header("Content-Range", f"bytes {start + shift}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        if way in ("cut", "hang"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if way == "hang":
                self.server.released.wait()
            return
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


def get(server: Server, folder: Path, *ways: str) -> bytes:
    path = fetch(PINNED, [server.mirror(way) for way in ways], folder, timeout=0.2)
    assert sorted(file.name for file in folder.iterdir()) == ["file.bin"]
    return path.read_bytes()


def test_a_good_server(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    fetch(PINNED, [server.mirror("good")], tmp_path, progress=lambda *now: seen.append(now))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert get(server, tmp_path, "good") == CONTENT
    assert server.asked == [("good", None)]  # the second time it was there


@pytest.mark.parametrize("bad", ["missing", "corrupt", "endless", "cut", "hang"])
def test_the_next_mirror_is_asked(server: Server, tmp_path: Path, bad: str) -> None:
    assert get(server, tmp_path, bad, "good") == CONTENT
    assert server.asked[-1][0] == "good"


def test_an_unreachable_mirror(server: Server, tmp_path: Path) -> None:
    path = fetch(PINNED, ["http://127.0.0.1:1/", server.mirror("good")], tmp_path, timeout=0.2)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["good", "ignore-range", "refuse-range", "wrong-range"])
def test_a_part_is_resumed_or_begun_again(server: Server, tmp_path: Path, way: str) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    assert get(server, tmp_path, way) == CONTENT
    assert server.asked[0] == (way, "bytes=1000-")
    assert len(server.asked) == (1 if way in ("good", "ignore-range") else 2)


def test_a_cut_connection_is_resumed_from_where_it_stopped(server: Server, tmp_path: Path) -> None:
    assert get(server, tmp_path, "cut", "good") == CONTENT
    starts = [0 if wanted is None else int(wanted[6:-1]) for _, wanted in server.asked]
    assert starts == [0, len(CONTENT) // 2, len(CONTENT) * 3 // 4]


def test_a_corrupt_part_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"Z" * 1000)
    assert get(server, tmp_path, "good") == CONTENT
    assert server.asked == [("good", "bytes=1000-"), ("good", None)]
    (tmp_path / "file.bin").write_bytes(b"corrupt")
    assert get(server, tmp_path, "good") == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"x")
    assert get(server, tmp_path, "good") == CONTENT


def test_never_more_than_the_pinned_size_is_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="more bytes than expected"):
        fetch(PINNED, [server.mirror("endless")], tmp_path, timeout=0.2)
    assert (tmp_path / "file.bin.part").stat().st_size == 0


def test_all_mirrors_failing_is_one_line(server: Server, tmp_path: Path) -> None:
    with pytest.raises(RunError) as raised:
        fetch(PINNED, [server.mirror(way) for way in ("missing", "hang", "corrupt")], tmp_path, timeout=0.2)
    text = str(raised.value)
    assert "\n" not in text
    for part in ("file.bin could not be downloaded", "HTTP status 404", "silent for 0.2 seconds", "sha256 checksum"):
        assert part in text
    assert not (tmp_path / "file.bin").exists()


def test_a_broken_encryption_is_the_servers_fault(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = urllib.request.urlopen

    def breaking(request: urllib.request.Request, timeout: float) -> Any:
        if "/cut/" in request.full_url:
            raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
        return real(request, timeout=timeout)

    monkeypatch.setattr(urllib.request, "urlopen", breaking)
    assert get(server, tmp_path / "data", "cut", "good") == CONTENT


def test_two_downloads_of_one_file_do_not_meet(server: Server, tmp_path: Path) -> None:
    with _part_file(tmp_path / "file.bin") as other:
        other.write_bytes(b"someone else's")
        path = fetch(PINNED, [server.mirror("good")], tmp_path, timeout=0.2)
        assert path.read_bytes() == CONTENT
        assert other.read_bytes() == b"someone else's"


@pytest.mark.usefixtures("no_locks")
def test_a_part_is_resumed_where_there_are_no_locks(server: Server, tmp_path: Path) -> None:
    """Before, a mount without locks read as another process's download, and every one began at the first byte."""
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(PINNED, [server.mirror("good")], tmp_path).read_bytes() == CONTENT
    assert server.asked == [("good", "bytes=1000-")]
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        fetch(PINNED, [server.mirror("good")], tmp_path / "file" / "x")


def test_pins_are_complete() -> None:
    for name, named in NAMED_SETS.items():
        assert len(named.mirrors) >= 2, name
        for file in named.files:
            assert len(bytes.fromhex(file.digest)) == hashlib.new(file.algorithm).digest_size
            assert file.size > 0
