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
from kalshi.trading.shared_limits import TODAY, counts_today, loss_of_events

DAY = timedelta(hours=24)


def money_tables(store: Store, limits: Limits, now: datetime) -> list[Table]:
    """Return three tables: positions of markets that are not settled, results, and what each limit has left.

    Positions are what the orders of this store filled: the exchange's own are compared with fills by a reconciliation.
    """
    settled = store.settled_tickers()
    counted = [row for row in store.orders() if row.state in COUNTED]
    rows = [row for row in counted if row.ticker not in settled]
    # As the desk counts it: an order of today counts for the day although its market is settled.
    today = [row for row in counted if counts_today(row, now - DAY)]
    limits_used = _limits(rows, today, limits) + _losses(store, limits, now)
    return [_positions(rows), _results(store, now), ("limits used", ("limit", "at risk", "most", "left"), limits_used)]


def _results(store: Store, now: datetime) -> Table:
    """Return what was realised by booked fills and settlements, dollars after fees, of each strategy and in all."""
    entries = [entry for entry in entries_of(store) if entry.at <= now]
    names = sorted({entry.strategy for entry in entries})
    cells: list[tuple[object, ...]] = []
    for name, mine in [*((name, [e for e in entries if e.strategy == name]) for name in names), ("all", entries)]:
        fees = sum((entry.fee for entry in mine), Decimal(0))
        sums = [sum((e.net for e in mine if e.at > now - span), Decimal(0)) for span in (DAY, DRAWDOWN_WINDOW)]
        ever = sum((entry.net for entry in mine), Decimal(0))
        cells.append((name, *(_signed(one) for one in (*sums, ever)), f"${fees:.2f}"))
    return "results", ("strategy", "24 hours", "30 days", "in all", "fees in all"), cells if names else []


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


def _limits(rows: Sequence[OrderRow], today: Sequence[OrderRow], limits: Limits) -> list[tuple[object, ...]]:
    by_event: defaultdict[str, list[OrderRow]] = defaultdict(list)
    by_strategy: defaultdict[str, list[OrderRow]] = defaultdict(list)
    for row in rows:
        by_event[row.event_ticker].append(row)
    for row in today:
        by_strategy[row.strategy].append(row)
    return [
        *(_used(f"event {event}", worst_loss(some), limits.event_cost) for event, some in sorted(by_event.items())),
        _used(TODAY, loss_of_events(today), limits.day_cost),
        *(
            _used(f"of these, {strategy}", loss_of_events(some), limits.strategy_cost)
            for strategy, some in sorted(by_strategy.items())
        ),
    ]


def _losses(store: Store, limits: Limits, now: datetime) -> list[tuple[object, ...]]:
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


def _signed(dollars: Decimal) -> str:
    return f"{'-' if dollars < 0 else ''}${abs(dollars):.2f}"


def _used(name: str, loss: Decimal, most: Decimal) -> tuple[object, ...]:
    return name, f"${loss:.2f}", f"${most:.2f}", f"${max(Decimal(0), most - loss):.2f}"
