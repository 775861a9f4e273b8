"""Daily closes of an index: read, checked session by session against the exchange's calendar, kept.

A missing or extra session, a bar whose low lies above its close, or a jump no index has made is refused by
name: a sample of past moves with a hole in it is a sample of something else. Index levels only, never
dividend-adjusted ETF prices.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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
    doubts = doubtful(history.bars)
    if doubts:
        more = f", and {len(doubts) - _NAMED} more" if len(doubts) > _NAMED else ""
        raise DataError(f"{name}: {'; '.join(list(doubts.values())[:_NAMED])}{more}: correct the file, or start later")
    return DailyCloses(history.symbol, tuple(sorted(history.bars, key=lambda bar: bar.day)), history.source)


def doubtful(bars: Sequence[Bar]) -> dict[date, str]:
    """Return what can not be true of *bars* (any order) by session: impossible bars, moves no index makes."""
    found: dict[date, str] = {}
    before: Bar | None = None  # the last one that is believed
    for bar in sorted(bars, key=lambda bar: bar.day):
        reason = _impossible(bar)
        if reason:
            found[bar.day] = f"on {bar.day} {reason}"
        elif before is not None and abs(math.log(bar.close / before.close)) > LARGEST_MOVE:
            found[bar.day] = f"{before.close} on {before.day} to {bar.close} on {bar.day} is no index move"
        else:
            before = bar
    return found


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


def _impossible(bar: Bar) -> str:
    body = [value for value in (bar.open, bar.close) if value is not None]
    values = [value for value in (*body, bar.high, bar.low) if value is not None]
    if not all(math.isfinite(value) and value > 0 for value in values):
        return "a value is not a positive number"
    if bar.low is not None and bar.low > min(body):
        return f"the low {bar.low} lies above open or close"
    if bar.high is not None and bar.high < max(body):
        return f"the high {bar.high} lies below open or close"
    return ""


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
