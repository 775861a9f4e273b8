"""Where the torture happens: a served paper exchange and the project's scripts as processes, on a shifted clock.

Everything is a process of its own on real loopback sockets and real files. The wall clock of all of them is
shifted by `boundaries.c`, so that today's scripts live on a trading day without any --date.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from kalshi.exchange.models import Level, Market, OrderBook
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.sample import SAMPLE, SampleDay
from kalshi.paper.exchange import PaperExchange
from kalshi.runtime.clock import NEW_YORK
from torture import hammer
from trading.harness import EVENT_ROW, SERIES, market_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
D = Decimal
SESSION = datetime(2026, 11, 24, 9, 30, tzinfo=NEW_YORK), datetime(2026, 11, 24, 16, 0, tzinfo=NEW_YORK)
INDEX_EVENT = "KXINX-26NOV24H1600"
TSA_CLOSE = datetime(2026, 11, 30, 4, 59, tzinfo=UTC)
TSA_OPEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LIMITS = {"KALSHI_MAX_EVENT_COST": "30.00", "KALSHI_MAX_DAY_COST": "60.00", "KALSHI_MAX_ORDERS_PER_RUN": "40"}
PATIENCE_S = 180


def compiled(folder: Path) -> Path:
    """Compile the preloaded part into *folder* and return it. Needs a C compiler named cc."""
    target = folder / "boundaries.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(target), str(HERE / "boundaries.c"), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return target


@dataclass(frozen=True)
class Ended:
    """How a process ended. killed: by us. counted: boundaries it passed, 0 where it was killed."""

    code: int
    said: str
    seconds: float
    counted: int = 0

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


@dataclass
class Place:
    """A folder with a data directory, an exchange and a clock. database: DATABASE_URL, empty for SQLite."""

    folder: Path
    preload: Path
    chance: random.Random
    database: str = ""
    shift_s: int = 0
    base: str = ""
    faults: int = 0
    exchange_kills: int = 0
    _server: subprocess.Popen[str] | None = None
    _log: list[Path] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """State file of the exchange."""
        return self.folder / "paper.sqlite"

    def now(self) -> datetime:
        """Return the shifted time, aware UTC."""
        return datetime.fromtimestamp(time.time() + self.shift_s, UTC)

    def at(self, moment: datetime) -> None:
        """Shift the clock so that it is *moment* now; what already runs keeps its own shift."""
        self.shift_s = int(moment.timestamp() - time.time())

    # --- the exchange

    def open(self) -> PaperExchange:
        """Open the exchange's state from this process, beside the server."""
        return PaperExchange(self.state, self.now)

    def prepare(self) -> None:
        """List a nested TSA ladder and an index ladder whose ranges exclude each other."""
        exchange = self.open()
        exchange.mirror(_tsa("0.40", "0.44", 40, self.now()))
        exchange.mirror(_index(self.now()))
        exchange.close()

    def move(self) -> None:
        """Let the outside world quote other prices and small sizes: what rests is filled, partly or wholly."""
        exchange = self.open()
        bid, ask = self.chance.choice([("0.40", "0.44"), ("0.28", "0.31"), ("0.57", "0.60"), ("0.43", "0.46")])
        exchange.mirror(_tsa(bid, ask, self.chance.randint(1, 8), self.now()))
        exchange.mirror(_index(self.now(), self.chance))
        exchange.close()

    def serve(self, faults: int) -> None:
        """Start the exchange with so many staged faults spread over its next requests."""
        scenario = self.folder / "scenario.json"
        scenario.write_text(json.dumps({"rules": [_fault(self.chance) for _ in range(faults)]}))
        log = self.folder / f"exchange-{len(self._log)}.log"
        self._log.append(log)
        command = [sys.executable, "-m", "kalshi.paper", "--state", str(self.state), "--port", "0", "--tier", "none"]
        self._server = subprocess.Popen(
            [*command, "--scenario", str(scenario)],
            stdout=subprocess.PIPE, stderr=log.open("w"), text=True, env=self._environment(), cwd=self.folder,
        )
        assert self._server.stdout is not None
        lines = [self._server.stdout.readline() for _ in range(5)]
        assert lines[0].startswith("base URL: "), log.read_text()
        self.base = lines[0].split()[-1]

    def stop_serving(self, *, kill: bool) -> None:
        """End the exchange, by SIGKILL or well."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self._server.communicate(timeout=60)
        self._server, self.exchange_kills = None, self.exchange_kills + kill
        self.faults += sum("staged fault" in line for line in self._log[-1].read_text().splitlines())

    # --- the scripts

    def start(
        self, script: str, *arguments: str, lane: str = "", kill_at: int = 0, after: bool = False
    ) -> subprocess.Popen[str]:
        """Start a script as cron would, with its boundaries counted and perhaps its death at one of them."""
        path = HERE / "hammer.py" if script == "hammer" else ROOT / "src" / "kalshi" / f"{script}.py"
        extra = {"TORTURE_LANE": lane, "TORTURE_COUNT_FILE": str(self._counts(script, lane))}
        if kill_at:
            extra |= {"TORTURE_KILL_AT": str(kill_at), "TORTURE_AFTER": "1" if after else "0"}
        command = [sys.executable, str(path), "--no-email", *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
            env=self._environment(**extra),
        )  # fmt: skip

    def finish(self, process: subprocess.Popen[str], script: str, lane: str = "", kill_after_s: float = 0.0) -> Ended:
        """Wait for a script, or kill it after some seconds."""
        began = time.monotonic()
        try:
            said, _ = process.communicate(timeout=kill_after_s or PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            if not kill_after_s:
                said += f"\nstill running after {PATIENCE_S} s"
        counts = self._counts(script, lane)
        counted = int(counts.read_text()) if process.returncode != -signal.SIGKILL and counts.exists() else 0
        return Ended(process.returncode, said, time.monotonic() - began, counted)

    def _counts(self, script: str, lane: str) -> Path:
        return self.folder / f"boundaries-{script}{lane}.txt"

    def _environment(self, **extra: str) -> dict[str, str]:
        (self.folder / "none.env").touch()
        database = {"DATABASE_URL": self.database} if self.database else {}
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'test'}", "KALSHI_ENV_FILE": str(self.folder / "none.env"),
            "KALSHI_MODE": "paper", "KALSHI_API_BASE": self.base, "KALSHI_OFFLINE": "true",
            "KALSHI_DATA_DIR": str(self.folder), "KALSHI_REPORT_DIR": str(self.folder / "reports"),
            "LD_PRELOAD": str(self.preload), "TORTURE_CLOCK_S": str(self.shift_s), **LIMITS, **database, **extra,
        }  # fmt: skip


FAULTS: Sequence[dict[str, object]] = (
    {"method": "POST", "path": "/portfolio/events/orders", "do": "lose_answer"},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "cut"},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "status", "status": 500},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "status", "status": 503},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "status", "status": 504},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "status", "status": 429},
    {"method": "POST", "path": "/portfolio/events/orders", "do": "delay", "seconds": 1.0},
    {"method": "DELETE", "path": "/portfolio/events/orders/*", "do": "lose_answer"},
    {"method": "DELETE", "path": "/portfolio/events/orders/*", "do": "refuse"},
    {"method": "DELETE", "path": "/portfolio/events/orders/*", "do": "status", "status": 503},
    {"method": "GET", "path": "*", "do": "status", "status": 429},
    {"method": "GET", "path": "*", "do": "status", "status": 500},
    {"method": "GET", "path": "*", "do": "cut"},
    {"method": "GET", "path": "/portfolio/orders", "do": "stale"},
    {"method": "GET", "path": "/portfolio/fills", "do": "stale"},
    {"method": "GET", "path": "/portfolio/positions", "do": "stale"},
    {"method": "GET", "path": "/portfolio/orders", "do": "malformed_row"},
    {"method": "GET", "path": "/portfolio/*", "do": "same_cursor"},
)


def _fault(chance: random.Random) -> dict[str, object]:
    rule = chance.choice(FAULTS)
    return {**rule, "skip": chance.randint(0, 60 if rule["method"] != "GET" else 300), "times": 1}


def _tsa(bid: str, ask: str, size: int, now: datetime) -> LadderSnapshot:
    book = OrderBook(yes_dollars=[Level(D(bid), D(size))], no_dollars=[Level(1 - D(ask), D(size))])
    times = dict(open_time=TSA_OPEN, close_time=TSA_CLOSE, latest_expiration_time=TSA_CLOSE)
    markets = tuple(
        market_of(
            ticker, bid=bid, ask=ask, event_ticker=hammer.EVENT, yes_bid_size_fp=size, yes_ask_size_fp=size, **times
        )
        for ticker in hammer.TICKERS
    )
    event = msgspec.structs.replace(EVENT_ROW, event_ticker=hammer.EVENT)
    return LadderSnapshot("torture", now, SERIES, event, markets, dict.fromkeys(hammer.TICKERS, book))


def _index(now: datetime, chance: random.Random | None = None) -> LadderSnapshot:
    """Return the made-up ladder under a real event's name; with *chance*, one market bids into resting NO bids."""
    shown = SampleDay("KXINX", *SESSION, now).snapshot()
    event = msgspec.structs.replace(shown.event, event_ticker=INDEX_EVENT)
    markets = [_renamed(market) for market in shown.markets]
    books = {_name(ticker): book for ticker, book in shown.books.items()}
    if chance is not None:
        number = chance.randrange(8, 22)
        bid, size = D(chance.choice(["0.56", "0.47", "0.21"])), D(chance.randint(1, 4))
        markets[number] = msgspec.structs.replace(
            markets[number], yes_bid_dollars=bid, yes_ask_dollars=bid + D("0.01"), yes_bid_size_fp=size
        )
        books[markets[number].ticker] = OrderBook(
            yes_dollars=[Level(bid, size)], no_dollars=[Level(D("0.99") - bid, D(50))]
        )
    return LadderSnapshot("torture", now, shown.series, event, tuple(markets), books)


def _name(ticker: str) -> str:
    return ticker.replace(SAMPLE, "")


def _renamed(market: Market) -> Market:
    return msgspec.structs.replace(market, ticker=_name(market.ticker), event_ticker=_name(market.event_ticker))
