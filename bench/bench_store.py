"""The record: a durable reservation beside the request it accompanies; reconciliation at ten times the size.

Run: PYTHONPATH=src python bench/bench_store.py [--orders 1000 --larger 10000 --today 100 --reservations 50]
--orders and --larger: old resting orders to reconcile. --today: orders of the last 24 hours that each reservation
weighs, ten times as many beside --larger. The request is one signed read over loopback, the least a network can take.
SQLite in a temporary directory; PostgreSQL where TEST_POSTGRES_URL names a server (a database is made and dropped).
The paper exchange answers in this process, so that reconciliation is measured and not a network. Two reconciliations:
one that finds every order filled behind its back and books all fills, and one that finds nothing to do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test"))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from databases import SERVER, new_database
from kalshi.clients import ExchangeClient
from kalshi.exchange.models import Order
from kalshi.exchange.signing import Credentials
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


def of_today(number: int) -> Any:
    return row(
        client_order_id=f"t-{number}", order_id=f"ot-{number}", state="accepted", remaining=Decimal(0),
        filled=Decimal(10), booked=Decimal(10), ticker=f"T-{number // 20}-M{number % 20}",
        event_ticker=f"T-{number // 20}",
        floor_strike=Decimal(number % 20),
    )  # fmt: skip


def write(store: Store, rows: list[Any]) -> None:
    """Write rows as one transaction."""
    from sqlalchemy import insert

    from kalshi.store.schema import orders

    with store._writing() as connection:
        connection.execute(insert(orders), [one.values() for one in rows])


def reserve(store: Store, times: int) -> float:
    """Return the median milliseconds of looking at the shared limits and committing one order."""
    took = []
    since = NOW - timedelta(hours=24)
    for number in range(times):
        wanted = row(client_order_id=f"new-{number}", event_ticker=f"N-{number // 20}")
        judge = partial(shared_refusal, wanted, limits=LIMITS, since=since)
        took.append(timed(partial(store.reserve, wanted, judge, since=since)))
    return statistics.median(took) * 1000


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(name: str, place: Place, size: int, today: int, times: int) -> tuple[float, float, float]:
    """Return milliseconds of a reservation and seconds of the two reconciliations."""
    store = Store.open(place)
    write(store, [resting(number) for number in range(size)])
    desk: Any = SimpleNamespace(
        store=store, exchange=Account(size), clock=lambda: NOW, sleep=lambda seconds: None, positions=None
    )
    first = timed(lambda: reconcile(desk))
    assert store.open_orders() == [] and store.locks(NOW) == {}
    second = timed(lambda: reconcile(desk))
    write(store, [of_today(number) for number in range(today)])
    per_order = reserve(store, times)
    print(
        f"{name:10} reconcile {size:6,} orders {first:6.2f} s, again {second:6.3f} s; "
        f"reserve beside {today:5,} orders of the day {per_order:7.2f} ms",
        flush=True,
    )
    store.close()
    return per_order, first, second


def both_sizes(name: str, place_at: Callable[[int], Place], asked: argparse.Namespace) -> None:
    sizes = ((asked.orders, asked.today), (asked.larger, 10 * asked.today))
    small, large = (measure(name, place_at(size), size, today, asked.reservations) for size, today in sizes)
    reserve_, first, again = (b / a for a, b in zip(small, large, strict=True))
    print(f"{name:10} large to small: reserve x{reserve_:.2f}, reconcile x{first:.1f}, again x{again:.1f}", flush=True)


class Answers(BaseHTTPRequestHandler):
    """Answers every read with the time, on a connection that is kept."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet

    def do_GET(self) -> None:
        body = b'{"as_of_time":"2026-10-05T14:00:00Z"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def request_ms(times: int) -> float:
    """Return the median milliseconds of one signed read over loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    credentials = Credentials("bench", Ed25519PrivateKey.generate())
    client = ExchangeClient(f"http://127.0.0.1:{server.server_address[1]}/trade-api/v2", credentials)
    client.pacer.use_limits(read=(1e9, 1e9), write=(1e9, 1e9))
    took = [timed(client.user_data_timestamp) for _ in range(times + 1)][1:]
    client.close()
    server.shutdown()
    server.server_close()
    return statistics.median(took) * 1000


def main() -> int:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, default in (("orders", 1_000), ("larger", 10_000), ("today", 100), ("reservations", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    print(f"one signed read over loopback {request_ms(asked.reservations):.2f} ms", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        both_sizes("SQLite", lambda number: Place.of(Path(folder) / f"{number}.db"), asked)
    if not SERVER:
        print("PostgreSQL: not measured, TEST_POSTGRES_URL is not set")
        return 0
    with new_database() as url:
        both_sizes("PostgreSQL", lambda number: Place.of(url, f"bench_{number}"), asked)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
