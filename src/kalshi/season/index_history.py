"""Past index events: fetched from the exchange into the candle store, and read back as ladders with candles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from kalshi.errors import DataError
from kalshi.history.candle_store import CandleStore, StoredEvent
from kalshi.history.fetch import Fetched, HistorySource, Wanted, archived, fetch_events, kept_event, listed
from kalshi.history.quote_candle import QuoteCandle
from kalshi.index.ladder import Ladder
from kalshi.index.tickers import CURRENT_SERIES, parse_event_ticker

WITH_KX = date(2024, 12, 1)  # events before it are listed under older names too


def index_event_day(event_ticker: str) -> date:
    """Return the day of an event of any generation. Raises DataError for what is no event ticker of an index."""
    try:
        return parse_event_ticker(event_ticker.removesuffix("SIM")).day
    except ValueError as error:
        raise DataError(str(error)) from None


def index_store(data_dir: Path, series: str) -> CandleStore:
    """Return the store of one series below the data directory."""
    return CandleStore(data_dir / f"{series.lower()}_history", index_event_day, command="fetch_index_candles")


def fetch_index_candles(
    source: HistorySource,
    store: CandleStore,
    *,
    series: str,
    start: date,
    end: date,
    period_minutes: int,
    now: datetime,
    progress: Callable[[str], object] = lambda line: None,
) -> Fetched:
    """Fetch the events of *series* whose day lies in start..end (inclusive) into *store*; what is there stays.

    now: aware; decides which answers are final. Raises ExchangeError where the exchange can not be asked; what
    was fetched before is kept, and the next call goes on there.
    """
    store.sweep(now)
    done = Fetched()
    found: dict[str, str] = {}
    for event_ticker in store.event_tickers(start, end):
        kept = kept_event(store, event_ticker)
        if kept is not None and kept.final:
            found[event_ticker] = kept.series_ticker
    older = [old for old, new in CURRENT_SERIES.items() if new == series]
    for name in (series, *(older if start < WITH_KX else ())):
        names = [event.event_ticker for event in listed(source, name)]
        names += [market.event_ticker for market in archived(source, name)]
        for event_ticker in dict.fromkeys(names):
            try:
                if start <= index_event_day(event_ticker) <= end:
                    found.setdefault(event_ticker, name)
            except DataError as error:
                done.notes.append(f"left out: {error}")
    wanted = [Wanted(name, found[name], f"{index_event_day(name)}") for name in sorted(found, key=index_event_day)]
    if not wanted:
        done.notes.append(f"the exchange lists no event of {series} from {start} to {end}")
    fetch_events(source, store, wanted, done, period_minutes=period_minutes, now=now, progress=progress)
    return done


@dataclass(frozen=True)
class PastEvent:
    """One event with everything that is known of it. results: yes, no, or empty, by ticker; times aware UTC."""

    event_ticker: str
    series: str
    day: date
    opens_at: datetime
    closes_at: datetime
    ladder: Ladder
    results: dict[str, str]
    candles: dict[str, list[QuoteCandle]]


def past_events(
    store: CandleStore, start: date, end: date, period_minutes: int
) -> tuple[list[PastEvent], list[str]]:
    """Return the kept events whose day lies in start..end (inclusive), and why others were left out."""
    found, notes = [], []
    for event_ticker in store.event_tickers(start, end):
        stored = store.event(event_ticker)
        try:
            if stored is None or not stored.markets:
                raise DataError(f"{event_ticker} has no markets")
            if not stored.final:
                raise DataError(f"{event_ticker} was not settled when it was fetched: fetch again")
            found.append(_event(store, stored, period_minutes))
        except DataError as error:
            notes.append(f"left out: {error}")
    return found, notes


def _event(store: CandleStore, stored: StoredEvent, period_minutes: int) -> PastEvent:
    name = stored.event_ticker
    closes = {market.close_time for market in stored.markets}
    if len(closes) != 1:
        raise DataError(f"{name} has {len(closes)} closing times; a ladder has one")
    candles = {m.ticker: store.candles(stored.request(m, period_minutes)) for m in stored.markets}
    if not any(candles.values()):
        raise DataError(f"{name} has no candles of {period_minutes} minutes")
    won = [market.ticker for market in stored.markets if market.result == "yes"]
    exclusive = len(won) <= 1 and _is_exclusive(stored)
    return PastEvent(
        name,
        CURRENT_SERIES.get(stored.series_ticker, stored.series_ticker),
        index_event_day(name),
        min(market.open_time for market in stored.markets),
        closes.pop(),
        Ladder.of(name, exclusive, stored.markets),
        {market.ticker: market.result for market in stored.markets},
        {ticker: found or [] for ticker, found in candles.items()},
    )


def _is_exclusive(stored: StoredEvent) -> bool:
    """Return whether the strikes are brackets: the store keeps markets, not what the exchange says of the event.

    Ladder.of checks them once more and refuses brackets that overlap.
    """
    return any(market.strike_type == "between" for market in stored.markets)
