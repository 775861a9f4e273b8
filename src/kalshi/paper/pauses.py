"""When the whole exchange rests: the weekly maintenance window, and pauses that somebody orders.

The window is Thursday 03:00 to 05:00 in New York: nothing is placed or amended, cancels work.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kalshi.paper.endings import finish
from kalshi.paper.records import CANCELED, RESTING
from kalshi.paper.refusals import refused
from kalshi.paper.world import World

NEW_YORK = ZoneInfo("America/New_York")
THURSDAY = 3
WINDOW = time(3), time(5)
TRADING, EXCHANGE = "trading", "exchange"


def window_before(now: datetime) -> tuple[datetime, datetime]:
    """Return the (start, end) of the last maintenance window that began at or before *now*."""
    day = now.astimezone(NEW_YORK).date()
    day -= timedelta(days=(day.weekday() - THURSDAY) % 7)
    window = _window(day.year, day.month, day.day)
    if window[0] > now:
        earlier = day - timedelta(days=7)
        window = _window(earlier.year, earlier.month, earlier.day)
    return window


def window_after(now: datetime) -> tuple[datetime, datetime]:
    """Return the first window that begins after *now*."""
    day = window_before(now)[0].astimezone(NEW_YORK).date() + timedelta(days=7)
    return _window(day.year, day.month, day.day)


def _window(year: int, month: int, day: int) -> tuple[datetime, datetime]:
    first, last = (
        datetime(year, month, day, at.hour, tzinfo=NEW_YORK).astimezone(UTC) for at in WINDOW
    )
    return first, last


def pause_at(world: World, now: datetime) -> tuple[str, datetime | None]:
    """Return what is paused ("", trading, exchange) and when it is expected to end, None: not known."""
    if world.ledger.paused:
        return world.ledger.paused, None
    if world.ledger.maintenance:
        start, end = window_before(now)
        if start <= now < end:
            return TRADING, end
    return "", None


def check_placing(world: World, now: datetime) -> None:
    """Refuse new and changed orders while anything is paused."""
    what, _ = pause_at(world, now)
    if what:
        raise refused(409, f"{what}_is_paused", f"{what} is paused")


def check_cancelling(world: World, now: datetime) -> None:
    """Refuse cancels while the whole exchange is paused."""
    if pause_at(world, now)[0] == EXCHANGE:
        raise refused(409, "exchange_is_paused", "exchange is paused")


def pause(world: World, what: str, now: datetime) -> None:
    """Pause trading or the exchange, or end such a pause with ""; cancels the orders that asked for it."""
    world.ledger.paused = what
    world.keep(world.ledger)
    if what:
        cancel_marked(world, now)


def cancel_marked(world: World, now: datetime) -> None:
    """Cancel the resting orders with cancel_order_on_pause."""
    marked = [one for mine in world.open_orders.values() for one in mine.values() if one.cancel_on_pause]
    for order in marked:
        if order.status == RESTING:
            finish(world, order, CANCELED, now)


def window_due(world: World, now: datetime) -> None:
    """Do what the begin of a window demands, and wait for the next one."""
    if not world.ledger.maintenance:
        return
    start, end = window_before(now)
    if world.ledger.window_seen != start:
        world.ledger.window_seen = start
        world.keep(world.ledger)
        if now < end:
            cancel_marked(world, now)
    world.watch(window_after(now)[0], "window")
