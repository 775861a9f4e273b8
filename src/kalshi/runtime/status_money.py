"""What is held and how much of the limits is used, from the store alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.runtime.report import Table
from kalshi.store import Store
from kalshi.store.rows import OrderRow
from kalshi.store.schema import COUNTED
from kalshi.trading.books import entries_of
from kalshi.trading.exposure import worst_loss
from kalshi.trading.limits import Limits
from kalshi.trading.protections import DRAWDOWN_WINDOW, drawdown
from kalshi.trading.shared_limits import loss_of_events

DAY = timedelta(hours=24)


def money_tables(store: Store, limits: Limits, now: datetime) -> list[Table]:
    """Return two tables: positions of markets that are not settled, and what each limit has left.

    Positions are what the orders of this store filled: the exchange's own are compared with fills by a reconciliation.
    """
    settled = store.settled_tickers()
    rows = [row for row in store.orders() if row.state in COUNTED and row.ticker not in settled]
    limits_used = _limits(rows, limits, now) + _results(store, limits, now)
    return [_positions(rows), ("limits used", ("limit", "at risk", "most", "left"), limits_used)]


def _positions(rows: Sequence[OrderRow]) -> Table:
    held: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        held[row.event_ticker, row.ticker] += row.filled if row.side == "yes" else -row.filled
    cells: list[tuple[object, ...]] = [
        (event, ticker, "YES" if count > 0 else "NO", abs(count))
        for (event, ticker), count in sorted(held.items())
        if count
    ]
    return "positions", ("event", "market", "side", "contracts"), cells


def _limits(rows: Sequence[OrderRow], limits: Limits, now: datetime) -> list[tuple[object, ...]]:
    by_event: defaultdict[str, list[OrderRow]] = defaultdict(list)
    by_strategy: defaultdict[str, list[OrderRow]] = defaultdict(list)
    today = [row for row in rows if now - DAY <= row.created_at <= now]
    for row in rows:
        by_event[row.event_ticker].append(row)
    for row in today:
        by_strategy[row.strategy].append(row)
    return [
        *(_used(f"event {event}", worst_loss(some), limits.event_cost) for event, some in sorted(by_event.items())),
        _used("orders of the last 24 hours", loss_of_events(today), limits.day_cost),
        *(
            _used(f"of these, {strategy}", loss_of_events(some), limits.strategy_cost)
            for strategy, some in sorted(by_strategy.items())
        ),
    ]


def _results(store: Store, limits: Limits, now: datetime) -> list[tuple[object, ...]]:
    """Return what each strategy really lost, beside the limits at which it is locked."""
    entries = [entry for entry in entries_of(store, since=now - DRAWDOWN_WINDOW) if entry.at <= now]
    rows: list[tuple[object, ...]] = []
    for strategy in sorted({entry.strategy for entry in entries}):
        mine = [entry for entry in entries if entry.strategy == strategy]
        lost = max(Decimal(0), -sum((entry.net for entry in mine if entry.at > now - DAY), Decimal(0)))
        fallen = drawdown(entry.net for entry in mine)
        rows += [
            _used(f"{strategy}, lost in 24 hours", lost, limits.day_loss),
            _used(f"{strategy}, below its best of 30 days", fallen, limits.drawdown),
        ]
    return rows


def _used(name: str, loss: Decimal, most: Decimal) -> tuple[object, ...]:
    return name, f"${loss:.2f}", f"${most:.2f}", f"${max(Decimal(0), most - loss):.2f}"
