"""What run.json and a log must be, where they say anything: others may have written them, or another version."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ganache.parts.part import explain
from ganache.support.errors import UserError
from ganache.support.json_files import is_number
from ganache.support.units import brief

MOST_COUNT = 2**53  # images, and whatever else is counted: exact as a float

Count = Annotated[int, Field(ge=0, lt=MOST_COUNT)]
Positive = Annotated[int, Field(ge=1, lt=MOST_COUNT)]


class _Known(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


def _intervals(cadence: Any) -> Any:
    """Refuse an interval that is no count, however the cadence holds it."""
    if isinstance(cadence, list):
        return [_intervals(part) for part in cadence]
    for name, value in cadence.items() if isinstance(cadence, dict) else ():
        if name in ("tick", "samples", "checkpoint"):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < MOST_COUNT:
                raise ValueError(f"{name} is no positive number of images")
        else:
            _intervals(value)
    return cadence


class _SourceFields(_Known):
    data: str
    size: list[Positive] | None = None
    channels: Annotated[int, Field(ge=1, le=4)] | None = None
    labels: list[str] = []
    mirror: bool = False
    meeting: Literal["pairs", "domains", "classes"] | None = None
    second: str = ""
    domains: Annotated[list[str], Field(max_length=2)] = []
    task: str = ""
    crop: Annotated[list[Positive], Field(min_length=2, max_length=2)] | None = None
    max_skipped: Annotated[float, Field(ge=0, le=1)] = 0.01
    value_range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    rows: dict[str, Any] = {}


class _DataFields(_Known):
    fingerprint: str = ""
    source: str = ""
    shape: list[Positive] = []


class _BudgetFields(_Known):
    images: Positive | None = None
    seconds: Annotated[float, Field(gt=0)] | None = None


class _RecordFields(_Known):
    """Every field may be absent: `check` names those that a command needs."""

    source: _SourceFields = _SourceFields(data="")
    data: _DataFields = _DataFields()
    budget: _BudgetFields = _BudgetFields()
    cadence: Annotated[dict[str, Any] | list[dict[str, Any]], AfterValidator(_intervals)] = {}
    device: str = ""
    precision: Literal["fp32", "bf16", "fp64", ""] = ""
    threads: Annotated[int, Field(ge=1, le=65_536)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    sessions: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    asked_recipe: dict[str, Any] = {}
    images_seen: Count = 0
    training_seconds: Annotated[float, Field(ge=0)] = 0.0
    rollbacks: Count = 0
    evaluate_every: Positive | None = None
    outcome: str = ""


NEEDED_TO_RESUME = (
    "source.data",
    "data.fingerprint",
    "budget",
    "cadence",
    "device",
    "precision",
    "threads",
    "seed",
    "sessions",
    "images_seen",
    "training_seconds",
)


def check(record: dict[str, Any], where: str, needed: tuple[str, ...] = ()) -> None:
    """Raise UserError, naming the field, when a record lacks one that is needed or has one of a wrong form."""
    for path in needed:
        value: Any = record
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            raise UserError(f"run: {where} has no {path!r}")
    try:
        _RecordFields.model_validate(record)
    except ValidationError as error:
        raise UserError(f"run: {where}: {brief(explain(error))}") from None


def checked_line(line: Any, where: str) -> dict[str, Any]:
    """Return a line of a log; raises UserError unless it is an object whose `images_seen` is a count."""
    if not isinstance(line, dict):
        raise UserError(f"{where} is no object of names and values")
    seen = line.get("images_seen")
    if isinstance(seen, bool) or not isinstance(seen, int) or not 0 <= seen < MOST_COUNT:
        raise UserError(f"{where} has no number of images_seen, from 0 to 2^53")
    seconds = line.get("training_seconds", 0.0)
    if not is_number(seconds) or seconds < 0:
        raise UserError(f"{where} has training_seconds that are no time")
    told = line.get("doctor", [])
    if not (isinstance(told, list) and all(isinstance(name, str) for name in told)):
        raise UserError(f"{where} has a doctor that is no list of names")
    return line
