"""`ganache serve` as its user starts it, on a full disk: asked by many, killed in part, deleted under, stopped."""

import contextlib
import http.client
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from ganache.runs.products import load
from tests.commands import run_command

Found = tuple[int, bytes]


class Served(NamedTuple):
    """A server that runs, and what it printed."""

    process: "subprocess.Popen[str]"
    port: int
    names: str
    folder: Path

    def ask(self, address: str, method: str = "GET", body: bytes = b"") -> Found:
        """Return the status and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, address, body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def told(self, address: str) -> Any:
        """Return an answer's JSON."""
        return json.loads(self.ask(address)[1])

    def metric(self, name: str) -> float:
        """Return a value of /metrics."""
        lines = self.ask("/metrics")[1].decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))


def _full_disk() -> None:
    """Let no file be written: what is larger than nothing is refused."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextlib.contextmanager
def serving(folder: Path, *words: str) -> Iterator[Served]:
    """Run the command with ``--port 0`` until it is left."""
    command = [sys.executable, "-m", "ganache", "serve", *words, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_full_disk
    ) as process:
        assert process.stdout is not None
        try:
            names = process.stdout.readline()
            address = process.stdout.readline()
            assert address.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
            yield Served(process, int(address.rsplit(":")[-1].strip().rstrip("/")), names, folder)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of two runs of one name, of which one may be deleted."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(digits_run, folder / "digits")
    with serving(folder, str(digits_run), str(folder / "digits")) as served:
        yield served
        os.kill(served.process.pid, signal.SIGINT)
        output, complaints = served.process.communicate(timeout=60)
        assert (served.process.returncode, output) == (0, "stopped by SIGINT\n")
        assert complaints == f"another run is called 'digits': {folder / 'digits'} is served as 'digits-2'\n"


def test_two_runs_of_one_name_are_both_served(server: Served) -> None:
    assert server.names == "serving digits, digits-2\n"
    first, second = server.told("/api/runs")["runs"]
    assert (first["name"], second["name"]) == ("digits", "digits-2")
    assert server.told("/health") == {"status": "ok"}


def test_many_at_once_have_the_bytes_of_one_alone(server: Served, digits_run: Path) -> None:
    """Sixteen clients ask for 96 answers of several counts, classes and truncations; no disk is needed for any."""
    generator = load(digits_run)

    def one(number: int) -> bool:
        seed, first, count = number % 7, 13 * number % 100, number % 5 + 1
        told = f"seed={seed}&first={first}&count={count}&class={number % 10}&truncation={(1, 0.5)[number % 2]}"
        status, body = server.ask(f"/api/runs/digits/images?{told}&format=npz")
        assert status == 200, body
        drawn = generator.truncated((1.0, 0.5)[number % 2]).stream(count, seed, [str(number % 10)], first)
        with np.load(io.BytesIO(body)) as found:
            return np.array_equal(found["arr_0"], np.concatenate(list(drawn)))

    before = server.metric("ganache_drawn_groups_total")
    with ThreadPoolExecutor(16) as clients:
        assert all(clients.map(one, range(96)))
    assert server.metric("ganache_drawn_groups_total") - before < 90


def test_every_kind_of_file_is_made_without_a_disk(server: Served) -> None:
    for address in ("images?format=png", "images?format=webp", "walk?seeds=1,2&frames=5", "walk?seeds=1,2&format=png"):
        status, body = server.ask(f"/api/runs/digits/{address}")
        assert status == 200
        Image.open(io.BytesIO(body)).verify()
    file = io.BytesIO()
    Image.new("L", (8, 8), 200).save(file, "PNG")
    status, body = server.ask("/api/runs/digits/project?steps=2&format=json", "POST", file.getvalue())
    assert (status, "distance" in json.loads(body)) == (200, True)
    assert server.ask("/api/runs/digits/project", "POST", bytes(17 * 2**20))[0] == 413


def test_who_leaves_is_forgotten(server: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/api/runs/digits/images?count=1024")
    connection.close()
    assert server.ask("/api/runs/digits/images?count=1")[0] == 200


def drawing_pid(server: Served) -> int:
    """Return the number of the process that draws, the only child."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return int(children[0])


def test_a_run_is_served_from_memory_until_the_process_that_has_it_is_killed(server: Served) -> None:
    shutil.rmtree(server.folder / "digits")
    address = "/api/runs/digits-2/images?count=1"
    assert server.ask(address)[0] == 200
    os.kill(drawing_pid(server), signal.SIGSTOP)
    found: list[Found] = []
    waiting = threading.Thread(target=lambda: found.append(server.ask("/api/runs/digits/images")))
    waiting.start()
    while server.metric("ganache_waiting_requests") < 1:
        pass
    os.kill(drawing_pid(server), signal.SIGKILL)
    waiting.join()
    (status, body), *_ = found
    assert status == 503
    assert "the process that draws has ended (signal 9) and is being started again" in json.loads(body)["error"]
    status, body = server.ask(address)
    assert status == 404
    assert json.loads(body)["error"].startswith("the run 'digits-2' was deleted or changed while it was served")
    assert server.ask("/api/runs/digits/images")[0] == 200
    assert server.told("/api/runs")["runs"][1]["gone"] is True


def test_a_server_that_is_stopped_finishes_what_it_does(digits_run: Path) -> None:
    """The answer that is under way comes, the process ends well, and nobody is let in meanwhile."""
    with serving(digits_run, str(digits_run)) as server:
        found: list[Found] = []
        address = "/api/runs/digits/walk?seeds=1,2,3&frames=240&side=32"
        waiting = threading.Thread(target=lambda: found.append(server.ask(address)))
        waiting.start()
        while server.metric("ganache_open_requests") < 2:
            pass
        os.kill(server.process.pid, signal.SIGTERM)
        waiting.join()
        output, complaints = server.process.communicate(timeout=60)
        assert [status for status, _ in found] == [200]
        assert server.process.returncode == 0
        assert output == "stopped by SIGTERM\n"
        assert complaints == ""
        with pytest.raises(ConnectionError):
            server.ask("/health")


MISTAKES: list[tuple[str, str]] = [
    ("serve", "Missing argument 'RUN…'"),
    ("serve absent", "run: there is no generator at"),
    ("serve RUN RUN", "is named twice"),
    ("serve RUN --host 0.0.0.0", "host: other machines may reach '0.0.0.0', so a token is needed"),
    ("serve RUN --port 70000", "port: 70000 is not between 0 and 65535"),
    ("serve RUN --token-file absent", "token-file: 'absent' cannot be read: No such file or directory"),
    ("serve RUN --port 0 --code absent.py", "code: there is no Python file 'absent.py'"),
]


@pytest.mark.parametrize(("words", "expected"), MISTAKES)
def test_a_mistake_costs_one_line(words: str, expected: str, digits_run: Path) -> None:
    ended = run_command(*(str(digits_run) if word == "RUN" else word for word in words.split()))
    assert ended.status == 2
    assert expected in ended.complaints
    assert ended.complaints.count("\n") == 1
    assert ended.output == ""
