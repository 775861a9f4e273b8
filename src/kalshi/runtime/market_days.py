"""Sessions of the New York Stock Exchange, with an explicit horizon: beyond it is an error, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from kalshi.errors import DataError
from kalshi.runtime.clock import new_york

YEARS_AHEAD = 2
LEAST_AHEAD = timedelta(days=180)  # a shorter horizon is an error of `doctor` and of a test: update in time
FULL_DAY_CLOSE_HOUR = 16


@dataclass(frozen=True)
class Session:
    """One trading day. day: date in New York; opens_at, closes_at: aware UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime

    @property
    def early_close(self) -> bool:
        """Whether trading ends before 16:00 New York time."""
        return new_york(self.closes_at).hour < FULL_DAY_CLOSE_HOUR


class MarketDays:
    """XNYS sessions from *first* to *last*, both inclusive.

    Built from exchange_calendars, whose own tables end: `last` is at most the last session it knows.
    Every question outside the horizon raises DataError.
    """

    def __init__(self, first: date, last: date) -> None:
        import exchange_calendars

        self._calendar: Any = exchange_calendars.get_calendar("XNYS", start=first, end=last)
        self.first, self.last = first, last

    @classmethod
    def around(cls, now: datetime) -> MarketDays:
        """Return the calendar from a month before *now* (aware) to two years after it."""
        today = new_york(now).date()
        return cls(today - timedelta(days=31), today + timedelta(days=365 * YEARS_AHEAD))

    def session(self, day: date) -> Session | None:
        """Return the session of New York date *day*, None on a weekend or holiday."""
        self._check(day)
        if not self._calendar.is_session(day):
            return None
        opens, closes = self._calendar.session_open_close(day)
        return Session(day, opens.to_pydatetime(), closes.to_pydatetime())

    def today(self, now: datetime) -> Session | None:
        """Return the session of New York's date at *now* (aware), None when there is none that day."""
        return self.session(new_york(now).date())

    def next_session(self, day: date) -> Session:
        """Return the first session after *day*, exclusive."""
        return self._first_in(day + timedelta(days=1), step=1)

    def previous_session(self, day: date) -> Session:
        """Return the last session before *day*, exclusive."""
        return self._first_in(day - timedelta(days=1), step=-1)

    def sessions(self, first: date, last: date) -> list[Session]:
        """Return the sessions from *first* to *last*, both inclusive, oldest first."""
        self._check(first)
        self._check(last)
        known = self._calendar.schedule.loc[str(first) : str(last)]  # one look-up: decades are asked for at once
        rows = zip(known.index, known["open"], known["close"], strict=True)
        return [Session(day.date(), opens.to_pydatetime(), closes.to_pydatetime()) for day, opens, closes in rows]

    def _first_in(self, day: date, *, step: int) -> Session:
        while (found := self.session(day)) is None:
            day += timedelta(days=step)
        return found

    def _check(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise DataError(
                f"{day} is outside the market calendar, which knows {self.first} to {self.last}: "
                "ask for a nearer day, or update exchange_calendars"
            )
