"""Where the ladder of a day comes from: the exchange, its public data mirrored into paper, or a SAMPLE."""

from __future__ import annotations

import logging
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from index.served import served
from kalshi.clients import ExchangeClient
from kalshi.config import Config, load_config
from kalshi.errors import DataError
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.history import SP500
from kalshi.index.sample import SampleDay
from kalshi.index.trading_day import find_day, spot_of_day
from kalshi.paper.exchange import PaperExchange
from kalshi.runtime.endings import NothingToDo
from kalshi.runtime.run import Run

OPENS = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
CLOSES = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
NOW = OPENS + timedelta(minutes=30)
SESSION = SampleDay("KXINX", OPENS, CLOSES, NOW)
KEY_ID = "11111111-2222-3333-4444-555555555555"


def real_ladder() -> LadderSnapshot:
    """The made-up ladder under the names a real one has."""
    text = SESSION.snapshot().to_json().replace(b"SAMPLE", b"")
    return LadderSnapshot.from_json(text)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[PaperExchange]:

    made = PaperExchange(tmp_path / "served.sqlite", lambda: NOW, signature_clock=time.time)
    yield made
    made.close()


def a_run(folder: Path, *, base: str = "", mode: str = "paper", offline: bool = False) -> Run:
    values = {"KALSHI_MODE": mode, "KALSHI_DATA_DIR": str(folder), "KALSHI_REPORT_DIR": str(folder)}
    if base:
        values |= {"KALSHI_API_BASE": base, "KALSHI_KEY_ID": KEY_ID}
        values |= {"KALSHI_PRIVATE_KEY_PATH": str(folder / "key.pem")}
    args = Namespace(date=None, offline=offline, dry_run=False, no_email=False, time_limit=15)
    return Run(job="test", run_id="r", config=load_config(values), args=args, log=logging.getLogger("test"), moment=NOW)


def public_at(base: str) -> ExchangeClient:
    return ExchangeClient(base, None, timeout_s=(2, 10), read_budget_s=10, writes_allowed=False)


def no_public(config: Config) -> ExchangeClient:
    raise AssertionError("nobody may be asked")


def test_the_public_ladder_is_mirrored_into_the_paper_exchange(tmp_path: Path, exchange: PaperExchange) -> None:
    exchange.mirror(real_ladder())
    run = a_run(tmp_path)
    with served(exchange) as (base, _):
        day = find_day(run, "KXINX", SESSION, strategy="s", public=lambda config: public_at(base))
    assert day.source == "Kalshi" and day.sample is None
    assert day.event_ticker == "KXINX-26NOV24H1600" and "SAMPLE" not in run.report.text()
    assert day.state.balance == D(1000) and len(day.found.markets) == 30
    run.offline = True
    assert "no source" in spot_of_day(run, day, SP500, None).reason
    run.close()


def test_where_nobody_answers_a_sample_takes_its_place_and_says_so(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    day = find_day(
        run, "KXINX", SESSION, strategy="s", public=lambda config: public_at("http://127.0.0.1:9/trade-api/v2")
    )
    assert day.sample is not None and "*** SAMPLE ***" in run.report.text()
    assert "Kalshi can not be reached" in run.report.text()
    found = spot_of_day(run, day, SP500, None)
    assert found.quote is not None and found.quote.source == "SAMPLE" and found.cross_checked
    run.close()


def test_offline_asks_nobody(tmp_path: Path) -> None:
    run = a_run(tmp_path, offline=True)
    assert find_day(run, "KXINX", SESSION, strategy="s", public=no_public).sample is not None
    run.close()


def test_no_event_on_the_exchange_is_no_event_and_no_sample(tmp_path: Path, exchange: PaperExchange) -> None:
    run = a_run(tmp_path)
    with (
        served(exchange) as (base, _),
        pytest.raises(NothingToDo, match="no open KXINX event closes at 2026-11-24 16:00 EST"),
    ):
        find_day(run, "KXINX", SESSION, strategy="s", public=lambda config: public_at(base))
    assert run.args.no_email
    run.close()


def test_a_broken_event_on_the_exchange_is_no_sample_either(tmp_path: Path, exchange: PaperExchange) -> None:
    broken = real_ladder()
    exchange.mirror(
        msgspec.structs.replace(broken, event=msgspec.structs.replace(broken.event, mutually_exclusive=False))
    )
    run = a_run(tmp_path)
    with served(exchange) as (base, _), pytest.raises(DataError, match="what can win together is not certain"):
        find_day(run, "KXINX", SESSION, strategy="s", public=lambda config: public_at(base))
    run.close()


def test_another_exchange_is_asked_itself_with_few_requests(tmp_path: Path, exchange: PaperExchange) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    exchange.add_account(KEY_ID, key.public_key(), D(500))
    exchange.mirror(real_ladder())
    with served(exchange) as (base, seen):
        run = a_run(tmp_path, base=base, mode="demo")
        day = find_day(run, "KXINX", SESSION, strategy="s", public=no_public, sleep=lambda seconds: None)
        assert day.source == "Kalshi (demo)" and day.state.balance == D(500)
        assert len(seen) <= 7, seen
        with pytest.raises(NothingToDo, match="KXNASDAQ100"):
            find_day(run, "KXNASDAQ100", SESSION, strategy="s", public=no_public, sleep=lambda seconds: None)
        run.close()


def test_a_served_sample_is_marked_as_one(tmp_path: Path, exchange: PaperExchange) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    exchange.add_account(KEY_ID, key.public_key(), D(500))
    exchange.mirror(SESSION.snapshot())
    with served(exchange) as (base, _):
        run = a_run(tmp_path, base=base, mode="demo")
        assert find_day(run, "KXINX", SESSION, strategy="s", public=no_public).sample is not None
        assert "*** SAMPLE ***" in run.report.text()
        run.close()
