"""The contract's week: Monday to Sunday in New York, named by its Sunday.

Event tickers carry the Sunday: TSAW-22JUN19 was the first; KXTSAW- replaced TSAW- with 24OCT27.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kalshi.errors import DataError

NEW_YORK = ZoneInfo("America/New_York")
SERIES = "KXTSAW"
OLD_SERIES = "TSAW"
FIRST_NEW_SERIES_SUNDAY = date(2024, 10, 27)

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_EVENT = re.compile(r"(?:KX)?TSAW-(\d{2})([A-Z]{3})(\d{2})(?:SIM)?(?:-A[\d.]+)?", re.ASCII)


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    """Return the moment *hour*:*minute* New York time on *day*, as aware UTC."""
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


def new_york_date(moment: datetime) -> date:
    """Return the New York calendar date of *moment* (aware; a naive one raises ValueError)."""
    return require_aware(moment).astimezone(NEW_YORK).date()


def require_aware(moment: datetime) -> datetime:
    """Return *moment*; raise ValueError where it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: pass an aware datetime")
    return moment


def week_sunday_of(day: date) -> date:
    """Return the Sunday that ends the Monday-to-Sunday week holding *day* (a Sunday returns itself)."""
    return day + timedelta(days=6 - day.weekday())


def week_days(sunday: date) -> tuple[date, ...]:
    """Return the seven days of the week ending *sunday*, Monday first; another weekday raises ValueError."""
    if sunday.weekday() != 6:
        raise ValueError(f"{sunday} is a {sunday:%A}: a week is named by its Sunday")
    return tuple(sunday - timedelta(days=back) for back in range(6, -1, -1))


def event_ticker(sunday: date) -> str:
    """Return the event ticker of the week ending *sunday*, in the series name used at that time."""
    week_days(sunday)
    series = SERIES if sunday >= FIRST_NEW_SERIES_SUNDAY else OLD_SERIES
    return f"{series}-{sunday:%y}{_MONTHS[sunday.month - 1]}{sunday:%d}"


def parse_event_ticker(ticker: str) -> date:
    """Return the Sunday named by an event or market ticker of either series.

    Raises DataError where *ticker* is not of the TSA weekly series or does not name a Sunday.
    """
    found = _EVENT.fullmatch(ticker)
    if found is None:
        raise DataError(f"ticker {ticker!r} is not of the TSA weekly series: expected e.g. KXTSAW-26MAY10")
    year, month, day = found.groups()
    try:
        sunday = date(2000 + int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        raise DataError(f"ticker {ticker!r} names no date of the calendar") from None
    if sunday.weekday() != 6:
        raise DataError(f"ticker {ticker!r} names {sunday}, a {sunday:%A}: TSA weeks end on Sundays")
    return sunday


def market_window(sunday: date) -> tuple[datetime, datetime]:
    """Return (open, close) of trading for the week ending *sunday*, aware UTC.

    Monday 10:00 to Sunday 23:59 New York time. Now and then an event opens late; the exchange's own
    `open_time` wins where it is known.
    """
    monday = week_days(sunday)[0]
    return new_york(monday, 10), new_york(sunday, 23, 59)


def tradable_week(moment: datetime) -> date:
    """Return the Sunday of the week that is, or will next be, open for trading at *moment* (aware)."""
    sunday = week_sunday_of(new_york_date(moment))
    return sunday if moment < market_window(sunday)[1] else sunday + timedelta(days=7)
