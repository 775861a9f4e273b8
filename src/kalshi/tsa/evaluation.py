"""Every forecast of a walk-forward as one row of numbers, and the scores over any set of rows.

A forecast that cannot be made or cannot be trusted is excluded by name and reason; nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.known import Floats
from kalshi.tsa.models import WeekForecast, forecast, model_named
from kalshi.tsa.models_past import Model
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import FAR_FUTURE, HORIZONS, STRIKES, Scored, complete_weeks, view_at
from kalshi.tsa.weeks import week_sunday_of

QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
LEVELS = (0.50, 0.80, 0.95)  # central intervals whose coverage is reported
NEAREST = 4  # strikes around the forecast that are scored on their own
PIT_BINS = 10
BASELINES = ("yoy_hol", "earlier_fixed")


@dataclass(frozen=True, eq=False)
class Row:
    """One scored forecast; passengers, shares 0..1.

    known_days: published days of the week; negative where days of the week before are missing too. error:
    forecast / actual - 1. brier: over STRIKES; brier_near: over the four strikes nearest to the forecast.
    rank: the probability forecast for values up to the actual one (PIT). probs: P(mean > strike) for `strikes`.
    """

    week_sunday: date
    as_of: datetime
    horizon: str
    known_days: int
    model: str
    mean: float
    sd: float
    quantiles: Floats
    probs: Floats
    actual: float
    error: float
    crps: float
    brier: float
    brier_near: float
    rank: float


@dataclass(frozen=True)
class Exclusion:
    """Something that could not be scored. model, horizon: empty where no forecast of the week could be."""

    week_sunday: date
    horizon: str
    model: str
    reason: str


@dataclass
class Evaluation:
    """The rows of a walk-forward in order of time, and what is not among them."""

    models: list[str]
    strikes: list[int]
    weeks: list[date] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)

    def of(self, model: str, horizon: str) -> list[Row]:
        """Return the rows of one model at one horizon."""
        return [row for row in self.rows if row.model == model and row.horizon == horizon]


def evaluate(
    vintages: Vintages,
    models: Iterable[str | Model],
    *,
    first: date,
    last: date,
    strikes: Iterable[int] = (),
    horizons: Sequence[str] = HORIZONS,
    progress: Callable[[str], object] = lambda line: None,
) -> Evaluation:
    """Forecast and score every week whose Sunday lies in first..last (inclusive).

    strikes: more strikes than STRIKES to state probabilities for. Raises DataError where no week is complete, and
    where a model makes no forecast at all.
    """
    chosen = [model_named(model) if isinstance(model, str) else model for model in models]
    ladder = sorted({*STRIKES, *strikes})
    done = Evaluation([model.name for model in chosen], ladder)
    done.weeks = complete_weeks(vintages, first, last)
    done.excluded += [
        Exclusion(sunday, "", "", "not all seven days are in the counts")
        for sunday in _sundays(first, last)
        if sunday not in set(done.weeks)
    ]
    if not done.weeks:
        raise DataError(f"no week from {first} to {last} has all its seven days in the counts: nothing to score")
    settled = vintages.known(FAR_FUTURE)
    for number, sunday in enumerate(done.weeks, start=1):
        actual = settled.settled_mean(sunday)
        assert actual is not None
        for horizon in horizons:
            try:
                known = view_at(vintages, sunday, horizon)
            except DataError as error:
                done.excluded.append(Exclusion(sunday, horizon, "", str(error)))
                continue
            ahead = known.newest - (sunday - timedelta(days=7)).toordinal()
            for model in chosen:
                try:
                    said = forecast(known, sunday, model)
                    done.rows.append(_scored(said, horizon, ahead, actual, ladder))
                except DataError as error:
                    done.excluded.append(Exclusion(sunday, horizon, model.name, str(error)))
        if number % 20 == 0 or number == len(done.weeks):
            progress(f"{number} of {len(done.weeks)} weeks: {len(done.rows)} forecasts, {len(done.excluded)} excluded")
    scored = {row.model for row in done.rows}
    for name in done.models:
        if name not in scored:
            reason = next((one.reason for one in done.excluded if one.model == name), "nothing was known")
            raise DataError(f"model {name} made no forecast from {first} to {last}: {reason}")
    return done


def _sundays(first: date, last: date) -> list[date]:
    start = week_sunday_of(first)
    return [start + timedelta(days=7 * number) for number in range((last - start).days // 7 + 1)]


def _scored(said: WeekForecast, horizon: str, known_days: int, actual: float, strikes: list[int]) -> Row:
    """Return the row of one forecast; DataError where it is no distribution."""
    scored = Scored(horizon, said, actual)
    probs = said.probs_above(strikes)
    quantiles = np.array(said.distribution.quantiles(QUANTILES))
    for what, good in (
        ("a probability outside 0..1", bool(np.all((probs >= 0) & (probs <= 1)))),  # False for NaN too
        ("probabilities that rise with the strike", bool(np.all(np.diff(probs) <= 1e-12))),
        ("a standard deviation that is no number", bool(np.isfinite(said.sd) and said.sd >= 0)),
        ("quantiles that are no numbers or fall", bool(np.all(np.diff(quantiles) >= 0))),
    ):
        if not good:
            raise DataError(f"model {said.model} returned {what}")
    near = sorted(sorted(STRIKES, key=lambda strike: abs(strike - said.mean))[:NEAREST])
    return Row(
        said.week_sunday, said.as_of, horizon, known_days, said.model, said.mean, said.sd, quantiles, probs,
        actual, scored.error, scored.crps(), scored.brier(), scored.brier(near), scored.rank(),
    )


def scores(rows: Sequence[Row]) -> dict[str, float]:
    """Return the scores of *rows*; NaN throughout where there are none.

    mape, bias: percent. rmse, crps: passengers. cover_*: share of outcomes inside the central interval.
    pit_mean, pit_sd: 0.5 and 0.289 for a calibrated forecast. pit_distance: greatest gap between the ranks'
    distribution and the uniform one (Kolmogorov).
    """
    if not rows:
        return dict.fromkeys(SCORES, float("nan"))
    error = np.array([row.error for row in rows])
    miss = np.array([row.mean - row.actual for row in rows])
    rank = np.sort(np.array([row.rank for row in rows]))
    steps = np.arange(rank.size + 1) / rank.size
    found = {
        "weeks": float(len(rows)),
        "mape": 100 * float(np.mean(np.abs(error))),
        "rmse": float(np.sqrt(np.mean(miss**2))),
        "bias": 100 * float(np.mean(error)),
        "crps": float(np.mean([row.crps for row in rows])),
        "brier": float(np.mean([row.brier for row in rows])),
        "brier_near": float(np.mean([row.brier_near for row in rows])),
    }
    for level in LEVELS:
        found[f"cover_{level:.0%}".rstrip("%")] = float(np.mean(np.abs(rank - 0.5) <= level / 2))
    found["pit_mean"] = float(rank.mean())
    found["pit_sd"] = float(rank.std())
    found["pit_distance"] = float(max((steps[1:] - rank).max(), (rank - steps[:-1]).max()))
    return found


SCORES = (
    "weeks", "mape", "rmse", "bias", "crps", "brier", "brier_near", "cover_50", "cover_80", "cover_95",
    "pit_mean", "pit_sd", "pit_distance",
)


def pit_histogram(rows: Sequence[Row]) -> list[int]:
    """Return how many ranks lie in each tenth of 0..1."""
    return [int(n) for n in np.histogram([row.rank for row in rows], bins=PIT_BINS, range=(0, 1))[0]]


def difference(left: Sequence[Row], right: Sequence[Row], score: str) -> tuple[int, float, float]:
    """Return (weeks, mean, standard error) of *left* minus *right*, paired by week; negative: left is better.

    score: `mape` (points of percent), `crps` (passengers) or `brier`. NaN where fewer than two weeks are shared.
    """
    other = {row.week_sunday: _loss(row, score) for row in right}
    gaps = np.array([_loss(row, score) - other[row.week_sunday] for row in left if row.week_sunday in other])
    if gaps.size < 2:
        return gaps.size, float("nan"), float("nan")
    return gaps.size, float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(gaps.size))


def _loss(row: Row, score: str) -> float:
    return 100 * abs(row.error) if score == "mape" else row.crps if score == "crps" else row.brier


@dataclass(frozen=True)
class LadderMarket:
    """One market of the exchange; result: 1 for yes, 0 for no, None where the file states none."""

    week_sunday: date
    ticker: str
    strike: int
    result: int | None


def ladder_scores(rows: Sequence[Row], strikes: Sequence[int], ladder: Sequence[LadderMarket]) -> tuple[int, float]:
    """Return (markets, mean Brier score) of *rows* over the ladder's own markets with a result."""
    column = {strike: number for number, strike in enumerate(strikes)}
    by_week = {row.week_sunday: row for row in rows}
    losses = [
        (float(by_week[one.week_sunday].probs[column[one.strike]]) - one.result) ** 2
        for one in ladder
        if one.result is not None and one.week_sunday in by_week
    ]
    return len(losses), float(np.mean(losses)) if losses else float("nan")
