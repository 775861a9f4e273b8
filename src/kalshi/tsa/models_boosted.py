"""Gradient boosting on the members' outputs and the calendar: what the harmonic regression regularly misses.

scikit-learn's histogram boosting on ln(first print) minus the log forecast of `dhr`, one row per past origin day
and day ahead, clipped at CLIP_MAD; refitted every REFIT_DAYS on targets known by then. Every member forecast in
a row was made from the view of its own time.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from kalshi.errors import DataError
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.models_analog import Analog
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_yoy import YoyHoliday

AHEAD = 10  # days ahead that are learned; days beyond count as the farthest
ORIGIN_STEP = 3  # days; prime to the week, so that every weekday is an origin
HISTORY_DAYS = 1096
REFIT_DAYS = 84
FEWEST_ROWS = 1_000
CLIP_MAD = 3.0
RECENT_DAYS = 28
HOLIDAYS = ("thanksgiving", "easter", "memorial", "labor", "mlk", "presidents", "newyear", "july4", "christmas",
            "juneteenth")  # fmt: skip
FAR = 20  # stands for "no holiday near"
BOOSTING: dict[str, Any] = {
    "max_iter": 40, "learning_rate": 0.05, "max_leaf_nodes": 6, "min_samples_leaf": 80, "l2_regularization": 50.0,
    "max_features": 0.6, "early_stopping": False, "random_state": 0,
}  # fmt: skip


class Boosted:
    """Harmonic regression with a boosted correction."""

    name = "boosted"

    def __init__(self) -> None:
        self.base, self.others = Dhr(), (YoyHoliday(), Analog())

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the log forecast of each day; DataError where a member has none or there is little to learn from."""
        features, base = self._rows(known, days)
        corrected: Floats = base + self._fitted(known).predict(features)
        return corrected

    def _rows(self, known: Known, days: Ints) -> tuple[Floats, Floats]:
        """Return (features, log forecasts of the base) of *days*, one row each."""
        base = self.base.day_logs(known, days)
        table, one = holiday_table(), np.ones(days.size)
        recent = np.arange(known.newest - RECENT_DAYS + 1, known.newest + 1, dtype=np.int64)
        growth = known.logs_at(recent) - known.logs_at(table.references(recent))
        offsets = (np.where(table.offset[name][days - table.first] == 99, FAR, table.offset[name][days - table.first])
                   for name in HOLIDAYS)
        columns = (
            np.minimum(days - known.newest, AHEAD), (days + 6) % 7, one * ((known.newest + 6) % 7),
            *(member.day_logs(known, days) - base for member in self.others),
            one * growth[-1], one * growth[-7:].mean(), one * growth.mean(), *offsets,
        )  # fmt: skip
        return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1), base

    def _fitted(self, known: Known) -> Any:
        newest = known.newest - (known.newest - holiday_table().first) % REFIT_DAYS
        while known.value(date.fromordinal(newest)) is None:
            newest -= 1
            if newest < known.first:
                raise DataError(f"model {self.name}: no history to learn from")
        memory, key = known.history.memory, (self.name, "fit", newest)
        if key not in memory:
            memory[key] = self._fit(known.before(newest))
        if isinstance(memory[key], str):
            raise DataError(memory[key])
        return memory[key]

    def _fit(self, known: Known) -> Any:
        """Return the fitted correction, or in words why there is none (remembered, as the fit would be)."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        features, targets = [], []
        start = known.newest - HISTORY_DAYS
        for origin in range(start - start % ORIGIN_STEP, known.newest, ORIGIN_STEP):
            rows = self._past_rows(known, origin)
            if rows is not None:
                days = np.arange(origin + 1, min(origin + AHEAD, known.newest) + 1, dtype=np.int64)
                first_prints = np.log(known.first_prints[days - known.first])
                features.append(rows[0][: days.size])
                targets.append(first_prints - rows[1][: days.size])
        target = np.concatenate(targets) if targets else np.empty(0)
        usable = ~np.isnan(target)
        if usable.sum() < FEWEST_ROWS:
            return f"model {self.name}: {usable.sum()} past days to learn from, {FEWEST_ROWS} are needed"
        middle = 1.4826 * float(np.median(np.abs(target[usable])))
        clipped = np.clip(target[usable], -CLIP_MAD * middle, CLIP_MAD * middle)
        with ThreadpoolController().limit(limits=1):  # little data: threads only get in each other's way
            return HistGradientBoostingRegressor(**BOOSTING).fit(np.concatenate(features)[usable], clipped)

    def _past_rows(self, known: Known, origin: int) -> tuple[Floats, Floats] | None:
        """Return the rows of the AHEAD days after *origin* as of that day, None where a member has no forecast."""
        if origin < known.first or known.value(date.fromordinal(origin)) is None:
            return None
        memory, key = known.history.memory, (self.name, "rows", origin)
        if key not in memory:
            days = np.arange(origin + 1, origin + AHEAD + 1, dtype=np.int64)
            try:
                memory[key] = self._rows(known.before(origin), days)
            except DataError:
                memory[key] = None
        found: tuple[Floats, Floats] | None = memory[key]
        return found
