"""The two clocks of a run: UTC inside, New York where people and markets speak."""

from __future__ import annotations

import time as wall
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kalshi.errors import ConfigError

NEW_YORK = ZoneInfo("America/New_York")
# A bare --date means the moment a daily job would normally decide: half an hour after weekly events open.
BARE_DATE_TIME = time(10, 30)
FIRST_YEAR, LAST_YEAR = 2000, 2039  # of --date: no table of holidays and sessions here reaches further
_FORM = "write YYYY-MM-DD or YYYY-MM-DDTHH:MM, New York time"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the wall clock as an aware UTC datetime."""
    return datetime.now(UTC)


def parse_moment(text: str) -> datetime:
    """Return the moment that *text*, in New York time, names, as aware UTC.

    text: `YYYY-MM-DD`, meaning 10:30 in New York on that day, or `YYYY-MM-DDTHH:MM`. In the hour that the
    clocks repeat in November, an offset decides: `2026-11-01T01:30-04:00` (summer) or `-05:00` (winter).
    Raises ConfigError for an unknown date, a year outside 2000..2039, a time the March change skips, and a
    repeated time without offset.
    """
    cleaned = text.strip()
    try:
        if len(cleaned) <= 10:
            moment = datetime.combine(date.fromisoformat(cleaned), BARE_DATE_TIME)
        else:
            moment = datetime.fromisoformat(cleaned)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ConfigError(f"--date {text!r}: use a year from {FIRST_YEAR} to {LAST_YEAR}")
        return moment.astimezone(UTC) if moment.tzinfo else _from_new_york(moment, text)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"--date {text!r} is not a date ({error}): {_FORM}") from None


def new_york(moment: datetime) -> datetime:
    """Return *moment* (aware) on New York's clock."""
    return moment.astimezone(NEW_YORK)


def new_york_text(moment: datetime) -> str:
    """Return *moment* (aware) as people read it, for example `2026-10-09 10:30 EDT`."""
    return new_york(moment).strftime("%Y-%m-%d %H:%M %Z")


def clock_from(start: datetime | None) -> Clock:
    """Return a clock: the wall clock, or one that shows *start* (aware) now and then goes on."""
    if start is None:
        return utc_now
    begin, started = start.astimezone(UTC), wall.monotonic()
    return lambda: begin + timedelta(seconds=wall.monotonic() - started)


def _from_new_york(naive: datetime, text: str) -> datetime:
    first = naive.replace(tzinfo=NEW_YORK, fold=0)
    second = naive.replace(tzinfo=NEW_YORK, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(NEW_YORK).replace(tzinfo=None) != naive:
        raise ConfigError(
            f"--date {text!r} does not exist: New York's clocks skip that hour in March; choose another time"
        )
    summer, winter = (f"{naive.isoformat(timespec='minutes')}{offset}" for offset in ("-04:00", "-05:00"))
    raise ConfigError(f"--date {text!r} happens twice in New York that day: write {summer} or {winter}")
