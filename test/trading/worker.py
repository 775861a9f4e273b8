"""One process that trades: `python worker.py FOLDER PURPOSE COUNT [KILL]`.

It goes through the same rooms as a job, against the paper exchange kept in FOLDER and the store that the file
`place` in it names (URL, schema).
KILL names where it kills itself, as a power cut would: `before` the order is sent, `after` the exchange has
acted, `stored` right after the row was committed.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from kalshi.config import load_config
from kalshi.connect import PAPER_ORIGIN, connect
from kalshi.paper.adapter import PaperAdapter
from kalshi.store import Store
from kalshi.store.place import Place as DatabasePlace
from kalshi.trading.desk import Desk
from kalshi.trading.intents import Intent, Side
from kalshi.trading.limits import Limits

EVENT = "KXTSAW-26OCT11"
TICKER = f"{EVENT}-A2.50"
EVENT_COST = Decimal("20.00")


class Clock:
    """Moves on by the real clock from a moment at which the market is open, given in the folder."""

    def __init__(self, folder: Path) -> None:
        self.late = datetime.now(UTC) - datetime.fromisoformat((folder / "now").read_text())

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.late


class Dying(PaperAdapter):
    """Dies at a chosen moment of the first order."""

    def __init__(self, exchange: Any, when: str) -> None:
        super().__init__(exchange)
        self.when = when

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        order = request.method == "POST"
        if order and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        response = super().send(request, *args, **kwargs)
        if order and self.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return response


def main(folder: Path, purpose: str, count: int, kill: str = "") -> None:
    clock = Clock(folder)
    config = replace(load_config({"KALSHI_MODE": "paper"}), data_dir=folder)
    exchange = connect(config, clock=clock)
    if kill in ("before", "after"):
        exchange._session.mount(PAPER_ORIGIN, Dying(exchange.paper, kill))  # type: ignore[attr-defined]
    limits = Limits(
        order_contracts=Decimal(100), order_cost=Decimal(10), event_cost=EVENT_COST, day_cost=Decimal(1000),
        orders_per_run=1000, close_margin=timedelta(0),
    )
    store = Store.open(DatabasePlace.of(*(folder / "place").read_text().split("\n")))
    desk = Desk(exchange, store, limits, clock=clock, dry_run=False, run_id=f"{purpose}-{os.getpid()}", stop_dir=folder)
    market = exchange.market(TICKER)
    if kill == "stored":
        real = store.reserve

        def reserve(*args: Any, **kwargs: Any) -> Any:
            done = real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
            return done

        store.reserve = reserve  # type: ignore[method-assign]
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        report = desk.submit(
            Intent(
                strategy="race", run_date=date(2026, 10, 5), event_ticker=EVENT, ticker=TICKER, side=Side.YES,
                price=Decimal("0.30"), count=Decimal(3), purpose=f"{purpose}-{number}",
            ),
            market,
        )
        print(report.outcome.value, flush=True)
    store.close()
    exchange.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
