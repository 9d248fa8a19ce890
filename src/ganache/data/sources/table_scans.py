"""What the cells of a column are, found in one pass over all rows: of numbers what places them, of texts which there
are. Only training rows decide; memory does not grow with the rows."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from ganache.data.labels import is_class_name, natural_order
from ganache.data.rows.cells import LARGEST, Cells, Floats, first_text, has_comma, is_missing, numbers_of
from ganache.data.rows.columns import MAX_CATEGORIES, CategoryColumn, NumberColumn
from ganache.data.rows.reading import TableReading
from ganache.support.errors import UserError
from ganache.support.units import brief, counted

QUANTILES = 257  # knots of a column of many different numbers
FEW = 256  # different numbers, each of which then has its own place
SAMPLED = 2**24  # numbers that are kept, of all columns together, from which quantiles are found
_MOST_DECIMALS = 9
_MOST_EXACT = 2.0**53
_NEAR = 4.0  # deviations from the mean, beyond which numbers are the tails of a column


class ColumnScan:
    """What is known of one column so far."""

    def __init__(self, name: str, columns: int) -> None:
        self.name, self.missing = name, 0
        self._numbers: NumberScan | None = NumberScan(min(2**17, max(1_024, SAMPLED // columns)))
        self._texts: Counter[str] | None = Counter()

    def add(self, cells: Cells, absent: npt.NDArray[np.bool_], training: npt.NDArray[np.bool_], where: "Where") -> None:
        """Look at cells (n,), of which some are absent and some belong to training rows.

        Raises UserError for what is neither numbers nor categories.
        """
        self.missing += int(absent.sum())
        taken = training & ~absent
        if not isinstance(cells, np.ndarray):
            self._count([cell for cell, is_taken in zip(cells, taken.tolist(), strict=True) if is_taken])
        numbers = None if self._numbers is None else numbers_of(cells)
        if numbers is not None and self._numbers is not None:
            if len(odd := np.flatnonzero(~absent & ~(np.abs(numbers) <= LARGEST))):
                raise where.error(self.name, f"holds {numbers[odd[0]]:g}", int(odd[0]))
            self._numbers.add(numbers[taken])
            return
        assert not isinstance(cells, np.ndarray)
        if self._texts is None:
            row = first_text(cells) if self._numbers else 0
            what = f"holds {brief(cells[row], 40)!r}, which is no number, among more than {MAX_CATEGORIES:,} others"
            raise where.error(self.name, f"{what}: neither numbers nor categories; --column chooses others", row)
        self._numbers = None

    def _count(self, texts: Sequence[str]) -> None:
        if self._texts is not None:
            self._texts.update(texts)
            if len(self._texts) > MAX_CATEGORIES:
                self._texts = None

    def column(self, reading: TableReading) -> NumberColumn | CategoryColumn:
        """Return what the column is; raises UserError where no training row has a value."""
        fills = reading.missing in ("mean", "median")
        if self._numbers is not None and self._numbers.count:
            return self._numbers.column(self.name, reading.numbers, reading.missing if fills else "")
        if self._numbers is not None or not self._texts:
            raise UserError(f"data: the column {self.name!r} has no value in any training row; --column chooses others")
        if odd := next((name for name in self._texts if not is_class_name(name)), None):
            raise UserError(f"data: the column {self.name!r} holds {brief(odd, 40)!r}, which is no name of a category")
        texts = [name for name in self._texts if numbers_of([name]) is None]
        if texts and all(map(has_comma, texts)):
            shown = brief(texts[0], 40)
            raise UserError(
                f"data: the column {self.name!r} holds {shown!r}: numbers have a decimal point, and no comma"
            )
        names = tuple(sorted(self._texts, key=natural_order))
        return CategoryColumn(name=self.name, names=names, fill=self._texts.most_common(1)[0][0] if fills else None)

    def said(self, column: NumberColumn | CategoryColumn) -> str:
        """Return in a line what the column holds."""
        filled = "" if column.fill is None or not self.missing else f", filled with {column.fill}"
        missing = f"; {self.missing:,} missing{filled}" if self.missing else ""
        if isinstance(column, NumberColumn):
            assert self._numbers is not None
            return f"{self._numbers.said(column)}{missing}"
        assert self._texts is not None
        total, common = self._texts.total(), self._texts.most_common(4)
        shares = ", ".join(f"{brief(name, 30)} {100 * count / total:.3g}%" for name, count in common)
        more = ", …" if len(self._texts) > len(common) else ""
        return f"{counted(len(column.names), 'category', 'categories')}: {shares}{more}{missing}"


class Where:
    """Which rows are looked at, for a word to their owner."""

    def __init__(self, text: str, line: str, lines: Sequence[int]) -> None:
        self._text, self._line, self._lines = text, line, lines

    def error(self, column: str, what: str, row: int) -> UserError:
        """Return the error that a column holds something at a row."""
        return UserError(f"data: {self._text!r}: the column {column!r} {what} ({self._line} {self._lines[row]:,})")


class NumberScan:
    """Counts, extremes and moments of all numbers, how many decimals they have, and an even sample of them."""

    def __init__(self, most: int) -> None:
        self.count, self.mean, self._spread = 0, 0.0, 0.0  # the last: squared distances from the mean, added up
        self.low, self.high = np.inf, -np.inf
        self.decimals: int | None = 0
        self._different: Counter[float] | None = Counter()
        self._most, self._stride, self._kept = most, 1, np.empty(0)

    def add(self, numbers: Floats) -> None:
        """Count more numbers (n,), all finite."""
        if not len(numbers):
            return
        self._sample(numbers)
        self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))
        self._merge(numbers)
        if self._different is not None:
            values, counts = np.unique(numbers, return_counts=True)
            self._different.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            self._different = self._different if len(self._different) <= FEW else None
        while self.decimals is not None and not np.array_equal(np.round(numbers, self.decimals), numbers):
            self.decimals = self.decimals + 1 if self.decimals < _MOST_DECIMALS else None

    def _merge(self, numbers: Floats) -> None:
        """Add numbers to the moments (Chan et al. 1979): sums of squares would lose what is small beside the mean."""
        # Rounding must not lead outside of the numbers: equal ones are their own mean.
        mean, whole = float(np.clip(numbers.mean(), numbers.min(), numbers.max())), self.count + len(numbers)
        apart = mean - self.mean
        self._spread += float(np.square(numbers - mean).sum()) + apart**2 * self.count * (len(numbers) / whole)
        self.mean = min(max(self.mean + apart * (len(numbers) / whole), self.low), self.high)
        self.count = whole

    def column(self, name: str, scale: str, filled: str) -> NumberColumn:
        """Return the column: by quantiles, standardised so that the farthest number is at -1 or 1, or by deviations."""
        placed = {"quantiles": self._quantiles, "standard": self._standard, "deviations": self._deviations}
        positions, values = placed[scale]()
        values = np.clip(values, -LARGEST, LARGEST)  # beyond which no number of any row is
        exact = max(abs(self.low), abs(self.high)) < _MOST_EXACT
        fill = {"": None, "mean": self.mean, "median": self._median()}[filled]
        if fill is not None and scale == "quantiles" and self._different is not None:
            fill = _nearest(fill, self._different)  # between them there is no stretch: one of them would be drawn
        return NumberColumn(
            name=name,
            positions=tuple(positions.tolist()),
            values=tuple(values.tolist()),
            decimals=self.decimals if exact else None,
            fill=fill if fill is None or self.decimals is None else round(fill, self.decimals),
        )

    def said(self, column: NumberColumn) -> str:
        """Return in a few words what the numbers are."""
        kind = "whole numbers" if column.decimals == 0 else "numbers"
        if self.low == self.high:
            return f"{kind}, all {self.low:.6g}"
        return f"{kind} {self.low:.6g} … {self.high:.6g}, mean {self.mean:.4g}, deviation {self.deviation:.3g}"

    @property
    def deviation(self) -> float:
        """The standard deviation of all numbers."""
        return float(np.sqrt(self._spread / self.count))

    def _standard(self) -> tuple[Floats, Floats]:
        reach = max(self.high - self.mean, self.mean - self.low)
        return np.array([-1.0, 1.0]), np.array([self.mean - reach, self.mean + reach])

    def _deviations(self) -> tuple[Floats, Floats]:
        """Return a straight line through the mean and, with a quarter of each half left to them, the tails."""
        near = np.array([self.mean - _NEAR * self.deviation, self.mean + _NEAR * self.deviation])
        ends = [min(self.low, near[0]), *near, max(self.high, near[1])]
        return np.array([-1.0, -0.75, 0.75, 1.0]), np.array(ends)

    def _quantiles(self) -> tuple[Floats, Floats]:
        if self._different is None:
            levels = _levels(len(self._kept))
            values = np.maximum.accumulate(np.quantile(self._kept, levels))
            values[0], values[-1] = self.low, self.high
            return 2.0 * levels - 1.0, values
        different = np.array(sorted(self._different))
        counts = np.array([self._different[value] for value in different.tolist()], np.float64)
        ends = np.concatenate([[0.0], np.cumsum(counts) / self.count])
        ends[-1] = 1.0
        # Each number has a stretch as long as its share.
        return 2.0 * np.repeat(ends, 2)[1:-1] - 1.0, np.repeat(different, 2)

    def _median(self) -> float:
        return float(np.quantile(self._kept, 0.5, method="inverted_cdf"))

    def _sample(self, numbers: Floats) -> None:
        self._kept = np.concatenate([self._kept, numbers[-self.count % self._stride :: self._stride]])
        while len(self._kept) > self._most:
            self._kept, self._stride = self._kept[::2], 2 * self._stride


def _nearest(wanted: float, numbers: Iterable[float]) -> float:
    """Return the number that is nearest to one, the smaller of two."""
    return min(numbers, key=lambda number: (abs(number - wanted), number))


def _levels(count: int) -> Floats:
    """Return the quantiles that become knots: even ones, and towards the ends ever closer ones, to one of `count`.

    The last of 256 even stretches would else lead to the farthest of all rows along a line, and be full of such rows.
    """
    halvings = max(0, int(np.log2(max(1.0, count / (QUANTILES - 1)))))
    tail = 0.5 ** np.arange(halvings, 0, -1) / (QUANTILES - 1)
    return np.concatenate([[0.0], tail, np.linspace(0.0, 1.0, QUANTILES)[1:-1], 1.0 - tail[::-1], [1.0]])


def absent_of(cells: Cells) -> npt.NDArray[np.bool_]:
    """Return which cells (n,) are missing."""
    if isinstance(cells, np.ndarray):
        return np.isnan(cells)
    words = {text for text in set(cells) if is_missing(text)}
    return np.array([cell in words for cell in cells]) if words else np.zeros(len(cells), np.bool_)
