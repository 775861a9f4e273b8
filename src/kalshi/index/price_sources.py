"""Which sources of an index value a run has, in the order they are asked, and the last close they are held to."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from kalshi.config import Config
from kalshi.errors import ExchangeError
from kalshi.exchange.models import Market
from kalshi.index.alpaca import AlpacaEtf
from kalshi.index.quotes import IndexPriceSource
from kalshi.index.served_index import ServedIndex
from kalshi.index.yahoo import YahooMinutes

log = logging.getLogger(__name__)


class MarketSource(Protocol):
    """The one read of an exchange client that the last close needs."""

    def markets(
        self, *, archive: bool | None, series_ticker: str, min_close_ts: int, max_close_ts: int
    ) -> Iterable[Market]: ...


@dataclass(frozen=True)
class LastClose:
    """What the index ended a session at. day: New York; value: index points, None where nobody told."""

    day: date
    value: float | None


def price_sources(config: Config, last: LastClose | None, *, offline: bool) -> list[IndexPriceSource]:
    """Return yfinance, and Alpaca's ETF where its keys are set and the last close is known; none when offline.

    A simulated index (KALSHI_INDEX_URL) stands alone: whoever set it serves the market as well.
    last: the session before the one that runs. Raises ConfigError for an Alpaca address that is not allowed.
    """
    if config.index_url:
        return [ServedIndex(config.index_url)]
    if offline:
        return []
    sources: list[IndexPriceSource] = [YahooMinutes()]
    if config.alpaca_key_id and config.alpaca_secret_key and last is not None:
        key, secret = config.alpaca_key_id, config.alpaca_secret_key
        sources.append(AlpacaEtf(key, secret, config.alpaca_url, prior_close=last.value, prior_day=last.day))
    return sources


def settled_at(exchange: MarketSource, series_ticker: str, day: date, closes_at: datetime) -> LastClose:
    """Return the value that the series' event of *closes_at* (aware, the close of *day*) settled at.

    The exchange's own print, not the official close; the two differ by a point at most. Never raises for an
    exchange that does not tell: the value is then None, and what depends on it is left out.
    """
    moment = int(closes_at.timestamp())
    try:
        found = exchange.markets(
            archive=False, series_ticker=series_ticker, min_close_ts=moment - 1, max_close_ts=moment + 1
        )
        told = {market.expiration_value for market in found if market.close_time == closes_at}
    except ExchangeError as error:
        log.warning("the last close of %s can not be read: %s", series_ticker, error)
        return LastClose(day, None)
    values = {value for text in told if (value := _points(text)) is not None}
    return LastClose(day, values.pop() if len(values) == 1 else None)


def _points(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
