"""Guarantee and completing price of a full ladder, likelihood over decades of history, and the scripts' start to exit.

Run: PYTHONPATH=src python bench/bench_index.py [FOLDER]
FOLDER holds gspc_daily.csv; default KALSHI_SHARED_DATA, else ../shared/data. Without it made-up closes of the
same length are timed. Arithmetic is measured in CPU time.
The scripts run as processes in a dry run against a paper exchange served on loopback, wall clock and CPU time of the
process; beside them stands one that only imports kalshi.runtime.job, so that the machine's speed can be taken out.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
LEGS = 30
SCRIPTS = {
    "morning": "09:35",
    "main": "10:00",
    "sp_daily_every_10_minutes": "10:20",
    "nasdaq_daily_every_10_minutes": "10:10",
    "before_close": "10:00",
    "midday": "12:00",
    "afternoon": "15:50",
}
KEY_ID = "11111111-2222-3333-4444-555555555555"
RUNS = 3


def median_of(call: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of CPU time of *rounds* calls."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def process(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Return the least wall clock and CPU seconds of some runs of *command*, from start to exit."""
    found = []
    for _ in range(RUNS):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, env=env, check=True, capture_output=True)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def negative_risk() -> None:
    """Print microseconds for a ladder of 30 with a position in every market."""
    from kalshi.pricing.fees import trade_fee
    from kalshi.pricing.negative_risk import buy_no, completing_price, guarantee

    tickers = [f"M{i}" for i in range(LEGS)]
    legs = [buy_no(ticker, Decimal(10 + i), Decimal("0.9")) for i, ticker in enumerate(tickers)]
    cents = [Decimal(cent) / 100 for cent in range(1, 100)]

    def taker(price: Decimal, count: Decimal) -> Decimal:
        return trade_fee(price, count, Decimal("0.07"))

    whole = median_of(lambda: guarantee(legs, tickers), 2000)
    price = median_of(lambda: completing_price(legs, "M0", Decimal(10), cents, fee=taker), 500)
    none = median_of(lambda: completing_price(legs, "M0", Decimal(10), cents, fee=taker, margin=Decimal(500)), 200)
    print(f"guarantee, {LEGS} markets with a position in each: {whole * 1e6:.0f} us")
    print(f"completing price there: {price * 1e6:.0f} us; where none of 99 prices does: {none * 1e6:.0f} us")


def likelihood(folder: Path) -> None:
    """Print milliseconds for a ladder of 30 over the whole history, by model."""
    from kalshi.index.history import SP500, load_closes
    from kalshi.index.likelihood_score import ladder_around
    from kalshi.index.sample import sample_closes
    from kalshi.pricing.likelihood_models import MODELS, Question
    from kalshi.pricing.likelihood_models import likelihood as estimates
    from kalshi.runtime.market_days import MarketDays

    file = folder / "gspc_daily.csv"
    if file.exists():
        history = load_closes(file, SP500)
    else:
        first, last = date(2000, 1, 3), date(2036, 3, 31)
        days = MarketDays(first, min(last, date(2027, 12, 31))).sessions(first, min(last, date(2027, 12, 31)))
        history = sample_closes(SP500, [session.day for session in days])
    spot = history.closes[-1]
    asked = Question(spot, ladder_around(spot, 25))
    for model in MODELS:
        estimates(model, history.closes, asked)  # imports
        took = median_of(lambda model=model: estimates(model, history.closes, asked), 9)  # type: ignore[misc]
        closes = f"{len(history.bars)} closes ({history.source})"
        print(f"likelihood of 30 markets over {closes}, {model}: {took * 1e3:.1f} ms")


@contextmanager
def served_exchange(folder: Path, moment: Callable[[], datetime]) -> Iterator[tuple[str, list[str]]]:
    """Serve a paper exchange with both ladders; yield its base URL and the requests it sees."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from kalshi.paper.exchange import PaperExchange

    key = Ed25519PrivateKey.generate()
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "key.pem").chmod(0o600)
    exchange = PaperExchange(folder / "served.sqlite", moment, signature_clock=time.time)
    exchange.add_account(KEY_ID, key.public_key(), Decimal(5000))
    mirror(exchange, moment())
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(self.path)
            status, headers, content = exchange.handle("GET", self.path, dict(self.headers), b"")
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/trade-api/v2", seen
    server.shutdown()
    exchange.close()


def mirror(exchange: object, now: datetime) -> None:
    """Put the made-up ladders of *now* into the exchange."""
    from kalshi.index.sample import SampleDay

    opens, closes = datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
    for series in ("KXINX", "KXNASDAQ100"):
        exchange.mirror(SampleDay(series, opens, closes, now).snapshot())  # type: ignore[attr-defined]


def scripts() -> None:
    """Print seconds from start to exit and the requests of each script in a dry run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "env").write_text("")
        wall, cpu = process([sys.executable, "-c", "import kalshi.runtime.job"], environment(folder, ""))
        print(f"a process that imports kalshi.runtime.job and ends: {wall:.2f} s, CPU {cpu:.2f} s")
        for number, (script, at) in enumerate(SCRIPTS.items()):
            own = folder / str(number)
            own.mkdir()
            now = datetime.fromisoformat(f"2026-11-24T{at}:00-05:00").astimezone(UTC)
            with served_exchange(own, lambda now=now: now) as (base, seen):  # type: ignore[misc]
                command = [sys.executable, "-m", f"kalshi.{script}", "--dry-run", "--date", f"2026-11-24T{at}"]
                process([*command, "--no-email"], environment(own, base))  # compiles, and reads the week's schedule
                seen.clear()
                wall, cpu = process([*command, "--no-email"], environment(own, base))
                print(f"{script}: {wall:.2f} s from start to exit, CPU {cpu:.2f} s, {len(seen) // RUNS} requests")


def environment(folder: Path, base: str) -> dict[str, str]:
    """Return the environment of a script's process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env_file = folder / "env" if (folder / "env").exists() else folder.parent / "env"
    settings = {"ENV_FILE": env_file, "MODE": "paper", "DATA_DIR": folder, "REPORT_DIR": folder}
    if base:
        settings |= {"API_BASE": base, "KEY_ID": KEY_ID, "PRIVATE_KEY_PATH": folder / "key.pem"}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **{f"KALSHI_{name}": str(v) for name, v in settings.items()}}


def main() -> None:
    """Run all three parts."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KALSHI_SHARED_DATA", "")
    negative_risk()
    likelihood(Path(given) if given else ROOT.parent / "shared" / "data")
    scripts()


if __name__ == "__main__":
    main()
