"""What the store says about runs, orders and locks, as rows for `python -m kalshi`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.runtime.files import existing_store
from kalshi.runtime.report import Table
from kalshi.runtime.switch import stopped

if TYPE_CHECKING:
    from kalshi.store.rows import OrderRow


def overview(config: Config, now: datetime) -> list[Table]:
    """Return three tables: who is stopped or locked, the last run of each job, and open orders."""
    files = [(who, "STOP file", reason) for who, reason in stopped(config.data_dir)]
    with existing_store(config) as store:
        if store is None:
            return [_switches(files), _runs([]), _orders("open orders", [])]
        locked = [(scope, "lock", reason) for scope, reason in sorted(store.locks(now).items())]
        runs = [
            (row.job, row.status, row.exit_code, row.started_at, row.ended_at, row.summary) for row in store.last_runs()
        ]
        open_orders = [*store.unresolved_orders(), *store.resting_orders()]
    return [_switches([*files, *locked]), _runs(runs), _orders("open orders", open_orders)]


def newest_orders(config: Config, limit: int) -> Table:
    """Return the newest *limit* orders of the store, refused ones with their reason."""
    with existing_store(config) as store:
        return _orders("orders", store.orders(limit=limit) if store is not None else [])


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
