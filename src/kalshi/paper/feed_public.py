"""What the real exchange tells everybody, read for the paper one: ladders with books, ended events, trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from kalshi.clients import ExchangeClient
from kalshi.errors import DataError
from kalshi.exchange.models import Event, OrderBook, Series, Trade
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.outside import OutsideTrade

SOURCE = "Kalshi"
Clock = Callable[[], datetime]


def public_client(
    base: str, *, timeout_s: tuple[float, float] = (2.0, 3.0), budget_s: float = 4.0
) -> ExchangeClient:
    """Return a client without a key that gives up soon and can not write."""
    return ExchangeClient(base, None, timeout_s=timeout_s, read_budget_s=budget_s, writes_allowed=False)


def open_ladders(source: ExchangeClient, series: Series, clock: Clock) -> list[LadderSnapshot]:
    """Return the open events of *series* with their books, as of the time before the books were asked for.

    Raises DataError when an event can not be read: half a ladder looks like a ladder.
    """
    set_aside = len(source.bad_rows)
    events = list(source.events(series_ticker=series.ticker, status="open", with_nested_markets=True))
    if len(source.bad_rows) > set_aside:
        raise DataError(f"an open event of {series.ticker} can not be read: {source.bad_rows[set_aside]}")
    as_of = clock()
    books = source.orderbooks([market.ticker for event in events for market in event.markets or ()])
    return [snapshot(series, event, as_of, books) for event in events if event.markets]


def snapshot(series: Series, event: Event, as_of: datetime, books: dict[str, OrderBook]) -> LadderSnapshot:
    """Return one event with those of *books* that are its own."""
    markets = tuple(event.markets or ())
    own = {market.ticker: books[market.ticker] for market in markets if market.ticker in books}
    return LadderSnapshot(SOURCE, as_of, series, msgspec.structs.replace(event, markets=None), markets, own)


def trades_since(source: ExchangeClient, ticker: str, since: datetime) -> list[Trade]:
    """Return the live tape of one market from *since* (inclusive to the second), oldest first, without block trades."""
    rows: Iterable[Trade] = source.trades(
        ticker=ticker, min_ts=int((since - timedelta(seconds=1)).timestamp()), is_block_trade=False, archive=False
    )
    return sorted(rows, key=lambda trade: trade.created_time)


def outside(trades: Iterable[Trade]) -> Iterator[OutsideTrade]:
    """Yield trades as the engine takes them."""
    for one in trades:
        yield OutsideTrade(one.ticker, one.yes_price_dollars, one.count_fp, one.taker_book_side, one.created_time)
