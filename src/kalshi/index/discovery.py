"""Today's event, found by what the exchange lists: series, open events, closing time. No ticker is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from kalshi.errors import DataError
from kalshi.exchange.models import Event, Market
from kalshi.index.ladder import Ladder

NEW_YORK = ZoneInfo("America/New_York")
LEAST_MARKETS = 3
RETRY_AFTER_S = 3.0


class EventSource(Protocol):
    """The one read of an exchange client that discovery needs."""

    def events(self, *, series_ticker: str, status: str, with_nested_markets: bool) -> Iterable[Event]: ...


@dataclass(frozen=True)
class FoundEvent:
    """An event that passed every check, with its markets by ticker and its ladder."""

    event: Event
    ladder: Ladder
    markets: dict[str, Market]
    closes_at: datetime


def open_events(
    source: EventSource, series_ticker: str, *, sleep: Callable[[float], object] | None = None
) -> list[Event]:
    """Return the open events of *series_ticker* with their markets.

    sleep: waits before the one repetition of an empty answer, because listings lag behind; None: ask once.
    """
    for attempt in (1, 2):
        found = list(source.events(series_ticker=series_ticker, status="open", with_nested_markets=True))
        if found or sleep is None or attempt == 2:
            break
        sleep(RETRY_AFTER_S)
    return found


def event_closing(events: Iterable[Event], closes_at: datetime) -> FoundEvent | None:
    """Return the one event of *events* whose markets close at *closes_at* (aware), to the second.

    None when there is none. Raises DataError when several do, or when the one is not what it should be:
    one closing time for all markets, at least three of them, binary, and strikes that form a ladder.
    """
    wanted = closes_at.astimezone(UTC).replace(microsecond=0)
    matching = [event for event in events if any(_to_second(m) == wanted for m in event.markets or ())]
    if not matching:
        return None
    if len(matching) > 1:
        names = ", ".join(sorted(event.event_ticker for event in matching))
        raise DataError(f"{len(matching)} events close at {_when(closes_at)}: {names}; none is traded")
    return checked(matching[0])


def checked(event: Event) -> FoundEvent:
    """Return *event* with its ladder. Raises DataError naming what is wrong with it."""
    markets = event.markets or []
    if len(markets) < LEAST_MARKETS:
        raise DataError(
            f"event {event.event_ticker} lists {len(markets)} markets, fewer than {LEAST_MARKETS}"
        )
    times = {_to_second(market) for market in markets}
    if len(times) != 1:
        raise DataError(f"event {event.event_ticker} has {len(times)} closing times; a ladder has one")
    other = [market.ticker for market in markets if market.market_type != "binary"]
    if other:
        raise DataError(
            f"event {event.event_ticker}: {other[0]} is no yes/no market; the event is not traded"
        )
    ladder = Ladder.of(event.event_ticker, event.mutually_exclusive, markets)
    by_ticker = {market.ticker: market for market in markets}
    return FoundEvent(event, ladder, {t: by_ticker[t] for t in ladder.tickers}, times.pop())


def _to_second(market: Market) -> datetime:
    return market.close_time.astimezone(UTC).replace(microsecond=0)


def _when(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M %Z")
