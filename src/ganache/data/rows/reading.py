"""How a table is read: what a user may choose, and what is chosen where nothing is said."""

from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ganache.data.rows.table import Schema
from ganache.support.errors import UserError, did_you_mean
from ganache.support.requests import collected

FILLS = ("refuse", "mean", "median", "drop")
SCALES = ("quantiles", "standard", "deviations")


@dataclass(frozen=True)
class TableReading:
    """How a table becomes rows of values.

    `label_column` names each row's class; `columns` are those that are taken, all if none is named. `missing` values
    are refused, filled with the mean or the median of the training rows (a category with the most frequent one), or
    their rows dropped. `numbers` are placed by quantiles, standardised, or by
    deviations from their mean. `hold_out` is the share of rows that become
    the split test where the table has no splits. `learnt_from` are the classes whose rows say where numbers lie, and
    what stands for missing values; all if none is named. With a `table` the columns are those, and nothing is
    learnt of these rows. Raises UserError for values that are none of these.
    """

    label_column: str = ""
    columns: tuple[str, ...] = ()
    missing: str = "refuse"
    numbers: str = "quantiles"
    hold_out: float = 0.0
    learnt_from: tuple[str, ...] = ()
    table: Schema | None = None

    def __post_init__(self) -> None:
        """Check every field before any file is touched."""
        for field, allowed in (("missing", FILLS), ("numbers", SCALES)):
            if (value := getattr(self, field)) not in allowed:
                raise UserError(f"{field}: {value!r} is not one of {', '.join(allowed)}{did_you_mean(value, allowed)}")
        if odd := next((name for name, count in Counter(self.columns).items() if count > 1), None):
            raise UserError(f"columns: {odd!r} is named twice")
        if not 0 <= self.hold_out <= 0.9:
            raise UserError(f"hold_out: {self.hold_out} is not a share of the rows from 0 to 0.9")

    @classmethod
    def asked(cls, parameters: dict[str, Any]) -> Self:
        """Return what a request's parameters of the same names ask for; raises UserError as `TableReading` does."""
        return collected(cls, {**parameters, "table": None, "learnt_from": None})

    @classmethod
    def recorded(cls, said: dict[str, Any]) -> Self:
        """Return what `said` was of; raises UserError or TypeError for what is no reading."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
        }
        return cls(**given)

    @property
    def said(self) -> dict[str, Any]:
        """The fields that differ from what is chosen where nothing is said, as JSON values; not the `table`."""
        usual = {field.name: field.default for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != usual[name] and name != "table"
        }


AS_USUAL = TableReading()
