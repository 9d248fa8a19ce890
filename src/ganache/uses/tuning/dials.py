"""What a study turns: fields of a recipe, each with the values that it may get.

A dial gives Optuna a distribution, and turns what Optuna chose into a setting as ``--set`` takes it, so that a trial is
a recipe like any other.
"""

import abc
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ganache.games import Game
from ganache.parts.part import parse
from ganache.parts.schedules import Curve, times
from ganache.recipes.settings import with_settings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value: TypeAlias = float | int | str  # as Optuna keeps it
Values: TypeAlias = dict[str, Value]  # by field


class Dial(BaseModel, abc.ABC):
    """A field of a recipe, by its dotted path, and its values; `start` is the recipe's own, None where it is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    field: str = Field(min_length=1)

    @abc.abstractmethod
    def distribution(self) -> "BaseDistribution":
        """Return the values as Optuna draws them."""

    @abc.abstractmethod
    def setting(self, value: Value) -> str:
        """Return ``field=value`` for a value that was drawn."""

    @abc.abstractmethod
    def says(self) -> str:
        """Return the values in words."""

    @property
    @abc.abstractmethod
    def at_first(self) -> Value | None:
        """The recipe's own value; None where it is not among the dial's."""


class Span(Dial):
    """Numbers from `low` to `high`, by their logarithms or evenly; `whole` ones alone."""

    kind: Literal["span"] = "span"
    low: float
    high: float
    log: bool = False
    whole: bool = False
    start: float | None = None

    @model_validator(mode="after")
    def _has_an_inside(self) -> "Span":
        if not self.low < self.high:
            raise ValueError(f"a range goes from the smaller to the larger number, not {self.low:g} to {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithm needs numbers above 0, not {self.low:g}")
        return self

    def distribution(self) -> "BaseDistribution":
        """Return a range of numbers."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    def setting(self, value: Value) -> str:
        """Return the number in six digits, which never leave the range."""
        number = float(value)
        text = str(int(number)) if self.whole else f"{min(self.high, max(self.low, float(f'{number:.6g}'))):.12g}"
        return f"{self.field}={text}"

    def says(self) -> str:
        """Return ``0.0001 to 0.01, by logarithms``."""
        return f"{self.low:g} to {self.high:g}{', by logarithms' if self.log else ''}"

    @property
    def at_first(self) -> Value | None:
        """The recipe's own number."""
        within = self.start is not None and self.low <= self.start <= self.high
        return (int(self.start) if self.whole else self.start) if within and self.start is not None else None


class OneOf(Dial):
    """Some values, each as JSON text."""

    kind: Literal["one of"] = "one of"
    texts: tuple[str, ...] = Field(min_length=2, max_length=100)
    start: str | None = None

    def distribution(self) -> "BaseDistribution":
        """Return a choice without order."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.texts)

    def setting(self, value: Value) -> str:
        """Return the value."""
        return f"{self.field}={value}"

    def says(self) -> str:
        """Return the values in a row."""
        return "  ".join(self.texts)

    @property
    def at_first(self) -> Value | None:
        """The recipe's own value."""
        return self.start if self.start in self.texts else None


class Multiple(Dial):
    """A schedule times a number from `low` to `high`, by its logarithm; 1 is the recipe's own."""

    kind: Literal["multiple"] = "multiple"
    low: float = Field(gt=0)
    high: float = Field(gt=1)
    curve: dict[str, Any]

    def distribution(self) -> "BaseDistribution":
        """Return a range of factors."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=True)

    def setting(self, value: Value) -> str:
        """Return the whole schedule, multiplied."""
        curve = times(parse(Curve, self.curve), float(value))
        assert isinstance(curve, Curve)
        return f"{self.field}={json.dumps(curve.model_dump(mode='json'))}"

    def says(self) -> str:
        """Return ``its schedule times 0.1 to 10``."""
        return f"its schedule times {self.low:g} to {self.high:g}, by logarithms"

    @property
    def at_first(self) -> Value | None:
        """The factor that changes nothing."""
        return 1.0


AnyDial = Annotated[Span | OneOf | Multiple, Field(discriminator="kind")]


def distributions_of(dials: Sequence[AnyDial]) -> "dict[str, BaseDistribution]":
    """Return the values of dials as Optuna draws them, by their fields."""
    return {dial.field: dial.distribution() for dial in dials}


def turned(recipe: Game, dials: tuple[AnyDial, ...], values: Values) -> Game:
    """Return a recipe with its dials at some values; raises UserError for a value that its field does not take."""
    return with_settings(recipe, [dial.setting(values[dial.field]) for dial in dials if dial.field in values])


def first_values(dials: tuple[AnyDial, ...]) -> Values:
    """Return the recipe's own values by field, or nothing where one is not among its dial's."""
    found = {dial.field: dial.at_first for dial in dials}
    return {} if None in found.values() else {field: value for field, value in found.items() if value is not None}
