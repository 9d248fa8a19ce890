"""The doctor beside a training: he tells of each disease once, when he is certain of it."""

import shlex
from collections.abc import Sequence
from typing import Any

from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.diagnosis import findings
from ganache.evaluation.doctor.finding import Finding
from ganache.games.recipe import Recipe

KEY = "doctor"  # of the names that were told, in the line of the log at which they were
_MEASURED = "movement/generator"  # in every line that holds vitals


class Watch:
    """Reads each line of the log once: `lines` are those there are, `data` is the dataset's summary.

    What they say was told is not told again, by a resumed run either.
    """

    def __init__(self, recipe: Recipe, data: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
        self._chart = Chart(lines, recipe, {"data": data})
        self._told = {name for line in lines for name in line.get(KEY, ())}

    def consult(self, newest: dict[str, Any], rollbacks: int) -> list[str]:
        """Return what has become certain with the newest line, a sentence each, and note the names in that line.

        A line without vitals is read, and nothing is said of it.
        """
        self._chart.add(newest)
        self._chart.record["rollbacks"] = rollbacks
        if _MEASURED not in newest:
            return []
        certain = [finding for finding in findings(self._chart, self._told) if finding.confidence == "certain"]
        if certain:
            newest[KEY] = [finding.name for finding in certain]
            self._told |= set(newest[KEY])
        return [told(finding) for finding in certain]


def told(finding: Finding) -> str:
    """Return a finding as one line."""
    settings = "".join(f" --set {shlex.quote(setting)}" for setting in finding.settings)
    return f"doctor: {finding.name}: {finding.evidence}. Advice: {finding.advice}{settings and ':' + settings}"
