"""What the store says about runs, orders and locks, as rows for `python -m kalshi`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.runtime.files import existing_store, store_place
from kalshi.runtime.report import Table
from kalshi.runtime.switch import stopped

if TYPE_CHECKING:
    from kalshi.store import Store
    from kalshi.store.rows import OrderRow


def overview(config: Config, now: datetime) -> list[Table]:
    """Return three tables: who is stopped or locked, the last run of each job, and open orders.

    A fourth, marked SAMPLE, is that of open orders in made-up markets, where there ever were such.
    """
    files = [(who, "STOP file", reason) for who, reason in stopped(config.data_dir)]
    with existing_store(store_place(config, sample=True)) as store:
        sample = [_orders("SAMPLE open orders", _open(store))] if store is not None else []
    with existing_store(store_place(config)) as store:
        if store is None:
            return [_switches(files), _runs([]), _orders("open orders", []), *sample]
        locked = [(scope, "lock", reason) for scope, reason in sorted(store.locks(now).items())]
        runs = [
            (row.job, row.status, row.exit_code, row.started_at, row.ended_at, row.summary) for row in store.last_runs()
        ]
        open_orders = _open(store)
    return [_switches([*files, *locked]), _runs(runs), _orders("open orders", open_orders), *sample]


def newest_orders(config: Config, limit: int) -> list[Table]:
    """Return the newest *limit* orders, refused ones with their reason; a second table is that of SAMPLE markets."""
    with existing_store(store_place(config)) as store:
        tables = [_orders("orders", store.orders(limit=limit) if store is not None else [])]
    with existing_store(store_place(config, sample=True)) as store:
        if store is not None:
            tables.append(_orders("SAMPLE orders", store.orders(limit=limit)))
    return tables


def _open(store: Store) -> list[OrderRow]:
    return [*store.unresolved_orders(), *store.resting_orders()]


def _switches(rows: Sequence[tuple[object, ...]]) -> Table:
    return "stopped", ("who", "by", "reason"), list(rows)


def _runs(rows: Sequence[tuple[object, ...]]) -> Table:
    return "last runs", ("job", "status", "exit code", "started", "ended", "summary"), list(rows)


def _orders(title: str, rows: Sequence[OrderRow]) -> Table:
    headers = (
        "created",
        "market",
        "side",
        "price",
        "count",
        "state",
        "filled",
        "remaining",
        "purpose",
        "reason",
    )
    cells: list[tuple[object, ...]] = [
        (
            row.created_at,
            row.ticker,
            row.side,
            row.price,
            row.count,
            row.state,
            row.filled,
            row.remaining,
            row.purpose,
            row.reason,
        )
        for row in rows
    ]
    return title, headers, cells
