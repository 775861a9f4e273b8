"""One event's ladder at one moment, as it was known: the only way to price a ladder, live and in simulation.

`look_at` is what the bot, the backtest and the dataset call. It takes a view of the counts (`Known`), the
markets of an event and the quotes seen by then; nothing else can reach a probability or a feature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from kalshi.errors import DataError
from kalshi.tsa.contracts import StrikeMarket, ladder_probabilities, market_strike
from kalshi.tsa.holiday_windows import holiday_table
from kalshi.tsa.known import Known, as_utc
from kalshi.tsa.models import WeekForecast, forecast
from kalshi.tsa.models_past import Model
from kalshi.tsa.release_calendar import newest_expected_day, released_at
from kalshi.tsa.weeks import week_days


class NothingKnown(DataError):
    """No count at all had been seen at that moment."""


Forecasts = dict[tuple[str, date, datetime], WeekForecast]


@dataclass(frozen=True, slots=True)
class StrikeQuote:
    """Best prices for YES in dollars, None where nobody quotes, and when they were (aware)."""

    bid: Decimal | None
    ask: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Features:
    """What the counts say about a week at one moment, whatever the model.

    newest_day: the newest day published. known_days: published days of the week. late_days: by how many days the
    newest one is behind the release calendar (0: in order; only outages and days off make it more).
    next_release: when the calendar expects more (aware UTC). week_sum: passengers of the published days of the
    week. mean_7: mean of the newest 7 days, None where one is missing. growth_7: ln of their sum over that of the
    same holiday-aligned days a year before. busy_days: days of the week in the window of a busy holiday.
    """

    newest_day: date
    known_days: int
    late_days: int
    next_release: datetime
    week_sum: int
    mean_7: float | None
    growth_7: float | None
    busy_days: int


@dataclass(frozen=True)
class Point:
    """One row: a strike of an event at a moment. probs: P(YES) by model; quote: None where there was none."""

    event_ticker: str
    ticker: str
    strike: int
    as_of: datetime
    quote: StrikeQuote | None
    probs: Mapping[str, float]


@dataclass(frozen=True)
class Look:
    """An event at one moment; points by ascending strike. refused: why a model says nothing, by its name."""

    event_ticker: str
    week_sunday: date
    as_of: datetime
    features: Features
    forecasts: Mapping[str, WeekForecast]
    points: tuple[Point, ...]
    refused: Mapping[str, str] = field(default_factory=dict)


def look_at(
    known: Known,
    week_sunday: date,
    markets: Iterable[StrikeMarket],
    models: Iterable[str | Model],
    *,
    as_of: datetime | None = None,
    quotes: Mapping[str, StrikeQuote] | None = None,
    memory: Forecasts | None = None,
) -> Look:
    """Return the ladder of the week ending *week_sunday* as priced by *models* from what was *known*.

    as_of: the moment, aware; None: `known.as_of`. A later one is for a bot that read counts first and quotes then.
    quotes: by market ticker. ValueError where counts or a quote are from after the moment. memory: kept between
    calls on the same vintages, so that a forecast is made once. Raises DataError for a ladder that is none (no market,
    a strike twice, another week), a model whose probabilities are none, or no count (NothingKnown); a model without a
    forecast is in `refused`.
    """
    ladder, quotes = list(markets), quotes or {}
    as_of = as_utc(as_of or known.as_of)
    for what, moment in (("the counts", known.as_of), *((ticker, quote.at) for ticker, quote in quotes.items())):
        if moment > as_of:
            raise ValueError(f"{what}: of {moment}, which is after {as_of}")
    memory = {} if memory is None else memory
    features = features_of(known, week_sunday)
    forecasts: dict[str, WeekForecast] = {}
    refused: dict[str, str] = {}
    probs: dict[str, dict[str, float]] = {market.ticker: {} for market in ladder}
    for chosen in models:
        model = chosen if isinstance(chosen, str) else chosen.name
        key = (model, week_sunday, known.as_of)
        try:
            if key not in memory:
                memory[key] = forecast(known, week_sunday, chosen)
        except DataError as error:
            refused[model] = str(error)
            continue
        forecasts[model] = memory[key]
        for rung in ladder_probabilities(ladder, memory[key]):
            probs[rung.ticker][model] = rung.prob_yes
    event_ticker = ladder[0].ticker.rsplit("-", 1)[0] if ladder else ""
    points = tuple(
        Point(event_ticker, market.ticker, market_strike(market), as_of, quotes.get(market.ticker),
              probs[market.ticker])
        for market in sorted(ladder, key=market_strike)
    )
    return Look(event_ticker, week_sunday, as_of, features, forecasts, points, refused)


def features_of(known: Known, week_sunday: date) -> Features:
    """Return the features of the week ending *week_sunday*; NothingKnown where no count was seen."""
    if not known.values.size:
        raise NothingKnown(f"no count was known on {known.as_of:%Y-%m-%d %H:%M} UTC")
    table = holiday_table()
    published = [value for value in known.week_values(week_sunday) if value is not None]
    newest = np.arange(known.newest - 6, known.newest + 1, dtype=np.int64)
    now, then = known.at(newest), known.at(table.references(newest))
    mean_7, base_7 = float(now.mean()), float(then.mean())
    week = np.array([day.toordinal() for day in week_days(week_sunday)], dtype=np.int64)
    next_day = date.fromordinal(known.newest + 1)
    return Features(
        newest_day=known.newest_day,
        known_days=len(published),
        late_days=max((newest_expected_day(known.as_of) - known.newest_day).days, 0),
        next_release=released_at(next_day),
        week_sum=sum(published),
        mean_7=None if np.isnan(mean_7) else mean_7,
        growth_7=None if np.isnan(mean_7 + base_7) else float(np.log(mean_7 / base_7)),
        busy_days=int(table.is_busy(week).sum()),
    )
