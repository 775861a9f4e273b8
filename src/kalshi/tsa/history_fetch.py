"""Bring the candle store up to date from the exchange: find the events of a period, fetch what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from kalshi.errors import DataError, NotFound
from kalshi.exchange.candles import Candle
from kalshi.exchange.models import Event, Market
from kalshi.tsa.candle_store import CandleStore, StoredEvent, StoredMarket
from kalshi.tsa.weeks import (
    FIRST_NEW_SERIES_SUNDAY,
    OLD_SERIES,
    SERIES,
    parse_event_ticker,
    week_sunday_of,
)

FINAL = "finalized"
EVENTS_PER_PAGE, MARKETS_PER_PAGE = 200, 1000


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


Progress = Callable[[str], object]


def fetch_history(
    source: HistorySource,
    store: CandleStore,
    *,
    start: date,
    end: date,
    period_minutes: int,
    now: datetime,
    progress: Progress = lambda line: None,
) -> Fetched:
    """Fetch the events whose Sunday lies in start..end (inclusive) into *store*; what is there stays.

    now: aware; decides which answers are final. progress: gets one line per event. Raises ExchangeError where the
    exchange can not be asked; what was fetched before is kept, and the next call goes on there.
    """
    store.sweep(now)
    done = Fetched()
    events = dict(sorted(_find(source, store, start, end, done.notes).items()))
    done.notes += [f"no event is listed for the week ending {week}" for week in _weeks(start, end, now, events)]
    for number, (sunday, (event_ticker, series)) in enumerate(events.items(), start=1):
        event = _event(source, store, event_ticker, series, now)
        if not event.markets:
            done.notes.append(f"{event_ticker}: the exchange knows no markets of it")
        before = done.fetched
        for market in event.markets:
            _candles(source, store, event, market, period_minutes, now, done)
        done.events += 1
        done.markets += len(event.markets)
        progress(
            f"{number}/{len(events)} {event_ticker} (week ending {sunday}): {len(event.markets)} markets, "
            f"{done.fetched - before} fetched, {'settled' if event.final else 'not settled yet'}"
        )
    return done


def _find(
    source: HistorySource, store: CandleStore, start: date, end: date, notes: list[str]
) -> dict[date, tuple[str, str]]:
    """Return {Sunday: (event ticker, series)} of the period, asking no more than is needed."""
    wanted = set(_sundays(start, end))
    found: dict[date, tuple[str, str]] = {}
    for event_ticker in store.event_tickers(start, end):
        kept = _kept(store, event_ticker)
        if kept is not None and kept.final:
            found[parse_event_ticker(event_ticker)] = (event_ticker, kept.series_ticker)
    if wanted <= set(found):
        return found
    for series in (SERIES, OLD_SERIES) if start < FIRST_NEW_SERIES_SUNDAY else (SERIES,):
        for event in _listed(source, series):
            _add(found, wanted, event.event_ticker, event.series_ticker or series, notes)
        if wanted <= set(found):
            return found
    for market in _archived(source):
        _add(found, wanted, market.event_ticker, SERIES, notes)
    return found


def _listed(source: HistorySource, series: str) -> Iterator[Event]:
    try:
        yield from source.events(series_ticker=series, limit=EVENTS_PER_PAGE)
    except NotFound:
        return  # a series the exchange no longer lists


def _archived(source: HistorySource) -> Iterator[Market]:
    try:
        yield from source.historical_markets(series_ticker=SERIES, limit=MARKETS_PER_PAGE)
    except NotFound:
        return


def _add(
    found: dict[date, tuple[str, str]], wanted: set[date], event_ticker: str, series: str, notes: list[str]
) -> None:
    try:
        sunday = parse_event_ticker(event_ticker)
    except DataError as error:
        note = f"left out: {error}"
        if note not in notes:
            notes.append(note)
        return
    if sunday in wanted:
        found.setdefault(sunday, (event_ticker, series))


def _event(source: HistorySource, store: CandleStore, event_ticker: str, series: str, now: datetime) -> StoredEvent:
    kept = _kept(store, event_ticker)
    if kept is not None and kept.final:
        return kept
    markets = tuple(
        StoredMarket(market.ticker, market.result, market.status, market.open_time, market.close_time)
        for market in source.markets(event_ticker=event_ticker, limit=MARKETS_PER_PAGE)
    )
    final = bool(markets) and all(m.result and m.status == FINAL and m.close_time < now for m in markets)
    event = StoredEvent(event_ticker, series, markets, final)
    store.save_event(event)
    return event


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


def _kept(store: CandleStore, event_ticker: str) -> StoredEvent | None:
    try:
        return store.event(event_ticker)
    except DataError:
        return None  # damaged: fetched again


def _sundays(start: date, end: date) -> Iterator[date]:
    sunday = week_sunday_of(start)
    while sunday <= end:
        yield sunday
        sunday += timedelta(days=7)


def _weeks(start: date, end: date, now: datetime, events: dict[date, tuple[str, str]]) -> list[date]:
    """Return the past weeks of the period for which no event was found."""
    return [sunday for sunday in _sundays(start, end) if sunday not in events and sunday < now.date()]
