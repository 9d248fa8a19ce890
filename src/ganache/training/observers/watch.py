"""The doctor beside a training: he tells of each disease once, when he is certain of it."""

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ganache.engine.state import TrainingState
from ganache.evaluation.doctor.chart import MOVEMENT, Chart
from ganache.evaluation.doctor.diagnosis import diagnose
from ganache.evaluation.doctor.finding import Finding
from ganache.games import Game
from ganache.training.observers.observer import Marks, Observer, Say

KEY = "doctor"  # of the names that were told, in the line of the log at which they were


class Watch(Observer):
    """Reads each line of the log once, and `examine`s what they say together; `data` is the dataset's summary.

    What the `written` lines say was told is not told again, by a resumed run either. A line without vitals is read,
    and nothing is said of it.
    """

    every = "tick"

    def __init__(
        self,
        recipe: Game,
        data: dict[str, Any],
        written: Callable[[], Sequence[Mapping[str, Any]]],
        say: Say,
        examine: Callable[[Chart, Collection[str]], Sequence[Finding]] = diagnose,
    ) -> None:
        self._recipe, self._data, self._written, self._say, self._examine = recipe, data, written, say, examine

    def go_back(self, state: TrainingState) -> None:
        """Read the lines up to the state's images seen."""
        lines = [line for line in self._written() if line["images_seen"] <= state.counters.images_seen]
        self._chart = Chart(lines, self._recipe, {"data": self._data})
        self._told = {name for line in lines for name in line.get(KEY, ())}

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Say what has become certain with this line, a sentence each, and return the names."""
        self._chart.add(line)
        self._chart.record["rollbacks"] = state.counters.rollbacks
        if not any(name.startswith(MOVEMENT) for name in line):  # no vitals
            return {}
        certain = [finding for finding in self._examine(self._chart, self._told) if finding.confidence == "certain"]
        self._told |= {finding.name for finding in certain}
        for finding in certain:
            self._say(told(finding))
        return {KEY: [finding.name for finding in certain]} if certain else {}


def told(finding: Finding) -> str:
    """Return a finding as one line."""
    settings = "".join(f" --set {shlex.quote(setting)}" for setting in finding.settings)
    return f"doctor: {finding.name}: {finding.evidence}. Advice: {finding.advice}{settings and ':' + settings}"
