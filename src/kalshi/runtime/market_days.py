"""Sessions of the New York Stock Exchange, with an explicit horizon: beyond it is an error, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kalshi.errors import DataError
from kalshi.runtime import market_table
from kalshi.runtime.clock import NEW_YORK, new_york

YEARS_AHEAD = 2
LEAST_AHEAD = timedelta(days=180)  # a shorter horizon is an error of `doctor` and of a test: update in time
SPARE = timedelta(days=10)
SATURDAY = 5
OPEN, HALF_DAY_CLOSE, FULL_DAY_CLOSE = time(9, 30), time(13), time(16)


@dataclass(frozen=True)
class Session:
    """One trading day. day: date in New York; opens_at, closes_at: aware UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime

    @property
    def early_close(self) -> bool:
        """Whether trading ends before 16:00 New York time."""
        return new_york(self.closes_at).time() < FULL_DAY_CLOSE


def _from_table(day: date) -> Session | None:
    if day.weekday() >= SATURDAY or day in market_table.CLOSED:
        return None
    closes = HALF_DAY_CLOSE if day in market_table.HALF_DAYS else FULL_DAY_CLOSE
    opens_at, closes_at = (datetime.combine(day, at, NEW_YORK).astimezone(UTC) for at in (OPEN, closes))
    return Session(day, opens_at, closes_at)


class MarketDays:
    """XNYS sessions from *first* to *last*, both inclusive; every question outside of them raises DataError.

    Inside of `market_table` its dates answer, which are those of exchange_calendars; other years ask that itself.
    """

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self._calendar: Any = None
        if not market_table.FIRST <= first <= last <= market_table.LAST:
            import exchange_calendars

            # It refuses questions about days before its own first session: let that lie before ours.
            start, end = first - SPARE, last + SPARE
            self._calendar = exchange_calendars.get_calendar("XNYS", start=start, end=end)

    @classmethod
    def around(cls, now: datetime) -> MarketDays:
        """Return the calendar from a month before *now* (aware) to two years after it."""
        today = new_york(now).date()
        return cls(today - timedelta(days=31), today + timedelta(days=365 * YEARS_AHEAD))

    def session(self, day: date) -> Session | None:
        """Return the session of New York date *day*, None on a weekend or holiday."""
        self._check(day)
        if self._calendar is None:
            return _from_table(day)
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
        if self._calendar is None:
            days = (first + timedelta(days=number) for number in range((last - first).days + 1))
            return [session for day in days if (session := _from_table(day)) is not None]
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
