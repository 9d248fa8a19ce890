"""The process that draws, without its pipes: trained networks, what is asked of them, and whose turn it is."""

import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ganache.drawing.spaces import Places
from ganache.support.errors import RunError, UserError
from ganache.support.refusals import refusals
from ganache.web.serve.messages import Message
from ganache.web.serve.served import Served, drawing
from ganache.web.serve.shared_groups import SharedGroups, Wanted, Way

Search = Iterator[Message | None]
"""What is looked for step by step: None after each, then the answer."""

Begin = Callable[[Served, Message], Wanted | Search]


class Studio:
    """Draws what is asked for, a group or a step of a search at a time, in turn."""

    def __init__(self, runs: Mapping[str, Served], tasks: Mapping[str, Begin]) -> None:
        self.runs, self._tasks = runs, tasks
        self._groups = SharedGroups(self._draw, self._finish)
        self._images: dict[int, Wanted] = {}
        self._searches: deque[tuple[int, Search]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._groups or self._searches)

    def begin(self, asked: Message) -> list[Message]:
        """Take up what is asked, or forget what nobody waits for; return why it cannot be done, where it cannot."""
        number, task = asked.told["id"], asked.told["task"]
        if task == "forget":
            self._forget(number)
            return []
        return self._guarded([number], lambda: self._taken_up(number, self.runs[asked.told["run"]], asked))

    def work(self) -> list[Message]:
        """Draw a group and move a search by a step, where there are any; return the answers."""
        answers = self._guarded(list(self._images), self._drawn) if self._groups else []
        if self._searches:
            answers += self._guarded([self._searches[0][0]], self._searched)
        return answers

    def _taken_up(self, number: int, served: Served, asked: Message) -> list[Message]:
        begun = self._tasks[asked.told["task"]](served, asked)
        if isinstance(begun, Wanted):
            self._images[number] = begun
            self._groups.add(begun)
        else:
            self._searches.append((number, begun))
        return []

    def _drawn(self) -> list[Message]:
        done = self._groups.turn()
        numbers = [number for number, wanted in self._images.items() if wanted in done]
        return [self._marked(number, Message({}, {"images": self._images.pop(number).images})) for number in numbers]

    def _searched(self) -> list[Message]:
        number, search = self._searches[0]
        found = next(search)
        if found is None:
            self._searches.rotate(-1)
            return []
        self._searches.popleft()
        return [self._marked(number, found)]

    def _draw(self, way: Way, rows: Sequence[Tensor]) -> Tensor:
        trained = drawing(self.runs[way.run])
        if way.kind == "places":
            return trained.space.values(Places(*rows)).cpu()
        return trained.generator.truncated(way.truncation).draw(*rows)

    def _finish(self, way: Way, values: Tensor) -> NDArray[Any]:
        return drawing(self.runs[way.run]).generator.pixels(values).numpy()

    def _forget(self, number: int) -> None:
        wanted = self._images.pop(number, None)
        if wanted is not None:
            self._groups.drop(wanted)
        self._searches = deque(search for search in self._searches if search[0] != number)

    def _guarded(self, numbers: Sequence[int], act: Callable[[], list[Message]]) -> list[Message]:
        """Return what `act` answers, or to all of the numbers why it could not."""
        try:
            with refusals():
                return act()
        except (UserError, RunError) as error:
            told = {"status": 422 if isinstance(error, UserError) else 503, "error": str(error)}
        except Exception:  # a mistake of ours costs those who asked, and nobody else
            traceback.print_exc(file=sys.stderr)
            told = {"status": 500, "error": "that failed by a mistake in Ganache, of which the server's log has more"}
        for number in numbers:
            self._forget(number)
        return [self._marked(number, Message(told, {})) for number in numbers]

    def sign_of_life(self) -> Message:
        """Return an answer to nobody."""
        return self._marked(0, Message({}, {}))

    def _marked(self, number: int, answer: Message) -> Message:
        counts = {"groups": self._groups.groups, "images": self._groups.images}
        return Message({**answer.told, "id": number, "counts": counts}, answer.arrays)
