"""Dynamic harmonic regression: calendar effects by robust ridge regression, on a level that moves.

Calendar part: weekday, yearly waves short enough for school breaks, both combined, one effect per holiday
and offset, and for fixed-date holidays a second one by whether they fall on Friday to Sunday. It is fitted
anew every REFIT_DAYS; the level is an exponentially weighted mean of the newest calendar-adjusted counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from kalshi.errors import DataError
from kalshi.tsa.holiday_windows import WINDOWS, holiday_date, holiday_table
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.models_analog import PANDEMIC

CENTER = 14.6  # about the mean of the log counts
WAVES, CROSSED_WAVES = 20, 5
SPLIT_BY_WEEKEND = ("july4", "christmas", "newyear")
PENALTY = {"weekday": 0.002, "wave": 0.1, "crossed": 0.5, "holiday": 0.08, "split": 0.2, "level": 0.02}
KNOT_DAYS = 56
HALF_LIFE_DAYS = 1400.0
REWEIGHTINGS = 1
REFIT_DAYS = 42
LEVEL_DAYS, LEVEL_ALPHA, LEVEL_CLIP = 42, 0.16, 3.0
FEWEST_DAYS = 400


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True)
class _Columns:
    matrix: Floats
    penalty: Floats


@lru_cache(maxsize=1)
def _calendar_columns() -> _Columns:
    """Return the calendar features of every day of the holiday table, one row a day."""
    table = holiday_table()
    days = np.arange(table.first, table.first + table.busy.size, dtype=np.int64)
    weekday = (days + 6) % 7
    dummies = [(weekday == number).astype(np.float64) for number in range(7)]
    turn = 2 * np.pi * (days - date(2019, 1, 1).toordinal()) / 365.2425
    waves = [wave(number * turn) for number in range(1, WAVES + 1) for wave in (np.cos, np.sin)]
    crossed = [dummy * wave for dummy in dummies for wave in waves[: 2 * CROSSED_WAVES]]
    single, split = [], []
    for name, (low, high) in WINDOWS.items():
        for offset in range(low, high + 1):
            hit = table.offset[name] == offset
            single.append(hit.astype(np.float64))
            if name in SPLIT_BY_WEEKEND:
                part = np.zeros(days.size)
                part[hit] = [_weekend_sign(name, int(day) - offset) for day in days[hit]]
                split.append(part)
    groups = {"weekday": dummies, "wave": waves, "crossed": crossed, "holiday": single, "split": split}
    penalty = np.concatenate([np.full(len(columns), PENALTY[name]) for name, columns in groups.items()])
    return _Columns(np.stack([column for columns in groups.values() for column in columns], axis=1), penalty)


def _weekend_sign(name: str, day: int) -> float:
    holiday = date.fromordinal(day)
    assert holiday == holiday_date(name, holiday.year)
    return 1.0 if holiday.weekday() >= 4 else -1.0  # Friday to Sunday


class Dhr:
    """Dynamic harmonic regression with holiday effects."""

    name = "dhr"

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError where the history is too short for a fit."""
        effects = self._effects(known)
        table, columns = holiday_table(), _calendar_columns()
        recent = np.arange(known.newest - LEVEL_DAYS + 1, known.newest + 1, dtype=np.int64)
        adjusted = known.logs_at(recent) - CENTER - columns.matrix[recent - table.first] @ effects
        forecast: Floats = CENTER + columns.matrix[days - table.first] @ effects + _moving_level(adjusted)
        return forecast

    def _effects(self, known: Known) -> Floats:
        """Return the calendar effects fitted on what was known at the last day for refitting."""
        newest = known.newest - (known.newest - holiday_table().first) % REFIT_DAYS
        while known.value(date.fromordinal(newest)) is None:
            newest -= 1
            if newest < known.first:
                raise DataError(f"model {self.name}: no history to fit on")
        key = (self.name, "effects", newest)
        memory = known.history.memory
        if key not in memory:
            with _threads().limit(limits=1):  # small systems: threads only get in each other's way
                memory[key] = _fit(known.before(newest))
        effects: Floats = memory[key]
        return effects


def _fit(known: Known) -> Floats:
    days = np.arange(known.first, known.newest + 1, dtype=np.int64)
    keep = ~np.isnan(known.values[: days.size]) & ((days < PANDEMIC[0]) | (days > PANDEMIC[1]))
    days = days[keep]
    if days.size < FEWEST_DAYS:
        raise DataError(f"model dhr: {days.size} days of history, {FEWEST_DAYS} are needed")
    columns = _calendar_columns()
    calendar = columns.matrix[days - holiday_table().first]
    used = np.abs(calendar).sum(axis=0) > 0
    level = _level_columns(days)
    features = np.hstack([calendar[:, used], level])
    penalty = np.concatenate([columns.penalty[used], np.full(level.shape[1], PENALTY["level"])])
    penalty[-level.shape[1]] = 1e-6  # the constant of the level
    target = known.logs_at(days) - CENTER
    age = 0.5 ** ((known.newest - days) / HALF_LIFE_DAYS)
    root = np.sqrt(age)
    weighted = features * root[:, None]  # X'X of one matrix costs half of that of two
    products, moments = weighted.T @ weighted + np.diag(penalty), weighted.T @ (root * target)
    solution = np.linalg.solve(products, moments)
    for _ in range(REWEIGHTINGS):
        residual = np.abs(target - features @ solution)
        scale = 1.4826 * float(np.median(residual))
        lost = age * (1 - np.minimum(1.0, 2.5 * scale / np.maximum(residual, 1e-9)))
        outer = np.flatnonzero(lost)  # few rows: taking them off costs far less than adding up all the others
        part = features[outer] * np.sqrt(lost[outer])[:, None]
        less = features[outer].T @ (lost[outer] * target[outer])
        solution = np.linalg.solve(products - part.T @ part, moments - less)
    effects = np.zeros(used.size)
    effects[used] = solution[: int(used.sum())]
    return effects


def _level_columns(days: Ints) -> Floats:
    """Return a constant, and hinges that let the level's slope change every KNOT_DAYS."""
    start = int(days[0])
    knots = np.arange(start, int(days[-1]) - KNOT_DAYS // 2, KNOT_DAYS)
    hinges = np.maximum(days[:, None] - knots[None, :], 0) / 365.0
    return np.hstack([np.ones((days.size, 1)), hinges])


def _moving_level(adjusted: Floats) -> float:
    values = adjusted[~np.isnan(adjusted)]
    if not values.size:
        raise DataError("model dhr: no recent count to take the level from")
    middle = np.median(values)
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    clipped = np.clip(values, middle - LEVEL_CLIP * spread, middle + LEVEL_CLIP * spread)
    weights = (1 - LEVEL_ALPHA) ** np.arange(values.size)[::-1]
    return float(np.average(clipped, weights=weights))
