"""What the doctor says: a finding, and how sure of it he is."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

Confidence = Literal["certain", "likely"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a run.

    `evidence` is a sentence with the numbers; `advice` one that says what to change; `settings` are the same as
    ``field=value`` for ``--set``, valid for the run's recipe, and empty when no setting would help. ``certain`` is what
    is worth an interruption during training.
    """

    name: str
    confidence: Confidence
    evidence: str
    advice: str
    settings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return dataclasses.asdict(self)
