"""The market's clock of a served exchange: real, started at another date, or faster than real."""

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


def new_york_time(text: str) -> datetime:
    """Return YYYY-MM-DD or YYYY-MM-DDTHH:MM of New York (no time: 10:30) as aware UTC. Raises ConfigError."""
    try:
        local = datetime.fromisoformat(text if "T" in text else text + MORNING)
    except ValueError:
        raise ConfigError(f"date {text!r} is not readable: use YYYY-MM-DD or YYYY-MM-DDTHH:MM") from None
    return (local if local.tzinfo else local.replace(tzinfo=NEW_YORK)).astimezone(UTC)
