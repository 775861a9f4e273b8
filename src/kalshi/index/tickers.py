"""Event and market tickers, built and parsed: for display, archives and hints, never to find what to trade.

A trader asks the exchange which events are open. Four generations of names stand in stored data: INXD/INXW
and NASDAQ100D/W (2022 to 2023, by weekday), INX and NASDAQ100 (2024), with KX in front (from November 2024),
and with the settlement hour as suffix (by May 2025): KXINX-26OCT09H1600.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
FRIDAY = 4
SP_DAILY, NASDAQ_DAILY = "KXINX", "KXNASDAQ100"
CLOSE = time(16, 0)
# From when each generation of names is known; the exact days of the changes are not.
ONE_DAILY_SERIES = date(2024, 1, 18)
WITH_KX = date(2024, 11, 1)
WITH_SETTLEMENT_HOUR = date(2025, 5, 1)
# Retired names of a series and what it is called today. Names that are not here are their own current name.
CURRENT_SERIES = {
    "INXD": "KXINX",
    "INXW": "KXINX",
    "INX": "KXINX",
    "INXU": "KXINXU",
    "NASDAQ100D": "KXNASDAQ100",
    "NASDAQ100W": "KXNASDAQ100",
    "NASDAQ100": "KXNASDAQ100",
    "NASDAQ100U": "KXNASDAQ100U",
    "TSAW": "KXTSAW",
}
_EVENT = re.compile(r"([A-Z0-9]+)-(\d{2})([A-Z]{3})(\d{2})(?:H(\d{2})(\d{2}))?", re.ASCII)
_MARKET = re.compile(r"([TBA])(-?\d+(?:\.\d+)?)", re.ASCII)


@dataclass(frozen=True)
class EventTicker:
    """The parts of an event ticker. day: date in New York; at: settlement time there, None without suffix."""

    series: str
    day: date
    at: time | None = None

    @property
    def current_series(self) -> str:
        """What this series is called today."""
        return CURRENT_SERIES.get(self.series, self.series)

    def __str__(self) -> str:
        suffix = f"H{self.at:%H%M}" if self.at is not None else ""
        return f"{self.series}-{format_date(self.day)}{suffix}"


@dataclass(frozen=True)
class MarketTicker:
    """The parts of a market ticker. kind: T (threshold or tail), B (range) or A (average).

    label: the number as written. It is a label: the strike and its strictness are fields of the market.
    """

    event: EventTicker
    kind: str
    label: str

    def __str__(self) -> str:
        return f"{self.event}-{self.kind}{self.label}"


def format_date(day: date) -> str:
    """Return *day* as tickers write it, `26OCT09`; the month does not depend on the machine's language.

    Raises ValueError for a year that two digits do not carry (before 2000, after 2099).
    """
    if not 2000 <= day.year <= 2099:
        raise ValueError(f"tickers carry the years 2000 to 2099, not {day.year}")
    # The month from our own table: strftime would follow the machine's language.
    return f"{day.year % 100:02d}{MONTHS[day.month - 1]}{day.day:02d}"


def parse_date(text: str) -> date:
    """Return the day that `26OCT09` names. Raises ValueError for anything else."""
    try:
        if len(text) != 7 or not (text.isascii() and text[:2].isdigit() and text[5:].isdigit()):
            raise ValueError
        return date(2000 + int(text[:2]), MONTHS.index(text[2:5]) + 1, int(text[5:]))
    except ValueError:
        raise ValueError(f"{text!r} is not a date of a ticker, such as 26OCT09") from None


def parse_event_ticker(text: str) -> EventTicker:
    """Return the parts of an event ticker of any generation. Raises ValueError naming it."""
    found = _EVENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an event ticker such as KXINX-26OCT09H1600 or KXTSAW-26OCT11")
    series, year, month, day, hour, minute = found.groups()
    at = time(int(hour), int(minute)) if hour is not None else None
    return EventTicker(series, parse_date(f"{year}{month}{day}"), at)


def parse_market_ticker(text: str) -> MarketTicker:
    """Return the parts of a market ticker of any generation. Raises ValueError naming it."""
    event, _, strike = text.partition("-")[2].partition("-")
    found = _MARKET.fullmatch(strike)
    if found is None:
        raise ValueError(f"{text!r} is not a market ticker such as KXINX-26OCT09H1600-B7812")
    return MarketTicker(parse_event_ticker(f"{text.partition('-')[0]}-{event}"), found[1], found[2])


def sp_event(day: date) -> str:
    """Return the name of the S&P 500 range event that settles at the close of *day*; a hint only."""
    return _daily_event(day, current=SP_DAILY, daily="INXD", friday="INXW")


def nasdaq_event(day: date) -> str:
    """Return the name of the Nasdaq-100 range event that settles at the close of *day*; a hint only."""
    return _daily_event(day, current=NASDAQ_DAILY, daily="NASDAQ100D", friday="NASDAQ100W")


def this_friday(day: date) -> date:
    """Return the first Friday on or after *day*; Saturday and Sunday give the coming one."""
    return day + timedelta(days=(FRIDAY - day.weekday()) % 7)


def _daily_event(day: date, *, current: str, daily: str, friday: str) -> str:
    if day >= WITH_SETTLEMENT_HOUR:
        # The full-day close; on a half day the exchange lists another hour, one reason why this is a hint.
        return str(EventTicker(current, day, CLOSE))
    if day >= WITH_KX:
        return str(EventTicker(current, day))
    if day >= ONE_DAILY_SERIES:
        return str(EventTicker(current.removeprefix("KX"), day))
    return str(EventTicker(friday if day.weekday() == FRIDAY else daily, day))
