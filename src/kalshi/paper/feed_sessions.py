"""Sessions of the New York Stock Exchange, for made-up index events; asked of exchange_calendars, built once."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from kalshi.errors import ConfigError

FIRST_YEAR = 2020


@dataclass(frozen=True)
class Session:
    """One session. day: date in New York; opens_at, closes_at: aware UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime


def sessions_to(year: int) -> tuple[Session, ...]:
    """Return all sessions from 2020 to the end of *year*, oldest first.

    Raises ConfigError where the calendar does not reach so far, or before 2020.
    """
    if year < FIRST_YEAR:
        raise ConfigError(f"made-up index events begin in {FIRST_YEAR}: choose a later date than {year}")
    return _sessions(year)


@lru_cache(maxsize=4)
def _sessions(year: int) -> tuple[Session, ...]:
    import exchange_calendars  # about a second, only where index events are wanted

    try:
        calendar = exchange_calendars.get_calendar("XNYS", start=f"{FIRST_YEAR}-01-01", end=f"{year}-12-31")
    except ValueError as error:
        raise ConfigError(f"no sessions are known up to {year}: choose an earlier date ({error})") from None
    hours = calendar.schedule[["open", "close"]]
    return tuple(
        Session(day.date(), opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in hours.itertuples()
    )


def closing_after(now: datetime) -> tuple[Session, Session]:
    """Return (the first session that closes after *now*, the one before it)."""
    known = sessions_to(now.year + 1)
    number = bisect_right(known, now, key=lambda session: session.closes_at)
    return known[number], known[number - 1]


def session_on(day: date) -> tuple[Session, Session]:
    """Return (the session of *day*, the one before it). Raises ConfigError where there is none that day."""
    known = sessions_to(day.year)
    number = bisect_right(known, day, key=lambda session: session.day) - 1
    if number < 1 or known[number].day != day:
        raise ConfigError(f"{day} is no session of the New York Stock Exchange after the first of {FIRST_YEAR}")
    return known[number], known[number - 1]
