"""Holidays as travellers see them: a window of days around each, and the day of last year to compare with.

Offsets are days from the holiday. Tables are numpy arrays over day ordinals, made once for a span of years.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalshi.tsa.release_calendar import nth_weekday

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# name: (first offset, last offset), inclusive
WINDOWS: dict[str, tuple[int, int]] = {
    "thanksgiving": (-7, 6),
    "easter": (-10, 3),
    "memorial": (-5, 3),
    "labor": (-5, 3),
    "mlk": (-4, 2),
    "presidents": (-5, 7),
    "columbus": (-4, 3),
    "newyear": (-3, 6),
    "juneteenth": (-2, 2),
    "july4": (-5, 5),
    "veterans": (-2, 2),
    "christmas": (-9, 6),
    "halloween": (0, 0),
}
MOVING = ("thanksgiving", "easter", "memorial", "labor", "mlk", "presidents", "columbus")  # first match wins
BUSY = ("thanksgiving", "christmas", "newyear", "july4", "memorial", "labor", "easter")
FIXED = {"newyear": (1, 1), "juneteenth": (6, 19), "july4": (7, 4), "veterans": (11, 11),
         "christmas": (12, 25), "halloween": (10, 31)}


def easter_sunday(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=512)
def holiday_date(name: str, year: int) -> date:
    """Return the date of holiday *name* (a key of WINDOWS) in *year*."""
    if name in FIXED:
        return date(year, *FIXED[name])
    if name == "easter":
        return easter_sunday(year)
    month, weekday, nth = {
        "thanksgiving": (11, 3, 4), "memorial": (5, 0, -1), "labor": (9, 0, 1),
        "mlk": (1, 0, 3), "presidents": (2, 0, 3), "columbus": (10, 0, 2),
    }[name]
    return nth_weekday(year, month, weekday, nth)


@dataclass(frozen=True)
class HolidayTable:
    """Arrays indexed by `ordinal - first`: `reference` ordinals, `busy` flags, and `offset` per holiday.

    offset[name] is the day's distance from the holiday inside its window, 99 outside.
    """

    first: int
    reference: Ints
    busy: Bools
    offset: dict[str, Ints]

    def references(self, ordinals: Ints) -> Ints:
        """Return the day of the year before to compare each day with."""
        return self.reference[ordinals - self.first]

    def is_busy(self, ordinals: Ints) -> Bools:
        """Return whether each day lies in the window of one of the seven busiest holidays."""
        return self.busy[ordinals - self.first]


@lru_cache(maxsize=4)
def holiday_table(first_year: int = 2016, last_year: int = 2040) -> HolidayTable:
    """Return the table for January 1 of *first_year* to December 31 of *last_year*.

    Reference day: inside the window of a moving holiday the same offset from last year's holiday, else 364
    days back. Days of fixed-date holidays fall through to 364, which is a known weakness of the rule.
    """
    first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
    size = last - first + 1
    reference = np.arange(first - 364, last - 363, dtype=np.int64)
    busy = np.zeros(size, dtype=np.bool_)
    offset = {name: np.full(size, 99, dtype=np.int64) for name in WINDOWS}
    for name in reversed(list(WINDOWS)):  # reversed, so that the first match in MOVING is written last
        low, high = WINDOWS[name]
        for year in range(first_year - 1, last_year + 2):
            holiday = holiday_date(name, year)
            shift = (holiday - holiday_date(name, year - 1)).days
            for step in range(low, high + 1):
                index = (holiday + timedelta(days=step)).toordinal() - first
                if 0 <= index < size:
                    offset[name][index] = step
                    busy[index] |= name in BUSY
                    if name in MOVING:
                        reference[index] = first + index - shift
    return HolidayTable(first, reference, busy, offset)
