"""Answers with candles, made from this exchange's own book and tape, in the live and the historical shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kalshi.exchange.money import count_text, dollars_text
from kalshi.paper import bars
from kalshi.paper.archive import is_archived
from kalshi.paper.parsing import MAX_TIME, Request
from kalshi.paper.records import Bar
from kalshi.paper.refusals import bad_parameter, not_found
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import JsonObject
from kalshi.paper.world import World

MOST_OF_ONE = 5_000
MOST_OF_BATCH = 10_000
Ohlc = tuple[Decimal, Decimal, Decimal, Decimal]
MEAN_STEP = Decimal("0.000001")


def candlesticks(world: World, request: Request) -> Answer:
    """Answer the candles of one live market; 404 for an unknown or archived one."""
    start, end, minutes = _range(request)
    ticker = request.names["ticker"]
    listing = world.listings.get(ticker)
    series = request.names["series_ticker"]
    if listing is None or listing.series_ticker != series or is_archived(listing, request.now):
        raise not_found("market")
    if (end - start) // (minutes * 60) > MOST_OF_ONE:
        raise bad_parameter(f"the range holds more than {MOST_OF_ONE} candles")
    return 200, {"ticker": ticker, "candlesticks": _rows(world, request, ticker, start, end, minutes)}


def candlesticks_batch(world: World, request: Request) -> Answer:
    """Answer the candles of several markets; unknown ones are left out."""
    start, end, minutes = _range(request)
    tickers = request.words("market_tickers")
    if not tickers:
        raise bad_parameter("market_tickers is required")
    if len(tickers) * ((end - start) // (minutes * 60)) > MOST_OF_BATCH:
        raise bad_parameter(f"the range holds more than {MOST_OF_BATCH} candles")
    rows = [
        {"market_ticker": ticker, "candlesticks": _rows(world, request, ticker, start, end, minutes)}
        for ticker in tickers
        if ticker in world.listings and not is_archived(world.listings[ticker], request.now)
    ]
    return 200, {"markets": rows}


def candlesticks_event(world: World, request: Request) -> Answer:
    """Answer the candles of an event's markets; a long range is cut and `adjusted_end_ts` says where."""
    start, end, minutes = _range(request)
    names = world.event_markets.get(request.names["ticker"], [])
    if not names:
        raise not_found("event")
    end = min(end, start + MOST_OF_ONE // len(names) * minutes * 60)
    rows = [_rows(world, request, name, start, end, minutes) for name in names]
    return 200, {"market_tickers": names, "market_candlesticks": rows, "adjusted_end_ts": end}


def candlesticks_archived(world: World, request: Request) -> Answer:
    """Answer the candles of an archived market, whose fields have other names."""
    start, end, minutes = _range(request)
    ticker = request.names["ticker"]
    listing = world.listings.get(ticker)
    if listing is None or not is_archived(listing, request.now):
        raise not_found("market")
    if (end - start) // (minutes * 60) > MOST_OF_ONE:
        raise bad_parameter(f"the range holds more than {MOST_OF_ONE} candles")
    found = bars.candles(world.bars.get(ticker, []), start, end, minutes)
    return 200, {"ticker": ticker, "candlesticks": [_archived_wire(bar, previous) for bar, previous in found]}


def _range(request: Request) -> tuple[int, int, int]:
    start, end = (request.integer(name, 0, MAX_TIME) for name in ("start_ts", "end_ts"))
    minutes = request.choice("period_interval", ("1", "60", "1440"))
    if start is None or end is None or not minutes:
        raise bad_parameter("start_ts, end_ts and period_interval are required")
    if end < start:
        raise bad_parameter("end_ts is before start_ts")
    return start, end, int(minutes)


def _rows(world: World, request: Request, ticker: str, start: int, end: int, minutes: int) -> list[JsonObject]:
    history = world.bars.get(ticker, [])
    rows = [_live_wire(bar, previous) for bar, previous in bars.candles(history, start, end, minutes)]
    if request.flag("include_latest_before_start"):
        found = bars.latest_before(history, start, minutes)
        if found is not None and not (rows and rows[0]["end_period_ts"] == found[0].end_ts):
            rows.insert(0, _live_wire(*found))
    return rows


def _live_wire(bar: Bar, previous: Decimal | None) -> JsonObject:
    price: dict[str, Any] = {}
    if bar.price is not None:
        price = _named(bar.price, "_dollars") | {"mean_dollars": _mean(bar)}
    if previous is not None:
        price["previous_dollars"] = dollars_text(previous)
    return {
        "end_period_ts": bar.end_ts,
        "yes_bid": _named(bar.bid, "_dollars"),
        "yes_ask": _named(bar.ask, "_dollars"),
        "price": price,
        "volume_fp": count_text(bar.volume),
        "open_interest_fp": count_text(bar.open_interest),
    }


def _archived_wire(bar: Bar, previous: Decimal | None) -> JsonObject:
    price: JsonObject = dict.fromkeys(("open", "low", "high", "close", "mean"))
    if bar.price is not None:
        price = _named(bar.price, "") | {"mean": _mean(bar)}
    price["previous"] = None if previous is None else dollars_text(previous)
    return {
        "end_period_ts": bar.end_ts,
        "yes_bid": _named(bar.bid, ""),
        "yes_ask": _named(bar.ask, ""),
        "price": price,
        "volume": count_text(bar.volume),
        "open_interest": count_text(bar.open_interest),
    }


def _named(prices: Ohlc, suffix: str) -> JsonObject:
    names = ("open", "high", "low", "close")
    return {name + suffix: dollars_text(price) for name, price in zip(names, prices, strict=True)}


def _mean(bar: Bar) -> str:
    return dollars_text((bar.turnover / bar.volume).quantize(MEAN_STEP))
