"""Year over year by day: the count of the matching day of last year, moved by the recent yearly growth."""

from __future__ import annotations

from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Floats, Ints, Known

LOOK_BACK = 35  # days
FEWEST = 5  # quiet days among them, else the last FALL_BACK days are taken as they are
FALL_BACK = 21


class YoyHoliday:
    """Holiday-aligned year over year: `ln y(ref(d)) + g`, g from the quiet days of the last five weeks."""

    name = "yoy_hol"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError names a day whose reference is not known."""
        growth = self.growth(known)
        logs = known.logs_at(holiday_table().references(days)) + growth
        if np.isnan(logs).any():
            missing = date.fromordinal(int(days[np.isnan(logs)][0]))
            raise DataError(f"model {self.name}: {missing} has no matching day last year in the counts")
        return logs

    def growth(self, known: Known) -> float:
        """Return g: 1/4 median and 1/4 mean of the last 7, 1/2 mean of the last 21 quiet log ratios."""
        table = holiday_table()
        recent = np.arange(known.newest - LOOK_BACK + 1, known.newest + 1, dtype=np.int64)
        reference = table.references(recent)
        ratios = known.logs_at(recent) - known.logs_at(reference)
        quiet = ~(table.is_busy(recent) | table.is_busy(reference)) & ~np.isnan(ratios)
        if quiet.sum() >= FEWEST:
            ratios = ratios[quiet]
        else:
            ratios = ratios[-FALL_BACK:]
            ratios = ratios[~np.isnan(ratios)]
        if not ratios.size:
            raise DataError(f"model {self.name}: no recent day can be compared with the year before")
        last_7, last_21 = ratios[-7:], ratios[-21:]
        return float(0.25 * np.median(last_7) + 0.25 * np.mean(last_7) + 0.5 * np.mean(last_21))
