"""Connections that may neither begin without end nor stand still: uvicorn's, with clocks.

uvicorn bounds how long a connection is kept between two requests, but neither how slowly the head of a request may come
nor how slowly an answer may be taken.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from ganache.web.serve.answers import error_text
from ganache.web.serve.bounds import Bounds

_FAR_TOO_MANY = 2  # times as many connections as may be open: they are not even answered
_LINGER_SECONDS = 1.0
_LEAST_TAKEN = 2**16  # bytes of an answer within the time in which a reader must take some


class BoundedConnection(H11Protocol):
    """A connection that is ended when its other end is too slow; `bounds` is the class's."""

    bounds = Bounds()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, or end it where there are too many."""
        super().connection_made(transport)
        self._head_clock: asyncio.TimerHandle | None = None
        self._stall_clock: asyncio.TimerHandle | None = None
        self._is_over = False
        crowd = len(self.connections) / self.bounds.connections
        if crowd > _FAR_TOO_MANY:
            self.transport.abort()
        elif crowd > 1:
            self._say_and_end(503, "too many connections are open; try again")
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what comes, and wait no longer for a head that is there."""
        if self._is_over:
            return
        super().data_received(data)
        if self._is_answering:
            self._stop_head_clock()
        else:
            self._await_head()

    def on_response_complete(self) -> None:
        """Go on as usual; the clock of the next head starts with its first byte."""
        super().on_response_complete()
        if self._is_answering:  # a request that had come already
            self._stop_head_clock()

    def shutdown(self) -> None:
        """Begin to end, as the server does."""
        if self._is_over:
            self.transport.close()
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._stop_head_clock()
        self._stop_stall_clock()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to watch a reader that does not keep up."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Stop watching."""
        self._stop_stall_clock()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the form that all errors have."""
        self._say_and_end(400, "this is no request of HTTP/1.1 that this server understands")

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head_clock is None and not self._is_over:
            self._head_clock = self.loop.call_later(self.bounds.header_seconds, self._end_unless_answering)

    def _end_unless_answering(self) -> None:
        self._head_clock = None
        if not self._is_answering:
            self.transport.close()

    def _watch(self) -> None:
        self._left_before = self.transport.get_write_buffer_size()
        self._stall_clock = self.loop.call_later(self.bounds.stall_seconds, self._end_if_stalled)

    def _end_if_stalled(self) -> None:
        if self._left_before - self.transport.get_write_buffer_size() < _LEAST_TAKEN:
            self.transport.abort()  # closing would wait for the reader
        else:
            self._watch()

    def _stop_head_clock(self) -> None:
        if self._head_clock is not None:
            self._head_clock.cancel()
            self._head_clock = None

    def _stop_stall_clock(self) -> None:
        if self._stall_clock is not None:
            self._stall_clock.cancel()
            self._stall_clock = None

    def _say_and_end(self, status: int, sentence: str) -> None:
        """Answer, and close a little later: closed with something unread, the other end would lose the answer."""
        self._is_over = True
        self._stop_head_clock()
        body = error_text(sentence)
        head = f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n{body}".encode())
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def bounded(bounds: Bounds) -> type[asyncio.Protocol]:
    """Return the kind of connection with these bounds."""
    members: dict[str, Any] = {"bounds": bounds}
    return type("ConnectionWithin", (BoundedConnection,), members)
