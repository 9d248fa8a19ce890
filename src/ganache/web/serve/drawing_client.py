"""The process that draws, seen from the server: asked, waited for, and started anew when something ended it."""

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ganache.support.children import command_of, program_of
from ganache.support.errors import RunError, UserError
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.messages import HEAD, Message, packed, unpacked

PROGRAM = program_of("ganache.web.serve.drawing_process")
_SILENCE = 0.9  # of the time of a request, in which a process that works has said something
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds before it is started again, the longer the more often it fails


class Commission(NamedTuple):
    """What is asked of a run: the task, what it needs to know, and how many images that is."""

    task: str
    run: str
    told: dict[str, Any]
    images: int
    picture: NDArray[np.uint8] | None = None
    is_search: bool = False


class Drawing(Protocol):
    """Whoever draws."""

    runs: dict[str, dict[str, Any]]
    gone: dict[str, str]

    @property
    def is_ready(self) -> bool:
        """Whether it can be asked now."""

    async def ask(self, asked: Commission) -> Message:
        """Return the answer; raises RefusedError."""

    def counts(self) -> dict[str, float]:
        """Return what is counted, by the names that metrics have."""

    def processes(self) -> dict[str, int | None]:
        """Return the numbers of the processes by what they do."""


class ServedRuns(NamedTuple):
    """What the process loads: runs by name, on a device in a precision, after the user's own code."""

    paths: dict[str, Path]
    device: str = "auto"
    precision: str = "fp32"
    code: Path | None = None


class DrawingClient:
    """One process that draws."""

    def __init__(self, served: ServedRuns, bounds: Bounds, program: str = PROGRAM) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, str] = {}
        self.starts = 0
        self._served, self._bounds, self._program = served, bounds, program
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._waiting: dict[int, tuple[Commission, asyncio.Future[Message]]] = {}
        self._number = 0
        self._heard = 0.0  # when it last said anything
        self._drawn = {"groups": 0, "images": 0}  # by this process; by those before it
        self._before = {"groups": 0, "images": 0}
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; raises UserError or RunError when it cannot load what it must."""
        await self._begin(must_have_all=True)
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process; whoever still waits is answered 503."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self.give_up("the server is being stopped")
        await self._end()

    async def ask(self, asked: Commission) -> Message:
        """Return the answer; raises RefusedError for too much that waits, and for what cannot be done."""
        self._admit(asked)
        self._number += 1
        number = self._number
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Message] = loop.create_future()
        self._waiting[number] = (asked, future)
        since = loop.time()
        try:
            await self._ready.wait()
            if asked.run in self.gone:
                raise RefusedError(404, gone_sentence(asked.run, self.gone[asked.run]))
            arrays = {} if asked.picture is None else {"picture": asked.picture}
            self._tell(Message({**asked.told, "id": number, "task": asked.task, "run": asked.run}, arrays))
            return await future
        finally:
            del self._waiting[number]
            if not future.done() or future.cancelled():
                self._tell(Message({"id": number, "task": "forget"}, {}))
                self._end_if_silent(since)

    def give_up(self, sentence: str) -> None:
        """Answer all who wait that they will not get it."""
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(RefusedError(503, sentence, retry_after=5))

    def counts(self) -> dict[str, float]:
        """Return what is counted, by the names that metrics have."""
        return {
            "ganache_drawn_groups_total": self._before["groups"] + self._drawn["groups"],
            "ganache_drawn_images_total": self._before["images"] + self._drawn["images"],
            "ganache_drawing_process_starts_total": self.starts,
            "ganache_waiting_requests": len(self._waiting),
            "ganache_waiting_images": sum(asked.images for asked, _ in self._waiting.values()),
        }

    @property
    def is_ready(self) -> bool:
        """Whether the process has loaded what it draws from."""
        return self._ready.is_set()

    def processes(self) -> dict[str, int | None]:
        """Return the numbers of this process and of the one that draws, where there is one."""
        return {"server": os.getpid(), "drawing": None if self._process is None else self._process.pid}

    def _admit(self, asked: Commission) -> None:
        waiting = [other for other, _ in self._waiting.values()]
        if asked.is_search and sum(other.is_search for other in waiting) >= self._bounds.searches:
            raise RefusedError(429, f"{self._bounds.searches} pictures are being worked on already; try again", 5)
        images = asked.images + sum(other.images for other in waiting)
        memory = sum(other.images * self._pixels(other.run) for other in [asked, *waiting])
        if waiting and (images > self._bounds.waiting_images or memory > self._bounds.waiting_bytes):
            raise RefusedError(429, f"{images - asked.images:,} images are waited for already; try again", 2)

    def _pixels(self, run: str) -> int:
        shape = self.runs[run]
        return int(shape["height"] * shape["width"] * shape["channels"])

    async def _begin(self, must_have_all: bool) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(*command_of(self._program), stdin=PIPE, stdout=PIPE)
        except OSError as error:
            raise RunError(f"serve: no process that draws could be started: {error}") from error
        served = self._served
        told = {"device": served.device, "precision": served.precision, "all": must_have_all}
        told["paths"] = {name: str(path) for name, path in served.paths.items()}
        told["code"] = None if served.code is None else str(served.code)
        self._tell(Message(told, {}))
        answer = await self._message()
        if answer is None:
            raise RunError(f"serve: the process that draws ended as it started ({await self._end()})")
        if "refused" in answer.told:
            await self._end()
            raise (UserError if answer.told["is_users"] else RunError)(answer.told["refused"])
        self.runs |= {run["name"]: run for run in answer.told["runs"]}
        self.gone = answer.told["gone"]
        self.starts += 1
        self._ready.set()

    async def _keep(self) -> None:
        """Hand out answers; when the process ends, say so to all who wait, and start another one."""
        pause = _FIRST_PAUSE
        while True:
            while (answer := await self._message()) is not None:
                self._hand_out(answer)
                pause = _FIRST_PAUSE
            self._ready.clear()
            how = await self._end()
            self.give_up(f"the process that draws has ended ({how}) and is being started again; try again")
            self._before = {name: count + self._drawn[name] for name, count in self._before.items()}
            self._drawn = dict.fromkeys(self._drawn, 0)
            while not self._ready.is_set():
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                with contextlib.suppress(UserError, RunError):
                    await self._begin(must_have_all=False)

    def _end_if_silent(self, since: float) -> None:
        """Kill a process that has said nothing for as long as a request may take: it hangs."""
        now = asyncio.get_running_loop().time()
        if now - max(since, self._heard) > _SILENCE * self._bounds.seconds and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _hand_out(self, answer: Message) -> None:
        self._drawn = answer.told["counts"]
        self._heard = asyncio.get_running_loop().time()
        _, future = self._waiting.get(answer.told["id"], (None, None))
        if future is None or future.done():
            return  # whoever asked has left
        if "error" in answer.told:
            future.set_exception(RefusedError(answer.told["status"], answer.told["error"]))
        else:
            future.set_result(answer)

    def _tell(self, message: Message) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, RuntimeError):  # it has ended: its other pipe says so
                self._process.stdin.write(packed(message))

    async def _message(self) -> Message | None:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout
        try:
            text_size, size = HEAD.unpack(await pipe.readexactly(HEAD.size))
            return unpacked(await pipe.readexactly(text_size), await pipe.readexactly(size))
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def _end(self, seconds: float = 5.0) -> str:
        """End the process, by force if it takes longer; return how it ended."""
        process, self._process = self._process, None
        if process is None:
            return "it was ended"
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        code = process.returncode or 0
        return f"signal {-code}" if code < 0 else f"exit status {code}"


def gone_sentence(run: str, why: str) -> str:
    """Return that a run is not there any more."""
    return f"the run {run!r} was deleted or changed while it was served: {why}"
