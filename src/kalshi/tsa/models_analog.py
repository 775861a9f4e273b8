"""The same day in several earlier years, each moved to today's level; the newer years count more."""

from __future__ import annotations

from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Floats, Ints, Known

YEAR_WEIGHTS = (1.0, 0.7, 0.5, 0.35, 0.3, 0.25)  # one to six years back
PANDEMIC = (date(2020, 3, 1).toordinal(), date(2021, 6, 30).toordinal())  # left out, inclusive
RECENT_DAYS = 28  # quiet days the level is taken from
LOOK_BACK = 63  # days among which they are looked for
NEWEST_DAYS = 7  # of them, which count fully; the others count half
CLIP_MAD = 2.5


class Analog:
    """Holiday-aligned analogs of up to six years, combined as a weighted mean of logs."""

    name = "analog"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError where no earlier year is usable."""
        table = holiday_table()
        recent = np.arange(known.newest - LOOK_BACK + 1, known.newest + 1, dtype=np.int64)
        now = known.logs_at(recent)
        total, weights = np.zeros(days.size), np.zeros(days.size)
        then, wanted = recent, days
        quiet = ~table.is_busy(recent) & ~np.isnan(now)
        for year_weight in YEAR_WEIGHTS:
            then, wanted = table.references(then), table.references(wanted)
            if max(wanted[-1], then[-1]) < known.first:
                break
            quiet &= ~table.is_busy(then)
            ratios = now - _logs_outside_pandemic(known, then)
            ratios = ratios[quiet & ~np.isnan(ratios)][-RECENT_DAYS:]
            if ratios.size < NEWEST_DAYS:
                continue
            logs = _logs_outside_pandemic(known, wanted) + _level(ratios)
            usable = ~np.isnan(logs)
            total[usable] += year_weight * logs[usable]
            weights[usable] += year_weight
        if (weights == 0).any():
            missing = date.fromordinal(int(days[weights == 0][0]))
            raise DataError(f"model {self.name}: no earlier year has a day to compare {missing} with")
        return total / weights


def _logs_outside_pandemic(known: Known, days: Ints) -> Floats:
    logs = known.logs_at(days)
    return np.where((days >= PANDEMIC[0]) & (days <= PANDEMIC[1]), np.nan, logs)


def _level(ratios: Floats) -> float:
    middle = np.median(ratios)
    spread = 1.4826 * np.median(np.abs(ratios - middle))
    clipped = np.clip(ratios, middle - CLIP_MAD * spread, middle + CLIP_MAD * spread)
    weights = np.full(ratios.size, 0.5)
    weights[-NEWEST_DAYS:] = 1.0
    return float(np.average(clipped, weights=weights))
