"""The index told from an ETF: Alpaca's last IEX trade of SPY or QQQ times a ratio calibrated to the last close.

Only with keys of one's own. The ratio is the index's last close over the ETF's close of the same session, so it
is good for one day; an ETF that pays a dividend today is off by it, which the cross-check notices.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests

from kalshi.errors import ConfigError, DataError
from kalshi.exchange.hosts import is_loopback
from kalshi.index.history import NASDAQ100, SP500
from kalshi.index.quotes import IndexQuote

NEW_YORK = ZoneInfo("America/New_York")
HOST = "data.alpaca.markets"
FUNDS = {SP500: "SPY", NASDAQ100: "QQQ"}
TIMEOUT_S = (3.05, 5.0)  # connect, read
LARGEST_ANSWER = 1_000_000  # bytes


class AlpacaEtf:
    """Last trade of an ETF as an index value. prior_close: index points. prior_day: its session in New York.

    base: https of Alpaca's data host, or plain HTTP on loopback; ConfigError otherwise.
    """

    def __init__(self, key_id: str, secret_key: str, base: str, *, prior_close: float | None, prior_day: date) -> None:
        parts = urlsplit(base)
        if not ((parts.scheme == "https" and parts.hostname == HOST) or (parts.scheme == "http" and is_loopback(base))):
            raise ConfigError(f"KALSHI_ALPACA_URL={base!r}: expected https://{HOST}, or plain HTTP on loopback")
        self._headers = {"APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret_key}
        self._base, self._prior_close, self._prior_day = base.rstrip("/"), prior_close, prior_day

    def last(self, symbol: str) -> IndexQuote:
        """Return the ETF's last trade in index points, with the trade's own time."""
        fund = FUNDS.get(symbol)
        if fund is None:
            raise DataError(f"alpaca: there is no ETF for {symbol}")
        if self._prior_close is None:
            raise DataError(f"alpaca: the last close of {symbol} is not known, so {fund} can not be calibrated")
        snapshot = self._asked(fund)
        price, at = _positive(snapshot, "latestTrade", "p"), _time(snapshot, "latestTrade")
        base, base_at = _positive(snapshot, "prevDailyBar", "c"), _time(snapshot, "prevDailyBar")
        base_day = base_at.astimezone(NEW_YORK).date()
        if base_day != self._prior_day:
            raise DataError(f"alpaca: the last daily bar of {fund} is of {base_day}, not of {self._prior_day}")
        return IndexQuote(symbol, price * self._prior_close / base, at, f"alpaca {fund}")

    def _asked(self, fund: str) -> dict[str, Any]:
        url = f"{self._base}/v2/stocks/{fund}/snapshot"
        try:
            feed = {"feed": "iex"}  # the one that a free account has
            answer = requests.get(
                url, params=feed, headers=self._headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
            )
            with answer:
                if answer.status_code != 200:
                    raise DataError(f"alpaca answered {answer.status_code}{_hint(answer.status_code)}")
                content = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise DataError(f"alpaca gave no price of {fund}: {type(error).__name__}") from None
        return _decoded(content)


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        if len(content) > LARGEST_ANSWER:
            raise ValueError
        found = json.loads(content)
        if not isinstance(found, dict):
            raise ValueError
    except ValueError:
        raise DataError("alpaca answered with something that is no JSON object") from None
    return found


def _hint(status: int) -> str:
    if status in (401, 403):
        return ": check APCA_API_KEY_ID and APCA_API_SECRET_KEY"
    return ": too many requests" if status == 429 else ""


def _positive(snapshot: dict[str, Any], part: str, name: str) -> float:
    value = _field(snapshot, part, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise DataError(f"alpaca: {part}.{name} is {value!r}, expected a positive number")
    return float(value)


def _time(snapshot: dict[str, Any], part: str) -> datetime:
    text = _field(snapshot, part, "t")
    try:
        # RFC 3339 with nanoseconds; six digits are what a datetime holds.
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text)))
        if found.tzinfo is None:
            raise ValueError
    except ValueError:
        raise DataError(f"alpaca: {part}.t is {text!r}, expected a time with its zone") from None
    return found.astimezone(UTC)


def _field(snapshot: dict[str, Any], part: str, name: str) -> Any:
    inner = snapshot.get(part)
    if not isinstance(inner, dict) or name not in inner:
        raise DataError(f"alpaca: the answer has no {part}.{name}")
    return inner[name]
