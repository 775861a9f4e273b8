"""Hunt look-ahead by machine: take the future away, or spoil it, and no forecast may change by a single bit.

For each week and horizon the forecast from all rows is compared with two others. `cut`: only the rows a reader
had are left, and nothing was computed before. `spoiled`: every later value is replaced by nonsense, every known
day is restated a second later, and a later forecast was made first, so that whatever is remembered between
calls has seen the future.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kalshi.errors import DataError, KalshiError
from kalshi.tsa.known import Known
from kalshi.tsa.models import WeekForecast, forecast, model_named
from kalshi.tsa.models_past import Model
from kalshi.tsa.vintages import HIGHEST, LOWEST, Vintage, Vintages
from kalshi.tsa.walk_forward import STRIKES, complete_weeks, view_at

HORIZONS = ("D-7 Thu", "k0", "k1", "k2", "k3", "k4")
QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
LATER = 35  # days after the moment of the forecast that is made first on spoiled rows


@dataclass(frozen=True)
class Leak:
    """One forecast that changed with the future. world: cut or spoiled. field: what changed, old and new."""

    week_sunday: date
    horizon: str
    as_of: datetime
    model: str
    world: str
    field: str
    full: str
    other: str


@dataclass(frozen=True)
class Hunt:
    """What was compared. refused: forecasts that no world could make, for the same reason in each."""

    leaks: tuple[Leak, ...]
    compared: dict[tuple[str, str], int]
    refused: dict[tuple[str, str], int]
    weeks: tuple[date, ...]


def hunt(
    vintages: Vintages,
    models: Iterable[str | Model],
    *,
    first: date,
    last: date,
    every: int = 1,
    horizons: Sequence[str] = HORIZONS,
    progress: Callable[[str], object] = lambda line: None,
) -> Hunt:
    """Compare the forecasts of every *every*-th complete week from *first* to *last* (Sundays, inclusive).

    compared and refused count comparisons by (model name, horizon). Raises DataError where no week is complete.
    """
    chosen = [model_named(model) if isinstance(model, str) else model for model in models]
    weeks = complete_weeks(vintages, first, last)[::-1][::every]
    if not weeks:
        raise DataError(f"no week from {first} to {last} has all its seven days in the counts: nothing to compare")
    leaks: list[Leak] = []
    compared: dict[tuple[str, str], int] = {}
    refused: dict[tuple[str, str], int] = {}
    full = Vintages(vintages.rows)  # what is remembered in here is of this hunt, the newest week first
    for number, sunday in enumerate(weeks, start=1):
        for horizon in reversed(horizons):
            known = _view(full, sunday, horizon)
            if known is None:
                continue
            worlds = {"cut": cut(full, known), "spoiled": spoiled(full, known)}
            for model in chosen:
                before = _said(known, sunday, model)
                key = (model.name, horizon)
                _forecast_later(worlds["spoiled"], known.as_of, sunday, model)
                for world, rows in worlds.items():
                    view = _view(rows, sunday, horizon)
                    after = _said(view, sunday, model) if view is not None else {"view": "nothing is known"}
                    compared[key] = compared.get(key, 0) + 1
                    refused[key] = refused.get(key, 0) + ("refusal" in before)
                    field = _first_difference(before, after)
                    if field:
                        leaks.append(
                            Leak(sunday, horizon, known.as_of, model.name, world, field,
                                 before.get(field, "none"), after.get(field, "none"))
                        )
        progress(f"{number} of {len(weeks)} weeks compared, {len(leaks)} leaks")
    return Hunt(tuple(leaks), compared, refused, tuple(reversed(weeks)))


def cut(vintages: Vintages, known: Known) -> Vintages:
    """Return only the rows that *known* may rest on: first seen by its time, and of no later day."""
    return Vintages(row for row in vintages.rows if _inside(row, known))


def spoiled(vintages: Vintages, known: Known) -> Vintages:
    """Return the rows of `cut`, nonsense for all the others, and every known day restated a second later."""
    kept = [row for row in vintages.rows if _inside(row, known)]
    rest = [row for row in vintages.rows if not _inside(row, known)]
    moment = known.as_of + timedelta(seconds=1)
    wrong = [Vintage(row.first_seen_at, row.day, _nonsense(row.day), row.basis) for row in rest]
    restated = [Vintage(moment, row.day, _nonsense(row.day), row.basis) for row in kept]
    return Vintages((*kept, *wrong, *restated))


def _inside(row: Vintage, known: Known) -> bool:
    return row.first_seen_at <= known.as_of and row.day.toordinal() <= known.newest


def _nonsense(day: date) -> int:
    return LOWEST + day.toordinal() * 7_919 % (HIGHEST - LOWEST)


def _view(vintages: Vintages, sunday: date, horizon: str) -> Known | None:
    try:
        return view_at(vintages, sunday, horizon)
    except DataError:
        return None


def _forecast_later(vintages: Vintages, as_of: datetime, sunday: date, model: Model) -> None:
    try:
        forecast(vintages.known(as_of + timedelta(days=LATER)), sunday + timedelta(days=LATER), model)
    except (KalshiError, ValueError):
        return  # it only had to try


def _said(known: Known, sunday: date, model: Model) -> dict[str, str]:
    """Return everything a forecast says by name, floats to their last bit; a refusal by its words."""
    try:
        return dict(_fields(forecast(known, sunday, model)))
    except DataError as error:
        return {"refusal": str(error)}


def _fields(said: WeekForecast) -> Iterator[tuple[str, str]]:
    yield "known_days", str(said.known_days)
    yield "newest_day", str(said.newest_day)
    yield "error_weeks", str(said.error_weeks)
    yield "mean", said.mean.hex()
    yield "sd", said.sd.hex()
    for number, value in enumerate(said.days, start=1):
        yield f"day {number}", float(value).hex()
    for q in QUANTILES:
        yield f"quantile {q}", said.quantile(q).hex()
    for strike, prob in zip(STRIKES, said.probs_above(STRIKES).tolist(), strict=True):
        yield f"P(> {strike})", prob.hex()


def _first_difference(before: dict[str, str], after: dict[str, str]) -> str:
    names = [*before, *(name for name in after if name not in before)]
    return next((name for name in names if before.get(name) != after.get(name)), "")
