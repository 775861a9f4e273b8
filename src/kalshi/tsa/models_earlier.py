"""The earlier implementation's formula: as it was coded, faults included, and corrected.

Both compare the last seven days with the year before and scale last year's week by that ratio. They are kept
under fixed names as the baselines that every report shows; reference/tsa.md lists the faults.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.distribution import Distribution, Empirical
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.weeks import new_york_date

ROWS_AFTER = date(2022, 6, 1)  # exclusive; the pandemic's recovery is left out


@lru_cache(maxsize=2)
def _coded_references(first: int, size: int) -> Ints:
    """Return the coded reference of each day: last calendar year's day whose %W equals this day's ISO week.

    In 2020 and 2026 that is 357 days back; around New Year it may be the day itself or a later one.
    """
    found = np.empty(size, dtype=np.int64)
    for index in range(size):
        day = date.fromordinal(first + index)
        january_1 = date(day.year - 1, 1, 1)
        first_monday = january_1.toordinal() + (7 - january_1.weekday()) % 7
        found[index] = first_monday + 7 * (day.isocalendar().week - 1) + day.weekday()
    return found


class _Rows:
    """The rows of the formula: days with a value and a reference value, and their seven-row means M, L."""

    def __init__(self, known: Known, references: Ints) -> None:
        days = np.arange(known.first, known.first + known.values.size, dtype=np.int64)
        last_year = known.at(references)
        keep = ~np.isnan(known.values) & ~np.isnan(last_year) & (days > ROWS_AFTER.toordinal())
        self.days = days[keep]
        if self.days.size < 7:
            raise DataError(f"only {self.days.size} days can be compared with last year: seven are needed")
        self.ratio_1 = known.values[keep] / last_year[keep]
        self.mean_7 = _mean_of_seven(known.values[keep])
        self.last_year_7 = _mean_of_seven(last_year[keep])
        self.trend = self.mean_7 / self.last_year_7


def _mean_of_seven(values: Floats) -> Floats:
    means = np.full(values.size, np.nan)
    means[6:] = np.convolve(values, np.full(7, 1 / 7), mode="valid")
    return means


class Earlier:
    """The formula as coded: `%W` reference days, mirrored daily errors, no use of the published days."""

    name = "earlier"

    def week_mean(self, known: Known, sunday: date) -> float:
        """Return the forecast mean of the week; DataError in a year whose week has no ISO number."""
        rows = self._rows(known)
        week = sunday.isocalendar()
        try:
            base_sunday = date.fromisocalendar(week.year - 1, week.week, 7).toordinal()
        except ValueError:
            raise DataError(
                f"model earlier: {week.year - 1} has no ISO week {week.week} to compare {sunday} with"
            ) from None
        base = _week_mean(known, base_sunday, self.name)
        return base * float(0.8 * rows.trend[-1] + 0.2 * rows.ratio_1[-1])

    def distribution(self, known: Known, sunday: date, mean: float) -> Distribution:
        """Return the distribution its probabilities mean: F / (1 + e) over overlapping daily errors e."""
        rows = self._rows(known)
        lag = 6 - new_york_date(known.as_of).weekday() or 6  # from "today" to Sunday; 6 on a Sunday
        start = 6 + lag  # the first row with a seven-row mean *lag* rows before it
        ratio = 0.8 * rows.trend[6 : rows.trend.size - lag] + 0.2 * rows.ratio_1[start - 1 : -1]
        predicted = rows.last_year_7[start:] * ratio
        return Empirical(mean / (rows.mean_7[start:] / predicted))

    def _rows(self, known: Known) -> _Rows:
        return _Rows(known, _coded_references(known.first, 8_400)[: known.values.size])


class EarlierFixed:
    """The same formula with every comparison exactly 364 days back."""

    name = "earlier_fixed"

    def week_mean(self, known: Known, sunday: date) -> float:
        """Return the forecast mean of the week."""
        days = np.arange(known.first, known.first + known.values.size, dtype=np.int64)
        rows = _Rows(known, days - 364)
        base = _week_mean(known, sunday.toordinal() - 364, self.name)
        return base * float(0.8 * rows.trend[-1] + 0.2 * rows.ratio_1[-1])


def _week_mean(known: Known, end: int, model: str) -> float:
    mean = float(np.mean(known.at(np.arange(end - 6, end + 1, dtype=np.int64))))
    if np.isnan(mean):
        raise DataError(f"model {model}: a day of the week ending {date.fromordinal(end)} is missing")
    return mean
