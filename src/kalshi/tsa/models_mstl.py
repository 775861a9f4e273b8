"""Seasonal decomposition from a library: statsmodels' STL by week and by year, on a level that moves.

After Bandara, Hyndman and Bergmeir, "MSTL" (2021), on logs: two passes over the periods 7 and 365, each season
smoothed by a local constant over 11 and 15 of its repetitions. The seasons are decomposed anew every REFIT_DAYS
and repeated until then; the level is simple exponential smoothing (ETS) of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.known import Floats, Ints, Known

FIRST = date(2021, 7, 1).toordinal()  # the pandemic before it is no season
WEEK, YEAR = 7, 365
YEAR_NEEDS = 760  # days; with fewer the week is the only season
FEWEST_DAYS = 60
REFIT_DAYS = 28
LEVEL_DAYS = 60  # older days have no weight that shows


@dataclass(frozen=True)
class _Seasons:
    """Seasonal parts from day ordinal `first` on, the last whole period of each repeated beyond; SES weight."""

    first: int
    parts: tuple[tuple[int, Floats], ...]
    alpha: float

    def at(self, days: Ints) -> Floats:
        total = np.zeros(days.size)
        for period, part in self.parts:
            index = days - self.first
            beyond = index >= part.size
            index = np.where(beyond, part.size - period + (index - part.size) % period, index)
            total += part[index]
        return total


class Mstl:
    """Seasonal-trend decomposition with two seasons; knows no holiday but by last year's date."""

    name = "mstl"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError where the history is too short."""
        seasons = self._seasons(known)
        recent = np.arange(max(known.newest - LEVEL_DAYS + 1, seasons.first), known.newest + 1, dtype=np.int64)
        adjusted = known.logs_at(recent) - seasons.at(recent)
        weights = (1 - seasons.alpha) ** np.arange(recent.size, dtype=np.float64)[::-1]
        usable = ~np.isnan(adjusted)
        level = float(np.average(adjusted[usable], weights=weights[usable]))
        forecast: Floats = seasons.at(days) + level
        return forecast

    def _seasons(self, known: Known) -> _Seasons:
        newest = known.newest - (known.newest - FIRST) % REFIT_DAYS
        while known.value(date.fromordinal(newest)) is None:
            newest -= 1
            if newest < known.first:
                raise DataError(f"model {self.name}: no history to decompose")
        memory, key = known.history.memory, (self.name, "seasons", newest)
        if key not in memory:
            memory[key] = _decompose(known.before(newest))
        found: _Seasons = memory[key]
        return found


def _decompose(known: Known) -> _Seasons:
    first = max(FIRST, known.first)
    logs = known.logs_at(np.arange(first, known.newest + 1, dtype=np.int64))
    if logs.size < FEWEST_DAYS:
        raise DataError(f"model mstl: {logs.size} days since {date.fromordinal(FIRST)}, {FEWEST_DAYS} are needed")
    missing = np.isnan(logs)
    if missing.any():  # the decomposition takes no gaps: a straight line bridges them
        logs[missing] = np.interp(np.flatnonzero(missing), np.flatnonzero(~missing), logs[~missing])
    periods = (WEEK, YEAR) if logs.size >= YEAR_NEEDS else (WEEK,)
    parts = [np.zeros(logs.size) for _ in periods]
    rest = logs
    for _ in range(len(periods)):
        for number, period in enumerate(periods):
            rest = rest + parts[number]
            parts[number] = _season(rest, period, window=11 + 4 * number)
            rest = rest - parts[number]
    return _Seasons(first, tuple(zip(periods, parts, strict=True)), _alpha(rest))


def _season(values: Floats, period: int, window: int) -> Floats:
    from statsmodels.tsa.seasonal import STL  # type: ignore[import-untyped]

    # jumps: smoothers with a long window are computed at every n-th day and joined by lines, which changes nothing
    jumps = {"low_pass_jump": period // 10 + 2, "trend_jump": period // 7 + 2}
    season: Floats = STL(values, period=period, seasonal=window, seasonal_deg=0, **jumps).fit().seasonal
    return season


def _alpha(values: Floats) -> float:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # type: ignore[import-untyped]

    return float(ETSModel(values, error="add").fit(disp=False).params[0])
