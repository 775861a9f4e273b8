"""Hunt look-ahead by machine: take the future away, or spoil it, and no forecast may change by a single bit.

For each week and horizon what is said from all rows (forecast, features, decisions on a ladder) is compared with
two others. `cut`: only the rows a reader had are left, and nothing was computed before. `spoiled`: every later
value is replaced by nonsense, every known day is restated a second later, and a later forecast was made first, so
that whatever is remembered between calls has seen the future. `hunt_events` does the same on recorded quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from kalshi.errors import DataError, KalshiError
from kalshi.tsa.dataset import DEFAULT_TIMES, history_look, moments
from kalshi.tsa.known import Known
from kalshi.tsa.lookahead_said import LookFrom, first_difference, said_of_event, said_of_week
from kalshi.tsa.models import forecast, model_named
from kalshi.tsa.models_past import Model
from kalshi.tsa.quotes import EventHistory, QuoteCandle
from kalshi.tsa.vintages import HIGHEST, LOWEST, Vintage, Vintages
from kalshi.tsa.walk_forward import complete_weeks, view_at
from kalshi.tsa.weeks import NEW_YORK

HORIZONS = ("D-7 Thu", "k0", "k1", "k2", "k3", "k4")
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

    leaks: list[Leak] = field(default_factory=list)
    compared: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    weeks: tuple[date, ...] = ()

    def add(
        self, sunday: date, horizon: str, as_of: datetime, model: str, world: str,
        before: dict[str, str], after: dict[str, str],
    ) -> None:  # fmt: skip
        """Count one comparison, and keep it where something differs."""
        key = (model, horizon)
        self.compared[key] = self.compared.get(key, 0) + 1
        self.refused[key] = self.refused.get(key, 0) + ("refusal" in before)
        name = first_difference(before, after)
        if name:
            change = (before.get(name, "none"), after.get(name, "none"))
            self.leaks.append(Leak(sunday, horizon, as_of, model, world, name, *change))


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
    found = Hunt(weeks=tuple(reversed(weeks)))
    full = Vintages(vintages.rows)  # what is remembered in here is of this hunt, the newest week first
    for number, sunday in enumerate(weeks, start=1):
        for horizon in reversed(horizons):
            known = _view(full, sunday, horizon)
            if known is None:
                continue
            worlds = {"cut": cut(full, known), "spoiled": spoiled(full, known)}
            for model in chosen:
                before = said_of_week(known, sunday, model)
                _forecast_later(worlds["spoiled"], known.as_of, sunday, model)
                for world, rows in worlds.items():
                    view = _view(rows, sunday, horizon)
                    after = said_of_week(view, sunday, model) if view is not None else {"view": "nothing is known"}
                    found.add(sunday, horizon, known.as_of, model.name, world, before, after)
        progress(f"{number} of {len(weeks)} weeks compared, {len(found.leaks)} leaks")
    return found


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


def hunt_events(
    events: Iterable[EventHistory],
    vintages: Vintages,
    models: Iterable[str | Model],
    *,
    times: Sequence[time] = DEFAULT_TIMES,
    look_from: LookFrom = history_look,
) -> Hunt:
    """Compare what is decided on recorded events with and without their future: counts, candles and results.

    At each of *times* (New York) on every day an event is open. In `cut` later candles and all results are gone,
    in `spoiled` they are others. Raises DataError where nothing can be compared.
    """
    chosen = [model_named(model) if isinstance(model, str) else model for model in models]
    found = Hunt()
    full = Vintages(vintages.rows)
    weeks: set[date] = set()
    for event in events:
        for as_of in reversed(moments(event.sunday, times)):
            if not event.open_at <= as_of < event.close_at:
                continue
            weeks.add(event.sunday)
            known, where = full.known(as_of), f"{as_of.astimezone(NEW_YORK):%a %H:%M}"
            worlds = {
                "cut": (cut(full, known), cut_event(event, as_of)),
                "spoiled": (spoiled(full, known), spoiled_event(event, as_of)),
            }
            for model in chosen:
                before = said_of_event(event, as_of, full, model, look_from)
                _forecast_later(worlds["spoiled"][0], as_of, event.sunday, model)
                for world, (rows, ladder) in worlds.items():
                    after = said_of_event(ladder, as_of, rows, model, look_from)
                    found.add(event.sunday, where, as_of, model.name, world, before, after)
    if not weeks:
        raise DataError("no event is open at any of the times: nothing to compare")
    return replace(found, weeks=tuple(sorted(weeks)))


def cut_event(event: EventHistory, as_of: datetime) -> EventHistory:
    """Return *event* with the candles that ended by *as_of* only, and no result."""
    markets = (
        replace(market, result="", candles=tuple(c for c in market.candles if c.end_ts <= as_of.timestamp()))
        for market in event.markets
    )
    return replace(event, markets=tuple(markets))


def spoiled_event(event: EventHistory, as_of: datetime) -> EventHistory:
    """Return *event* with later candles quoting something else, and every result turned round."""

    def other(candle: QuoteCandle) -> QuoteCandle:
        if candle.end_ts <= as_of.timestamp():
            return candle
        return QuoteCandle(candle.end_ts, Decimal("0.01"), Decimal("0.02"))

    turned = {"yes": "no", "no": "yes"}
    markets = (
        replace(market, result=turned.get(market.result, "yes"), candles=tuple(map(other, market.candles)))
        for market in event.markets
    )
    return replace(event, markets=tuple(markets))
