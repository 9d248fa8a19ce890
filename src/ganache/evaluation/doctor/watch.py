"""The doctor beside a training: he tells of each disease once, when he is certain of it."""

import shlex
from collections.abc import Sequence
from typing import Any

from ganache.evaluation.doctor.diagnosis import diagnose
from ganache.evaluation.doctor.finding import Finding
from ganache.recipe import Recipe

KEY = "doctor"  # of the names that were told, in the line of the log at which they were
_MEASURED = "movement/generator"  # in every line that holds vitals


class Watch:
    """`data` is the dataset's summary. What the log's lines say was told is not told again, by a resumed run either."""

    def __init__(self, recipe: Recipe, data: dict[str, Any], lines: Sequence[dict[str, Any]]) -> None:
        self._recipe, self._data = recipe, data
        self._told = {name for line in lines for name in line.get(KEY, ())}

    def consult(self, lines: Sequence[dict[str, Any]], newest: dict[str, Any], rollbacks: int) -> list[str]:
        """Return what has become certain with the newest line, a sentence each, and note the names in that line.

        `lines` are those before it. A line without vitals is not looked at.
        """
        if _MEASURED not in newest:
            return []
        record = {"data": self._data, "rollbacks": rollbacks}
        found = diagnose([*lines, newest], self._recipe, record, known=self._told)
        certain = [finding for finding in found if finding.confidence == "certain"]
        if certain:
            newest[KEY] = [finding.name for finding in certain]
            self._told |= set(newest[KEY])
        return [told(finding) for finding in certain]


def told(finding: Finding) -> str:
    """Return a finding as one line."""
    settings = "".join(f" --set {shlex.quote(setting)}" for setting in finding.settings)
    return f"doctor: {finding.name}: {finding.evidence}. Advice: {finding.advice}{settings and ':' + settings}"
