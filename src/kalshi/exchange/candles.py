"""Candles: four answers with different field names, folded into one shape."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from kalshi.errors import ResponseError
from kalshi.exchange.decode import decode_one
from kalshi.exchange.models_market import Finite, Wire, absurd, is_price


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
    """One period of one market, named by its end (Unix seconds); volume and open_interest in contracts."""

    end_period_ts: int
    yes_bid: OHLC
    yes_ask: OHLC
    price: Price
    volume: Decimal
    open_interest: Decimal


class _Prices(Wire, frozen=True):
    """Prices as they come; each is null, absent or within 0..1.

    Live and archived candles name the same prices differently. The wrong names would read as "nothing
    was quoted", so they are looked for and refused.
    """

    def __post_init__(self) -> None:
        for name, sent_as in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, name)
            if isinstance(value, Decimal) and not is_price(value):
                raise ValueError(absurd(sent_as, value, "price between 0 and 1"))
            if name == "strange" and value is not msgspec.UNSET and getattr(self, "close", None) is None:
                raise ValueError(f"the name is of the other kind of candle - at `$.{sent_as}`")


class _LiveQuotes(_Prices, frozen=True, rename=lambda name: f"{name}_dollars"):
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None


class _LivePrices(_Prices, frozen=True, rename=lambda name: "close" if name == "strange" else f"{name}_dollars"):
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    mean: Decimal | None = None
    previous: Decimal | None = None
    strange: Any = msgspec.UNSET


class _LiveCandle(Finite, frozen=True):
    end_period_ts: int
    yes_bid: _LiveQuotes
    yes_ask: _LiveQuotes
    price: _LivePrices
    volume: Decimal = msgspec.field(name="volume_fp")
    open_interest: Decimal = msgspec.field(name="open_interest_fp")


class _OldQuotes(_Prices, frozen=True):
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None


class _OldPrices(_Prices, frozen=True, rename={"strange": "close_dollars"}):
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    mean: Decimal | None = None
    previous: Decimal | None = None
    strange: Any = msgspec.UNSET


class _OldCandle(Finite, frozen=True):
    end_period_ts: int
    yes_bid: _OldQuotes
    yes_ask: _OldQuotes
    price: _OldPrices
    volume: Decimal
    open_interest: Decimal


class _Live(msgspec.Struct):
    ticker: str
    candlesticks: list[_LiveCandle]


class _Archived(msgspec.Struct):
    ticker: str
    candlesticks: list[_OldCandle]


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
    return _folded(decode_one(body, _Live, endpoint).candlesticks)


def decode_archived_candles(body: bytes, endpoint: str) -> list[Candle]:
    """Return the candles of an archived market; ResponseError names what is missing."""
    return _folded(decode_one(body, _Archived, endpoint).candlesticks)


def decode_batch_candles(body: bytes, endpoint: str) -> dict[str, list[Candle]]:
    """Return the candles of several markets by ticker; unknown tickers are absent, idle ones empty."""
    markets = decode_one(body, _Batch, endpoint).markets
    return {market.market_ticker: _folded(market.candlesticks) for market in markets}


def decode_event_candles(body: bytes, endpoint: str) -> tuple[dict[str, list[Candle]], int]:
    """Return the candles of an event's markets by ticker, and the end the exchange cut the range to."""
    event = decode_one(body, _Event, endpoint)
    tickers, lists = event.market_tickers, event.market_candlesticks
    if len(tickers) != len(lists):
        raise ResponseError(
            f"{endpoint}: field market_candlesticks: {len(lists)} lists for {len(tickers)} market_tickers",
            path=endpoint,
            status=200,
        )
    return dict(zip(tickers, map(_folded, lists), strict=True)), event.adjusted_end_ts


def _folded(candles: Iterable[_LiveCandle | _OldCandle]) -> list[Candle]:
    return [
        Candle(
            end_period_ts=candle.end_period_ts,
            yes_bid=_quotes(candle.yes_bid),
            yes_ask=_quotes(candle.yes_ask),
            price=_price(candle.price),
            volume=candle.volume,
            open_interest=candle.open_interest,
        )
        for candle in candles
    ]


def _quotes(prices: _LiveQuotes | _OldQuotes) -> OHLC:
    return OHLC(open=prices.open, high=prices.high, low=prices.low, close=prices.close)


def _price(prices: _LivePrices | _OldPrices) -> Price:
    return Price(
        open=prices.open,
        high=prices.high,
        low=prices.low,
        close=prices.close,
        mean=prices.mean,
        previous=prices.previous,
    )
