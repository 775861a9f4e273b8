"""Trades and candles, live and archived, and the rule that says which of the two has a row.

Four boundaries move on by themselves: `historical_cutoff` is read once per client and then kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from kalshi.errors import NotFound, ResponseError
from kalshi.exchange import endpoints_table as table
from kalshi.exchange.candles import (
    Candle,
    decode_archived_candles,
    decode_batch_candles,
    decode_candles,
    decode_event_candles,
)
from kalshi.exchange.endpoints_base import Endpoint, Value, names
from kalshi.exchange.endpoints_typed import Typed
from kalshi.exchange.models import HistoricalCutoff, Trade

T = TypeVar("T")

# The exchange refuses ranges above 5,000 candles of one market and 10,000 of a batch.
MAX_CANDLES = 4_900
MAX_BATCH_CANDLES = 9_800
MAX_BATCH_TICKERS = 100


class HistoryEndpoints(Typed):
    """What happened, wherever the exchange keeps it by now."""

    _cutoff: HistoricalCutoff | None = None

    def historical_cutoff(self, *, fresh: bool = False) -> HistoricalCutoff:
        """Return the four boundaries between live and archived data, asked for once per client."""
        if self._cutoff is None or fresh:
            self._cutoff = self.one(table.HISTORICAL_CUTOFF, HistoricalCutoff)
        return self._cutoff

    def trades(self, *, archive: bool | None = None, **filters: Value) -> Iterator[Trade]:
        """Yield trades of all accounts, live ones first, then archived ones.

        filters: ticker, min_ts and max_ts (Unix seconds), is_block_trade, limit; block trades are
        included unless is_block_trade=False. archive: None asks the archive where min_ts reaches it.
        """
        live = self.rows(table.TRADES, Trade, "trades", filters)
        if archive is None:
            archive = self._before(filters, "trades_created_ts")
        yield from self._with_archive(
            live, table.HISTORICAL_TRADES, Trade, "trades", filters, "trade_id", archive, ()
        )

    def candles(
        self,
        series_ticker: str,
        ticker: str,
        start_ts: int,
        end_ts: int,
        period_minutes: int,
        include_latest_before_start: bool = False,
    ) -> list[Candle]:
        """Return candles of one market whose end lies in [start_ts, end_ts] (Unix seconds, inclusive).

        period_minutes: 1, 60 or 1440. Periods in which neither book nor tape moved have no candle.
        include_latest_before_start: one more candle in front with the last price before; live markets
        only. The range is split below the exchange's cap; archived markets are found by themselves.
        Raises NotFound where neither side knows the market.
        """
        found: list[Candle] = []
        missing: NotFound | None = None
        try:
            for number, (start, end) in enumerate(slices(start_ts, end_ts, period_minutes, MAX_CANDLES)):
                filters = _range(start, end, period_minutes)
                if include_latest_before_start and number == 0:
                    filters["include_latest_before_start"] = True
                body = self.read(table.CANDLES, filters, series_ticker=series_ticker, ticker=ticker)
                found += decode_candles(body, f"{table.CANDLES.label} of {ticker}")
        except NotFound as error:
            missing = error
        if found or (missing is None and start_ts >= self.cutoff_ts("market_settled_ts")):
            return found
        try:
            return self._archived_candles(ticker, start_ts, end_ts, period_minutes)
        except NotFound:
            if missing is not None:
                raise missing from None
            return []

    def candles_batch(
        self,
        tickers: Sequence[str],
        start_ts: int,
        end_ts: int,
        period_minutes: int,
        include_latest_before_start: bool = False,
    ) -> dict[str, list[Candle]]:
        """Return candles of several markets by ticker; bounds as for `candles`.

        Idle markets have an empty list; a ticker that neither side knows is absent.
        """
        found: dict[str, list[Candle]] = {}
        wanted = max(1, (end_ts - start_ts) // (period_minutes * 60) + 1)
        group = min(MAX_BATCH_TICKERS, max(1, MAX_BATCH_CANDLES // wanted))
        for first in range(0, len(tickers), group):
            some = list(tickers[first : first + group])
            spans = slices(start_ts, end_ts, period_minutes, MAX_BATCH_CANDLES // len(some))
            for number, (start, end) in enumerate(spans):
                filters = _range(start, end, period_minutes) | {"market_tickers": some}
                if include_latest_before_start and number == 0:
                    filters["include_latest_before_start"] = True
                groups = decode_batch_candles(
                    self.read(table.CANDLES_BATCH, filters), table.CANDLES_BATCH.label
                )
                for ticker, candles in groups.items():
                    found.setdefault(ticker, []).extend(candles)
        if start_ts < self.cutoff_ts("market_settled_ts"):
            for ticker in tickers:
                if not found.get(ticker):
                    try:
                        found[ticker] = self._archived_candles(ticker, start_ts, end_ts, period_minutes)
                    except NotFound:
                        continue
        return found

    def event_candles(
        self, series_ticker: str, event_ticker: str, start_ts: int, end_ts: int, period_minutes: int
    ) -> dict[str, list[Candle]]:
        """Return candles of all live markets of one event by ticker; bounds as for `candles`.

        The exchange cuts long ranges and says where; the rest is asked for until *end_ts* is reached.
        """
        found: dict[str, list[Candle]] = {}
        start = start_ts
        while start <= end_ts:
            filters = _range(start, end_ts, period_minutes)
            body = self.read(table.EVENT_CANDLES, filters, series_ticker=series_ticker, ticker=event_ticker)
            groups, reached = decode_event_candles(body, f"{table.EVENT_CANDLES.label} of {event_ticker}")
            for ticker, candles in groups.items():
                found.setdefault(ticker, []).extend(candles)
            if reached >= end_ts:
                break
            if reached < start:
                raise ResponseError(
                    f"{table.EVENT_CANDLES.label}: adjusted_end_ts {reached} lies before the start {start}",
                    method="GET",
                    path=table.EVENT_CANDLES.path,
                )
            start = reached + 1
        return found

    def _archived_candles(self, ticker: str, start_ts: int, end_ts: int, period_minutes: int) -> list[Candle]:
        found: list[Candle] = []
        for start, end in slices(start_ts, end_ts, period_minutes, MAX_CANDLES):
            filters = _range(start, end, period_minutes)
            body = self.read(table.HISTORICAL_CANDLES, filters, ticker=ticker)
            found += decode_archived_candles(body, f"{table.HISTORICAL_CANDLES.label} of {ticker}")
        return found

    def cutoff_ts(self, name: str) -> float:
        """Return the boundary called *name* in Unix seconds, infinity where the exchange gives none."""
        moment = getattr(self.historical_cutoff(), name)
        return float(moment.timestamp()) if moment is not None else float("inf")

    def _before(self, filters: Mapping[str, Value], name: str) -> bool:
        """Return whether rows from before the boundary called *name* can match *filters*."""
        earliest = filters.get("min_ts")
        return earliest is None or float(str(earliest)) < self.cutoff_ts(name)

    def _with_archive(
        self,
        live: Iterator[T],
        endpoint: Endpoint,
        kind: type[T],
        name: str,
        filters: Mapping[str, Value],
        identity: str,
        archive: bool,
        checked: tuple[str, ...],
    ) -> Iterator[T]:
        """Yield live rows, then archived ones that were not among them.

        identity: attribute by which a row is recognised. checked: filters that the archive does not
        know and that are applied here.
        """
        seen: set[object] = set()
        for row in live:
            seen.add(getattr(row, identity))
            yield row
        if not archive or (seen and filters.get("order_id")):
            return
        known = {key: value for key, value in filters.items() if key in endpoint.parameters}
        tickers: list[str | None] = [*names(known.pop("ticker", None))] or [None]
        for ticker in tickers:
            for row in self.rows(endpoint, kind, name, {**known, "ticker": ticker}):
                if getattr(row, identity) in seen or not _matches(row, filters, checked):
                    continue
                seen.add(getattr(row, identity))
                yield row


def slices(start_ts: int, end_ts: int, period_minutes: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) parts of [start_ts, end_ts], both inclusive, of at most *most* candle ends each.

    >>> list(slices(0, 200, 1, 2))
    [(0, 119), (120, 200)]
    """
    step = period_minutes * 60 * most
    for start in range(start_ts, end_ts + 1, step):
        yield start, min(end_ts, start + step - 1)


def _range(start: int, end: int, period_minutes: int) -> dict[str, Value]:
    return {"start_ts": start, "end_ts": end, "period_interval": period_minutes}


def _matches(row: object, filters: Mapping[str, Value], checked: tuple[str, ...]) -> bool:
    return all(filters.get(name) is None or getattr(row, name) == filters[name] for name in checked)
