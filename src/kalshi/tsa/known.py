"""What a reader knew at one moment: the only view of the counts that a forecast may use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kalshi.tsa.weeks import require_aware, week_days

if TYPE_CHECKING:
    from kalshi.tsa.vintages import Vintages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """Counts as seen by `as_of` (aware UTC, inclusive), one array cell per day from ordinal `first`.

    values: the latest value seen of each day, NaN where none was; first_prints: the earliest one.
    newest: ordinal of the newest day with a value. history: the vintages this view was cut from; models may
    ask it for earlier views only, through `before`.
    """

    as_of: datetime
    first: int
    values: Floats
    first_prints: Floats
    newest: int
    history: Vintages

    @property
    def newest_day(self) -> date:
        """Return the newest day with a value."""
        return date.fromordinal(self.newest)

    @cached_property
    def logs(self) -> Floats:
        """Return the natural logarithms of `values`."""
        return np.log(self.values)

    def value(self, day: date) -> int | None:
        """Return the latest value seen of *day*, None where it was not yet published."""
        cell = self._cell(self.values, day.toordinal())
        return None if np.isnan(cell) else round(float(cell))

    def first_print(self, day: date) -> int | None:
        """Return the first value seen of *day*, None where it was not yet published."""
        cell = self._cell(self.first_prints, day.toordinal())
        return None if np.isnan(cell) else round(float(cell))

    def at(self, ordinals: Ints) -> Floats:
        """Return the values of these days, NaN where unknown or before the first day."""
        return self._pick(self.values, ordinals)

    def logs_at(self, ordinals: Ints) -> Floats:
        """Return the logarithms of the values of these days, NaN where unknown."""
        return self._pick(self.logs, ordinals)

    def through(self, ordinal: int) -> Known:
        """Return the same view without the days after *ordinal*: what a reader had who stopped there."""
        if ordinal >= self.newest:
            return self
        size = max(ordinal - self.first + 1, 0)
        values = self.values[:size]
        filled = np.flatnonzero(~np.isnan(values))
        newest = self.first + int(filled[-1]) if filled.size else self.first - 1
        return replace(self, values=values, first_prints=self.first_prints[:size], newest=newest)

    def before(self, ordinal: int) -> Known:
        """Return the view of the moment day *ordinal* was first seen, cut off after that day.

        With it a model repeats its own past without touching later rows. Raises ValueError for a day that is
        not known in this view: that view would hold what came later.
        """
        if np.isnan(self._cell(self.values, ordinal)):
            raise ValueError(f"{date.fromordinal(ordinal)} is not known on {self.as_of:%Y-%m-%d %H:%M} UTC")
        return self.history.known_with_newest(ordinal)

    def week_values(self, sunday: date) -> list[int | None]:
        """Return the seven latest values of the week, Monday first, None where not yet published."""
        return [self.value(day) for day in week_days(sunday)]

    def settled_mean(self, sunday: date) -> float | None:
        """Return the mean of the week's first prints, what settlement used; None until all are known."""
        if sunday.weekday() != 6:
            raise ValueError(f"{sunday} is a {sunday:%A}: a week is named by its Sunday")
        total = self._cell(self._sums_of_seven, sunday.toordinal())
        return None if np.isnan(total) else total / 7

    @cached_property
    def _sums_of_seven(self) -> Floats:
        """The first prints of each day and the six before it, added; exact, as they are whole numbers."""
        sums = np.full(self.first_prints.size, np.nan)
        if sums.size >= 7:
            sums[6:] = np.convolve(self.first_prints, np.ones(7), mode="valid")
        return sums

    def _cell(self, array: Floats, ordinal: int) -> float:
        index = ordinal - self.first
        return float(array[index]) if 0 <= index < array.size else float("nan")

    def _pick(self, array: Floats, ordinals: Ints) -> Floats:
        index = ordinals - self.first
        inside = (index >= 0) & (index < array.size)
        picked = array[np.where(inside, index, 0)]
        return np.where(inside, picked, np.nan)


def as_utc(moment: datetime) -> datetime:
    """Return *moment* in UTC; a naive one raises ValueError."""
    return require_aware(moment).astimezone(UTC)
