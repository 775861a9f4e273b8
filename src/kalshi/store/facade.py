"""The store as the rest of the program sees it: every method is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from kalshi.exchange.models import Fill
from kalshi.store import ledger
from kalshi.store.database import Database, exists
from kalshi.store.order_rows import in_groups, order_at, orders_in, orders_where, put, rewrite
from kalshi.store.place import Place
from kalshi.store.rows import Execution, LockRow, OrderRow, Refusal, Reservation, RunRow, SettlementRow
from kalshi.store.schema import (
    ACCEPTED,
    COUNTED,
    PERSON,
    PROTECTION,
    REFUSED,
    SENDING,
    STOP,
    UNRESOLVED,
    locks,
    notices,
    orders,
    runs,
)

# Says why an order must not be sent, given the other rows that can cost money; None lets it pass.
Judge = Callable[[Sequence[OrderRow]], Refusal | None]


class Store:
    """Runs, orders, fills and locks in one database. Raises StoreError where it can not be used.

    place: where it is, for messages. path: the SQLite file, None for PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.place = database.place
        self.path = database.place.path
        self._writing, self._reading = database.writing, database.reading

    @classmethod
    def open(cls, where: Place | Path | str) -> Store:
        """Open a file, or what a Place or an SQLite URL names, creating or migrating it."""
        return cls(Database(where if isinstance(where, Place) else Place.of(where)))

    @staticmethod
    def exists(where: Place | Path | str) -> bool:
        """Return whether there is a store already. Raises StoreError where the server can not be asked."""
        return exists(where if isinstance(where, Place) else Place.of(where))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

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

    def run_ids(self, job: str) -> set[str]:
        """Return the ids of all runs of *job*."""
        with self._reading() as connection:
            return set(connection.scalars(select(runs.c.run_id).where(runs.c.job == job)))

    # --- orders

    def order(self, client_order_id: str) -> OrderRow | None:
        """Return the row of an intent, None where there is none."""
        with self._reading() as connection:
            return order_at(connection, client_order_id)

    def order_by_exchange_id(self, order_id: str) -> OrderRow | None:
        """Return the row of the exchange's order id, None where it is not ours."""
        return self.orders_by_exchange_id([order_id]).get(order_id)

    def orders_by_exchange_id(self, order_ids: Iterable[str]) -> dict[str, OrderRow]:
        """Return those of the exchange's order ids that are ours, with their rows."""
        with self._reading() as connection:
            rows = orders_in(connection, orders.c.order_id, order_ids)
        return {row.order_id: row for row in rows if row.order_id is not None}

    def orders(self, *, event_ticker: str | None = None, limit: int | None = None) -> list[OrderRow]:
        """Return the newest rows first."""
        return self._orders(*([] if event_ticker is None else [orders.c.event_ticker == event_ticker]), limit=limit)

    def unresolved_orders(self) -> list[OrderRow]:
        """Return rows that may have been sent and whose outcome is not known."""
        return self._orders(orders.c.state.in_(UNRESOLVED))

    def open_orders(self, event_ticker: str | None = None) -> list[OrderRow]:
        """Return rows with something to find out: an unknown outcome, a rest, or fills that are not booked."""
        mine = [] if event_ticker is None else [orders.c.event_ticker == event_ticker]
        return self._orders(orders.c.is_open, *mine)

    def resting_orders(self, event_ticker: str | None = None) -> list[OrderRow]:
        """Return accepted rows of which something is left, as far as the store knows."""
        return [row for row in self.open_orders(event_ticker) if row.state == ACCEPTED and row.remaining > 0]

    def _orders(self, *conditions: Any, limit: int | None = None) -> list[OrderRow]:
        with self._reading() as connection:
            return orders_where(connection, *conditions, limit=limit)

    def strategies(self) -> list[str]:
        """Return the names of all strategies that ever had an intent."""
        with self._reading() as connection:
            return list(connection.scalars(select(orders.c.strategy).distinct().order_by(orders.c.strategy)))

    def generation(self, strategy: str, ticker: str, purpose: str) -> int:
        """Return the highest generation used for this purpose in this market, 0 for none."""
        mine = (orders.c.strategy == strategy) & (orders.c.ticker == ticker) & (orders.c.purpose == purpose)
        with self._reading() as connection:
            return connection.scalar(select(func.max(orders.c.generation)).where(mine)) or 0

    def events_of(self, tickers: Collection[str]) -> dict[str, str]:
        """Return the events of those markets in which there ever was an intent."""
        if not tickers:
            return {}
        found = select(orders.c.ticker, orders.c.event_ticker).distinct()
        with self._reading() as connection:
            some = [connection.execute(found.where(orders.c.ticker.in_(group))) for group in in_groups(tickers)]
            return {ticker: event for part in some for ticker, event in part}

    def reserve(self, row: OrderRow, judge: Judge, *, since: datetime) -> Reservation:
        """Write *row* as `sending` if *judge* lets it pass, else as `refused`; say whether to send it.

        judge sees every other row that can cost money: of the same event, all those created at or
        after *since*, and older ones that are open. Looking, judging and writing are one transaction:
        processes can not race past a limit, and of two that want the same order only one is told to send
        it. A row that was or may have been sent is left as it is. Raises StoreError where the commit is
        not certain: then nothing may be sent.
        """
        with self._writing() as connection:
            before = order_at(connection, row.client_order_id)
            if before is not None and before.state in COUNTED:
                return Reservation(False, before)
            refusal = judge(self._others(connection, row, since))
            if refusal is None:
                row = row.replace(state=SENDING, reason="", sent_at=row.created_at)
            else:
                row = row.replace(state=REFUSED, reason=refusal.reason, code=refusal.control)
            put(connection, row)
        return Reservation(refusal is None, row)

    def reserve_change(self, row: OrderRow, judge: Judge, *, since: datetime) -> Refusal | None:
        """Write the change that *row* has in its amend columns if *judge* lets it pass; return what objects.

        One transaction with what the judge sees, as for `reserve`.
        """
        with self._writing() as connection:
            refusal = judge(self._others(connection, row, since))
            if refusal is None:
                names = ("amend_price", "amend_count", "amend_sent_at", "fee_bound")
                rewrite(connection, {row.client_order_id: {name: getattr(row, name) for name in names}})
        return refusal

    @staticmethod
    def _others(connection: Connection, row: OrderRow, since: datetime) -> list[OrderRow]:
        return orders_where(
            connection,
            orders.c.state.in_(COUNTED),
            orders.c.client_order_id != row.client_order_id,
            or_(orders.c.event_ticker == row.event_ticker, orders.c.created_at >= since, orders.c.is_open),
        )

    def refuse(self, row: OrderRow, refusal: Refusal) -> None:
        """Write *row* as refused, unless an earlier attempt of the same intent was or may have been sent."""
        with self._writing() as connection:
            before = order_at(connection, row.client_order_id)
            if before is None or before.state == REFUSED:
                put(connection, row.replace(state=REFUSED, reason=refusal.reason, code=refusal.control))

    def update_order(self, client_order_id: str, **values: Any) -> None:
        """Change what is known of one order."""
        self.update_orders({client_order_id: values})

    def update_orders(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change what is known of several orders in one transaction: client_order_id -> columns."""
        if changes:
            with self._writing() as connection:
                rewrite(connection, changes)

    # --- fills and settlements

    def book_fills(self, found: Iterable[Fill]) -> int:
        """Add fills not yet booked, oldest first; return how many were new. Booking one twice changes nothing.

        Raises ResponseError for a fill without a time.
        """
        rows = [ledger.fill_values(fill) for fill in found]
        if not rows:
            return 0
        with self._writing() as connection:
            return ledger.book_fills(connection, rows)

    def book_settlements(self, found: Collection[SettlementRow]) -> int:
        """Add settlements not yet booked; return how many were new."""
        if not found:
            return 0
        with self._writing() as connection:
            return ledger.book_settlements(connection, found)

    def fills(self, order_ids: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Return booked fills, oldest first; of some orders only where *order_ids* is given."""
        with self._reading() as connection:
            return ledger.fills_of(connection, order_ids)

    def executions(
        self, *, active_since: datetime | None = None, tickers: Collection[str] | None = None
    ) -> list[Execution]:
        """Return booked fills with the order each belongs to, oldest first within a market.

        active_since: only those of markets with a fill or a settlement at or after it, from their first fill on.
        tickers: only those of these markets.
        """
        with self._reading() as connection:
            return ledger.executions(connection, active_since, tickers)

    def settlements(self) -> dict[str, SettlementRow]:
        """Return booked settlements by market."""
        with self._reading() as connection:
            return ledger.settlements_by_market(connection)

    def net_contracts(self, event_ticker: str | None = None) -> dict[str, Decimal]:
        """Return the booked position of each market that is not settled, + YES, - NO; 0 where it was closed."""
        with self._reading() as connection:
            return ledger.net_contracts(connection, event_ticker)

    def settled_tickers(self) -> set[str]:
        """Return the markets whose settlement is booked."""
        return set(self.settlements())

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
        anew: bool = False,
    ) -> bool:
        """Lock *scope* ("all", a strategy, a job or an event ticker); return False where nothing changed.

        One that *set_by* set before and that is as strict stays as it is; a milder one gives way, as does one
        whose time is over. anew: one with another reason gives way, too.
        """
        mine = (locks.c.scope == scope) & (locks.c.set_by == set_by)
        weaker = or_(locks.c.until <= set_at, locks.c.mode != mode) if mode == STOP else locks.c.until <= set_at
        if anew:
            weaker = or_(weaker, locks.c.reason != reason)
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
