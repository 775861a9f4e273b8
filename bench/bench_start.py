"""Start of a script that only cancels: interpreter, imports, work. And the desk's own time per order.

Run: PYTHONPATH=src python bench/bench_start.py
`midday --help` and a dry run of `midday` against a paper exchange served on loopback, as processes that take turns with
a bare interpreter and with the imports alone. The desk is timed in one process with the paper exchange in it: whole
submits, less the time inside the exchange client.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench_index import environment, served_exchange

RUNS = 7
AT = "2026-11-24T12:00"
# What a run loads beside the script itself, when it gets there.
LOADED = "import kalshi.midday, requests, sqlalchemy, kalshi.store, kalshi.connect, kalshi.clients, kalshi.trading.desk"


def start() -> None:
    """Print the median seconds of each part of a start."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "env").write_text("")
        moment = datetime.fromisoformat(f"{AT}:00-05:00").astimezone(UTC)
        with served_exchange(folder, lambda: moment) as (base, seen):
            run = ["-m", "kalshi.midday", "--dry-run", "--no-email", "--date", AT]
            commands = {
                "interpreter": ["-c", "pass"],
                "imports of --help": ["-c", "import kalshi.midday"],
                "midday --help": ["-m", "kalshi.midday", "--help"],
                "imports of a run": ["-c", LOADED],
                "midday --dry-run": run,
            }
            seconds: dict[str, list[float]] = {label: [] for label in commands}
            for turn in range(RUNS + 1):
                for label, arguments in commands.items():
                    seen.clear()
                    begun = time.perf_counter()
                    env = environment(folder, base)
                    subprocess.run([sys.executable, *arguments], env=env, check=True, capture_output=True)
                    if turn:  # the first turn compiles modules and reads the schedule
                        seconds[label].append(time.perf_counter() - begun)
            requests = len(seen)
    took = {label: statistics.median(values) * 1e3 for label, values in seconds.items()}
    for whole, imports in (("midday --help", "imports of --help"), ("midday --dry-run", "imports of a run")):
        bare = took["interpreter"]
        print(
            f"{whole}: {took[whole]:.0f} ms = interpreter {bare:.0f} + imports {took[imports] - bare:.0f} "
            f"+ work {took[whole] - took[imports]:.0f}"
        )
    print(f"requests of the dry run: {requests}")


def desk(orders: int = 50) -> None:
    """Print the desk's own milliseconds per order beside those of the exchange client, and after ten times as many."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test"))
    from kalshi.trading.limits import Limits
    from trading.harness import HIGH, LOW, SMALL, Hall, intent

    wide = Limits(Decimal(100), Decimal(50), Decimal(10**6), Decimal(10**6), orders * 20, quote_age=SMALL.quote_age)
    with tempfile.TemporaryDirectory() as name:
        hall = Hall(Path(name), balance="1000000")
        inside = [0.0]
        client: Any = hall.client
        create = client.create_order

        def timed(order: Any) -> Any:
            begun = time.perf_counter()
            try:
                return create(order)
            finally:
                inside[0] += time.perf_counter() - begun

        client.create_order = timed
        trader, markets = hall.desk(limits=wide), [hall.market(LOW), hall.market(HIGH)]
        for number in range(orders * 10 + orders):
            if number in (0, orders * 10):
                inside[0], begun = 0.0, time.perf_counter()
            market = markets[number % 2]
            wanted = intent(purpose=str(number), ticker=market.ticker, count=Decimal(1), run_date=date(2026, 10, 5))
            trader.submit(wanted, market)
            hall.now = hall.now.replace(microsecond=number % 1_000_000)
            if number in (orders - 1, orders * 11 - 1):
                whole = (time.perf_counter() - begun) / orders * 1e3
                network = inside[0] / orders * 1e3
                before = number + 1 - orders
                print(f"after {before} orders: desk {whole - network:.2f} ms, client {network:.2f} ms an order")
        hall.close()


if __name__ == "__main__":
    start()
    desk()
