"""Price history from this exchange's own book and tape: one bar a minute, put together to candles on demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kalshi.paper.records import ONE, ZERO, Bar
from kalshi.paper.world import World

NEW_YORK = ZoneInfo("America/New_York")
MINUTE_S, HOUR_S = 60, 3600
Ohlc = tuple[Decimal, Decimal, Decimal, Decimal]


def note(world: World, now: datetime) -> None:
    """Bring the current minute's bar of every market that was touched up to date."""
    end_ts = int(now.timestamp()) // MINUTE_S * MINUTE_S + MINUTE_S
    for ticker in sorted(world.touched):
        if ticker in world.listings:
            _note(world, ticker, end_ts)
    for trade in world.fresh:
        bar = world.bars[trade.ticker][-1]
        bar.price = _with(bar.price or _flat(trade.price), trade.price)
        bar.volume += trade.count
        bar.turnover += trade.price * trade.count
    world.touched.clear()
    world.fresh.clear()


def _note(world: World, ticker: str, end_ts: int) -> None:
    book, bars = world.books[ticker], world.bars[ticker]
    bid, ask = book.best_yes_bid() or ZERO, book.best_yes_ask()
    ask = ONE if ask is None else ask
    last = bars[-1] if bars else None
    if last is None or last.end_ts < end_ts:
        opening = (last.bid[3], last.ask[3]) if last else (bid, ask)
        last = Bar(ticker, end_ts, _flat(opening[0]), _flat(opening[1]), None, ZERO, ZERO, ZERO)
    last.bid, last.ask = _with(last.bid, bid), _with(last.ask, ask)
    last.open_interest = world.open_interest[ticker]
    world.keep(last)


def _flat(price: Decimal) -> Ohlc:
    return price, price, price, price


def _with(prices: Ohlc, price: Decimal) -> Ohlc:
    return prices[0], max(prices[1], price), min(prices[2], price), price


def period_end(end_ts: int, minutes: int) -> int:
    """Return when the period (1, 60 or 1440 minutes) ends that holds the minute ending at *end_ts*.

    A day ends at midnight in New York.
    """
    if minutes == 1:
        return end_ts
    if minutes == 60:
        return -(-end_ts // HOUR_S) * HOUR_S
    day = datetime.fromtimestamp(end_ts - 1, UTC).astimezone(NEW_YORK).date() + timedelta(days=1)
    return int(datetime.combine(day, time(), NEW_YORK).timestamp())


def candles(bars: list[Bar], start_ts: int, end_ts: int, minutes: int) -> Iterator[tuple[Bar, Decimal | None]]:
    """Yield (candle, close of the last trade before it); candles are chosen by their end, bounds inclusive."""
    previous: Decimal | None = None
    current: Bar | None = None
    before: Decimal | None = None
    for bar in bars:
        ends = period_end(bar.end_ts, minutes)
        if ends > end_ts:
            break
        if current is None or current.end_ts != ends:
            if current is not None and current.end_ts >= start_ts:
                yield current, before
            current, before = _copy(bar, ends), previous
        else:
            _join(current, bar)
        if bar.price is not None:
            previous = bar.price[3]
    if current is not None and current.end_ts >= start_ts:
        yield current, before


def latest_before(bars: list[Bar], start_ts: int, minutes: int) -> tuple[Bar, Decimal | None] | None:
    """Return a candle without trades that carries on what was last seen before *start_ts*."""
    earlier = [bar for bar in bars if period_end(bar.end_ts, minutes) < start_ts]
    if not earlier:
        return None
    last = earlier[-1]
    price = next((bar.price[3] for bar in reversed(earlier) if bar.price is not None), None)
    ends = period_end(-(-start_ts // MINUTE_S) * MINUTE_S, minutes)
    return Bar(last.ticker, ends, _flat(last.bid[3]), _flat(last.ask[3]), None, ZERO, ZERO, last.open_interest), price


def _copy(bar: Bar, ends: int) -> Bar:
    return Bar(bar.ticker, ends, bar.bid, bar.ask, bar.price, bar.volume, bar.turnover, bar.open_interest)


def _join(candle: Bar, bar: Bar) -> None:
    candle.bid, candle.ask = _joined(candle.bid, bar.bid), _joined(candle.ask, bar.ask)
    if bar.price is not None:
        candle.price = _joined(candle.price, bar.price) if candle.price else bar.price
    candle.volume += bar.volume
    candle.turnover += bar.turnover
    candle.open_interest = bar.open_interest


def _joined(first: Ohlc, second: Ohlc) -> Ohlc:
    return first[0], max(first[1], second[1]), min(first[2], second[2]), second[3]
