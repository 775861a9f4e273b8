"""Bring the candle store up to date from the exchange: find the events of a period, fetch what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from kalshi.errors import DataError
from kalshi.history.candle_store import CandleStore
from kalshi.history.fetch import Fetched, HistorySource, Progress, Wanted, archived, fetch_events, kept_event, listed
from kalshi.tsa.weeks import (
    FIRST_NEW_SERIES_SUNDAY,
    OLD_SERIES,
    SERIES,
    parse_event_ticker,
    week_sunday_of,
)


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
    wanted = [Wanted(name, series, f"week ending {sunday}") for sunday, (name, series) in events.items()]
    fetch_events(source, store, wanted, done, period_minutes=period_minutes, now=now, progress=progress)
    return done


def _find(
    source: HistorySource, store: CandleStore, start: date, end: date, notes: list[str]
) -> dict[date, tuple[str, str]]:
    """Return {Sunday: (event ticker, series)} of the period, asking no more than is needed."""
    wanted = set(_sundays(start, end))
    found: dict[date, tuple[str, str]] = {}
    for event_ticker in store.event_tickers(start, end):
        kept = kept_event(store, event_ticker)
        if kept is not None and kept.final:
            found[parse_event_ticker(event_ticker)] = (event_ticker, kept.series_ticker)
    if wanted <= set(found):
        return found
    for series in (SERIES, OLD_SERIES) if start < FIRST_NEW_SERIES_SUNDAY else (SERIES,):
        for event in listed(source, series):
            _add(found, wanted, event.event_ticker, event.series_ticker or series, notes)
        if wanted <= set(found):
            return found
    for market in archived(source, SERIES):
        _add(found, wanted, market.event_ticker, SERIES, notes)
    return found


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


def _sundays(start: date, end: date) -> Iterator[date]:
    sunday = week_sunday_of(start)
    while sunday <= end:
        yield sunday
        sunday += timedelta(days=7)


def _weeks(start: date, end: date, now: datetime, events: dict[date, tuple[str, str]]) -> list[date]:
    """Return the past weeks of the period for which no event was found."""
    return [sunday for sunday in _sundays(start, end) if sunday not in events and sunday < now.date()]
