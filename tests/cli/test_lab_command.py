"""`ganache lab` as a user starts and ends it."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.commands import run_command

pytest.importorskip("uvicorn", reason="the lab's server is not installed: pip install 'ganache[web]'")


def test_it_says_where_it_is_serves_its_page_and_ends_with_its_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ganache", "lab", "--no-browser"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            address = re.fullmatch(r"the lab is at (http://127\.0\.0\.1:\d+/[\w-]{16}/) \(Ctrl-C ends it\)\n", said)
            assert address, said
            assert b"Ganache lab" in urllib.request.urlopen(address[1], timeout=60).read()
            process.send_signal(signal.SIGINT)
            rest, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, rest) == (130, "")
    assert complaints in ("", "ganache: stopped\n")


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_command("lab", "--no-browser", "--port", port)
    assert ended == (2, "", f"ganache: port: {port} cannot be listened on: {os.strerror(errno.EADDRINUSE)}\n")


def test_without_a_server_installed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = run_command("lab", "--no-browser")
    assert ended == (2, "", "ganache: lab: it comes with a web server: pip install 'ganache[web]'\n")
