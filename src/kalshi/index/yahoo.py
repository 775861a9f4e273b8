"""Index values and daily bars through yfinance, the default source; unofficial, and for personal use.

One-minute bars are asked for once per run, with two repetitions: this source refuses in waves. Its bars carry
their own time; what that time says about their use is decided in `quotes`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import Any

from kalshi.errors import DataError
from kalshi.index.history import Bar
from kalshi.index.quotes import IndexQuote

WAITS_S = (1.0, 2.0)
Ticker = Callable[[str], Any]


def _own_ticker(symbol: str) -> Any:
    import yfinance

    return yfinance.Ticker(symbol)


class YahooMinutes:
    """One-minute bars of yfinance; one answer per run and symbol, kept for its lifetime.

    ticker: makes the object that is asked, yfinance.Ticker unless handed in. sleep: waits between attempts.
    """

    def __init__(
        self, ticker: Ticker = _own_ticker, *, timeout_s: float = 5, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._ticker, self._timeout_s, self._sleep = ticker, timeout_s, sleep
        self._kept: dict[str, IndexQuote] = {}

    def last(self, symbol: str) -> IndexQuote:
        """Return the close of the newest bar that has one, with the bar's own start as time."""
        if symbol not in self._kept:
            self._kept[symbol] = self._asked(symbol)
        return self._kept[symbol]

    def _asked(self, symbol: str) -> IndexQuote:
        for wait in (*WAITS_S, None):
            try:
                return self._ask(symbol)
            except Exception as error:  # noqa: BLE001 - a scraping library fails in any way it likes
                if wait is None:
                    raise DataError(f"yfinance gave no price of {symbol}: {_words(error)}") from None
                self._sleep(wait)
        raise AssertionError("unreachable")

    def _ask(self, symbol: str) -> IndexQuote:
        frame = self._ticker(symbol).history(
            period="1d", interval="1m", auto_adjust=False, timeout=self._timeout_s
        )
        closes = _column(frame, "Close").dropna()
        if len(closes) == 0:
            raise DataError("the answer is empty")
        stamp, value = closes.index[-1].to_pydatetime(), float(closes.iloc[-1])
        if stamp.tzinfo is None:
            raise DataError("the bars have no time zone")
        return IndexQuote(symbol, value, stamp.astimezone(UTC), "yfinance")


def yahoo_daily(symbol: str, first: date, last: date, *, ticker: Ticker = _own_ticker) -> list[Bar]:
    """Return daily bars from yfinance, *first* to *last* inclusive; index levels, not adjusted.

    Rows without a close are left out, for the calendar to miss. Raises DataError when nothing usable arrives.
    """
    try:
        # `end` is exclusive at this source.
        frame = ticker(symbol).history(
            start=first.isoformat(),
            end=(last + timedelta(days=1)).isoformat(),
            interval="1d",
            auto_adjust=False,
            timeout=10,
        )
        columns = [_column(frame, name) for name in ("Close", "Open", "High", "Low")]
        return [
            Bar(stamp.date(), float(close), float(opened), float(high), float(low))
            for stamp, close, opened, high, low in zip(frame.index, *columns, strict=True)
            if close == close
        ]
    except Exception as error:  # noqa: BLE001 - a scraping library fails in any way it likes
        raise DataError(f"yfinance gave no daily bars of {symbol}: {_words(error)}") from None


def _column(frame: Any, name: str) -> Any:
    """Return one column, also of a frame whose columns carry the symbol as a second level."""
    found = frame[name]
    if getattr(found, "ndim", 1) == 2:
        if found.shape[1] != 1:
            raise DataError(f"the answer has {found.shape[1]} columns {name}")
        found = found.iloc[:, 0]
    return found


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] if isinstance(error, DataError) else f"{type(error).__name__}: {text[:200]}"
