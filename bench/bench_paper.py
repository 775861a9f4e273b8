"""The paper exchange: signed orders a second and their latency, served with durable state and in process.

Run: PYTHONPATH=src python bench/bench_paper.py [--orders 400]
Every order is signed by the caller, checked, matched, reserved for, and on disk (SQLite, full sync) before its
answer. Served figures are from this process over keep-alive connections to a server process of its own.
Latencies are those of the caller, in milliseconds. Nothing here is asserted: machines and disks differ.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from paper_load import measure, report, request, served

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import Credentials, signed_headers
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed import SimulatedFeed
from kalshi.paper.feed_ladders import KINDS
from kalshi.paper.keys import paper_credentials

PATH = f"{API_PATH}/portfolio/events/orders"
NOW = datetime(2026, 10, 6, 14, 0, tzinfo=UTC)
CONNECTIONS = (1, 8, 64)
NUMBERS = count()


def order(ticker: str) -> bytes:
    """Return an order that rests far below the market."""
    wire = {
        "ticker": ticker,
        "side": "bid",
        "price": "0.01",
        "count": "1",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "maker",
        "client_order_id": f"bench-{next(NUMBERS)}",
    }
    return json.dumps(wire).encode()


def open_exchange(state: Path | None, credentials: Credentials) -> tuple[PaperExchange, str]:
    """Return an exchange with one made-up ladder, and the ticker of its middle market."""
    exchange = PaperExchange(state, lambda: NOW, signature_clock=time.time)
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), Decimal(1_000_000))
    SimulatedFeed(exchange, lambda: NOW, seed=1, kinds=[KINDS["inxu"]]).step()
    with exchange.view() as world:
        return exchange, sorted(world.listings)[len(world.listings) // 2]


def in_process(exchange: PaperExchange, credentials: Credentials, ticker: str) -> Callable[[], None]:
    """Return a call that signs and places one order in this process."""

    def place() -> None:
        headers = signed_headers(credentials, int(time.time() * 1000), "POST", PATH)
        status, _, content = exchange.handle("POST", PATH, headers, order(ticker))
        assert status == 201, content

    return place


def timed(place: Callable[[], None], orders: int) -> list[float]:
    """Return the seconds of each of *orders* calls."""
    taken = []
    for _ in range(orders):
        began = time.perf_counter()
        place()
        taken.append(time.perf_counter() - began)
    return taken


def over_http(netloc: str, credentials: Credentials, ticker: str, orders: int, connections: int) -> float:
    """Measure *connections* callers at once, each on one kept connection; return orders a second."""
    requests = [request(credentials, netloc, "POST", PATH, order(ticker)) for _ in range(orders)]
    taken, seconds, statuses = measure(netloc, requests, connections)
    assert set(statuses) == {b"201"}, statuses
    return report(f"served, durable, {connections} connection(s)", taken, seconds)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=400)
    orders = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "paper.sqlite"
        credentials = paper_credentials(state)
        exchange, ticker = open_exchange(state, credentials)
        began = time.perf_counter()
        report("in process, durable", timed(in_process(exchange, credentials, ticker), orders), _since(began))
        exchange.close()
        with served(state) as netloc:
            for connections in CONNECTIONS:
                over_http(netloc, credentials, ticker, orders, connections)
        exchange, ticker = open_exchange(None, credentials)
        began = time.perf_counter()
        report("in process, memory only", timed(in_process(exchange, credentials, ticker), orders), _since(began))
        day, market_days = _replay()
        speed = f"{market_days / day:.1f} market-days a second"
        print(f"simulated feed, memory only: {speed}, in 5-minute steps ({day:.2f} s)")


def _since(began: float) -> float:
    return time.perf_counter() - began


def _replay() -> tuple[float, int]:
    now = [NOW.replace(hour=13, minute=30)]
    exchange = PaperExchange(None, lambda: now[0])
    feed = SimulatedFeed(exchange, lambda: now[0], seed=1, kinds=[KINDS["inxu"]])
    began = time.perf_counter()
    while now[0] < NOW.replace(hour=22, minute=30):
        feed.step()
        now[0] += timedelta(minutes=5)
    with exchange.view() as world:
        return _since(began), len(world.listings)


if __name__ == "__main__":
    main()
