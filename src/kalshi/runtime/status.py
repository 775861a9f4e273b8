"""What the store says about runs, orders and locks, as rows for `python -m kalshi`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kalshi.config import Config
from kalshi.runtime.files import existing_store, store_place
from kalshi.runtime.job_lock import Holder, note_path, read_holder
from kalshi.runtime.report import Table
from kalshi.runtime.status_money import money_tables
from kalshi.runtime.switch import stopped
from kalshi.store.schema import REDUCE_ONLY, STOP
from kalshi.trading.limits import Limits

if TYPE_CHECKING:
    from kalshi.store import Store
    from kalshi.store.rows import OrderRow, RunRow

Row = tuple[object, ...]
MODES = {STOP: "nothing", REDUCE_ONLY: "cancel and close"}


def overview(config: Config, now: datetime) -> list[Table]:
    """Return tables: who is stopped or locked, the last run of each job, what is held, limits used, open orders.

    Two more, marked SAMPLE, are those of locks and open orders in made-up markets, where there ever were such.
    """
    files: list[Row] = [(who, "STOP file", MODES[STOP], None, reason) for who, reason in stopped(config.data_dir)]
    with existing_store(store_place(config, sample=True)) as store:
        sample = _of_sample(store, now) if store is not None else []
    with existing_store(store_place(config)) as store:
        if store is None:
            return [_switches("stopped", files), _runs([]), _orders("open orders", []), *sample]
        return [
            _switches("stopped", [*files, *_locks(store, now)]),
            _runs([_run(config, row, now) for row in store.last_runs()]),
            *money_tables(store, Limits.from_config(config), now),
            _orders("open orders", _open(store)),
            *sample,
        ]


def _of_sample(store: Store, now: datetime) -> list[Table]:
    locks = _locks(store, now)
    return [
        *([_switches("SAMPLE stopped", locks)] if locks else []),
        _orders("SAMPLE open orders", _open(store)),
    ]


def _run(config: Config, row: RunRow, now: datetime) -> Row:
    status, summary = row.status, row.summary
    if row.status == "running":
        status, summary = _of_holder(read_holder(note_path(config.data_dir, f"{row.job}_{row.mode}")), row, now)
    return row.job, status, row.exit_code, row.started_at, row.ended_at, summary


def _of_holder(holder: Holder | None, row: RunRow, now: datetime) -> tuple[str, str]:
    """Return what a row that says `running` means: it runs, it hangs, or its process is gone."""
    age = f"{max(0.0, (now - row.started_at).total_seconds()) / 60:.0f} minutes"
    if holder is None or holder.run_id != row.run_id or not holder.is_alive():
        return "crashed", "its process is gone: the next start looks up what it sent"
    if holder.overdue(now):
        return "hangs", f"for {age}, longer than its --time-limit: end it with `kill {holder.pid}`"
    return "running", f"for {age}, pid {holder.pid}"


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


def _locks(store: Store, now: datetime) -> list[Row]:
    rows = sorted(store.lock_rows(now), key=lambda lock: (lock.scope, lock.set_by))
    return [(lock.scope, f"{lock.set_by}'s lock", MODES[lock.mode], lock.until, lock.reason) for lock in rows]


def _switches(title: str, rows: Sequence[Row]) -> Table:
    return title, ("who", "by", "may", "until", "reason"), list(rows)


def _runs(rows: Sequence[Row]) -> Table:
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
