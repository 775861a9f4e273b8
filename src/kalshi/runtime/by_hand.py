"""What a person does through the desk without a job: reconcile, and cancel what rests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kalshi.config import Config
from kalshi.exchange.hosts import PAPER_BASE
from kalshi.runtime.clock import utc_now
from kalshi.runtime.files import DATA_FIX, store_place, writable_directory
from kalshi.runtime.report import Table
from kalshi.store import Store
from kalshi.trading.desk import CancelResult, Desk
from kalshi.trading.limits import Limits

RUN_ID = "by hand"


@contextmanager
def desk_by_hand(config: Config) -> Iterator[Desk]:
    """Open the desk of the mode for the block; its cancels are a dry run where the settings force one."""
    from kalshi.connect import connect

    data_dir = writable_directory(config.data_dir, "data directory", DATA_FIX)
    client = connect(config, clock=utc_now)
    try:
        store = Store.open(store_place(config))
        try:
            yield Desk(
                client,
                store,
                Limits.from_config(config),
                clock=utc_now,
                dry_run=config.dry_run_forced,
                run_id=RUN_ID,
                stop_dir=data_dir,
                attests=config.api_base != PAPER_BASE,
            )
        finally:
            store.close()
    finally:
        client.close()


def reconcile(desk: Desk, event_ticker: str | None) -> Table:
    """Make the store agree with the exchange; return what could not be made to agree, by event."""
    breaks = desk.reconcile(event_ticker)
    return "breaks", ("event", "market", "what"), [(one.event_ticker, one.ticker, one.what) for one in breaks]


def cancel_resting(desk: Desk, scope: str) -> Table:
    """Cancel what rests of *scope*: everything where it is empty, else an event, a strategy or a job; say what became.

    Raises StoreError or ExchangeError where it can not be known what rests.
    """
    of_job = desk.store.run_ids(scope)
    rows = [
        row
        for row in desk.store.open_orders()
        if scope in ("", row.event_ticker, row.strategy) or row.run_id in of_job
    ]
    results: list[tuple[object, ...]] = [
        (one.ticker, one.order_id, "yes" if one.done else "NO", one.reduced_by, one.reason)
        for event in sorted({row.event_ticker for row in rows})
        for one in _cancelled(desk, event, scope, of_job)
    ]
    return "cancelled", ("market", "order", "done", "contracts", "reason"), results


def _cancelled(desk: Desk, event: str, scope: str, of_job: set[str]) -> list[CancelResult]:
    if scope in ("", event):
        return desk.cancel_resting(event)
    of_strategy = desk.cancel_resting(event, strategy=scope)
    done = {one.order_id for one in of_strategy}
    return of_strategy + [one for one in desk.cancel_resting(event, run_ids=of_job) if one.order_id not in done]
