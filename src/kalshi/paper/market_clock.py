"""The market's clock: real, started at another date, faster than real, or moved by hand or by recorded data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kalshi.errors import ConfigError

NEW_YORK = ZoneInfo("America/New_York")
MORNING = "T10:30"


def market_clock(
    wall: Callable[[], float], monotonic: Callable[[], float], *, start: datetime | None = None, scale: float = 1.0
) -> Callable[[], datetime]:
    """Return a clock of aware UTC times.

    wall: Unix seconds. monotonic: seconds that never go back. start: market time now, default the wall's.
    scale: market seconds per second, above 0. Raises ConfigError for any other scale.
    """
    if not 0 < scale < 1e9:
        raise ConfigError(f"scale {scale:g} is not above 0: use 1 for real time, 60 for a minute in a second")
    if start is None and scale == 1:
        return lambda: datetime.fromtimestamp(wall(), UTC)
    began, origin = monotonic(), start or datetime.fromtimestamp(wall(), UTC)
    return lambda: origin + timedelta(seconds=(monotonic() - began) * scale)


class StepClock:
    """A clock that stands still until somebody moves it: a test, a control request, or a feed of recorded data."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        """Return the time it was moved to last, aware UTC."""
        return self._now

    def move_to(self, at: datetime) -> datetime:
        """Go on to *at* (aware); return the new time. Raises ConfigError for an earlier one: markets do not go back."""
        at = at.astimezone(UTC)
        if at < self._now:
            raise ConfigError(f"the clock stands at {self._now.isoformat()} and can not go back to {at.isoformat()}")
        self._now = at
        return at

    def advance(self, by: timedelta) -> datetime:
        """Go on by *by*; return the new time."""
        return self.move_to(self._now + by)


def new_york_time(text: str) -> datetime:
    """Return YYYY-MM-DD or YYYY-MM-DDTHH:MM of New York (no time: 10:30) as aware UTC. Raises ConfigError."""
    try:
        local = datetime.fromisoformat(text if "T" in text else text + MORNING)
    except ValueError:
        raise ConfigError(f"date {text!r} is not readable: use YYYY-MM-DD or YYYY-MM-DDTHH:MM") from None
    return (local if local.tzinfo else local.replace(tzinfo=NEW_YORK)).astimezone(UTC)
