"""Candles: four answers with different field names, folded into one shape."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from kalshi.exchange.decode import decode_one
from kalshi.exchange.models_market import Wire


class OHLC(Wire, frozen=True):
    """Open, high, low, close in dollars; None where nothing was quoted."""

    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None


class Price(OHLC, frozen=True):
    """Trade prices in dollars; None in a period without trades."""

    mean: Decimal | None = None
    previous: Decimal | None = None


class Candle(Wire, frozen=True):
    """One period of one market, named by its end (Unix seconds, exclusive of nothing later)."""

    end_period_ts: int
    yes_bid: OHLC
    yes_ask: OHLC
    price: Price
    volume: Decimal
    open_interest: Decimal


class _LivePrices(msgspec.Struct, gc=False, rename=lambda name: f"{name}_dollars"):
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    mean: Decimal | None = None
    previous: Decimal | None = None


class _LiveCandle(msgspec.Struct, gc=False):
    end_period_ts: int
    yes_bid: _LivePrices
    yes_ask: _LivePrices
    price: _LivePrices
    volume: Decimal = msgspec.field(name="volume_fp")
    open_interest: Decimal = msgspec.field(name="open_interest_fp")


class _Live(msgspec.Struct):
    ticker: str
    candlesticks: list[_LiveCandle]


class _Archived(msgspec.Struct):
    ticker: str
    candlesticks: list[Candle]


class _BatchMarket(msgspec.Struct):
    market_ticker: str
    candlesticks: list[_LiveCandle]


class _Batch(msgspec.Struct):
    markets: list[_BatchMarket]


class _Event(msgspec.Struct):
    market_tickers: list[str]
    market_candlesticks: list[list[_LiveCandle]]
    adjusted_end_ts: int


def decode_candles(body: bytes, endpoint: str) -> list[Candle]:
    """Return the candles of a live market; ResponseError names what is missing."""
    return [_folded(candle) for candle in decode_one(body, _Live, endpoint).candlesticks]


def decode_archived_candles(body: bytes, endpoint: str) -> list[Candle]:
    """Return the candles of an archived market; ResponseError names what is missing."""
    return decode_one(body, _Archived, endpoint).candlesticks


def decode_batch_candles(body: bytes, endpoint: str) -> dict[str, list[Candle]]:
    """Return the candles of several markets by ticker; unknown tickers are absent, idle ones empty."""
    markets = decode_one(body, _Batch, endpoint).markets
    return {market.market_ticker: [_folded(candle) for candle in market.candlesticks] for market in markets}


def decode_event_candles(body: bytes, endpoint: str) -> tuple[dict[str, list[Candle]], int]:
    """Return the candles of an event's markets by ticker, and the end the exchange cut the range to."""
    event = decode_one(body, _Event, endpoint)
    pairs = zip(event.market_tickers, event.market_candlesticks, strict=True)
    folded = {ticker: [_folded(candle) for candle in candles] for ticker, candles in pairs}
    return folded, event.adjusted_end_ts


def _folded(candle: _LiveCandle) -> Candle:
    def quotes(prices: _LivePrices) -> OHLC:
        return OHLC(open=prices.open, high=prices.high, low=prices.low, close=prices.close)

    price = candle.price
    return Candle(
        end_period_ts=candle.end_period_ts,
        yes_bid=quotes(candle.yes_bid),
        yes_ask=quotes(candle.yes_ask),
        price=Price(
            open=price.open, high=price.high, low=price.low, close=price.close,
            mean=price.mean, previous=price.previous,
        ),
        volume=candle.volume,
        open_interest=candle.open_interest,
    )
