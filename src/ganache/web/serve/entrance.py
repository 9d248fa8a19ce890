"""What every request passes first: how many there are, who may ask, and in which form a refusal is told."""

import hmac
import ipaddress
import time
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ganache.support.errors import UserError
from ganache.web.serve.answers import RefusedError, refused
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.meters import Meters

OPEN_PATHS = ("/", "/docs", "/health")  # for everybody: they say nothing about the runs
OPEN_FOLDER = "/static/"
LEAST_TOKEN = 16  # characters
NAMES_OF_LOOPBACK = ("localhost", "127.0.0.1", "::1")
PRIVATE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class Entrance:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, bounds: Bounds, meters: Meters, token: str | None, hosts: Collection[str] | None
    ) -> None:
        """Wrap an application; `hosts` are the names by which it may be called, None any."""
        self._app, self._bounds, self._meters = app, bounds, meters
        self._token = None if token is None else token.encode()
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, refuse it in one sentence, and count it in any case."""
        assert scope["type"] == "http", scope["type"]
        sent = _Sent(send)
        self._meters.open += 1
        began = time.monotonic()
        try:
            await self._answered(scope, receive, sent)
        finally:
            self._meters.open -= 1
            route = getattr(scope.get("route"), "path", "none")
            self._meters.note(route, sent.status, time.monotonic() - began, sent.size)

    async def _answered(self, scope: Scope, receive: Receive, sent: "_Sent") -> None:
        try:
            self._check(scope)
        except RefusedError as refusal:
            headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
            await refused(refusal, headers)(scope, receive, sent)
            return
        await self._app(scope, receive, sent)

    def _check(self, scope: Scope) -> None:
        """Raise RefusedError for a request that is one too many, or none of ours."""
        headers = Headers(scope=scope)
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            raise RefusedError(403, "this server is called by another name; open it at the address that it printed")
        if is_open(scope["path"]):
            return
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise RefusedError(403, "pages of other sites may not ask this server")
        if self._token is not None and not hmac.compare_digest(_given(headers), self._token):
            raise RefusedError(401, "a token is needed: send the header Authorization: Bearer TOKEN")
        if self._meters.open > self._bounds.requests:
            raise RefusedError(429, f"{self._bounds.requests} requests are being answered already; try again", 1)


class _Sent:
    """Sends, with headers that all answers have, and notes what was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in PRIVATE.items():
                headers.setdefault(name, value)
        self.size += len(message.get("body", b""))
        await self._send(message)


def is_open(path: str) -> bool:
    """Return whether a path may be asked for without a token."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def host_name(header: str) -> str:
    """Return the name of a Host header, without its port and brackets, in lower case."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdecimal() else header
    return name.removeprefix("[").removesuffix("]").rstrip(".").lower()


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hosts_for(host: str) -> Collection[str] | None:
    """Return by which names a server at an address may be called.

    A page elsewhere can have its own name lead here (DNS rebinding), so that on a loopback names are few; from
    elsewhere a token is asked for, which such a page has not.
    """
    return {*NAMES_OF_LOOPBACK, host.lower()} if is_loopback(host) else None


def checked_token(token: str, where: str) -> str:
    """Return a token without the line's end; raises UserError for one that is too short, or no header could hold."""
    text = token.strip()
    if len(text) < LEAST_TOKEN:
        raise UserError(f"{where}: a token has {LEAST_TOKEN} characters or more, such as `openssl rand -hex 16` prints")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise UserError(f"{where}: a token is of letters, digits and signs of ASCII, without spaces")
    return text


def _given(headers: Headers) -> bytes:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip().encode("latin-1", "replace") if scheme.lower() == "bearer" else b""
