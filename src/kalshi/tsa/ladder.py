"""This week's ladder as the exchange shows it: found by series and closing time, never by building a ticker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from kalshi.atomic import write_atomically
from kalshi.errors import DataError, StoreError
from kalshi.exchange.decode import BadRow
from kalshi.exchange.models import Event, Market, OrderBook, Series
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.tsa.weeks import NEW_YORK, SERIES, parse_event_ticker


class LadderSource(Protocol):
    """The three reads of an exchange client that a ladder needs, and the rows it had to set aside."""

    bad_rows: list[BadRow]

    def series(self, series_ticker: str) -> Series: ...

    def events(self, *, series_ticker: str, status: str, with_nested_markets: bool) -> Iterable[Event]: ...

    def orderbooks(self, tickers: list[str]) -> dict[str, OrderBook]: ...


def fetch_ladder(source: LadderSource, now: datetime, *, name: str) -> LadderSnapshot | None:
    """Return the open event that closes next, with its markets and books; None when no event is open.

    now: aware; becomes the snapshot's `as_of`. name: what the report calls this source.
    Raises DataError when the event is not the weekly ladder it should be, or can not be read.
    """
    set_aside = len(source.bad_rows)
    listed = list(source.events(series_ticker=SERIES, status="open", with_nested_markets=True))
    if len(source.bad_rows) > set_aside:  # it may be the one that closes next
        raise DataError(f"an open event can not be read: {source.bad_rows[set_aside]}")
    events = [event for event in listed if event.markets]
    running = [(_close_time(event), event) for event in events if _close_time(event) > now]
    if not running:
        bare = next((event.event_ticker for event in listed if not event.markets), None)
        if bare is not None:
            raise DataError(f"event {bare} is open but has no markets: look at it on the exchange")
        return None
    _, event = min(running, key=lambda pair: pair[0])
    week_sunday(event)
    markets = tuple(sorted(event.markets or (), key=_strike))
    books = source.orderbooks([market.ticker for market in markets])
    return LadderSnapshot(name, now, source.series(SERIES), event, markets, books)


def week_sunday(event: Event) -> date:
    """Return the Sunday of *event*, by its closing time; raise DataError where its ticker says another one."""
    sunday = _close_time(event).astimezone(NEW_YORK).date()
    named = parse_event_ticker(event.event_ticker)
    if named != sunday:
        raise DataError(
            f"event {event.event_ticker} closes on {sunday} but its ticker names {named}: "
            "look at it on the exchange before trading it"
        )
    return sunday


def save_ladder(snapshot: LadderSnapshot, path: Path) -> None:
    """Write *snapshot* to *path*, whole or not at all. Raises StoreError where it can not be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, snapshot.to_json())
    except OSError as error:
        raise StoreError(f"{path}: the ladder can not be kept ({error}): check the directory's rights") from None


def load_ladder(path: Path, now: datetime) -> LadderSnapshot | None:
    """Return the saved ladder if it is still this week's, else None (also when the file is not readable)."""
    try:
        snapshot = LadderSnapshot.from_json(path.read_bytes())
        closes = _close_time(snapshot.event, snapshot.markets)
    except (OSError, ValueError, RecursionError, DataError):
        return None
    return snapshot if snapshot.as_of <= now < closes else None


def _close_time(event: Event, markets: Iterable[Market] | None = None) -> datetime:
    times = {market.close_time for market in (event.markets or () if markets is None else markets)}
    if len(times) != 1:
        raise DataError(f"event {event.event_ticker} has {len(times)} closing times; a weekly ladder has one")
    return times.pop()


def _strike(market: Market) -> tuple[bool, object]:
    return market.floor_strike is None, market.floor_strike or 0
