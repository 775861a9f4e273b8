"""The store as the rest of the program sees it: every method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_once

from kalshi.exchange.models import Fill, Settlement
from kalshi.store.database import database_url, open_database, reading, writing
from kalshi.store.rows import LockRow, OrderRow, Refusal, Reservation, RunRow
from kalshi.store.schema import (
    ACCEPTED,
    COUNTED,
    PERSON,
    PROTECTION,
    REFUSED,
    SENDING,
    STOP,
    UNRESOLVED,
    fills,
    locks,
    notices,
    orders,
    runs,
    settlements,
)

# Says why an order must not be sent, given the other rows that can cost money; None lets it pass.
Judge = Callable[[Sequence[OrderRow]], Refusal | None]


class Store:
    """Runs, orders, fills and locks in one SQLite file. Raises StoreError where it can not be used."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self.path = path

    @classmethod
    def open(cls, place: Path | str) -> Store:
        """Open a file, or what an SQLAlchemy URL names, creating or migrating it."""
        url = database_url(place)
        return cls(open_database(url), Path(url.database or ""))

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _writing(self) -> AbstractContextManager[Connection]:
        return writing(self._engine)

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)

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
        with self._reading() as connection:
            return [RunRow(**row) for row in connection.execute(query).mappings()]

    # --- orders

    def order(self, client_order_id: str) -> OrderRow | None:
        """Return the row of an intent, None where there is none."""
        return next(iter(self._orders(orders.c.client_order_id == client_order_id)), None)

    def order_by_exchange_id(self, order_id: str) -> OrderRow | None:
        """Return the row of the exchange's order id, None where it is not ours."""
        return next(iter(self._orders(orders.c.order_id == order_id)), None)

    def orders(self, *, event_ticker: str | None = None, limit: int | None = None) -> list[OrderRow]:
        """Return the newest rows first."""
        condition = True if event_ticker is None else orders.c.event_ticker == event_ticker
        return self._orders(condition, limit=limit)

    def unresolved_orders(self) -> list[OrderRow]:
        """Return rows that may have been sent and whose outcome is not known."""
        return self._orders(orders.c.state.in_(UNRESOLVED))

    def resting_orders(self, event_ticker: str | None = None) -> list[OrderRow]:
        """Return accepted rows of which something is left, as far as the store knows."""
        rows = self._orders(orders.c.state == ACCEPTED)
        return [r for r in rows if r.remaining > 0 and event_ticker in (None, r.event_ticker)]

    def _orders(self, condition: Any, *, limit: int | None = None) -> list[OrderRow]:
        query = select(orders).order_by(orders.c.created_at.desc(), orders.c.client_order_id).limit(limit)
        with self._reading() as connection:
            found = connection.execute(query if condition is True else query.where(condition)).mappings()
            return [OrderRow(**row) for row in found]

    def strategies(self) -> list[str]:
        """Return the names of all strategies that ever had an intent."""
        with self._reading() as connection:
            return list(connection.scalars(select(orders.c.strategy).distinct().order_by(orders.c.strategy)))

    def generation(self, strategy: str, ticker: str, purpose: str) -> int:
        """Return the highest generation used for this purpose in this market, 0 for none."""
        mine = (orders.c.strategy == strategy) & (orders.c.ticker == ticker) & (orders.c.purpose == purpose)
        with self._reading() as connection:
            return connection.scalar(select(func.max(orders.c.generation)).where(mine)) or 0

    def reserve(self, row: OrderRow, judge: Judge, *, since: datetime) -> Reservation:
        """Write *row* as `sending` if *judge* lets it pass, else as `refused`; say whether to send it.

        judge sees every other row that can cost money: of the same event, and all those created at or
        after *since*. Looking, judging and writing are one transaction: processes can not race past a
        limit, and of two that want the same order only one is told to send it. A row that was or may have
        been sent is left as it is.
        """
        same = select(orders).where(orders.c.client_order_id == row.client_order_id)
        with self._writing() as connection:
            before = connection.execute(same).mappings().first()
            if before is not None and before["state"] in COUNTED:
                return Reservation(False, OrderRow(**before))
            refusal = judge(self._others(connection, row, since))
            if refusal is None:
                row = row.replace(state=SENDING, reason="", sent_at=row.created_at)
            else:
                row = row.replace(state=REFUSED, reason=refusal.reason, code=refusal.control)
            self._put(connection, row)
        return Reservation(refusal is None, row)

    def reserve_change(self, row: OrderRow, judge: Judge, *, since: datetime) -> Refusal | None:
        """Write the change that *row* has in its amend columns if *judge* lets it pass; return what objects.

        One transaction with what the judge sees, as for `reserve`.
        """
        with self._writing() as connection:
            refusal = judge(self._others(connection, row, since))
            if refusal is None:
                mine = orders.c.client_order_id == row.client_order_id
                values = {
                    "amend_price": row.amend_price, "amend_count": row.amend_count,
                    "amend_sent_at": row.amend_sent_at, "fee_bound": row.fee_bound,
                }
                connection.execute(update(orders).where(mine).values(**values))
        return refusal

    @staticmethod
    def _others(connection: Connection, row: OrderRow, since: datetime) -> list[OrderRow]:
        counted = (
            orders.c.state.in_(COUNTED)
            & (orders.c.client_order_id != row.client_order_id)
            & or_(orders.c.event_ticker == row.event_ticker, orders.c.created_at >= since)
        )
        return [OrderRow(**r) for r in connection.execute(select(orders).where(counted)).mappings()]

    def refuse(self, row: OrderRow, refusal: Refusal) -> None:
        """Write *row* as refused, unless an earlier attempt of the same intent was or may have been sent."""
        with self._writing() as connection:
            state = connection.scalar(
                select(orders.c.state).where(orders.c.client_order_id == row.client_order_id)
            )
            if state in (None, REFUSED):
                values = {"state": REFUSED, "reason": refusal.reason, "code": refusal.control}
                self._put(connection, row.replace(**values))

    def update_order(self, client_order_id: str, **values: Any) -> None:
        """Change what is known of one order."""
        with self._writing() as connection:
            mine = orders.c.client_order_id == client_order_id
            connection.execute(update(orders).where(mine).values(**values))

    @staticmethod
    def _put(connection: Connection, row: OrderRow) -> None:
        connection.execute(delete(orders).where(orders.c.client_order_id == row.client_order_id))
        connection.execute(insert(orders).values(**row.values()))

    # --- fills and settlements

    def book_fills(self, found: Iterable[Fill]) -> int:
        """Add fills not yet booked; return how many were new. Booking one twice changes nothing."""
        return self._book(
            fills,
            "fill_id",
            [
                {
                    "fill_id": fill.fill_id, "order_id": fill.order_id, "ticker": fill.ticker,
                    "book_side": fill.book_side, "count": fill.count_fp, "yes_price": fill.yes_price_dollars,
                    "fee": fill.fee_cost, "is_taker": fill.is_taker, "created_at": fill.created_time,
                }
                for fill in found
            ],
        )

    def book_settlements(self, found: Iterable[Settlement]) -> int:
        """Add settlements not yet booked; return how many were new."""
        return self._book(
            settlements,
            "ticker",
            [
                {
                    "ticker": one.ticker, "event_ticker": one.event_ticker, "result": one.market_result,
                    "yes_count": one.yes_count_fp, "no_count": one.no_count_fp,
                    "revenue": Decimal(one.revenue) / 100, "fee": one.fee_cost, "settled_at": one.settled_time,
                }
                for one in found
            ],
        )

    def _book(self, table: Table, key: str, rows: list[dict[str, Any]]) -> int:
        if not rows:
            return 0
        new = insert_once(table).on_conflict_do_nothing(index_elements=[key])
        with self._writing() as connection:
            before = connection.scalar(select(func.count()).select_from(table)) or 0
            connection.execute(new, rows)
            return (connection.scalar(select(func.count()).select_from(table)) or 0) - before

    def fills(self, order_ids: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Return booked fills, oldest first; of some orders only where *order_ids* is given."""
        with self._reading() as connection:
            rows = connection.execute(select(fills).order_by(fills.c.created_at, fills.c.fill_id)).mappings()
            return [dict(row) for row in rows if order_ids is None or row["order_id"] in order_ids]

    def filled_counts(self) -> dict[str, Decimal]:
        """Return the booked contracts of each order that has fills, by the exchange's order id."""
        total: dict[str, Decimal] = {}
        with self._reading() as connection:
            for order_id, count in connection.execute(select(fills.c.order_id, fills.c.count)):
                total[order_id] = total.get(order_id, Decimal(0)) + count
        return total

    def settled_tickers(self) -> set[str]:
        """Return the markets whose settlement is booked."""
        with self._reading() as connection:
            return set(connection.scalars(select(settlements.c.ticker)))

    # --- locks and notices

    def lock(
        self,
        scope: str,
        reason: str,
        *,
        set_at: datetime,
        until: datetime | None = None,
        set_by: str = PERSON,
        mode: str = STOP,
    ) -> bool:
        """Lock *scope* ("all", a strategy, a job or an event ticker); return False where nothing changed.

        One that *set_by* set before and that is as strict stays as it is; a milder one gives way, as does one
        whose time is over.
        """
        mine = (locks.c.scope == scope) & (locks.c.set_by == set_by)
        weaker = or_(locks.c.until <= set_at, locks.c.mode != mode) if mode == STOP else locks.c.until <= set_at
        with self._writing() as connection:
            connection.execute(delete(locks).where(mine & weaker))
            if connection.scalar(select(locks.c.scope).where(mine)):
                return False
            values = {"scope": scope, "set_by": set_by, "reason": reason, "set_at": set_at, "until": until}
            connection.execute(insert(locks).values(**values, mode=mode))
        return True

    def unlock(self, scope: str, *, set_by: str | None = None) -> bool:
        """Remove the locks of a scope, or only those of *set_by*; return whether there was one.

        That of a protection stays as a row that is over: what it locked for is not counted again.
        """
        mine = locks.c.scope == scope
        if set_by is not None:
            mine &= locks.c.set_by == set_by
        protection = mine & (locks.c.set_by == PROTECTION)
        in_force = protection & or_(locks.c.until.is_(None), locks.c.until != locks.c.set_at)
        with self._writing() as connection:
            ended = connection.execute(update(locks).where(in_force).values(until=locks.c.set_at)).rowcount
            return ended + connection.execute(delete(locks).where(mine & ~protection)).rowcount > 0

    def lock_rows(self, now: datetime | None = None) -> list[LockRow]:
        """Return the locks in force at *now*, the newest first; without a time all that are kept."""
        query = select(locks).order_by(locks.c.set_at.desc(), locks.c.scope)
        if now is not None:
            query = query.where(or_(locks.c.until.is_(None), locks.c.until > now))
        with self._reading() as connection:
            return [LockRow(**row) for row in connection.execute(query).mappings()]

    def locks(self, now: datetime, *, set_by: str | None = None) -> dict[str, str]:
        """Return the locks in force at *now* as scope: reason, or only those of *set_by*."""
        return {row.scope: row.reason for row in self.lock_rows(now) if set_by in (None, row.set_by)}

    def last_notice(self, key: str) -> datetime | None:
        """Return when a critical mail about *key* last went out, None for never."""
        with self._reading() as connection:
            return connection.scalar(select(notices.c.sent_at).where(notices.c.key == key))

    def keep_notice(self, key: str, sent_at: datetime) -> None:
        """Keep that a critical mail about *key* went out."""
        with self._writing() as connection:
            connection.execute(delete(notices).where(notices.c.key == key))
            connection.execute(insert(notices).values(key=key, sent_at=sent_at))
