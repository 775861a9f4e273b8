"""Everything that is said about a week at one moment, as text to the last bit: forecast, features, decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal

from kalshi.errors import DataError
from kalshi.pricing.fees import taker_fee
from kalshi.tsa.backtest import as_market
from kalshi.tsa.dataset import history_look
from kalshi.tsa.decide import Rules, decide
from kalshi.tsa.known import Known
from kalshi.tsa.models import WeekForecast
from kalshi.tsa.models_past import Model
from kalshi.tsa.point_in_time import Look, StrikeQuote, look_at
from kalshi.tsa.quotes import EventHistory, MarketHistory, QuoteCandle
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import STRIKES
from kalshi.tsa.weeks import event_ticker, market_window

QUANTILES = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
MADE_UP = (Decimal("0.40"), Decimal("0.44"))  # bid and ask of every strike where there is no real ladder
ONE = Decimal(1)
# How an event is looked at; the dataset's way, or in a test one that cheats.
LookFrom = Callable[[EventHistory, datetime, Vintages, Sequence[str | Model]], Look]


def said_of_week(known: Known, sunday: date, model: Model) -> dict[str, str]:
    """Return what *model* leads to on STRIKES quoted at MADE_UP: the counts alone decide what is in it."""
    ticker = event_ticker(sunday)
    markets = tuple(MarketHistory(f"{ticker}-A{strike / 1e6:.2f}", strike, "", ()) for strike in STRIKES)
    quotes = {market.ticker: StrikeQuote(*MADE_UP, known.as_of) for market in markets}
    try:
        look = look_at(known, sunday, markets, [model], quotes=quotes)
    except DataError as error:
        return {"refusal": str(error)}
    return said(look, EventHistory(ticker, sunday, *market_window(sunday), markets), model)


def said_of_event(
    event: EventHistory, as_of: datetime, vintages: Vintages, model: Model, look_from: LookFrom = history_look
) -> dict[str, str]:
    """Return what *model* leads to on the recorded quotes of *event*."""
    try:
        look = look_from(event, as_of, vintages, [model])
    except DataError as error:
        return {"refusal": str(error)}
    return said(look, event, model)


def said(look: Look, event: EventHistory, model: Model) -> dict[str, str]:
    """Return forecast, features, quotes and decisions of *look* by name; a refusal by its words."""
    if model.name in look.refused:
        found = {"refusal": look.refused[model.name]}
    else:
        found = dict(_forecast(look.forecasts[model.name]))
    for one in fields(look.features):
        value = getattr(look.features, one.name)
        found[f"feature {one.name}"] = value.hex() if isinstance(value, float) else str(value)
    markets = {market.ticker: market for market in event.markets}
    rules = Rules(count=ONE)
    for point in look.points:
        quote = point.quote
        found[f"quote of {point.strike}"] = str(quote)
        if quote is None or model.name not in point.probs:
            continue
        candle = QuoteCandle(int(quote.at.astimezone(UTC).timestamp()), quote.bid, quote.ask)
        market = as_market(event, markets[point.ticker], candle)
        made = decide(market, point.probs[model.name], rules, taker_fee)
        found[f"decision at {point.strike}"] = f"{made.side} {made.price} {made.edge} {made.reason}"
    return found


def _forecast(made: WeekForecast) -> Iterator[tuple[str, str]]:
    yield "known_days", str(made.known_days)
    yield "newest_day", str(made.newest_day)
    yield "error_weeks", str(made.error_weeks)
    yield "mean", made.mean.hex()
    yield "sd", made.sd.hex()
    for number, value in enumerate(made.days, start=1):
        yield f"day {number}", float(value).hex()
    for q in QUANTILES:
        yield f"quantile {q}", made.quantile(q).hex()
    for strike, prob in zip(STRIKES, made.probs_above(STRIKES).tolist(), strict=True):
        yield f"P(> {strike})", prob.hex()


def first_difference(before: dict[str, str], after: dict[str, str]) -> str:
    """Return the first name whose text differs, empty where none does."""
    names = [*before, *(name for name in after if name not in before)]
    return next((name for name in names if before.get(name) != after.get(name)), "")
