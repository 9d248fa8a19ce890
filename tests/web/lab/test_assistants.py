"""A game in a process of its own: it answers, and its end is an answer too."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ganache.web.lab.assistants import Assistant, _how
from ganache.web.lab.packets import head_of
from tests.web.lab.benches import tree


@asynccontextmanager
async def hired() -> AsyncIterator[tuple[Assistant, Callable[[], Any]]]:
    """A process, and what waits for its next answer."""
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    assistant = Assistant(1, answers.put_nowait, "cpu", None)

    async def answer() -> dict[str, Any]:
        return head_of(await asyncio.wait_for(answers.get(), 60))

    try:
        yield assistant, answer
    finally:
        assistant.dismiss()


def test_it_plays_and_when_it_is_killed_that_is_one_line() -> None:
    async def run() -> None:
        async with hired() as (assistant, answer):
            assistant.order("begin", recipe=tree(), data="ring", seed=0, turn=1)
            assert (await answer())["is"] == "began"
            assistant.order("until", iteration=2)
            assert (await answer())["iteration"] == 2
            assistant.order("begin", recipe={}, data="ring", seed=0, turn=1)
            assert (await answer())["is"] == "refused"
            assistant.process.kill()
            ended = await answer()
            assert (ended["is"], ended["game"]) == ("ended", 1)
            assert ended["line"] == "the game's process ended (by signal 9); begin again to start another"
            assistant.order("begin", recipe=tree(), data="ring", seed=0, turn=1)  # nobody hears it

    asyncio.run(run())


def test_how_a_process_ended_is_told_in_words() -> None:
    assert [_how(code) for code in (-9, 1, None)] == ["by signal 9", "with status 1", "it does not answer"]
