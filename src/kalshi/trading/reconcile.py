"""Making the store agree with the exchange, which is right; what can not be made to agree is a break."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.exchange.models import Order
from kalshi.store.rows import OrderRow
from kalshi.store.schema import ACCEPTED, UNKNOWN

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Break:
    """A difference between store and exchange that a person should look at; its event is locked."""

    event_ticker: str
    ticker: str
    what: str

    def __str__(self) -> str:
        return f"{self.ticker}: {self.what}"


def reconcile(desk: Desk, event_ticker: str | None = None) -> list[Break]:
    """Resolve unknown orders, refresh resting ones, book fills, compare positions; lock events that differ.

    A second reconciliation changes nothing. An empty store asks the exchange nothing.
    """
    rows = desk.store.orders(event_ticker=event_ticker)
    if not any(row.state in ("sending", UNKNOWN, ACCEPTED) for row in rows):
        return []
    breaks = [
        Break(row.event_ticker, row.ticker, f"order {row.client_order_id}: {resolved.reason}")
        for row in rows
        if row.state in ("sending", UNKNOWN) and (resolved := desk.resolve(row)).state == UNKNOWN
    ]
    _refresh_resting(desk, event_ticker)
    _book_fills(desk, rows)
    breaks += _compare_positions(desk, event_ticker)
    for found in breaks:
        desk.store.lock(found.event_ticker, str(found), set_at=desk.clock())
    return breaks


def learn(desk: Desk, row: OrderRow, order: Order, reason: str | None = None) -> OrderRow:
    """Take over what the exchange says of an order; return the row as it now is."""
    cost = order.taker_fill_cost_dollars + order.maker_fill_cost_dollars
    fee = order.taker_fees_dollars + order.maker_fees_dollars
    changes = {
        "state": ACCEPTED,
        "reason": row.reason if reason is None else reason,
        "order_id": order.order_id,
        "filled": order.fill_count_fp,
        "remaining": order.remaining_count_fp if order.status == "resting" else ZERO,
        "average_price": cost / order.fill_count_fp if order.fill_count_fp else None,
        "fee": fee if order.fill_count_fp else None,
    }
    if any(getattr(row, name) != value for name, value in changes.items()):
        changes["updated_at"] = desk.clock()
        desk.store.update_order(row.client_order_id, **changes)
    return row.replace(**changes)


def _refresh_resting(desk: Desk, event_ticker: str | None) -> None:
    open_rows = desk.store.resting_orders(event_ticker)
    if not open_rows:
        return
    listed = {order.order_id: order for order in desk.exchange.orders(status="resting")}
    for row in open_rows:
        if row.order_id is not None:
            learn(desk, row, listed.get(row.order_id) or desk.exchange.order(row.order_id))


def _book_fills(desk: Desk, rows: list[OrderRow]) -> None:
    own = {row.order_id for row in rows if row.order_id}
    if own:
        oldest = int(min(row.created_at for row in rows).timestamp())
        desk.store.book_fills(fill for fill in desk.exchange.fills(min_ts=oldest) if fill.order_id in own)


def _compare_positions(desk: Desk, event_ticker: str | None) -> list[Break]:
    """Return markets whose position is not the sum of the fills we booked; settled ones are gone by then."""
    rows = [row for row in desk.store.orders(event_ticker=event_ticker) if row.order_id]
    event_of = {row.ticker: row.event_ticker for row in rows}
    own = {row.order_id for row in rows}
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for fill in desk.store.fills():
        if fill["order_id"] in own:
            booked[fill["ticker"]] += fill["count"] if fill["book_side"] == "bid" else -fill["count"]
    held = {row.ticker: row.position_fp for row in desk.exchange.positions()}
    return [
        Break(
            event_of[ticker],
            ticker,
            f"the exchange shows a position of {held[ticker]}, our fills add up to {count}",
        )
        for ticker, count in sorted(booked.items())
        if ticker in held and held[ticker] != count
    ]
