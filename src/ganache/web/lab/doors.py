"""Who may come in: a browser that asks this very address, and no page but the lab's own."""

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

LOCAL = ("127.0.0.1", "localhost")


class OwnPagesOnly:
    """Refuses what is addressed to another host, as a page does that bent a name's address to here, or comes from one.

    A page of elsewhere that asks for a socket says so in ``Origin``; nothing else can change anything here.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in LOCAL}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is allowed, and refuse the rest with 403."""
        if scope["type"] == "lifespan" or self._allows(scope["type"], Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008)(scope, receive, send)
        else:
            response: Any = PlainTextResponse("This address answers only to pages of its own.\n", status_code=403)
            await response(scope, receive, send)

    def _allows(self, kind: str, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        is_own = origin == f"http://{host}" if kind == "websocket" else origin in (None, f"http://{host}")
        return host in self._hosts and is_own
