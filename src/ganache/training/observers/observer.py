"""What all observers of a training have in common, and how a look at its state leaves no trace."""

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import torch

from ganache.engine.inference import as_in_inference
from ganache.engine.state import TrainingState
from ganache.runs.cadence import Kind

Marks: TypeAlias = dict[str, Any]  # name → what a line of the log says of it
Say: TypeAlias = Callable[[str], None]


class Observer(abc.ABC):
    """Looks at a training from time to time, for a line of its log or for files of its own.

    `every` is how many images lie between two looks, or the kind of moment of the run's cadence; 0 is never. Each look
    is taken at the first tick after so many. All methods are called as in `unnoticed`, in the order of the observers.
    """

    every: int | Kind = 0

    def go_back(self, state: TrainingState) -> None:  # noqa: B027, most remember nothing
        """Forget all after the state's images seen: it has begun, was resumed, or was rolled back to there."""

    @abc.abstractmethod
    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return what is to be added to a line of the log; `line` is what stands in it so far.

        Raises NonFiniteError when the state is not finite: then it is rolled back.
        """

    def publish(self, state: TrainingState, at_end: bool) -> None:  # noqa: B027, most have no files
        """Bring files to the state's moment, of which there is a checkpoint; `at_end` when a session ends there."""


@contextlib.contextmanager
def unnoticed(state: TrainingState) -> Iterator[None]:
    """Look at a state with its modules as in inference; modes and buffers are as before at the end.

    What is drawn meanwhile needs no undoing, since each iteration begins all generators anew.
    """
    with as_in_inference(*state.modules().values()), torch.no_grad():
        yield
