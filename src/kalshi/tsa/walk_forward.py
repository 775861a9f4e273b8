"""Judge models on history the only honest way: each week forecast from what a reader had at that moment.

Horizons are named as traders meet them: `k0` to `k6` have that many days of the week published; `D-7 Thu` is
the Sunday before the week with the release calendar, `D-7 Sat` the same with next-morning releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.known import Floats, Known
from kalshi.tsa.models import WeekForecast, forecast
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import new_york, week_sunday_of

HORIZONS = ("D-7 Thu", "D-7 Sat", "k0", "k1", "k2", "k3", "k4", "k5", "k6")
STRIKES = tuple(range(1_800_000, 2_800_001, 50_000))
FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Scored:
    """One forecast with its outcome; actual: the settled mean in passengers, from first prints."""

    horizon: str
    forecast: WeekForecast
    actual: float

    @property
    def error(self) -> float:
        """Return forecast over actual minus one."""
        return self.forecast.mean / self.actual - 1

    def brier(self, strikes: Sequence[int] = STRIKES) -> float:
        """Return the mean of (probability - outcome)^2 over *strikes* (passengers)."""
        outcome = (self.actual > np.array(strikes)).astype(np.float64)
        return float(np.mean((self.forecast.probs_above(strikes) - outcome) ** 2))

    def crps(self) -> float:
        """Return the continuous ranked probability score in passengers, on a grid of 4,000 passengers.

        The grid spans 75 % to 130 % of forecast and outcome; beyond it a forecast has next to no mass.
        """
        low, high = sorted((self.forecast.mean, self.actual))
        grid = np.arange(0.75 * low, 1.3 * high, 4_000.0)
        below = 1.0 - self.forecast.probs_above(grid)
        return float(np.sum((below - (grid >= self.actual)) ** 2) * 4_000.0)

    def rank(self) -> float:
        """Return the probability forecast for values at or below the actual one (PIT)."""
        return 1.0 - self.forecast.prob_above(self.actual)


def view_at(vintages: Vintages, sunday: date, horizon: str) -> Known:
    """Return what was known for the week ending *sunday* at *horizon*; DataError where nothing was."""
    if horizon == "D-7 Thu":
        return vintages.known(new_york(sunday - timedelta(days=7), 12))
    published = -1 if horizon == "D-7 Sat" else int(horizon.removeprefix("k"))
    return vintages.known_with_newest((sunday - timedelta(days=7 - published)).toordinal())


def complete_weeks(vintages: Vintages, first: date, last: date) -> list[date]:
    """Return the Sundays from *first* to *last* (inclusive) whose seven days have all been published."""
    known = vintages.known(FAR_FUTURE)
    sunday, found = week_sunday_of(first), []
    while sunday <= last:
        if known.settled_mean(sunday) is not None:
            found.append(sunday)
        sunday += timedelta(days=7)
    return found


def walk_forward(
    vintages: Vintages,
    models: Iterable[str],
    *,
    first: date,
    last: date,
    horizons: Sequence[str] = HORIZONS,
) -> dict[tuple[str, str], list[Scored]]:
    """Return the scored forecasts of every week by (model, horizon), in order of time.

    A week for which a model can not say anything is left out of that model's list.
    """
    known = vintages.known(FAR_FUTURE)
    scores: dict[tuple[str, str], list[Scored]] = {}
    for sunday in complete_weeks(vintages, first, last):
        actual = known.settled_mean(sunday)
        assert actual is not None
        for horizon in horizons:
            try:
                view = view_at(vintages, sunday, horizon)
            except DataError:
                continue
            for model in models:
                try:
                    made = forecast(view, sunday, model)
                except DataError:
                    continue
                scores.setdefault((model, horizon), []).append(Scored(horizon, made, actual))
    return scores


def mape(scored: Sequence[Scored]) -> float:
    """Return the mean absolute percentage error in percent."""
    return float(np.mean([abs(one.error) for one in scored]) * 100)


def rmse(scored: Sequence[Scored]) -> float:
    """Return the root mean squared error in passengers."""
    return float(np.sqrt(np.mean([(one.forecast.mean - one.actual) ** 2 for one in scored])))


def brier(scored: Sequence[Scored]) -> float:
    """Return the mean Brier score over the ladder of STRIKES."""
    return float(np.mean([one.brier() for one in scored]))


def crps(scored: Sequence[Scored]) -> float:
    """Return the mean continuous ranked probability score in passengers."""
    return float(np.mean([one.crps() for one in scored]))


def coverage(scored: Sequence[Scored], level: float) -> float:
    """Return the share of outcomes inside the central interval of probability *level* (0..1)."""
    ranks = np.array([one.rank() for one in scored])
    return float(np.mean(np.abs(ranks - 0.5) <= level / 2))


def paired_difference(left: Sequence[Scored], right: Sequence[Scored]) -> tuple[float, float]:
    """Return (mean, standard error) of |error| of *left* minus |error| of *right* in percentage points.

    Weeks are matched by their Sunday; those missing on one side are left out.
    """
    other = {one.forecast.week_sunday: abs(one.error) for one in right}
    gaps: Floats = np.array(
        [
            100 * (abs(one.error) - other[one.forecast.week_sunday])
            for one in left
            if one.forecast.week_sunday in other
        ]
    )
    if gaps.size < 2:
        raise ValueError("fewer than two weeks are on both sides")
    return float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(gaps.size))
