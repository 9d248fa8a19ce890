"""The lab's addresses: its page, what the page loads, and the socket by which it is played."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from ganache.web.lab.doors import LOCAL, OwnPagesOnly
from ganache.web.lab.laboratory import Hire, Laboratory
from ganache.web.lab.packets import packed
from ganache.web.pages import MOUNTED, STATIC, served

REPLACED = 4000  # the code with which a socket closes when another page came
MOST_WAITING = 256  # packets; a page asks for each frame, so that hardly any wait


class Outbox:
    """The packets that a page has not taken yet; of very many the oldest are dropped."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)

    def put(self, packet: bytes | None) -> None:
        """Add a packet; None is the last."""
        while self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(packet)

    async def empty_into(self, socket: WebSocket) -> None:
        """Send packet after packet, as fast as the page takes them, and close the socket behind the last."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            while (packet := await self._queue.get()) is not None:
                await socket.send_bytes(packet)
            await socket.close(REPLACED)


class Visits:
    """The pages that come: the newest one plays, and the one before it is told so."""

    def __init__(self, laboratory: Laboratory, hello: Mapping[str, Any]) -> None:
        self._laboratory, self._hello = laboratory, packed({"is": "hello", **hello}, {})
        self._present: Outbox | None = None

    async def receive(self, socket: WebSocket) -> None:
        """Let a page play until it leaves, or another one comes."""
        await socket.accept()
        outbox = self._let_in()
        sending = asyncio.create_task(outbox.empty_into(socket))
        try:
            while (message := await socket.receive())["type"] != "websocket.disconnect":
                if self._present is outbox:
                    self._laboratory.wish(message.get("text") or "")
        finally:
            sending.cancel()
            if self._present is outbox:
                self._present = None
                self._laboratory.leave()

    def _let_in(self) -> Outbox:
        if self._present is not None:
            self._present.put(packed({"is": "trouble", "line": "the lab was opened in another window"}, {}))
            self._present.put(None)
        outbox = self._present = Outbox()
        outbox.put(self._hello)
        self._laboratory.attend(outbox.put)
        return outbox


def application(hello: Mapping[str, Any], hire: Hire, sources: tuple[str, ...], token: str, port: int) -> ASGIApp:
    """Return the lab as an application for a server that listens at a port of this machine.

    The page is at ``/TOKEN/``, and `hello` is what it is told first; `sources` are the data that it may name.
    """
    sockets = " ".join(f"ws://{name}:{port}" for name in LOCAL)
    page = served("lab", {}, also={"connect-src": sockets})

    @contextlib.asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory(prefix="ganache-lab-") as home:
            laboratory = Laboratory(hire, sources, Path(home))
            app.state.visits = Visits(laboratory, hello)
            laboratory.open()
            try:
                yield
            finally:
                laboratory.close()

    async def show(request: Request) -> Response:
        return HTMLResponse(page, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def play(socket: WebSocket) -> None:
        await socket.app.state.visits.receive(socket)

    routes: list[BaseRoute] = [Route(f"/{token}/", show), WebSocketRoute(f"/{token}/socket", play)]
    routes.append(Mount(MOUNTED, StaticFiles(directory=STATIC)))
    return OwnPagesOnly(Starlette(routes=routes, lifespan=opened), port)
