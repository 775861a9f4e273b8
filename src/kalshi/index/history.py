"""Daily closes of an index: read, checked session by session against the exchange's calendar, kept.

A missing or extra session, a bar whose low lies above its close, or a jump no index has made is refused by
name: a sample of past moves with a hole in it is a sample of something else. Index levels only, never
dividend-adjusted ETF prices.
"""

from __future__ import annotations

import csv
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from kalshi.errors import DataError

SP500, NASDAQ100 = "^GSPC", "^NDX"
# The largest daily move of either index since 1990 is 18.8 % up and 12.3 % down.
LARGEST_MOVE = 0.25
_NAMED = 5  # how many offending days an error names


@dataclass(frozen=True)
class Bar:
    """One session. Index points; open, high and low are None where the source has the close alone."""

    day: date
    close: float
    open: float | None = None
    high: float | None = None
    low: float | None = None


# (symbol, first day, last day, both inclusive) -> bars, oldest first
Download = Callable[[str, date, date], list[Bar]]


@dataclass(frozen=True)
class DailyCloses:
    """Closes of one index, oldest first. source: for people; SAMPLE when generated."""

    symbol: str
    bars: tuple[Bar, ...]
    source: str

    @property
    def days(self) -> tuple[date, ...]:
        """The sessions, oldest first."""
        return tuple(bar.day for bar in self.bars)

    @property
    def closes(self) -> list[float]:
        """The closes, index points, oldest first."""
        return [bar.close for bar in self.bars]

    @property
    def last(self) -> Bar:
        """The newest bar. Raises DataError for an empty history."""
        if not self.bars:
            raise DataError(f"the history of {self.symbol} ({self.source}) is empty")
        return self.bars[-1]

    def between(self, first: date, last: date) -> DailyCloses:
        """Return the bars from *first* to *last*, both inclusive."""
        return DailyCloses(self.symbol, tuple(b for b in self.bars if first <= b.day <= last), self.source)


def check_history(history: DailyCloses, sessions: Sequence[date]) -> DailyCloses:
    """Return *history* when it has exactly *sessions* (oldest first) and every bar is possible.

    Raises DataError naming symbol, source and days.
    """
    name = f"history of {history.symbol} ({history.source})"
    known, expected = set(history.days), set(sessions)
    if len(known) != len(history.bars):
        raise DataError(f"{name} holds a session twice")
    for word, days in (("lacks", expected - known), ("has what is no session:", known - expected)):
        if days:
            shown = ", ".join(day.isoformat() for day in sorted(days)[:_NAMED])
            more = f" and {len(days) - _NAMED} more" if len(days) > _NAMED else ""
            raise DataError(f"{name} {word} {shown}{more}: complete the file, or start later")
    for bar in history.bars:
        _check_bar(name, bar)
    for before, after in pairwise(sorted(history.bars, key=lambda bar: bar.day)):
        if abs(math.log(after.close / before.close)) > LARGEST_MOVE:
            raise DataError(
                f"{name}: {before.close} on {before.day} to {after.close} on {after.day} is no index move"
            )
    return DailyCloses(history.symbol, tuple(sorted(history.bars, key=lambda bar: bar.day)), history.source)


def load_closes(path: Path, symbol: str) -> DailyCloses:
    """Return the bars of a CSV file with the columns date and close (open, high and low where it has them).

    Raises DataError naming file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"date", "close"} - set(rows.fieldnames or ())
            if missing:
                raise DataError(f"{path} has no column {' and '.join(sorted(missing))}: expected date,close")
            bars = tuple(_bar(path, number, row) for number, row in enumerate(rows, start=2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} can not be read as CSV ({error}): give another file with --history"
        ) from None
    return DailyCloses(symbol, bars, path.name)


def save_closes(path: Path, history: DailyCloses) -> None:
    """Write *history* to *path* as CSV, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["date", "open", "high", "low", "close"])
            for bar in history.bars:
                cells = (bar.open, bar.high, bar.low, bar.close)
                writer.writerow([bar.day.isoformat(), *("" if c is None else f"{c:.4f}" for c in cells)])
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def cache_path(data_dir: Path, symbol: str) -> Path:
    """Return where the downloaded history of *symbol* is kept."""
    return data_dir / f"index_{symbol.strip('^').lower()}_daily.csv"


def history_of(
    symbol: str, sessions: Sequence[date], *, file: Path | None, cache: Path, download: Download | None
) -> DailyCloses | None:
    """Return the closes of exactly *sessions* (oldest first), or None when there is no source at all.

    file: used alone when given. Otherwise the cache, topped up through *download* (None: no network) and
    saved again. A cache that lacks sessions without a way to fetch them raises DataError.
    """
    first, last = sessions[0], sessions[-1]
    if file is not None:
        return check_history(load_closes(file, symbol).between(first, last), sessions)
    kept = load_closes(cache, symbol) if cache.exists() else DailyCloses(symbol, (), "yfinance")
    lacking = sorted(set(sessions) - set(kept.days))
    if lacking and download is not None:
        fetched = download(symbol, lacking[0], last)
        bars = {bar.day: bar for bar in [*kept.bars, *fetched]}
        kept = DailyCloses(symbol, tuple(bars[day] for day in sorted(bars)), "yfinance")
        checked = check_history(kept.between(first, last), sessions)
        save_closes(cache, kept)
        return checked
    return check_history(kept.between(first, last), sessions) if kept.bars else None


def yahoo_daily(
    symbol: str, first: date, last: date, *, ticker: Callable[[str], Any] | None = None
) -> list[Bar]:
    """Return daily bars from yfinance, *first* to *last* inclusive; index levels, not adjusted.

    ticker: makes the object that is asked, yfinance.Ticker unless a test hands in its own.
    Raises DataError when nothing usable arrives.
    """
    try:
        if ticker is None:
            import yfinance

            ticker = yfinance.Ticker
        # `end` is exclusive at this source.
        frame = ticker(symbol).history(
            start=first.isoformat(),
            end=(last + timedelta(days=1)).isoformat(),
            interval="1d",
            auto_adjust=False,
            timeout=10,
        )
        return [
            Bar(stamp.date(), float(row["Close"]), float(row["Open"]), float(row["High"]), float(row["Low"]))
            for stamp, row in frame.iterrows()
        ]
    except Exception as error:  # noqa: BLE001 - a scraping library fails in any way it likes
        raise DataError(f"yfinance gave no daily bars of {symbol}: {type(error).__name__}: {error}") from None


def _check_bar(name: str, bar: Bar) -> None:
    body = [value for value in (bar.open, bar.close) if value is not None]
    values = [value for value in (*body, bar.high, bar.low) if value is not None]
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise DataError(f"{name}: {bar.day} holds a value that is not a positive number")
    if bar.low is not None and bar.low > min(body):
        raise DataError(f"{name}: on {bar.day} the low {bar.low} lies above open or close")
    if bar.high is not None and bar.high < max(body):
        raise DataError(f"{name}: on {bar.day} the high {bar.high} lies below open or close")


def _bar(path: Path, number: int, row: dict[str, str | None]) -> Bar:
    try:
        values = {k: float(text) for k in ("open", "high", "low") if (text := row.get(k) or "")}
        return Bar(
            date.fromisoformat(row["date"] or ""),
            float(row["close"] or ""),
            values.get("open"),
            values.get("high"),
            values.get("low"),
        )
    except ValueError as error:
        raise DataError(f"{path} line {number} is not a daily bar ({error})") from None
