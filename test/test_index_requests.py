"""How many requests each index script makes of a served exchange, in a dry run and with its orders."""

from __future__ import annotations

import importlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from index.served import served
from kalshi.index.sample import SampleDay
from kalshi.paper.exchange import PaperExchange

OPENS, CLOSES = datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 14, 35, tzinfo=UTC)
KEY_ID = "11111111-2222-3333-4444-555555555555"
Start = Callable[..., tuple[Counter[str], str]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Start]:
    """Run a script at a New York time against a served exchange; return its requests by verb, and its report."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_", "EMAIL_", "DEMO_")):
            monkeypatch.delenv(name)
    now = [MORNING]
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "empty.env").write_text("")
    exchange = PaperExchange(tmp_path / "served.sqlite", lambda: now[0], signature_clock=time.time)
    exchange.add_account(KEY_ID, key.public_key(), D(5000))
    with served(exchange) as (base, seen):
        values = {"ENV_FILE": tmp_path / "empty.env", "MODE": "paper", "API_BASE": base, "KEY_ID": KEY_ID}
        values |= {"PRIVATE_KEY_PATH": tmp_path / "key.pem", "DATA_DIR": tmp_path, "REPORT_DIR": tmp_path / "r"}
        for name, value in values.items():
            monkeypatch.setenv(f"KALSHI_{name}", str(value))

        def run(script: str, at: str, *arguments: str) -> tuple[Counter[str], str]:
            now[0] = datetime.fromisoformat(f"2026-11-24T{at}:00-05:00").astimezone(UTC)
            for series in ("KXINX", "KXNASDAQ100"):
                exchange.mirror(SampleDay(series, OPENS, CLOSES, now[0]).snapshot())
            seen.clear()
            code = importlib.import_module(f"kalshi.{script}").main(["--date", f"2026-11-24T{at}", *arguments])
            said = capsys.readouterr()
            assert code == 0, said.err
            return Counter(line.partition(" ")[0] for line in seen), " ".join(said.out.split())

        yield run
    exchange.close()


def test_a_whole_morning_is_six_reads_and_its_orders(start: Start) -> None:
    first, _ = start("morning", "09:35", "--dry-run")  # reads the schedule of the week, which is kept for three days
    assert first == {"GET": 7}
    requests, said = start("morning", "09:36")
    orders = said.count("rests in the book")
    assert orders >= 10 and requests == {"GET": 6, "POST": orders}


@pytest.mark.parametrize(
    ("script", "at", "reads"),
    [
        ("main", "10:00", 6),
        ("midday", "12:00", 6),
        ("sp_daily_every_10_minutes", "10:00", 6),
        ("nasdaq_daily_every_10_minutes", "10:10", 6),
        ("before_close", "10:00", 6),
        ("afternoon", "15:50", 6),
    ],
)
def test_a_dry_run_on_a_quiet_day_only_reads(start: Start, script: str, at: str, reads: int) -> None:
    requests, _ = start(script, at, "--dry-run")
    assert set(requests) == {"GET"} and requests["GET"] <= reads, requests
