"""Bring a candle store up to date from the exchange: markets and candles of the events one asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kalshi.errors import DataError, NotFound
from kalshi.exchange.candles import Candle
from kalshi.exchange.models import Event, Market
from kalshi.history.candle_store import CandleStore, StoredEvent, StoredMarket

FINAL = "finalized"
EVENTS_PER_PAGE, MARKETS_PER_PAGE = 200, 1000
MOST_NOTES = 12  # told to a person


class HistorySource(Protocol):
    """The reads of an exchange client that history needs."""

    def events(self, *, series_ticker: str, limit: int) -> Iterable[Event]: ...

    def markets(self, *, event_ticker: str, limit: int) -> Iterable[Market]: ...

    def historical_markets(self, *, series_ticker: str, limit: int) -> Iterable[Market]: ...

    def candles(
        self, series_ticker: str, ticker: str, start_ts: int, end_ts: int, period_minutes: int
    ) -> list[Candle]: ...


@dataclass
class Fetched:
    """What a fetch did. notes: for a person, such as weeks without an event and markets without candles."""

    events: int = 0
    markets: int = 0
    candles: int = 0
    fetched: int = 0
    kept: int = 0
    notes: list[str] = field(default_factory=list)

    def told(self, root: Path) -> list[str]:
        """Return the first notes and what was fetched into *root*, in words for a person."""
        more = [f"and {len(self.notes) - MOST_NOTES} more notes"] if len(self.notes) > MOST_NOTES else []
        return [
            *self.notes[:MOST_NOTES],
            *more,
            f"{self.events} events, {self.markets} markets: {self.fetched} fetched now ({self.candles} candles), "
            f"{self.kept} were there; kept in {root}",
        ]


@dataclass(frozen=True)
class Wanted:
    """One event to fetch. label: what a person calls it, such as `week ending 2026-04-19`."""

    event_ticker: str
    series_ticker: str
    label: str


Progress = Callable[[str], object]


def fetch_events(
    source: HistorySource,
    store: CandleStore,
    wanted: list[Wanted],
    done: Fetched,
    *,
    period_minutes: int,
    now: datetime,
    progress: Progress,
) -> None:
    """Fetch *wanted* into *store*, counting in *done*; what is there and final is not asked for again.

    now: aware; decides which answers are final. Raises ExchangeError where the exchange can not be asked; what
    was fetched before is kept.
    """
    for number, one in enumerate(wanted, start=1):
        event = _event(source, store, one, now)
        if not event.markets:
            done.notes.append(f"{one.event_ticker}: the exchange knows no markets of it")
        before = done.fetched
        for market in event.markets:
            _candles(source, store, event, market, period_minutes, now, done)
        done.events += 1
        done.markets += len(event.markets)
        progress(
            f"{number}/{len(wanted)} {one.event_ticker} ({one.label}): {len(event.markets)} markets, "
            f"{done.fetched - before} fetched, {'settled' if event.final else 'not settled yet'}"
        )


def listed(source: HistorySource, series: str) -> Iterator[Event]:
    """Yield the events of *series* that the exchange lists; none of a series it no longer lists."""
    try:
        yield from source.events(series_ticker=series, limit=EVENTS_PER_PAGE)
    except NotFound:
        return


def archived(source: HistorySource, series: str) -> Iterator[Market]:
    """Yield the markets of *series* in the exchange's archive."""
    try:
        yield from source.historical_markets(series_ticker=series, limit=MARKETS_PER_PAGE)
    except NotFound:
        return


def kept_event(store: CandleStore, event_ticker: str) -> StoredEvent | None:
    """Return what is kept of an event, None where there is nothing or it is damaged: then it is fetched again."""
    try:
        return store.event(event_ticker)
    except DataError:
        return None


def _event(source: HistorySource, store: CandleStore, wanted: Wanted, now: datetime) -> StoredEvent:
    kept = kept_event(store, wanted.event_ticker)
    if kept is not None and kept.final:
        return kept
    markets = tuple(
        _stored(market) for market in source.markets(event_ticker=wanted.event_ticker, limit=MARKETS_PER_PAGE)
    )
    final = bool(markets) and all(m.result and m.status == FINAL and m.close_time < now for m in markets)
    event = StoredEvent(wanted.event_ticker, wanted.series_ticker, markets, final)
    store.save_event(event)
    return event


def _stored(market: Market) -> StoredMarket:
    return StoredMarket(
        market.ticker,
        market.result,
        market.status,
        market.open_time,
        market.close_time,
        market.strike_type,
        market.floor_strike,
        market.cap_strike,
        market.expiration_value,
    )


def _candles(
    source: HistorySource,
    store: CandleStore,
    event: StoredEvent,
    market: StoredMarket,
    period_minutes: int,
    now: datetime,
    done: Fetched,
) -> None:
    request = event.request(market, period_minutes)
    if store.has_final(request):
        done.kept += 1
        return
    if market.open_time > now:
        return
    try:
        candles = source.candles(
            request.series_ticker, request.ticker, request.start_ts, request.end_ts, request.period_minutes
        )
    except NotFound:
        done.notes.append(f"{market.ticker}: the exchange knows no candles of it")
        return
    if not candles:
        done.notes.append(f"{market.ticker}: no candles")
    store.save_candles(request, candles, final=request.end_ts < now.timestamp())
    done.fetched += 1
    done.candles += len(candles)
