"""One interface for all models: a point forecast of the week, and a distribution from past errors.

A model sees a `Known` and nothing else. Its past errors are those of the same model at the same distance to
the week's end, each made from the view of that time, over weeks that were complete by `as_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from kalshi.errors import ConfigError, DataError
from kalshi.tsa.distribution import Distribution, Empirical, Exact, Floats, Smoothed
from kalshi.tsa.known import Ints, Known
from kalshi.tsa.models_analog import Analog
from kalshi.tsa.models_combined import Combined
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_earlier import Earlier, EarlierFixed
from kalshi.tsa.models_yoy import YoyHoliday
from kalshi.tsa.weeks import week_days

ERROR_WEEKS = 104  # past weeks a distribution is made of
FARTHEST = 28  # days from the newest known day to the week's Sunday


class WeekModel(Protocol):
    """A model of the week's mean."""

    name: str

    def week_mean(self, known: Known, sunday: date) -> float:
        """Return the forecast mean of the week in passengers."""
        ...


@runtime_checkable
class DayModel(Protocol):
    """A model of single days; published days of the week enter at their value."""

    name: str

    def day_logs(self, known: Known, days: Ints) -> Floats:
        """Return the natural logarithm of the forecast of each day (ordinals after the newest known one)."""
        ...


Model = WeekModel | DayModel

MODELS: dict[str, Model] = {
    model.name: model for model in (Earlier(), EarlierFixed(), YoyHoliday(), Analog(), Dhr(), Combined())
}
DEFAULT_MODEL = "combined"


@dataclass(frozen=True, eq=False)
class WeekForecast:
    """What model *model* says at *as_of* (aware UTC) about the mean of the week ending *week_sunday*.

    mean, sd: passengers per day. known_days: days of the week that were published. days: the seven values,
    Monday first, published or forecast, in passengers; empty where the model has no days.
    """

    week_sunday: date
    as_of: datetime
    known_days: int
    model: str
    mean: float
    sd: float
    distribution: Distribution
    days: tuple[float, ...] = ()
    newest_day: date = date.min
    error_weeks: int = 0

    def prob_above(self, strike: float) -> float:
        """Return P(mean > strike), strictly; 0 or 1 once all seven days are published."""
        return float(self.distribution.above(strike)[0])

    def probs_above(self, strikes: ArrayLike) -> Floats:
        """Return P(mean > strike) for each strike, in the order given."""
        return self.distribution.above(strikes)

    def quantile(self, q: float) -> float:
        """Return the value with probability *q* (0 < q < 1) at or below it, in passengers."""
        if not 0 < q < 1:
            raise ValueError(f"quantile {q} is outside 0..1")
        return self.distribution.quantile(q)


def model_named(name: str) -> Model:
    """Return the registered model; ConfigError lists the names."""
    if name not in MODELS:
        raise ConfigError(f"unknown model {name!r}: choose one of {', '.join(MODELS)}")
    return MODELS[name]


def forecast(known: Known, week_sunday: date, model: str | Model = "") -> WeekForecast:
    """Return the forecast of the week ending *week_sunday* from what was *known*, by a model or its name.

    Raises DataError where the counts do not reach far enough, ConfigError for an unknown model.
    """
    chosen = model_named(model or DEFAULT_MODEL) if isinstance(model, str) else model
    values = known.week_values(week_sunday)
    published = [value for value in values if value is not None]
    distance = week_sunday.toordinal() - known.newest
    if len(published) == 7:
        total = sum(published)
        return WeekForecast(week_sunday, known.as_of, 7, chosen.name, total / 7, 0.0, Exact(total),
                            tuple(float(value) for value in published), known.newest_day)
    if not known.values.size or distance > FARTHEST:
        raise DataError(
            f"the newest count is of {known.newest_day}: too old to forecast the week of {week_sunday}"
        )
    mean, days = point_forecast(known, week_sunday, chosen)
    if isinstance(chosen, Earlier):
        spread: Distribution = chosen.distribution(known, week_sunday, mean)
        errors = np.empty(0)
    else:
        errors = past_errors(known, week_sunday, chosen)
        if isinstance(chosen, EarlierFixed):
            spread = Empirical(mean * np.exp(errors), half=True)
        else:
            spread = Smoothed(mean, errors, np.ones(errors.size), sum(published) / 7)
    return WeekForecast(week_sunday, known.as_of, len(published), chosen.name, mean, spread.sd, spread,
                        days, known.newest_day, int(errors.size))


def point_forecast(known: Known, sunday: date, model: Model) -> tuple[float, tuple[float, ...]]:
    """Return (mean of the week, its seven days); the days are empty for a model of whole weeks."""
    if not isinstance(model, DayModel):
        mean, values = model.week_mean(known, sunday), np.empty(0)
    else:
        days = np.array([day.toordinal() for day in week_days(sunday)], dtype=np.int64)
        values = known.at(days)
        missing = np.isnan(values)
        values[missing] = np.exp(model.day_logs(known, days[missing]))
        mean = float(values.mean())
    if not np.isfinite(mean) or mean <= 0:
        raise DataError(f"model {model.name} returned {mean} for the week ending {sunday}")
    return mean, tuple(values.tolist())


def past_point(known: Known, sunday: date, distance: int, model: Model) -> float | None:
    """Return the mean the model forecast for an earlier week when its newest day was *distance* days off.

    None where the counts of that time did not reach far enough. Remembered: it depends on earlier views only.
    """
    newest = sunday.toordinal() - distance
    if known.value(date.fromordinal(newest)) is None:
        return None  # asked first, so that what a later view remembered can not reach an earlier one
    memory = known.history.memory
    key = (model.name, sunday, newest)
    if key not in memory:
        try:
            memory[key] = point_forecast(known.before(newest), sunday, model)[0]
        except DataError:
            memory[key] = None
    found: float | None = memory[key]
    return found


def past_errors(known: Known, sunday: date, model: Model, weeks: int = ERROR_WEEKS) -> Floats:
    """Return ln(settled mean / forecast) of up to *weeks* earlier weeks at the same distance, newest first.

    Only weeks whose seven days were all published by `known.as_of` count.
    """
    distance = sunday.toordinal() - known.newest
    errors = []
    for back in range(1, weeks + FARTHEST // 7 + 1):
        earlier = date.fromordinal(sunday.toordinal() - 7 * back)
        settled = known.settled_mean(earlier)
        if settled is None:
            if earlier.toordinal() < known.first:
                break
            continue
        point = past_point(known, earlier, distance, model)
        if point is not None:
            errors.append(float(np.log(settled / point)))
        if len(errors) == weeks:
            break
    return np.array(errors)
