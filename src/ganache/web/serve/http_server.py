"""`ganache serve` without its command line: an address, a process that draws, and an orderly end."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import uvicorn

from ganache.drawing.origins import PLAIN, Marks
from ganache.support.errors import UserError, reason
from ganache.web.serve.application import application
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.connections import bounded
from ganache.web.serve.drawing_client import DrawingClient, ServedRuns
from ganache.web.serve.entrance import checked_token, hosts_for, is_loopback

_ENCODERS = 2  # threads that make files of images
_KEEP_ALIVE = 30  # seconds between two requests
_LEFT_OVER = 5  # seconds for what is being sent, after the last answer is known
_BACKLOG = 512  # connections that wait to be taken up
_MOST_HEAD = 2**15  # bytes


class Address(NamedTuple):
    """Where the server listens, and the token that it asks for."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None


def serve(
    served: ServedRuns,
    address: Address,
    say: Callable[[str], None],
    bounds: Bounds | None = None,
    marks: Marks = PLAIN,
) -> signal.Signals | None:
    """Serve until SIGINT or SIGTERM comes, which is returned; `say` is told where, once all runs are loaded.

    What is running then is finished within bounds. Raises UserError for an address that cannot be had or needs a token,
    and for runs that cannot be loaded.
    """
    if not is_loopback(address.host) and address.token is None:
        raise UserError(
            f"host: other machines may reach {address.host!r}, so a token is needed: --token-file FILE, or the"
            " environment variable GANACHE_TOKEN"
        )
    with _bound(address) as listening:
        return asyncio.run(_Server(served, address, bounds or Bounds(), marks).run(listening, say))


def read_token(file: Path | None, environment: str | None) -> str | None:
    """Return the token of a file or of the environment, None where there is neither; raises UserError for a bad one."""
    if file is not None:
        try:
            with file.open(encoding="utf-8") as opened:
                return checked_token(opened.read(2**12), "token-file")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"token-file: {str(file)!r} cannot be read: {reason(error)}") from None
    return checked_token(environment, "GANACHE_TOKEN") if environment else None


class _Server:
    def __init__(self, served: ServedRuns, address: Address, bounds: Bounds, marks: Marks) -> None:
        self._address, self._bounds, self._marks = address, bounds, marks
        self._drawing = DrawingClient(served, bounds)
        self._stopped: signal.Signals | None = None

    async def run(self, listening: socket.socket, say: Callable[[str], None]) -> signal.Signals | None:
        with ThreadPoolExecutor(_ENCODERS) as encoders:
            try:
                await self._drawing.start()
                server = self._http(encoders)
                self._listen_to_signals(server)
                listening.listen(_BACKLOG)  # who reads the address may use it
                say(f"serving {', '.join(self._drawing.runs)}")
                say(self._url(listening))
                await server.serve(sockets=[listening])
            finally:
                await self._drawing.stop()
        return self._stopped

    def _http(self, encoders: ThreadPoolExecutor) -> uvicorn.Server:
        address, bounds = self._address, self._bounds
        app = application(self._drawing, encoders, bounds, address.token, hosts_for(address.host), self._marks)
        return _Quiet(
            uvicorn.Config(
                app,
                http=bounded(bounds),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=round(bounds.grace_seconds) + _LEFT_OVER,
                h11_max_incomplete_event_size=_MOST_HEAD,
            )
        )

    def _listen_to_signals(self, server: uvicorn.Server) -> None:
        loop = asyncio.get_running_loop()

        def stop(number: signal.Signals) -> None:
            if server.should_exit:
                server.force_exit = True  # a second signal does not wait
                self._drawing.give_up("the server is being stopped")
            server.should_exit = True
            self._stopped = number
            loop.call_later(self._bounds.grace_seconds, self._drawing.give_up, "the server is being stopped")

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)

    def _url(self, listening: socket.socket) -> str:
        host, port = self._address.host, listening.getsockname()[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class _Quiet(uvicorn.Server):
    """uvicorn's server, which leaves signals to us: its own would end the process by them again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _bound(address: Address) -> Iterator[socket.socket]:
    """Give a socket that has the address; raises UserError when that cannot be had."""
    if not 0 <= address.port < 2**16:
        raise UserError(f"port: {address.port} is not between 0 and 65535; 0 takes any that is free")
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise UserError(f"host: {address.host!r} is no address of this machine: {reason(error)}") from None
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
        except OSError as error:
            where = f"{address.host}:{address.port}"
            raise UserError(f"port: {where} cannot be listened to: {reason(error)}") from None
        yield listening
