"""The measured members of the notes, re-implemented by their descriptions, on the same weeks as our own models.

`mstl`: statsmodels' STL (statsforecast is not needed) decomposed anew every day, trend by ANN exponential smoothing
instead of AutoETS(ZZN). `gbm`: dhr/analog/blend with the notes' parameters and a LightGBM correction (needs
requirements-dev.txt). `mean3`: mean of yoy_hol, mstl and gbm. Several minutes; --cache DIR keeps the members.

PYTHONPATH=src python bench/peers.py --counts FILE --first-prints FILE [--cache DIR]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalshi.errors import DataError
from kalshi.tsa import models_dhr
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.models import MODELS, forecast
from kalshi.tsa.models_past import DayModel
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import FAR_FUTURE, complete_weeks, view_at

Floats = NDArray[np.float64]
HORIZONS = ("D-7 Thu", "k0", "k1", "k2", "k3", "k4")
FIRST, MSTL_FIRST, BOOSTED_FIRST = date(2020, 9, 1), date(2022, 12, 20), date(2021, 12, 6)
FIRST_WEEK = date(2023, 1, 8)
AHEAD = 14
CHECKS = (  # of the notes: week, horizon, mstl, gbm, mean3 in thousands
    (date(2024, 5, 19), "k0", 2641.238, 2637.234, 2639.624), (date(2024, 5, 19), "k4", 2632.343, 2618.705, 2625.502),
    (date(2025, 7, 6), "k4", 2708.342, 2673.923, 2689.719), (date(2025, 12, 28), "k0", 2466.880, 2538.496, 2521.609),
    (date(2026, 5, 10), "k0", 2488.455, 2442.987, 2449.048), (date(2026, 5, 10), "k4", 2465.488, 2426.077, 2434.596),
)  # fmt: skip

BOOSTING: dict[str, Any] = {
    "objective": "huber", "alpha": 0.03, "n_estimators": 250, "learning_rate": 0.03, "num_leaves": 12,
    "min_child_samples": 60, "subsample": 0.7, "subsample_freq": 1, "colsample_bytree": 0.6, "reg_lambda": 5,
    "n_jobs": 1, "verbose": -1,
}  # fmt: skip


class Origins:
    """Log forecasts of the 14 days after each origin day, from the view of that day."""

    def __init__(self, vintages: Vintages, last: date) -> None:
        self.vintages, self.first = vintages, FIRST.toordinal()
        self.days = np.arange(self.first, last.toordinal() + 1, dtype=np.int64)
        self.settled = vintages.known(FAR_FUTURE)
        self.prints = np.log(self.settled.first_prints)

    def each(self, say: Callable[[int], Floats], start: date) -> Floats:
        """Return `say(origin)` of every origin since *start*, NaN where it has nothing to say."""
        found = np.full((self.days.size, AHEAD), np.nan)
        for row, origin in enumerate(self.days.tolist()):
            if origin >= start.toordinal():
                try:
                    found[row] = say(origin)
                except DataError:
                    continue
        return found

    def of_model(self, model: DayModel) -> Floats:
        """Return the forecasts of one of our own models."""
        return self.each(
            lambda origin: model.day_logs(
                self.vintages.known_with_newest(origin), np.arange(origin + 1, origin + 1 + AHEAD, dtype=np.int64)
            ),
            FIRST,
        )

    def print_log(self, days: NDArray[np.int64]) -> Floats:
        """Return the log first prints of *days*, NaN beyond the counts."""
        index = days - self.settled.first
        inside = index < self.prints.size
        return np.where(inside, self.prints[np.where(inside, index, 0)], np.nan)

    def week_mean(self, logs: Floats, sunday: date, horizon: str) -> float:
        """Return the mean of the week: published days at their first print, the others as forecast."""
        origin = view_at(self.vintages, sunday, horizon).newest
        days = np.arange(sunday.toordinal() - 6, sunday.toordinal() + 1, dtype=np.int64)
        ahead = np.exp(logs[origin - self.first][np.clip(days - origin - 1, 0, AHEAD - 1)])
        return float(np.where(days <= origin, np.exp(self.print_log(days)), ahead).mean())


def mstl(origins: Origins) -> Floats:
    """Return MSTL with seasons 7 and 365 on data from 2021-07-01, decomposed at every origin."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.seasonal import STL

    start = date(2021, 7, 1).toordinal()

    def say(origin: int) -> Floats:
        known = origins.vintages.known_with_newest(origin)
        logs = known.logs[start - known.first :]
        periods = (7, 365) if logs.size >= 760 else (7,)
        seasons, rest = [np.zeros(logs.size) for _ in periods], logs.copy()
        for _ in range(len(periods)):
            for number, period in enumerate(periods):
                jumps = {"low_pass_jump": 37, "trend_jump": 54} if period > 7 else {}
                rest = rest + seasons[number]
                made = STL(rest, period=period, seasonal=11 + 4 * number, seasonal_deg=0, **jumps).fit()
                seasons[number] = made.seasonal
                rest = rest - seasons[number]
        level = np.asarray(ETSModel(rest, error="add").fit(disp=False).forecast(AHEAD))
        repeated = (np.resize(one[-period:], AHEAD) for one, period in zip(seasons, periods, strict=True))
        return level + sum(repeated)

    return origins.each(say, MSTL_FIRST)


def notes_dhr(origins: Origins) -> Floats:
    """Return harmonic regression with the notes' parameters, refitted weekly."""
    models_dhr.WAVES, models_dhr.CROSSED_WAVES, models_dhr.KNOT_DAYS = 8, 3, 28
    models_dhr.PENALTY = {"weekday": 0.002, "wave": 0.1, "crossed": 1.0, "holiday": 0.6, "split": 1.2, "level": 0.02}
    models_dhr.HALF_LIFE_DAYS, models_dhr.REWEIGHTINGS, models_dhr.REFIT_DAYS = 900.0, 2, 7
    models_dhr._calendar_columns.cache_clear()
    origins.vintages.memory.clear()
    return origins.of_model(models_dhr.Dhr())


def blend(origins: Origins, yoy: Floats, dhr: Floats, analog: Floats) -> Floats:
    """Return yoy + a (dhr - yoy) + b (analog - yoy), a and b by weighted least squares on earlier pairs."""
    days = origins.days[:, None] + np.arange(1, AHEAD + 1)
    target, left, right = origins.print_log(days) - yoy, dhr - yoy, analog - yoy
    grid = [(a, b) for a in np.linspace(0, 1, 51) for b in np.linspace(0, 1, 51) if a + b <= 1 + 1e-9]
    share = np.array(grid)
    found = np.full_like(yoy, np.nan)
    for row in range(0, origins.days.size, 28):
        now = int(origins.days[row])
        for columns in (slice(0, 2), slice(2, 5), slice(5, AHEAD)):
            past = (days[:, columns] <= now) & ~np.isnan((target + left + right)[:, columns])
            a, b = 0.4, 0.2  # before there is a past
            if past.sum() > 200:
                weight = 0.5 ** ((now - days[:, columns][past]) / 540)
                x, z, y = left[:, columns][past], right[:, columns][past], target[:, columns][past]
                xx, zz, xz, xy, zy = ((weight * p).sum() for p in (x * x, z * z, x * z, x * y, z * y))
                loss = share[:, 0] ** 2 * xx + share[:, 1] ** 2 * zz + 2 * share[:, 0] * share[:, 1] * xz
                a, b = grid[int(np.argmin(loss - 2 * share[:, 0] * xy - 2 * share[:, 1] * zy))]
            block = slice(row, row + 28)
            found[block, columns] = (yoy + a * left + b * right)[block, columns]
    return found


def corrected(origins: Origins, base: Floats, yoy: Floats, dhr: Floats, analog: Floats) -> Floats:
    """Return *base* plus LightGBM's correction by the notes' settings, refitted every 28 days."""
    from lightgbm import LGBMRegressor

    days = origins.days[:, None] + np.arange(1, 11)
    wide = np.ones(days.shape)
    one = np.full(origins.days.size, np.nan)  # what dhr missed at each origin, a day ahead
    one[1:] = origins.print_log(origins.days[1:]) - dhr[:-1, 0]
    table, values = holiday_table(), origins.print_log(origins.days)

    def trailing(series: Floats, size: int) -> Floats:
        out = np.full(series.size, np.nan)
        out[size - 1 :] = np.convolve(series, np.ones(size) / size, "valid")
        return out

    growth = values - origins.print_log(table.references(origins.days))
    turn = 2 * np.pi * days / 365.2425
    same = [wide * np.where(np.isnan(v := np.roll(one, shift)), 0, v)[:, None] for shift in (6, 13)]
    names = ("thanksgiving", "easter", "memorial", "labor", "mlk", "presidents", "newyear", "july4", "christmas",
             "juneteenth")  # fmt: skip
    offsets = [np.where((o := table.offset[name][days - table.first]) == 99, 20, o) for name in names]
    months = np.array([date.fromordinal(int(day)).month for day in days.ravel()]).reshape(days.shape)
    per_origin = (trailing(one, 7) - trailing(one, 28), trailing(growth, 28), one - trailing(one, 7))
    features = np.stack([
        np.asarray(column, dtype=np.float64) for column in (
            days - origins.days[:, None], (days + 6) % 7, np.cos(turn), np.sin(turn), np.cos(2 * turn),
            np.sin(2 * turn), months, (dhr - yoy)[:, :10], (analog - yoy)[:, :10],
            *(wide * column[:, None] for column in per_origin), *same, *offsets,
        )
    ], axis=-1)  # fmt: skip
    target = origins.print_log(days) - base[:, :10]
    found = base.copy()
    start = BOOSTED_FIRST.toordinal() - origins.first
    for row in range(MSTL_FIRST.toordinal() - origins.first, origins.days.size, 28):
        past = (days[start:row] <= origins.days[row]) & ~np.isnan(target[start:row])
        block = slice(row, row + 28)
        inputs = features[block].reshape(-1, features.shape[-1])
        said = [
            LGBMRegressor(**BOOSTING, random_state=seed).fit(features[start:row][past], target[start:row][past])
            for seed in range(3)
        ]
        corrections = np.mean([model.predict(inputs) for model in said], axis=0)
        found[block, :10] += corrections.reshape(-1, 10)
    return found


def main() -> None:
    """Measure the peers and print the table and the checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=Path, required=True)
    parser.add_argument("--first-prints", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    vintages = Vintages.from_shared(args.counts, args.first_prints)
    last = max(row.day for row in vintages.rows)
    weeks = complete_weeks(vintages, FIRST_WEEK, last)
    ours = {(week, horizon): forecast(view_at(vintages, week, horizon), week).mean
            for week in weeks for horizon in HORIZONS}
    origins = Origins(vintages, last)

    def kept(name: str, make: Callable[[], Floats]) -> Floats:
        path = args.cache / f"{name}.npy" if args.cache else None
        if path is not None and path.exists():
            return np.asarray(np.load(path))
        print(f"{name} ...", flush=True)
        made = make()
        if path is not None:
            np.save(path, made)
        return made

    members = [MODELS[name] for name in ("yoy_hol", "analog")]
    assert all(isinstance(member, DayModel) for member in members)
    yoy, analog = (kept(m.name, lambda m=m: origins.of_model(m)) for m in members)
    peers = {"yoy_hol": yoy, "mstl": kept("mstl", lambda: mstl(origins))}
    dhr = kept("notes_dhr", lambda: notes_dhr(origins))
    base = blend(origins, yoy, dhr, analog)
    peers |= {"dhr": dhr, "blend": base, "gbm": kept("gbm", lambda: corrected(origins, base, yoy, dhr, analog))}
    actual = {week: origins.settled.settled_mean(week) or 0.0 for week in weeks}
    said = {name: {key: origins.week_mean(logs, *key) for key in ours} for name, logs in peers.items()}
    said["mean3"] = {key: float(np.mean([said[name][key] for name in ("yoy_hol", "mstl", "gbm")])) for key in ours}
    said["combined"] = ours
    print(f"{len(weeks)} weeks ending {weeks[0]} to {weeks[-1]}: MAPE % / RMSE thousands")
    print("| horizon |", " | ".join(said), "| combined minus mean3 |")
    for horizon in HORIZONS:
        cells, losses = [], {}
        for name, means in said.items():
            miss = np.array([means[week, horizon] / actual[week] - 1 for week in weeks])
            root = np.sqrt(np.mean([(means[week, horizon] - actual[week]) ** 2 for week in weeks]))
            losses[name] = 100 * np.abs(miss)
            cells.append(f"{losses[name].mean():.2f} / {root / 1000:.1f}")
        gap = losses["combined"] - losses["mean3"]
        error = gap.std(ddof=1) / np.sqrt(gap.size)
        print(f"| {horizon} |", " | ".join(cells), f"| {gap.mean():+.2f} ({error:.2f}) |")
    for year in range(weeks[0].year, weeks[-1].year + 1):
        of_year = [week for week in weeks if week.year == year]
        cells = [
            " / ".join(f"{100 * np.mean([abs(said[n][w, h] / actual[w] - 1) for w in of_year]):.2f}"
                       for n in ("combined", "mean3", "gbm", "mstl"))
            for h in HORIZONS
        ]
        print(f"| {year} | {len(of_year)} |", " | ".join(cells), "|")
    print("check of the notes (thousands, ours / theirs):")
    for week, horizon, *theirs in CHECKS:
        pairs = zip(("mstl", "gbm", "mean3"), theirs, strict=True)
        if week in actual:
            cells = [f"{name} {said[name][week, horizon] / 1000:.1f} / {value:.1f}" for name, value in pairs]
            print(f"  {week} {horizon}: {', '.join(cells)}")


if __name__ == "__main__":
    main()
