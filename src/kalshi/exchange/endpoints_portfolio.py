"""Endpoints of the account's own orders, fills, positions, settlements and cash.

Live data first, then the archive, none twice: old rows leave the live endpoints at the cutoff.
`subaccount` is always sent (0 is the primary account), because what leaving it out means differs
between endpoints; None leaves it out and means what the exchange says there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from kalshi.exchange import endpoints_table as table
from kalshi.exchange.endpoints_base import Value
from kalshi.exchange.endpoints_history import HistoryEndpoints
from kalshi.exchange.models import (
    Balance,
    EventPosition,
    Fill,
    MarketPosition,
    Order,
    OrderQueuePosition,
    Settlement,
)

Subaccount = int | None


class PortfolioEndpoints(HistoryEndpoints):
    """What the account holds and did."""

    def balance(self, *, subaccount: Subaccount = 0, exchange_index: int | None = None) -> Balance:
        """Return cash and portfolio value, of all shards unless *exchange_index* is given.

        Size an order from its own shard in `balance_breakdown`. At most one call per second.
        """
        filters: dict[str, Value] = {"subaccount": subaccount, "exchange_index": exchange_index}
        return self.one(table.BALANCE, Balance, filters)

    def order(self, order_id: str) -> Order:
        """Return one live order; NotFound once it was archived, two weeks after its end."""
        return self.one(table.ORDER, Order, key="order", order_id=order_id)

    def orders(
        self, *, subaccount: Subaccount = 0, archive: bool | None = None, **filters: Value
    ) -> Iterator[Order]:
        """Yield orders, newest first as the exchange sends them.

        filters: ticker, event_ticker (up to 100), status (resting, canceled, executed), min_ts and max_ts
        (Unix seconds), exchange_index, limit.
        archive: None asks the archive too unless the filters rule it out (resting orders; min_ts after
        the cutoff; event_ticker and exchange_index, which the archive can not filter by).
        """
        filters = {"subaccount": subaccount, **filters}
        live = self.rows(table.ORDERS, Order, "orders", filters)
        outside = any(filters.get(name) is not None for name in ("event_ticker", "exchange_index"))
        if archive is None:
            archive = filters.get("status") != "resting" and not outside
            archive = archive and self._before(filters, "orders_updated_ts")
        yield from self._with_archive(
            live, table.HISTORICAL_ORDERS, Order, "orders", filters, "order_id", archive, ("status",)
        )

    def fills(
        self, *, subaccount: Subaccount = 0, archive: bool | None = None, **filters: Value
    ) -> Iterator[Fill]:
        """Yield fills.

        filters: ticker (up to 100), order_id, min_ts and max_ts (Unix seconds), exchange_index, limit.
        archive: None asks the archive too unless min_ts lies after the cutoff. Fills carry no
        client_order_id: join them to orders by order_id.
        """
        filters = {"subaccount": subaccount, **filters}
        live = self.rows(table.FILLS, Fill, "fills", filters)
        if archive is None:
            archive = self._before(filters, "trades_created_ts")
        kept = ("order_id", "exchange_index")
        yield from self._with_archive(
            live, table.HISTORICAL_FILLS, Fill, "fills", filters, "fill_id", archive, kept
        )

    def positions(
        self, *, subaccount: Subaccount = 0, archive: bool | None = None, **filters: Value
    ) -> Iterator[MarketPosition]:
        """Yield positions by market; `position_fp` above zero is YES, below zero NO.

        filters: ticker, event_ticker (one), count_filter (position, total_traded), settlement_status
        (unsettled, settled, all; the exchange assumes unsettled), exchange_index, limit.
        archive: None asks the archive too for settled and all; unsettled positions are always live.
        """
        filters = {"subaccount": subaccount, **filters}
        live = self.rows(table.POSITIONS, MarketPosition, "market_positions", filters)
        if archive is None:
            archive = filters.get("settlement_status") in ("settled", "all")
        yield from self._with_archive(
            live,
            table.HISTORICAL_POSITIONS,
            MarketPosition,
            "market_positions",
            filters,
            "ticker",
            archive,
            ("exchange_index",),
        )

    def event_positions(self, *, subaccount: Subaccount = 0, **filters: Value) -> Iterator[EventPosition]:
        """Yield positions summed by event; filters as for `positions`, live ones only."""
        return self.rows(
            table.POSITIONS, EventPosition, "event_positions", {"subaccount": subaccount, **filters}
        )

    def settlements(self, *, subaccount: Subaccount = 0, **filters: Value) -> Iterator[Settlement]:
        """Yield settlements; filters: ticker, event_ticker (one), min_ts, max_ts (Unix seconds), limit.

        `revenue` and `value` are cents. The archive has no settlements: keep your own.
        """
        return self.rows(
            table.SETTLEMENTS, Settlement, "settlements", {"subaccount": subaccount, **filters}
        )

    def queue_position(self, order_id: str) -> Decimal:
        """Return how many contracts stand before one resting order."""
        return self.one(table.QUEUE_POSITION, Decimal, key="queue_position_fp", order_id=order_id)

    def total_resting_order_value(self) -> int:
        """Return the value of all resting orders in cents; meant for members that clear through an FCM."""
        return self.one(table.TOTAL_RESTING_ORDER_VALUE, int, key="total_resting_order_value")

    def queue_positions(
        self,
        *,
        market_tickers: Sequence[str] | None = None,
        event_ticker: str | None = None,
        subaccount: Subaccount = 0,
    ) -> list[OrderQueuePosition]:
        """Return the queue positions of all resting orders in some markets or one event."""
        filters: dict[str, Value] = {
            "market_tickers": market_tickers,
            "event_ticker": event_ticker,
            "subaccount": subaccount,
        }
        return list(self.rows(table.QUEUE_POSITIONS, OrderQueuePosition, "queue_positions", filters))
