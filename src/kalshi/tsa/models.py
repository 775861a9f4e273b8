"""One interface for all models: a point forecast of the week, and a distribution from past errors.

A model sees a `Known` and nothing else. Its past errors are those of the same model at the same distance to
the week's end, each made from the view of that time, over weeks that were complete by `as_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike

from kalshi.errors import ConfigError, DataError
from kalshi.tsa.distribution import Distribution, Empirical, Exact, Floats, Smoothed
from kalshi.tsa.known import Known
from kalshi.tsa.models_analog import Analog
from kalshi.tsa.models_boosted import Boosted
from kalshi.tsa.models_combined import Combined, by_least_squares
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_earlier import Earlier, EarlierFixed
from kalshi.tsa.models_mstl import Mstl
from kalshi.tsa.models_past import FARTHEST, DayModel, Model, WeekModel, past_errors, point_forecast
from kalshi.tsa.models_yoy import YoyHoliday

__all__ = ["DEFAULT_MODEL", "MODELS", "DayModel", "Model", "WeekForecast", "WeekModel", "forecast", "model_named"]

# One of each, so that what a member said in the past is remembered once, whoever asks.
_DHR, _YOY, _MSTL, _BOOSTED = Dhr(), YoyHoliday(), Mstl(), Boosted()
MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Earlier(), EarlierFixed(), _YOY, Analog(), _DHR, _MSTL, _BOOSTED,
        Combined((_DHR, _YOY)), Combined((_DHR, _YOY, _MSTL, _BOOSTED), "stacked", by_least_squares),
    )
}  # fmt: skip
DEFAULT_MODEL = "combined"
SPREAD_WEEKS = 52  # newest past weeks whose errors shape the distribution; older ones make it too wide


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
        if isinstance(chosen, Combined):
            errors = chosen.errors(known, week_sunday)
        else:
            errors = np.array(list(past_errors(known, week_sunday, chosen).values()))
        if isinstance(chosen, EarlierFixed):
            spread = Empirical(mean * np.exp(errors), half=True)
        else:
            errors = errors[:SPREAD_WEEKS]
            spread = Smoothed(mean, errors, np.ones(errors.size), sum(published) / 7)
    return WeekForecast(week_sunday, known.as_of, len(published), chosen.name, mean, spread.sd, spread,
                        days, known.newest_day, int(errors.size))
