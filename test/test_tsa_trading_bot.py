"""The bot from counts to orders, over real sockets: a page like tsa.gov's and an exchange that checks signatures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clone import ROOT
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.exchange import PaperExchange
from kalshi.tsa.sample import sample_ladder, sample_vintages
from kalshi.tsa.vintages import Vintages

KEY_ID = "11111111-2222-3333-4444-555555555555"
# Rules under which every made-up ladder, of whatever day, holds an order.
GENEROUS = ("--highest", "0.999", "--min-edge", "0", "--max-spread", "0.99")
SCRIPT = ROOT / "src" / "kalshi" / "tsa_trading_bot.py"


def open_ladder(vintages: Vintages, now: datetime) -> LadderSnapshot:
    """Return a ladder that is open and stays so for the length of a test, at any minute of the week."""
    ladder = sample_ladder(vintages, now + timedelta(minutes=10))
    markets = [
        msgspec.structs.replace(market, open_time=min(market.open_time, now - timedelta(hours=1)))
        for market in ladder.markets
    ]
    event = msgspec.structs.replace(ladder.event, markets=markets)
    return msgspec.structs.replace(ladder, as_of=now, event=event, markets=tuple(markets))


class World:
    """A loopback host with two faces: /tsa... is the page with the counts, the rest is the exchange."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        self.vintages = sample_vintages(self.now)
        self.exchange = PaperExchange(folder / "served.sqlite", lambda: datetime.now(UTC))
        self.exchange.mirror(open_ladder(self.vintages, self.now))
        key = Ed25519PrivateKey.generate()
        self.exchange.add_account(KEY_ID, key.public_key(), Decimal(500))
        self.key_path = folder / "key.pem"
        self.key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.page_status = 200
        self.requests: list[tuple[str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str) -> bytes:
        """Return the year page that *path* names."""
        last = path.rpartition("/")[2]
        known = self.vintages.known(self.now)
        # Around New Year the bare address still shows the year before.
        year = int(last) if last.isdigit() else known.newest_day.year
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
        cells = [(day, known.value(day)) for day in days if day.year == year]
        rows = "".join(
            f"<tr><td>{day.month}/{day.day}/{day.year}</td><td>{count:,}</td></tr>" for day, count in cells if count
        )
        return f"<html><table><tr><th>Date</th><th>Numbers</th></tr>{rows}</table></html>".encode()

    def _handler(world) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                world.requests.append((self.command, self.path))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path.startswith("/tsa"):
                    status, headers, content = world.page_status, {}, world.page(self.path)
                else:
                    status, headers, content = world.exchange.handle(
                        self.command, self.path, dict(self.headers), body
                    )
                self.send_response_only(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.server.shutdown()


def run_bot(world: World, tmp_path: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script as cron does, in live mode against the loopback host."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--order-weekdays", "all", *GENEROUS, *arguments],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KALSHI_ENV_FILE": os.devnull,
            "KALSHI_MODE": "live",
            "KALSHI_API_BASE": f"{world.url}/trade-api/v2",
            "KALSHI_TSA_URL": f"{world.url}/tsa",
            "KALSHI_KEY_ID": KEY_ID,
            "KALSHI_PRIVATE_KEY_PATH": str(world.key_path),
            "KALSHI_DATA_DIR": str(tmp_path / "data"),
            "KALSHI_REPORT_DIR": str(tmp_path / "reports"),
            **env,
        },
    )


def orders_at(world: World) -> int:
    with world.exchange.view() as state:
        return len(state.orders)


def test_live_without_the_switch_is_a_dry_run_that_says_so(world: World, tmp_path: Path) -> None:
    ended = run_bot(world, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "KALSHI_LIVE_TRADING" in ended.stdout
    assert "dry run: would buy" in ended.stdout
    assert not [request for request in world.requests if request[0] != "GET"]


def test_live_places_orders_once_however_often_cron_starts_it(world: World, tmp_path: Path) -> None:
    first = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert first.returncode == 0, first.stderr
    placed = orders_at(world)
    assert placed > 0, first.stdout[-3000:]
    assert "Counts: tsa.gov" in first.stdout
    assert "SAMPLE" not in first.stdout.replace("SAMPLE: TSA check-ins", "")  # the served event calls itself so
    second = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert second.returncode == 0, second.stderr
    assert "already" in second.stdout
    assert orders_at(world) == placed


def test_no_secret_reaches_any_output(world: World, tmp_path: Path) -> None:
    ended = run_bot(world, tmp_path, "--json-log", KALSHI_LIVE_TRADING="true")
    assert ended.returncode == 0
    for line in ended.stderr.splitlines():
        assert {"run_id", "job"} <= set(json.loads(line))
    written = [path.read_text() for path in (tmp_path / "reports").iterdir()]
    key_text = world.key_path.read_text().splitlines()[1]
    for text in [ended.stdout, ended.stderr, *written]:
        assert key_text not in text
        assert KEY_ID not in text
        assert "KALSHI-ACCESS" not in text


def test_a_page_that_can_not_be_read_stops_live_trading(world: World, tmp_path: Path) -> None:
    world.page_status = 404
    ended = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert ended.returncode == 3
    assert "Traceback" not in ended.stderr
    assert orders_at(world) == 0


@pytest.mark.parametrize(
    ("env", "code", "words"),
    [
        ({"KALSHI_KEY_ID": ""}, 2, "KALSHI_KEY_ID"),
        ({"KALSHI_PRIVATE_KEY_PATH": "/nowhere/key.pem"}, 2, "/nowhere/key.pem"),
        ({"KALSHI_MODE": "papier"}, 2, "KALSHI_MODE"),
        ({"KALSHI_LIVE_TRADNG": "true"}, 2, "KALSHI_LIVE_TRADING"),
        ({"KALSHI_REPORT_DIR": "/proc/no"}, 2, "/proc/no"),
        ({"KALSHI_API_BASE": "http://example.com/trade-api/v2"}, 2, "example.com"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_2(
    world: World, tmp_path: Path, env: dict[str, str], code: int, words: str
) -> None:
    ended = run_bot(world, tmp_path, **env)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert orders_at(world) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--date", "tomorrow"], "tomorrow"),
        (["--count", "ten"], "--count"),
        (["--order-weekdays", "moonday"], "moonday"),
        (["--model", "oracle"], "oracle"),
        (["--mode", "fast"], "fast"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_2(
    world: World, tmp_path: Path, arguments: list[str], words: str
) -> None:
    ended = run_bot(world, tmp_path, *arguments)
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_mixture_with_the_market_says_what_it_rests_on(world: World, tmp_path: Path) -> None:
    ended = run_bot(world, tmp_path, "--mode", "paper", "--offline", "--with-market", KALSHI_API_BASE="")
    assert ended.returncode == 0, ended.stderr
    assert "the model's weight is 0% by 0 settled events" in " ".join(ended.stdout.split())


def test_offline_paper_runs_on_the_sample_and_says_so(world: World, tmp_path: Path) -> None:
    ended = run_bot(world, tmp_path, "--mode", "paper", "--offline", KALSHI_API_BASE="")
    assert ended.returncode == 0, ended.stderr
    assert "SAMPLE" in ended.stdout.splitlines()[1]  # the subject of the mail
    assert "E-mail (not sent" in ended.stdout.splitlines()[0]
    assert "Orders of this run" in ended.stdout
    assert not world.requests


def test_made_up_counts_with_another_exchange_say_what_could_not_be_read(world: World, tmp_path: Path) -> None:
    ended = run_bot(world, tmp_path, "--mode", "paper", "--offline")
    assert ended.returncode == 2
    said = " ".join(ended.stdout.split())
    assert "Counts: SAMPLE (offline: tsa.gov was not asked" in said and "or let real data be read" in said
    assert orders_at(world) == 0
