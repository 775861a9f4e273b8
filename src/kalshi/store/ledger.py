"""Booked fills and settlements, on a connection: what P&L and positions are counted from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select

from kalshi.errors import ResponseError
from kalshi.exchange.models import Fill
from kalshi.store.order_rows import in_groups, orders_in, rewrite
from kalshi.store.rows import Execution, OrderRow, SettlementRow
from kalshi.store.schema import fills, orders, settlements

BID = "bid"
_OLDEST_FIRST = (fills.c.created_at, fills.c.place, fills.c.fill_id)


def fill_values(fill: Fill) -> dict[str, Any]:
    """Return the columns of a fill. Raises ResponseError where it has no time: it could not be put in order."""
    at = fill.created_time
    if at is None and fill.ts is not None:
        at = datetime.fromtimestamp(fill.ts, UTC)
    if at is None:
        raise ResponseError(f"fill {fill.fill_id} in {fill.ticker} has neither created_time nor ts: not booked")
    return {
        "fill_id": fill.fill_id, "order_id": fill.order_id, "ticker": fill.ticker, "book_side": fill.book_side,
        "count": fill.count_fp, "yes_price": fill.yes_price_dollars, "fee": fill.fee_cost,
        "is_taker": fill.is_taker, "created_at": at,
    }  # fmt: skip


def book_fills(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Add the fills that are not there yet and count them to their orders; return how many were new.

    rows: oldest first, because fills of one order often bear the same time.
    """
    by_id = {row["fill_id"]: row for row in rows}
    for some in in_groups(list(by_id)):
        for known in connection.scalars(select(fills.c.fill_id).where(fills.c.fill_id.in_(some))):
            del by_id[known]
    if not by_id:
        return 0
    last = connection.scalar(select(func.max(fills.c.place))) or 0
    connection.execute(insert(fills), [{**row, "place": place} for place, row in enumerate(by_id.values(), last + 1)])
    traded: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in by_id.values():
        traded[row["order_id"]].append(row)
    own = orders_in(connection, orders.c.order_id, traded)
    rewrite(connection, {row.client_order_id: _booked(connection, row, traded[row.order_id or ""]) for row in own})
    return len(by_id)


def _booked(connection: Connection, row: OrderRow, new: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what *new* fills say of their order; price and fee, too, where the exchange has not told them."""
    booked = row.booked + sum((fill["count"] for fill in new), Decimal(0))
    if row.fee is not None or not booked or booked != row.filled:
        return {"booked": booked}
    every = fills_of(connection, [row.order_id or ""])
    yes = sum((fill["count"] * fill["yes_price"] for fill in every), Decimal(0))
    cost = yes if row.side == "yes" else booked - yes
    return {"booked": booked, "average_price": cost / booked, "fee": sum((fill["fee"] for fill in every), Decimal(0))}


def book_settlements(connection: Connection, rows: Collection[SettlementRow]) -> int:
    """Add the settlements that are not there yet; return how many were new."""
    known = set(connection.scalars(select(settlements.c.ticker)))
    new = [vars(row) for row in {row.ticker: row for row in rows}.values() if row.ticker not in known]
    if new:
        connection.execute(insert(settlements), new)
    return len(new)


def fills_of(connection: Connection, order_ids: Collection[str] | None) -> list[dict[str, Any]]:
    """Return fills, oldest first; only those of some orders where *order_ids* is given."""
    query = select(fills).order_by(*_OLDEST_FIRST)
    if order_ids is None:
        return [dict(row) for row in connection.execute(query).mappings()]
    found = [
        dict(row)
        for some in in_groups(order_ids)
        for row in connection.execute(query.where(fills.c.order_id.in_(some))).mappings()
    ]
    return sorted(found, key=lambda row: (row["created_at"], row["place"], row["fill_id"]))


def executions(
    connection: Connection, active_since: datetime | None, tickers: Collection[str] | None
) -> list[Execution]:
    """Return fills with their orders, oldest first; see `Store.executions`."""
    query = (
        select(
            fills.c.fill_id, fills.c.created_at, fills.c.ticker, orders.c.event_ticker, orders.c.strategy,
            orders.c.reduces, fills.c.book_side == BID, fills.c.count, fills.c.yes_price, fills.c.fee,
        )
        .join(orders, orders.c.order_id == fills.c.order_id)
        .order_by(*_OLDEST_FIRST)
    )  # fmt: skip
    if active_since is not None:
        traded = select(fills.c.ticker).where(fills.c.created_at >= active_since)
        settled = select(settlements.c.ticker).where(settlements.c.settled_at >= active_since)
        query = query.where(or_(fills.c.ticker.in_(traded), fills.c.ticker.in_(settled)))
    if tickers is None:
        return [Execution(*row) for row in connection.execute(query)]
    some = (query.where(fills.c.ticker.in_(group)) for group in in_groups(tickers))
    return [Execution(*row) for part in some for row in connection.execute(part)]


def settlements_by_market(connection: Connection) -> dict[str, SettlementRow]:
    """Return all booked settlements."""
    return {row["ticker"]: SettlementRow(**row) for row in connection.execute(select(settlements)).mappings()}


def net_contracts(connection: Connection, event_ticker: str | None) -> dict[str, Decimal]:
    """Return the booked positions of markets that are not settled; see `Store.net_contracts`.

    Equal counts are counted by the database and multiplied here: no database adds decimals kept as text.
    """
    query = (
        select(fills.c.ticker, fills.c.book_side, fills.c.count, func.count())
        .where(fills.c.ticker.not_in(select(settlements.c.ticker)))
        .group_by(fills.c.ticker, fills.c.book_side, fills.c.count)
    )
    if event_ticker is not None:
        of_event = select(orders.c.ticker).where(orders.c.event_ticker == event_ticker)
        query = query.where(fills.c.ticker.in_(of_event))
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    for ticker, book_side, count, times in connection.execute(query):
        net[ticker] += count * times if book_side == BID else -count * times
    return dict(net)
