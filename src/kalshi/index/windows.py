"""When each index script may act: measured from the session's own open and close, so that half days fit.

cron's times are only the occasion; a script that is started outside of its window says so and ends well.
All bounds are inclusive to the minute.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, Protocol, TypeVar
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


class SessionLike(Protocol):
    """One session of the stock exchange: aware times."""

    @property
    def opens_at(self) -> datetime: ...
    @property
    def closes_at(self) -> datetime: ...


S_co = TypeVar("S_co", bound=SessionLike, covariant=True)
S = TypeVar("S", bound=SessionLike)


class Calendar(Protocol[S_co]):
    """Where sessions are looked up."""

    def today(self, now: datetime) -> S_co | None: ...


class Stoppable(Protocol):
    """The parts of a run that a window needs."""

    now: datetime
    args: Namespace

    def nothing_to_do(self, reason: str) -> NoReturn: ...


Bound = Callable[[datetime, datetime], datetime]


def after_open(minutes: int) -> Bound:
    """Return the bound *minutes* after the session's open."""
    return lambda opens_at, closes_at: opens_at + timedelta(minutes=minutes)


def before_close(minutes: int) -> Bound:
    """Return the bound *minutes* before the session's close."""
    return lambda opens_at, closes_at: closes_at - timedelta(minutes=minutes)


def _noon_or_before(opens_at: datetime, closes_at: datetime) -> datetime:
    return min(opens_at + timedelta(minutes=150), closes_at - timedelta(minutes=90))


def _evening(hour: int, minute: int) -> Bound:
    def bound(opens_at: datetime, closes_at: datetime) -> datetime:
        day = closes_at.astimezone(NEW_YORK)
        return day.replace(hour=hour, minute=minute, second=0, microsecond=0)

    return bound


@dataclass(frozen=True)
class Window:
    """A span of one session. starts, ends: bounds, both inclusive to the minute."""

    name: str
    starts: Bound
    ends: Bound

    def times(self, session: SessionLike) -> tuple[datetime, datetime]:
        """Return first and last minute of the window in *session*, aware."""
        return (
            self.starts(session.opens_at, session.closes_at),
            self.ends(session.opens_at, session.closes_at),
        )

    def contains(self, now: datetime, session: SessionLike) -> bool:
        """Return whether *now* (aware), cut to its minute, lies in the window."""
        first, last = self.times(session)
        return first <= now.replace(second=0, microsecond=0) <= last

    def text(self, session: SessionLike) -> str:
        """Return the window for people, New York time."""
        first, last = (moment.astimezone(NEW_YORK) for moment in self.times(session))
        return f"{first:%H:%M} to {last:%H:%M}"


MORNING = Window("morning", after_open(5), after_open(60))
MAIN = Window("main", after_open(0), before_close(1))
MIDDAY = Window("midday", _noon_or_before, before_close(20))
# Bids stop 20 minutes before the close; the passes after that only make sure that nothing rests.
SP_LOOP = Window("sp_daily_every_10_minutes", after_open(15), before_close(5))
NASDAQ_LOOP = Window("nasdaq_daily_every_10_minutes", after_open(30), before_close(21))
AFTERNOON = Window("afternoon", before_close(10), before_close(2))
TODAY_SLOT = Window("before_close, today's event", after_open(15), before_close(21))
NEXT_SLOT = Window("before_close, a later event", before_close(20), before_close(1))
EVENING_SLOT = Window("before_close, the new ladder", _evening(22, 30), _evening(23, 59))


def session_in(run: Stoppable, days: Calendar[S], *windows: Window) -> tuple[S, Window]:
    """Return today's session and the first of *windows* that holds the run's time.

    Ends the run well, with the reason, when there is no session today or no window holds.
    """
    clock = run.now.astimezone(NEW_YORK)
    session = days.today(run.now)
    if session is None:
        stand_aside(run, f"the New York Stock Exchange has no session on {clock:%A, %Y-%m-%d}")
    for window in windows:
        if window.contains(run.now, session):
            return session, window
    spans = ", ".join(window.text(session) for window in windows)
    stand_aside(run, f"{clock:%H:%M} is outside of its window ({spans}, New York time)")


def stand_aside(run: Stoppable, reason: str) -> NoReturn:
    """End the run well without a mail: jobs that start every ten minutes would repeat it all day."""
    run.args.no_email = True
    run.nothing_to_do(reason)
