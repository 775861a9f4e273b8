"""The index scripts against a paper exchange behind a real socket, with made-up ladders that a test may spoil."""

from __future__ import annotations

import importlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal as D
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from index.served import served
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.sample import SampleDay
from kalshi.paper.exchange import PaperExchange

OPENS, CLOSES = datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
KEY_ID = "11111111-2222-3333-4444-555555555555"
Spoil = Callable[[LadderSnapshot], LadderSnapshot]


@dataclass
class Scripts:
    """exchange: the served one. seen: the requests since the last start. clock: its time, a list of one."""

    exchange: PaperExchange
    clock: list[datetime]
    seen: list[str]
    capsys: pytest.CaptureFixture[str]
    shown: set[str] = field(default_factory=lambda: {"KXINX", "KXNASDAQ100"})

    def show(self, at: str, spoil: Spoil = lambda snapshot: snapshot) -> None:
        """Put the ladders of a New York time into the exchange."""
        self.clock[0] = datetime.fromisoformat(f"2026-11-24T{at}:00-05:00").astimezone(UTC)
        for series in sorted(self.shown):
            self.exchange.mirror(spoil(SampleDay(series, OPENS, CLOSES, self.clock[0]).snapshot()))

    def start(
        self, script: str, at: str, *arguments: str, code: int = 0, spoil: Spoil = lambda snapshot: snapshot
    ) -> tuple[Counter[str], str]:
        """Run a script at a New York time; return its requests by verb, and all it said on one line."""
        self.show(at, spoil)
        self.seen.clear()
        ended = importlib.import_module(f"kalshi.{script}").main(["--date", f"2026-11-24T{at}", *arguments])
        said = self.capsys.readouterr()
        assert ended == code, said.err
        assert "Traceback" not in said.err
        return Counter(line.partition(" ")[0] for line in self.seen), " ".join(f"{said.out} {said.err}".split())


@pytest.fixture
def scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Scripts]:
    """A served exchange with an account, and the settings that lead the scripts to it."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_", "EMAIL_", "DEMO_", "APCA_")):
            monkeypatch.delenv(name)
    clock = [OPENS]
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "empty.env").write_text("")
    exchange = PaperExchange(tmp_path / "served.sqlite", lambda: clock[0], signature_clock=time.time)
    exchange.add_account(KEY_ID, key.public_key(), D(5000))
    with served(exchange) as (base, seen):
        values = {"ENV_FILE": tmp_path / "empty.env", "MODE": "paper", "API_BASE": base, "KEY_ID": KEY_ID}
        values |= {"PRIVATE_KEY_PATH": tmp_path / "key.pem", "DATA_DIR": tmp_path, "REPORT_DIR": tmp_path / "r"}
        for name, value in values.items():
            monkeypatch.setenv(f"KALSHI_{name}", str(value))
        yield Scripts(exchange, clock, seen, capsys)
    exchange.close()
