"""The process that draws may be killed, hang, never start or lose its runs: each costs one clear answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from ganache.support.errors import RunError, UserError
from ganache.web.serve.answers import RefusedError
from ganache.web.serve.bounds import Bounds
from ganache.web.serve.drawing_client import Commission, DrawingClient, ServedRuns
from tests.web.serve.asking import finished
from tests.web.serve.stand_in import PROGRAM

T = TypeVar("T")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORGOTTEN", str(tmp_path / "forgotten"))
    (tmp_path / "run").touch()
    return tmp_path / "run"


def with_client(
    work: Callable[[DrawingClient], Awaitable[T]], run: Path, bounds: Bounds | None = None, program: str = PROGRAM
) -> T:
    async def all_of_it() -> T:
        client = DrawingClient(ServedRuns({"run": run}), bounds or Bounds(), program)
        async with asyncio.timeout(30):
            await client.start()
            try:
                return await work(client)
            finally:
                await client.stop()

    return finished(all_of_it())


def asked(do: str, images: int = 1, is_search: bool = False) -> Commission:
    return Commission("images", "run", {"do": do}, images, is_search=is_search)


async def pid_of(client: DrawingClient) -> int:
    """Return the number of the process that answers."""
    found: int = (await client.ask(asked("answer"))).told["pid"]
    return found


async def refusal(client: DrawingClient, request: Commission) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        await client.ask(request)
    return refused.value.status, str(refused.value)


def test_what_is_answered_comes_back_and_is_counted(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        assert await pid_of(client) == client.processes()["drawing"]
        assert await refusal(client, asked("refuse")) == (422, "no")
        assert client.counts()["ganache_drawn_images_total"] == 5
        assert client.counts()["ganache_waiting_requests"] == 0

    with_client(work, run)


def test_a_process_that_is_killed_costs_those_who_waited_and_nobody_else(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        before = await pid_of(client)
        waiting = [asyncio.create_task(refusal(client, asked(do))) for do in ("wait", "wait", "die")]
        expected = (503, "the process that draws has ended (signal 9) and is being started again; try again")
        assert await asyncio.gather(*waiting) == [expected] * 3
        assert await pid_of(client) != before  # asked while there was none
        assert client.starts == 2
        assert client.counts()["ganache_drawn_images_total"] == 10

    with_client(work, run)


def test_a_run_that_was_deleted_is_gone_with_the_process_that_had_it(run: Path) -> None:
    async def work(client: DrawingClient) -> tuple[int, str]:
        run.unlink()
        await pid_of(client)  # still in memory
        await refusal(client, asked("die"))
        return await refusal(client, asked("answer"))

    sentence = "the run 'run' was deleted or changed while it was served: there is no 'run'"
    assert with_client(work, run) == (404, sentence)


def test_what_nobody_waits_for_any_more_is_forgotten(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        task = asyncio.create_task(client.ask(asked("wait")))
        await asyncio.sleep(0)
        await pid_of(client)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await pid_of(client)  # which is answered after it was told to forget

    with_client(work, run)
    assert (run.parent / "forgotten").read_text() == "1"


def test_a_process_that_hangs_is_replaced(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        before = await pid_of(client)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.ask(asked("wait"))
        with contextlib.suppress(RefusedError):  # it may come while the old one ends
            await pid_of(client)
        assert await pid_of(client) != before

    with_client(work, run, Bounds(seconds=0.1))


def test_too_much_that_waits_is_refused(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        waiting = [asyncio.create_task(client.ask(asked("wait", 60)))]
        waiting += [asyncio.create_task(client.ask(asked("wait", 20, is_search=True)))]
        await asyncio.sleep(0)
        sentence = "1 pictures are being worked on already; try again"
        assert await refusal(client, asked("answer", 1, is_search=True)) == (429, sentence)
        assert await refusal(client, asked("answer", 21)) == (429, "80 images are waited for already; try again")
        await client.ask(asked("answer", 20))
        client.give_up("the server is being stopped")
        for task in waiting:
            with pytest.raises(RefusedError, match="is being stopped"):
                await task
        await client.ask(asked("answer", 1_000))  # alone, it may be more than may wait

    with_client(work, run, Bounds(waiting_images=100, searches=1))


def test_memory_that_waits_is_bounded_too(run: Path) -> None:
    async def work(client: DrawingClient) -> None:
        waiting = asyncio.create_task(client.ask(asked("wait", 60)))
        await asyncio.sleep(0)
        assert (await refusal(client, asked("answer", 41)))[0] == 429
        waiting.cancel()

    with_client(work, run, Bounds(waiting_bytes=100))


async def nothing(client: DrawingClient) -> None:
    """Do nothing."""


def test_a_run_that_is_not_there_is_the_users_mistake(run: Path) -> None:
    run.unlink()
    with pytest.raises(UserError, match="there is no 'run'"):
        with_client(nothing, run)


def test_a_process_that_ends_as_it_starts_is_an_error(run: Path) -> None:
    with pytest.raises(RunError, match=r"the process that draws ended as it started \(exit status 3\)"):
        with_client(nothing, run, program="raise SystemExit(3)")
