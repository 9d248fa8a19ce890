"""Connections that are too slow, too many or no HTTP: each ends within its bound, and others are answered meanwhile."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import uvicorn

from ganache.web.serve.bounds import Bounds
from ganache.web.serve.connections import bounded
from tests.web.serve.asking import finished

T = TypeVar("T")
QUICK = Bounds(header_seconds=0.1, stall_seconds=0.1)
LARGE = 32 * 2**20  # more than all buffers between two processes
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer ``/large`` with many bytes, anything else with few, without a look at the body."""
    body = bytes(LARGE) if scope["path"] == "/large" else b"here"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(bounds: Bounds) -> AsyncIterator[Connect]:
    """Serve on a free port."""
    config = uvicorn.Config(answer, http=bounded(bounds), ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    opened: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for writer in opened:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        server.should_exit = server.force_exit = True
        await server.shutdown()


def with_server(run: Callable[[Connect], Awaitable[T]], bounds: Bounds = QUICK) -> T:
    async def all_of_it() -> T:
        async with asyncio.timeout(20), serving(bounds) as connect:
            return await run(connect)

    return finished(all_of_it())


async def get(connect: Connect, path: str = "/") -> bytes:
    """Return what one request is answered."""
    reader, writer = await connect()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return await reader.read()


def test_a_client_that_says_nothing_or_never_comes_to_the_end_of_its_head_is_cut_off() -> None:
    async def slow(connect: Connect) -> None:
        silent, _ = await connect()
        reader, writer = await connect()
        dribbling = asyncio.create_task(reader.read())
        head = iter(b"GET / HTTP/1.1\r\nX: " + b"y" * 10_000)
        with contextlib.suppress(ConnectionError):
            while not dribbling.done():
                writer.write(bytes([next(head)]))
                await asyncio.sleep(0.01)
                assert b"here" in await get(connect)
        assert await dribbling == b""
        assert await silent.read() == b""

    with_server(slow)


def test_a_client_that_is_quick_keeps_its_connection() -> None:
    async def many(connect: Connect) -> bytes:
        reader, writer = await connect()
        for _ in range(20):  # which take longer than a head may
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.01)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)  # two at once
        await reader.readuntil(b"here")
        return await reader.readuntil(b"here")

    assert with_server(many).startswith(b"HTTP/1.1 200")


def test_a_reader_that_stands_still_is_cut_off_and_one_that_takes_its_time_is_not() -> None:
    async def stalled(connect: Connect) -> int:
        reader, writer = await connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.4)
        assert b"here" in await get(connect)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(ConnectionError):
            return len(await reader.read())
        return 0

    async def unhurried(connect: Connect) -> int:
        reader, writer = await connect()
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        size = 0
        while piece := await reader.read(2**20):
            size += len(piece)
            await asyncio.sleep(0.01)
        return size

    assert with_server(stalled) < LARGE
    patient = replace(QUICK, stall_seconds=1.0)  # a busy machine may stand still itself; all of it takes longer
    assert with_server(unhurried, patient) > LARGE


def test_a_body_that_nobody_reads_does_not_keep_the_answer_from_its_sender() -> None:
    async def large(connect: Connect) -> bytes:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        writer.write(bytes(20_000_000))
        await writer.drain()
        return await reader.readuntil(b"here")

    assert with_server(large, replace(QUICK, header_seconds=5.0)).startswith(b"HTTP/1.1 200")


def test_what_is_no_http_and_what_is_one_too_many_are_told_so() -> None:
    async def odd(connect: Connect) -> list[bytes]:
        reader, writer = await connect()
        writer.write(b"\x16\x03\x01 no HTTP\r\n\r\n")
        first = await reader.read()
        reader, writer = await connect()
        writer.write(b"GET /" + b"x" * 200_000)  # no end of a line
        return [first, await reader.read()]

    async def crowd(connect: Connect) -> bytes:
        await connect()
        assert b"here" in await get(connect)
        await connect()
        return await get(connect)

    for found in with_server(odd):
        head, _, body = found.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body) == {"error": "this is no request of HTTP/1.1 that this server understands"}
    found = with_server(crowd, Bounds(connections=2))
    assert found.startswith(b"HTTP/1.1 503 ")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["error"].startswith("too many connections")
