"""The store as the rest of the program sees it: every method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from kalshi.exchange.models import Fill
from kalshi.store.database import open_database, writing
from kalshi.store.rows import OrderRow, RunRow
from kalshi.store.schema import COUNTED, REFUSED, SENDING, UNRESOLVED, fills, locks, orders, runs

# Says why an order must not be sent, given the other rows that can cost money; None lets it pass.
Judge = Callable[[Sequence[OrderRow]], str | None]


class Store:
    """Runs, orders, fills and locks in one SQLite file. Raises StoreError where it can not be used."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open *path*, creating or migrating it."""
        return cls(open_database(path), path)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _writing(self) -> AbstractContextManager[Connection]:
        return writing(self._engine, self.path)

    # --- runs

    def mark_crashed(self, job: str, *, ended_at: datetime) -> list[str]:
        """Mark open rows of *job* as crashed and return their run ids; call with the job's lock held."""
        open_rows = (runs.c.job == job) & (runs.c.status == "running")
        with self._writing() as connection:
            found = list(connection.scalars(select(runs.c.run_id).where(open_rows)))
            connection.execute(update(runs).where(open_rows).values(status="crashed", ended_at=ended_at))
        return found

    def open_run(
        self, run_id: str, *, job: str, mode: str, dry_run: bool, pid: int, started_at: datetime
    ) -> None:
        """Add the row of a run that begins."""
        with self._writing() as connection:
            connection.execute(
                insert(runs).values(
                    run_id=run_id, job=job, mode=mode, dry_run=dry_run, pid=pid, started_at=started_at,
                    status="running", summary="",
                )
            )

    def close_run(
        self, run_id: str, *, status: str, exit_code: int, summary: str, ended_at: datetime
    ) -> None:
        """Close the row of a run."""
        values = {"status": status, "exit_code": exit_code, "summary": summary, "ended_at": ended_at}
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))

    def last_runs(self) -> list[RunRow]:
        """Return the newest run of each job, by job name."""
        newest = select(runs.c.job, func.max(runs.c.started_at).label("at")).group_by(runs.c.job).subquery()
        query = (
            select(runs)
            .join(newest, (runs.c.job == newest.c.job) & (runs.c.started_at == newest.c.at))
            .order_by(runs.c.job)
        )
        with self._writing() as connection:
            return [RunRow(**row) for row in connection.execute(query).mappings()]

    # --- orders

    def order(self, client_order_id: str) -> OrderRow | None:
        """Return the row of an intent, None where there is none."""
        return next(iter(self._orders(orders.c.client_order_id == client_order_id)), None)

    def orders(self, *, event_ticker: str | None = None, limit: int | None = None) -> list[OrderRow]:
        """Return the newest rows first."""
        condition = True if event_ticker is None else orders.c.event_ticker == event_ticker
        return self._orders(condition, limit=limit)

    def unresolved_orders(self) -> list[OrderRow]:
        """Return rows that may have been sent and whose outcome is not known."""
        return self._orders(orders.c.state.in_(UNRESOLVED))

    def resting_orders(self, event_ticker: str | None = None) -> list[OrderRow]:
        """Return accepted rows of which something is left, as far as the store knows."""
        rows = self._orders(orders.c.state == "accepted")
        return [r for r in rows if r.remaining > 0 and event_ticker in (None, r.event_ticker)]

    def _orders(self, condition: Any, *, limit: int | None = None) -> list[OrderRow]:
        query = select(orders).order_by(orders.c.created_at.desc(), orders.c.client_order_id).limit(limit)
        with self._writing() as connection:
            found = connection.execute(query if condition is True else query.where(condition)).mappings()
            return [OrderRow(**row) for row in found]

    def generation(self, strategy: str, ticker: str, purpose: str) -> int:
        """Return the highest generation used for this purpose in this market, 0 for none."""
        mine = (orders.c.strategy == strategy) & (orders.c.ticker == ticker) & (orders.c.purpose == purpose)
        with self._writing() as connection:
            return connection.scalar(select(func.max(orders.c.generation)).where(mine)) or 0

    def reserve(self, row: OrderRow, judge: Judge, *, since: datetime) -> str | None:
        """Write *row* as `sending` if *judge* lets it pass, else as `refused`; return the refusal's reason.

        judge sees every other row that can cost money: of the same event, and all those created at or
        after *since*. Judging and writing are one transaction, so processes can not race past a limit.
        """
        counted = (
            orders.c.state.in_(COUNTED)
            & (orders.c.client_order_id != row.client_order_id)
            & or_(orders.c.event_ticker == row.event_ticker, orders.c.created_at >= since)
        )
        with self._writing() as connection:
            others = [OrderRow(**r) for r in connection.execute(select(orders).where(counted)).mappings()]
            reason = judge(others)
            state = SENDING if reason is None else REFUSED
            self._put(connection, row.replace(state=state, reason=reason or "", sent_at=row.created_at))
        return reason

    def refuse(self, row: OrderRow, reason: str) -> None:
        """Write *row* as refused, unless an earlier attempt of the same intent may have been sent."""
        with self._writing() as connection:
            state = connection.scalar(
                select(orders.c.state).where(orders.c.client_order_id == row.client_order_id)
            )
            if state in (None, REFUSED):
                self._put(connection, row.replace(state=REFUSED, reason=reason))

    def update_order(self, client_order_id: str, **values: Any) -> None:
        """Change what is known of one order."""
        with self._writing() as connection:
            mine = orders.c.client_order_id == client_order_id
            connection.execute(update(orders).where(mine).values(**values))

    @staticmethod
    def _put(connection: Connection, row: OrderRow) -> None:
        connection.execute(delete(orders).where(orders.c.client_order_id == row.client_order_id))
        connection.execute(insert(orders).values(**row.values()))

    # --- fills

    def book_fills(self, found: Iterable[Fill]) -> int:
        """Add fills not yet booked; return how many were new. Booking one twice changes nothing."""
        new = 0
        with self._writing() as connection:
            known = set(connection.scalars(select(fills.c.fill_id)))
            for fill in found:
                if fill.fill_id in known:
                    continue
                known.add(fill.fill_id)
                new += 1
                connection.execute(
                    insert(fills).values(
                        fill_id=fill.fill_id, order_id=fill.order_id, ticker=fill.ticker,
                        book_side=fill.book_side, count=fill.count_fp, yes_price=fill.yes_price_dollars,
                        fee=fill.fee_cost, is_taker=fill.is_taker, created_at=fill.created_time,
                    )
                )
        return new

    def fills(self) -> list[dict[str, Any]]:
        """Return all booked fills, oldest first."""
        with self._writing() as connection:
            rows = connection.execute(select(fills).order_by(fills.c.created_at, fills.c.fill_id)).mappings()
            return [dict(row) for row in rows]

    # --- locks

    def lock(self, scope: str, reason: str, *, set_at: datetime, until: datetime | None = None) -> bool:
        """Lock *scope* ("all", a strategy or an event ticker); return False where it was locked already."""
        with self._writing() as connection:
            if connection.scalar(select(locks.c.scope).where(locks.c.scope == scope)):
                return False
            connection.execute(insert(locks).values(scope=scope, reason=reason, set_at=set_at, until=until))
        return True

    def unlock(self, scope: str) -> bool:
        """Remove a lock; return whether there was one."""
        with self._writing() as connection:
            return connection.execute(delete(locks).where(locks.c.scope == scope)).rowcount > 0

    def locks(self, now: datetime) -> dict[str, str]:
        """Return the locks in force at *now* as scope: reason."""
        with self._writing() as connection:
            rows = connection.execute(select(locks)).mappings()
            return {r["scope"]: r["reason"] for r in rows if r["until"] is None or r["until"] > now}
