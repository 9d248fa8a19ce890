"""`ganache data`: look at training data, or pack it once and for all."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ganache.cli.common import mention_overlooked, packing_bar
from ganache.cli.options import (
    Channels,
    Columns,
    HoldOut,
    LabelColumn,
    MaxSkipped,
    Missing,
    Numbers,
    Range,
    Size,
    SourceArgument,
    path_option,
)
from ganache.support.console import show
from ganache.support.units import parse_range, parse_size

if TYPE_CHECKING:
    from ganache.data.conversion import Conversion


def info(
    source: SourceArgument,
    size: Size = None,
    channels: Channels = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
    label_column: LabelColumn = "",
    columns: Columns = None,
    missing: Missing = "refuse",
    numbers: Numbers = "quantiles",
    hold_out: HoldOut = 0.0,
) -> None:
    """Say what the data holds: shape, classes, what would be skipped and why. Writes nothing."""
    from ganache.data import preview
    from ganache.training.briefing import data_lines

    mention_overlooked(source)
    how = _conversion(size, channels, max_skipped, value_range, locals())
    with packing_bar() as progress:
        found = preview(source, how, progress)
    show(data_lines(found.summary()))


def pack(
    source: SourceArgument,
    out: Annotated[Path, path_option(help="The store's folder.")],
    size: Size = None,
    channels: Channels = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
    label_column: LabelColumn = "",
    columns: Columns = None,
    missing: Missing = "refuse",
    numbers: Numbers = "quantiles",
    hold_out: HoldOut = 0.0,
) -> None:
    """Decode the data once into a store that training reads without decoding."""
    from ganache import data
    from ganache.training.briefing import data_lines

    mention_overlooked(source)
    how = _conversion(size, channels, max_skipped, value_range, locals())
    with packing_bar() as progress:
        packed = data.pack(source, out, how, progress)
    show(data_lines(packed.summary()))
    show([f"packed         {out}"])


def _conversion(
    size: str | None, channels: int | None, max_skipped: float, value_range: str | None, given: dict[str, Any]
) -> "Conversion":
    from ganache.data.conversion import Conversion
    from ganache.data.rows.reading import TableReading

    pixels, values = parse_size(size) if size else None, parse_range(value_range) if value_range else None
    return Conversion(pixels, channels, max_skipped, values, rows=TableReading.asked(given))
