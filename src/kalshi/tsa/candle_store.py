"""Past weekly TSA events in the candle store."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from kalshi.history.candle_store import CandleStore
from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.quotes import EventHistory, build_events
from kalshi.tsa.weeks import parse_event_ticker


class TsaCandleStore(CandleStore):
    """The files below one directory; an event's day is the Sunday of its week."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, parse_event_ticker, command="fetch_tsa_history")

    def history(self, start: date, end: date, period_minutes: int) -> list[EventHistory]:
        """Return the kept events whose Sunday lies in start..end (inclusive) with the candles kept for them."""
        rows: list[tuple[str, str, datetime | None]] = []
        candles: dict[str, list[QuoteCandle]] = {}
        opened: dict[str, datetime] = {}
        for event_ticker in self.event_tickers(start, end):
            event = self.event(event_ticker)
            for market in event.markets if event else ():
                rows.append((market.ticker, market.result, market.close_time))
                opened[event_ticker] = min(market.open_time, opened.get(event_ticker, market.open_time))
                if event is not None:
                    candles[market.ticker] = self.candles(event.request(market, period_minutes)) or []
        return build_events(rows, candles, opened=opened)
