"""The record: a durable reservation beside the request it accompanies; reconciliation at ten times the size.

Run: PYTHONPATH=src python bench/bench_store.py [--orders 10000]
SQLite in a temporary directory; PostgreSQL where TEST_POSTGRES_URL names a server (a database is made and dropped).
The paper exchange answers in this process, so that reconciliation is measured and not a network. Two reconciliations:
one that finds every order filled behind its back and books all fills, and one that finds nothing to do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test"))

from databases import SERVER, new_database
from kalshi.exchange.models import Order
from kalshi.store import Store
from kalshi.store.place import Place
from kalshi.trading.limits import Limits
from kalshi.trading.reconcile import reconcile
from kalshi.trading.shared_limits import shared_refusal
from store.made import NOW, fill, row

LIMITS = Limits(
    order_contracts=Decimal(100), order_cost=Decimal(10), event_cost=Decimal(10**6), day_cost=Decimal(10**7),
    orders_per_run=10**6,
)  # fmt: skip
RESERVATIONS = 200


class Account:
    """What reconciliation asks of an exchange, answered from lists: every order is filled."""

    def __init__(self, size: int) -> None:
        self.all_orders = [order(number) for number in range(size)]
        self.all_fills = [
            fill(f"f-{n}", order_id=f"o-{n}", ticker=ticker_of(n), count_fp=Decimal(10)) for n in range(size)
        ]
        self.held = [SimpleNamespace(ticker=f"E-{e}-M", position_fp=Decimal(1000)) for e in range(size // 100)]

    def orders(self, **filters: Any) -> list[Order]:
        return [] if filters.get("status") == "resting" else self.all_orders

    def fills(self, **_: Any) -> list[Any]:
        return self.all_fills

    def positions(self, **_: Any) -> list[Any]:
        return self.held


def ticker_of(number: int) -> str:
    return f"E-{number // 100}-M"


def order(number: int) -> Order:
    return Order(
        order_id=f"o-{number}", user_id="u", client_order_id=f"c-{number}", ticker=ticker_of(number),
        outcome_side="yes", book_side="bid", status="executed", yes_price_dollars=Decimal("0.30"),
        no_price_dollars=Decimal("0.70"), fill_count_fp=Decimal(10), remaining_count_fp=Decimal(0),
        initial_count_fp=Decimal(10), taker_fill_cost_dollars=Decimal(3), maker_fill_cost_dollars=Decimal(0),
        taker_fees_dollars=Decimal("0.15"), maker_fees_dollars=Decimal(0),
    )  # fmt: skip


def resting(number: int) -> Any:
    return row(
        client_order_id=f"c-{number}", order_id=f"o-{number}", state="accepted", ticker=ticker_of(number),
        event_ticker=f"E-{number // 100}", price=Decimal("0.30"), created_at=NOW - timedelta(days=3),
        updated_at=NOW - timedelta(days=3),
    )  # fmt: skip


def fill_store(store: Store, size: int) -> None:
    """Write *size* resting orders, a hundred to an event, as one transaction."""
    from sqlalchemy import insert

    from kalshi.store.schema import orders

    with store._writing() as connection:
        connection.execute(insert(orders), [resting(number).values() for number in range(size)])


def reserve(store: Store) -> float:
    """Return the median milliseconds of looking at the shared limits and committing one order."""
    took = []
    for number in range(RESERVATIONS):
        wanted = row(client_order_id=f"new-{number}", event_ticker=f"N-{number // 20}")
        since = NOW - timedelta(hours=24)
        took.append(
            timed(lambda w=wanted, s=since: store.reserve(w, lambda o: shared_refusal(w, o, LIMITS, s), since=s))
        )
    return statistics.median(took) * 1000


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(name: str, place: Place, size: int) -> tuple[float, float, float]:
    """Return milliseconds of a reservation and seconds of the two reconciliations."""
    store = Store.open(place)
    fill_store(store, size)
    desk: Any = SimpleNamespace(
        store=store, exchange=Account(size), clock=lambda: NOW, sleep=lambda seconds: None, positions=None
    )
    first = timed(lambda: reconcile(desk))
    assert store.open_orders() == [] and store.locks(NOW) == {}
    second = timed(lambda: reconcile(desk))
    per_order = reserve(store)
    print(f"{name:10} {size:7,} orders: reserve {per_order:6.2f} ms, reconcile {first:6.2f} s, again {second:6.3f} s")
    store.close()
    return per_order, first, second


def both_sizes(name: str, place_at: Callable[[int], Place], size: int) -> None:
    small, large = (measure(name, place_at(number), number) for number in (size, 10 * size))
    reserve_, first, again = (b / a for a, b in zip(small, large, strict=True))
    print(f"{name:10} at ten times the size: reserve x{reserve_:.2f}, reconcile x{first:.1f}, again x{again:.1f}")


def main() -> int:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--orders", type=int, default=10_000)
    size = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder:
        both_sizes("SQLite", lambda number: Place.of(Path(folder) / f"{number}.db"), size)
    if not SERVER:
        print("PostgreSQL: not measured, TEST_POSTGRES_URL is not set")
        return 0
    with new_database() as url:
        both_sizes("PostgreSQL", lambda number: Place.of(url, f"bench_{number}"), size)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
