"""Values that change with training: pure functions of the images seen so far.

A plain number is the constant schedule. One type serves learning rates, betas, penalty weights, the EMA's
half-life and noise levels. What should end with the training, however long it is, is written in shares of the budget;
a plan makes images of them, so that a run that is resumed for longer goes on as it was.
"""

import abc
import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, ValidationError, model_serializer, model_validator

from ganache.parts.moment import Timed
from ganache.parts.part import Part, PartType, explain
from ganache.support.errors import UserError


class Curve(Part, abc.ABC):
    """A value that moves from `start` to `end` while the images seen go from `since` to `until`.

    Both are images, or with ``of="budget"`` shares of the budget, 0 to 1.
    """

    start: float
    end: float
    until: float = Field(gt=0)
    since: float = Field(default=0.0, ge=0)
    of: Literal["images", "budget"] = "images"

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.until <= self.since:
            raise ValueError(f"a schedule ends after it begins: until={self.until:g}, since={self.since:g}")
        if self.of == "budget" and self.until > 1:
            raise ValueError(f"a share of the budget is at most 1, not until={self.until:g}")
        return self

    @model_serializer(mode="plain")
    def _with_kind(self) -> dict[str, Any]:
        fields = super()._with_kind()
        return fields if self.of == "budget" else {name: value for name, value in fields.items() if name != "of"}

    def over(self, budget: int) -> Self:
        """Return the curve in images, for a training of so many."""
        if self.of == "images":
            return self
        since = round(self.since * budget)
        return self.changed(since=since, until=max(since + 1, round(self.until * budget)), of="images")

    def value(self, images_seen: float) -> float:
        """Return the value after so many images; raises UserError for shares of a budget that nobody named."""
        if self.of == "budget":
            raise UserError(f"{type(self).__name__}: a plan makes images of its shares of the budget")
        fraction = (images_seen - self.since) / (self.until - self.since)
        return self.between(min(1.0, max(0.0, fraction)))

    @abc.abstractmethod
    def between(self, fraction: float) -> float:
        """Return the value when this fraction of the time, 0 to 1, is over."""


class Linear(Curve):
    """At constant speed."""

    def between(self, fraction: float) -> float:
        """Return start + (end - start) · t."""
        return self.start + (self.end - self.start) * fraction


class Cosine(Curve):
    """Slowly, fast, slowly: half a cosine wave (Loshchilov & Hutter 2017, equation 5, without restarts)."""

    def between(self, fraction: float) -> float:
        """Return end + (start - end) · (1 + cos πt) / 2."""
        return self.end + (self.start - self.end) * (1.0 + math.cos(math.pi * fraction)) / 2.0


class Geometric(Curve):
    """By equal factors in equal times."""

    start: float = Field(gt=0)
    end: float = Field(gt=0)

    def between(self, fraction: float) -> float:
        """Return start · (end / start) ** t."""
        return float(self.start * (self.end / self.start) ** fraction)


def within(lowest: float, below: float = math.inf) -> PlainValidator:
    """Return the check that a number, or both ends of a curve (which lies between them), are in [lowest, below)."""

    def check(value: object) -> float | Curve:
        schedule = _curve(value) if isinstance(value, Curve | dict | str) else value
        if isinstance(schedule, bool) or not isinstance(schedule, Curve | int | float):
            raise ValueError(f"a number or a schedule is needed, not {value!r}")
        for end in (schedule.start, schedule.end) if isinstance(schedule, Curve) else (schedule,):
            if not lowest <= end < below:
                limit = f" and less than {below:g}" if below < math.inf else " and finite"
                raise ValueError(f"values must be at least {lowest:g}{limit}, not {end!r}")
        return schedule if isinstance(schedule, Curve) else float(schedule)

    return PlainValidator(check)


def _curve(value: object) -> Curve:
    try:
        return Curve.model_validate(value)
    except ValidationError as error:
        raise ValueError(explain(error)) from None


Schedule = float | Curve
NonNegative = Annotated[Schedule, within(0.0)]


def at(schedule: float | Timed, images_seen: float) -> float:
    """Return a schedule's value after so many images; a number is the same at all times."""
    return float(schedule) if isinstance(schedule, int | float) else schedule.value(images_seen)


def times(schedule: Schedule, factor: float) -> Schedule:
    """Return a multiple of a number, or of both ends of a curve, to six digits."""
    if isinstance(schedule, Curve):
        return schedule.changed(start=_six_digits(schedule.start * factor), end=_six_digits(schedule.end * factor))
    return _six_digits(schedule * factor)


def over_budget(value: PartType, budget: int) -> PartType:
    """Return a part in which all curves are in images, for a training of so many; itself where all of them were."""
    made: PartType = _over(value, budget)
    return made


def _over(value: Any, budget: int) -> Any:
    if isinstance(value, Curve):
        return value.over(budget)
    if isinstance(value, Part):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        new = {name: made for name, own in fields.items() if (made := _over(own, budget)) is not own}
        return value.changed(**new) if new else value
    if isinstance(value, tuple):
        each = tuple(_over(own, budget) for own in value)
        return each if any(made is not own for made, own in zip(each, value, strict=True)) else value
    if isinstance(value, dict):
        made = {name: _over(own, budget) for name, own in value.items()}
        return made if any(made[name] is not own for name, own in value.items()) else value
    return value


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
