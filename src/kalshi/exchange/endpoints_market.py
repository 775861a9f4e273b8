"""Endpoints of public data: exchange state, series, events, markets, books, fee changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from kalshi.errors import NotFound, ResponseError
from kalshi.exchange import endpoints_table as table
from kalshi.exchange.endpoints_base import Value, names
from kalshi.exchange.endpoints_history import HistoryEndpoints
from kalshi.exchange.models import (
    Event,
    EventFeeChange,
    ExchangeStatus,
    Market,
    OrderBook,
    Schedule,
    Series,
    SeriesFeeChange,
    UserDataTimestamp,
)

MAX_BOOKS = 100  # names of one /markets/orderbooks request
# The archive takes one of these filters at a time; the narrowest that is given is sent.
ARCHIVE_SCOPES = ("tickers", "event_ticker", "series_ticker")
LIVE_STATUSES = ("unopened", "open", "paused", "closed")
LIVE_TIMES = ("created_ts", "close_ts", "updated_ts")


class _BookAnswer(msgspec.Struct):
    orderbook_fp: OrderBook | None = None
    orderbook: dict[str, Any] | None = None  # an empty book was once seen under this older name


class _NamedBook(msgspec.Struct):
    ticker: str
    orderbook_fp: OrderBook


class MarketEndpoints(HistoryEndpoints):
    """What anybody may read about the exchange and its markets."""

    def exchange_status(self) -> ExchangeStatus:
        """Return whether exchange and trading are active, by shard too; 503 and 504 carry the same answer."""
        return self.one(
            table.EXCHANGE_STATUS, ExchangeStatus, usable=lambda body: b'"exchange_active"' in body
        )

    def exchange_schedule(self) -> Schedule:
        """Return trading hours (Eastern time of day) and maintenance windows (UTC)."""
        return self.one(table.EXCHANGE_SCHEDULE, Schedule, key="schedule")

    def user_data_timestamp(self) -> UserDataTimestamp:
        """Return how fresh balance, orders, fills and positions are."""
        return self.one(table.USER_DATA_TIMESTAMP, UserDataTimestamp)

    def series(self, series_ticker: str, *, include_volume: bool | None = None) -> Series:
        """Return one series, with the fee type and multiplier of today."""
        filters: dict[str, Value] = {"include_volume": include_volume}
        return self.one(table.SERIES, Series, filters, key="series", series_ticker=series_ticker)

    def series_list(self, **filters: Value) -> Iterator[Series]:
        """Yield series; filters: category, tags, include_product_metadata, include_volume, min_updated_ts."""
        return self.rows(table.SERIES_LIST, Series, "series", filters)

    def event(self, event_ticker: str, *, with_nested_markets: bool = True) -> Event:
        """Return one event; `markets` holds its markets, archived ones too, if *with_nested_markets*."""
        event = self.one(
            table.EVENT,
            Event,
            {"with_nested_markets": with_nested_markets},
            key="event",
            event_ticker=event_ticker,
        )
        if with_nested_markets and not event.markets:
            # Markets settled before the cutoff are left out of the answer without a word.
            archived = list(self.historical_markets(event_ticker=event_ticker))
            event = msgspec.structs.replace(event, markets=archived)
        return event

    def events(self, **filters: Value) -> Iterator[Event]:
        """Yield events, combos left out by the exchange.

        filters: status (unopened, open, closed, settled), series_ticker, tickers, with_nested_markets,
        with_milestones, min_close_ts and min_updated_ts (Unix seconds), limit. Nested markets that are
        archived are missing here; `event` and `markets` find them.
        """
        return self.rows(table.EVENTS, Event, "events", filters)

    def market(self, ticker: str) -> Market:
        """Return one market, from the archive where it is no longer live.

        Raises NotFound where neither knows it; a new market may take some seconds to appear.
        """
        try:
            return self.one(table.MARKET, Market, key="market", ticker=ticker)
        except NotFound as missing:
            try:
                return self.one(table.HISTORICAL_MARKET, Market, key="market", ticker=ticker)
            except NotFound:
                raise missing from None

    def markets(self, *, archive: bool | None = None, **filters: Value) -> Iterator[Market]:
        """Yield markets, live ones first, then those of the archive, none twice.

        filters: status (unopened, open, paused, closed, settled), event_ticker, series_ticker, tickers,
        mve_filter, limit and min_/max_ bounds of created_ts, close_ts, settled_ts, updated_ts (Unix seconds).
        archive: None asks the archive where it can matter: for status settled, and without a status
        for tickers that are not live, an event without live markets, or a series; True always,
        False never.
        """
        seen: set[str] = set()
        for market in self.rows(table.MARKETS, Market, "markets", filters):
            seen.add(market.ticker)
            yield market
        for market in self._archived(filters, seen, archive):
            if market.ticker not in seen:
                seen.add(market.ticker)
                yield market

    def _archived(self, filters: dict[str, Value], seen: set[str], archive: bool | None) -> Iterator[Market]:
        status = filters.get("status")
        bound_to_live = status in LIVE_STATUSES or any(name[4:] in LIVE_TIMES for name in filters)
        if archive is False or (archive is None and bound_to_live):
            return
        scope = next((name for name in ARCHIVE_SCOPES if filters.get(name)), "")
        if archive is None and status != "settled" and not scope:
            return
        earliest, latest = filters.get("min_settled_ts"), filters.get("max_settled_ts")
        recent = earliest is not None and _number(earliest) >= self.cutoff_ts("market_settled_ts")
        if archive is None and recent:
            return
        narrowed: dict[str, Value] = {}
        narrowed |= {name: filters[name] for name in ("mve_filter", "limit") if name in filters}
        if scope == "tickers":
            missing = [ticker for ticker in names(filters["tickers"]) if ticker not in seen]
            if not missing:
                return
            narrowed = {"tickers": missing}
        elif scope:
            if archive is None and status != "settled" and scope == "event_ticker" and seen:
                return
            narrowed = {scope: filters[scope]}
        for market in self.historical_markets(**narrowed):
            settled = market.settlement_ts.timestamp() if market.settlement_ts else None
            too_early = settled is not None and earliest is not None and settled < _number(earliest)
            too_late = settled is not None and latest is not None and settled > _number(latest)
            if not too_early and not too_late:
                yield market

    def historical_markets(self, **filters: Value) -> Iterator[Market]:
        """Yield archived markets by one of tickers, event_ticker, series_ticker and mve_filter."""
        return self.rows(table.HISTORICAL_MARKETS, Market, "markets", filters)

    def orderbook(self, ticker: str, *, depth: int = 0) -> OrderBook:
        """Return the bids of both sides; depth: levels of each side, 0..100, 0 for all."""
        answer = self.one(table.ORDERBOOK, _BookAnswer, {"depth": depth}, ticker=ticker)
        if answer.orderbook_fp is None and answer.orderbook != {}:
            raise ResponseError(
                f"{table.ORDERBOOK.label}: answer for {ticker}: field orderbook_fp is missing",
                method="GET",
                path=table.ORDERBOOK.fill(ticker=ticker),
                status=200,
            )
        return answer.orderbook_fp or OrderBook()

    def orderbooks(self, tickers: Sequence[str]) -> dict[str, OrderBook]:
        """Return the books of *tickers* by ticker, asked for in groups of 100; unknown tickers are absent."""
        books: dict[str, OrderBook] = {}
        path = table.ORDERBOOKS.path
        for start in range(0, len(tickers), MAX_BOOKS):
            # The only parameter whose name is repeated; everywhere else a list is joined by commas.
            query = [("tickers", ticker) for ticker in tickers[start : start + MAX_BOOKS]]
            for row in self.pages(table.ORDERBOOKS, _NamedBook, "orderbooks", path, query):
                books[row.ticker] = row.orderbook_fp
        return books

    def series_fee_changes(
        self, *, series_ticker: str | None = None, show_historical: bool = False
    ) -> list[SeriesFeeChange]:
        """Return coming changes of series fees, past ones too if *show_historical*."""
        filters: dict[str, Value] = {"series_ticker": series_ticker, "show_historical": show_historical}
        return list(self.rows(table.SERIES_FEE_CHANGES, SeriesFeeChange, "series_fee_change_arr", filters))

    def event_fee_changes(self, *, event_ticker: str | None = None) -> Iterator[EventFeeChange]:
        """Yield changes of the fee of single events; null fields clear the exception."""
        filters: dict[str, Value] = {"event_ticker": event_ticker}
        return self.rows(table.EVENT_FEE_CHANGES, EventFeeChange, "event_fee_changes", filters)


def _number(value: Value) -> float:
    return float(str(value))
