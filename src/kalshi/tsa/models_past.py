"""What a model said in the past, each time from the view of that time: its errors, remembered between calls.

Nothing here reaches a value first seen after `as_of`: a past forecast is made from `Known.before`, and only
weeks whose seven days were all published by `as_of` have an error.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.known import Floats, Ints, Known
from kalshi.tsa.weeks import week_days

ERROR_WEEKS = 104  # past weeks that errors are taken from
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


def point_forecast(known: Known, sunday: date, model: Model) -> tuple[float, tuple[float, ...]]:
    """Return (mean of the week, its seven days); the days are empty for a model of whole weeks.

    Raises DataError where the model has nothing to say, or says something that is no number of passengers.
    """
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
    key = (model, sunday, newest)  # the model itself: two of one name may be mixed differently
    if key not in memory:
        try:
            memory[key] = point_forecast(known.before(newest), sunday, model)[0]
        except DataError:
            memory[key] = None
    found: float | None = memory[key]
    return found


def past_errors(known: Known, sunday: date, model: Model, weeks: int = ERROR_WEEKS) -> dict[date, float]:
    """Return ln(settled mean / forecast) of up to *weeks* earlier weeks by their Sunday, newest first.

    Each at the same distance between newest known day and Sunday as the week of *sunday* has in *known*.
    """
    distance = sunday.toordinal() - known.newest
    errors: dict[date, float] = {}
    for back in range(1, weeks + FARTHEST // 7 + 1):
        earlier = date.fromordinal(sunday.toordinal() - 7 * back)
        settled = known.settled_mean(earlier)
        if settled is None:
            if earlier.toordinal() < known.first:
                break
            continue
        point = past_point(known, earlier, distance, model)
        if point is not None:
            errors[earlier] = float(np.log(settled / point))
        if len(errors) == weeks:
            break
    return errors
