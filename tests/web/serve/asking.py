"""Requests to the application in this process, and someone who draws in this process too."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ganache.runs.encoders import load_encoder
from ganache.runs.products import load
from ganache.runs.trained_translators import directions_of, load_translator
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.application import application
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.drawing_client import Commission
from ganache.web.serve.entrance import Entrance
from ganache.web.serve.messages import Message
from ganache.web.serve.served import Served, Trained, TrainedWays
from ganache.web.serve.studio import Studio
from ganache.web.serve.tasks import TASKS

T = TypeVar("T")


class Here:
    """Draws in this process, a group whenever somebody waits."""

    is_ready = True

    def __init__(self, *trained: Served) -> None:
        self.runs = {one.name: one.described() for one in trained}
        self.gone: dict[str, str] = {}
        self.studio = Studio({one.name: one for one in trained}, TASKS)
        self.asked: list[Commission] = []
        self._answers: dict[int, Message] = {}

    async def ask(self, asked: Commission) -> Message:
        """Return the answer as the other process would give it."""
        self.asked.append(asked)
        number = len(self.asked)
        arrays = {} if asked.picture is None else {"picture": asked.picture}
        told = {**asked.told, "id": number, "task": asked.task, "run": asked.run}
        self._keep(self.studio.begin(Message(json.loads(json.dumps(told)), arrays)))
        while number not in self._answers:
            await asyncio.sleep(0)  # whoever else asks may come first
            if number not in self._answers:
                self._keep(self.studio.work())
        answer = self._answers.pop(number)
        if "error" in answer.told:
            raise RefusedError(answer.told["status"], answer.told["error"])
        return answer

    def counts(self) -> dict[str, float]:
        """Return how many have asked."""
        return {"ganache_waiting_requests": len(self.asked)}

    def processes(self) -> dict[str, int | None]:
        """Return none."""
        return {}

    def _keep(self, answers: Sequence[Message]) -> None:
        self._answers |= {answer.told["id"]: answer for answer in answers}


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The sentence of a refusal, which has nothing else."""
        assert self.headers["content-type"] == "application/json"
        (name,) = self.json
        assert name == "error"
        sentence: str = self.json["error"]
        return sentence


Ask = Callable[..., Awaitable[Reply]]


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, run in a thread: a test's own may have the loop of a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def trained(name: str, path: Path) -> Trained:
    """Return a run as it is served."""
    encoder = load_encoder(path) if (path / "encoder.safetensors").exists() else None
    return Trained(name, load(path), encoder)


def translating(name: str, path: Path) -> TrainedWays:
    """Return a run of translators as it is served."""
    return TrainedWays(name, {way: load_translator(path, way) for way in directions_of(path)})


def asking(
    run: Callable[[Ask], Awaitable[T]],
    drawing: Any,
    bounds: Bounds | None = None,
    token: str | None = None,
    hosts: Sequence[str] | None = None,
) -> T:
    """Run something that asks an application."""

    async def all_of_it() -> T:
        with ThreadPoolExecutor(1) as encoders:
            app = application(drawing, encoders, bounds or Bounds(), token, hosts)

            async def ask(address: str, method: str = "GET", body: Any = b"", **headers: str) -> Reply:
                return await _asked(app, address, method, body, headers)

            return await run(ask)

    return finished(all_of_it())


def ask_once(drawing: Any, address: str, method: str = "GET", body: Any = b"", **options: Any) -> Reply:
    """Return the reply to one request; `headers` among the options."""
    headers: Mapping[str, str] = options.pop("headers", {})

    async def once(ask: Ask) -> Reply:
        return await ask(address, method, body, **headers)

    return asking(once, drawing, **options)


async def _asked(app: Entrance, address: str, method: str, body: Any, headers: Mapping[str, str]) -> Reply:
    path, _, query = address.partition("?")
    pieces = [body] if isinstance(body, bytes) else list(body)
    coming = [
        {"type": "http.request", "body": piece, "more_body": place + 1 < len(pieces)}
        for place, piece in enumerate(pieces)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        if coming:
            return coming.pop(0)
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    from urllib.parse import unquote

    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await app(scope, receive, send)
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))
