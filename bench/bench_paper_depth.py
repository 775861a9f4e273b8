"""The engine with 100, 10,000 and 1,000,000 orders resting: memory, and time per operation, in memory only.

Run: PYTHONPATH=src python bench/bench_paper_depth.py [--resting 100 10000 1000000]
Each depth is a process of its own. The orders of 1,000 members rest at 40 prices a side of one market; the
operations are those of one more member: signed, checked and answered. Medians in milliseconds, and their ratio to
the shallowest book.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import Credentials, signed_headers
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed import SimulatedFeed
from kalshi.paper.feed_ladders import KINDS
from kalshi.paper.keys import paper_credentials
from kalshi.paper.records import Account, Displayed, Order, SpentId

DEPTHS = (100, 10_000, 1_000_000)
NOW = datetime(2026, 10, 6, 14, 0, tzinfo=UTC)
ORDERS = "/portfolio/events/orders"
MEMBERS, PRICES, REPEATS = 1_000, 40, 300


def fill_book(exchange: PaperExchange, ticker: str, depth: int) -> None:
    """Let *depth* orders of many members rest, half of them on each side, far from each other."""
    with exchange.trading() as (world, now):
        world.show(Displayed(ticker, now, [], []))
        for number in range(min(MEMBERS, depth)):
            world.keep(Account(f"member-{number}", {0: Decimal(10**9)}, Decimal(10**9), now))
        for number in range(depth):
            owner, side = f"member-{number % MEMBERS}", ("bid", "ask")[number % 2]
            cents = 1 + number // 2 % PRICES + (50 if side == "ask" else 0)
            place = world.next_number()
            order = Order(
                order_id=world.id_for(place, owner, now),
                account_id=owner,
                client_order_id=f"order-{number}",
                ticker=ticker,
                side=side,
                price=Decimal(cents) / 100,
                remaining=Decimal(10),
                priority=place,
                created_at=now,
                updated_at=now,
                exchange_index=0,
                time_in_force="good_till_canceled",
                self_trade_prevention="maker",
            )
            world.keep(order)
            world.keep(SpentId(owner, order.client_order_id, order.order_id))
            world.rest(order)


class Trader:
    """One member whose calls are measured."""

    def __init__(self, exchange: PaperExchange, credentials: Credentials, ticker: str) -> None:
        self.exchange, self.credentials, self.ticker = exchange, credentials, ticker
        self.orders: list[str] = []
        self.sent = 0

    def call(self, method: str, path: str, wire: Any = None) -> Any:
        plain = API_PATH + path.partition("?")[0]
        headers = signed_headers(self.credentials, int(time.time() * 1000), method, plain)
        body = b"" if wire is None else json.dumps(wire).encode()
        status, _, content = self.exchange.handle(method, API_PATH + path, headers, body)
        assert status < 300, content
        return json.loads(content) if content else None

    def order(self, side: str, price: str, tif: str) -> str:
        self.sent += 1
        wire = dict(ticker=self.ticker, side=side, price=price, count="1", time_in_force=tif)
        wire |= dict(self_trade_prevention_type="maker", client_order_id=f"measured-{self.sent}")
        return str(self.call("POST", ORDERS, wire)["order_id"])

    def create(self) -> None:
        self.orders.append(self.order("bid", "0.20", "good_till_canceled"))

    def amend(self) -> None:
        wire = dict(ticker=self.ticker, side="bid", price="0.21", count="1")
        self.call("POST", f"{ORDERS}/{self.orders[self.sent % len(self.orders)]}/amend", wire)
        self.sent += 1

    def decrease(self) -> None:
        order = self.orders[self.sent % len(self.orders)]
        self.call("POST", f"{ORDERS}/{order}/decrease", dict(reduce_by="0.01", market_ticker=self.ticker))
        self.sent += 1

    def cancel(self) -> None:
        self.call("DELETE", f"{ORDERS}/{self.orders.pop()}?market_ticker={self.ticker}")

    def take(self) -> None:
        self.order("bid", "0.51", "immediate_or_cancel")

    def get(self, path: str) -> Callable[[], None]:
        return lambda: self.call("GET", path)

    def operations(self) -> dict[str, Callable[[], None]]:
        """Return what is measured, in an order in which each finds what it needs."""
        return {
            "create": self.create,
            "amend (price)": self.amend,
            "decrease": self.decrease,
            "fill": self.take,
            "GET orders": self.get("/portfolio/orders?status=resting&limit=20"),
            "GET order": self.get(f"/portfolio/orders/{self.orders[0]}") if self.orders else self.create,
            "GET fills": self.get("/portfolio/fills?limit=20"),
            "GET positions": self.get("/portfolio/positions"),
            "GET balance": self.get("/portfolio/balance"),
            "GET order book": self.get(f"/markets/{self.ticker}/orderbook"),
            "GET market": self.get(f"/markets/{self.ticker}"),
            "GET trades": self.get("/markets/trades?limit=20"),
            "cancel": self.cancel,
        }


def measure(depth: int) -> dict[str, float]:
    """Return the median milliseconds of each operation, and the megabytes of the process."""
    with tempfile.TemporaryDirectory() as folder:
        credentials = paper_credentials(Path(folder) / "paper.sqlite")
    exchange = PaperExchange(None, lambda: NOW, signature_clock=time.time)
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), Decimal(10**9))
    SimulatedFeed(exchange, lambda: NOW, seed=1, kinds=[KINDS["inxu"]]).step()
    with exchange.view() as world:
        ticker = sorted(world.listings)[len(world.listings) // 2]
    began = time.perf_counter()
    fill_book(exchange, ticker, depth)
    figures = {"seconds to fill the book": time.perf_counter() - began}
    trader = Trader(exchange, credentials, ticker)
    trader.create()
    for name, call in trader.operations().items():
        taken = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        figures[name] = statistics.median(taken) * 1000
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resting", type=int, nargs="+", default=DEPTHS)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        print(json.dumps(measure(asked.one)))
        return
    columns = []
    for depth in asked.resting:
        command = [sys.executable, __file__, "--one", str(depth)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        columns.append(json.loads(done.stdout))
    print(f"{'orders resting':26}" + "".join(f"{depth:>12,}" for depth in asked.resting) + "   deepest / shallowest")
    for name in columns[0]:
        row = [column[name] for column in columns]
        ratio = "" if name.startswith("seconds") else f"{row[-1] / row[0]:12.2f}"
        print(f"{name:26}" + "".join(f"{figure:12.2f}" for figure in row) + ratio)


if __name__ == "__main__":
    main()
