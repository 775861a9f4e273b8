"""The toolbox: names of events, login that follows the mode, mail that never fails."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi import shared
from kalshi.config import load_config
from kalshi.errors import ConfigError
from kalshi.exchange.hosts import DEMO_BASE, LIVE_BASE, PAPER_BASE
from kalshi.index.tickers import parse_event_ticker
from kalshi.mailer import MailOutcome


def test_dates_as_tickers_write_them() -> None:
    assert shared.format_date(date(2026, 10, 9)) == "26OCT09"
    assert shared.format_date(datetime(2023, 8, 1)) == "23AUG01"


def test_daily_events() -> None:
    assert shared.create_sp_market_id(date(2026, 10, 9)) == "KXINX-26OCT09H1600"
    assert shared.create_nasdaq_event_id(date(2026, 10, 9)) == "KXNASDAQ100-26OCT09H1600"
    assert shared.create_sp_market_id(date(2023, 3, 24)) == "INXW-23MAR24"


def test_weekly_events_are_those_of_the_friday() -> None:
    for day in (date(2026, 10, 3), date(2026, 10, 5), date(2026, 10, 9)):
        assert shared.create_weekly_sp_market_id(day) == "KXINX-26OCT09H1600"
        assert shared.create_weekly_nasdaq_market_id(day) == "KXNASDAQ100-26OCT09H1600"


def test_next_sunday_and_the_tsa_week() -> None:
    assert shared.get_next_sunday(reference_date=date(2026, 2, 2)) == "26FEB08"
    assert shared.get_next_sunday(reference_date=date(2026, 2, 8)) == "26FEB08"
    assert shared.get_next_sunday(skip_today_if_sunday=True, reference_date=date(2026, 2, 8)) == "26FEB15"
    assert shared.create_tsa_event_id("26FEB08") == "KXTSAW-26FEB08"
    assert shared.create_tsa_event_id(date(2026, 2, 8)) == "KXTSAW-26FEB08"


def test_without_a_day_new_yorks_today_is_meant() -> None:
    near = {shared.today()}
    assert parse_event_ticker(shared.create_sp_market_id()).day in near | {shared.today()}
    assert abs((shared.today() - datetime.now(UTC).date()).days) <= 1
    assert parse_event_ticker(shared.create_tsa_event_id()).day.weekday() == 6


def test_every_name_of_the_toolbox_exists_and_is_described() -> None:
    assert shared.__all__ == sorted(shared.__all__)
    for name in shared.__all__:
        assert getattr(shared, name).__doc__


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the process's settings at a directory of its own, with a key file and no mail."""
    key = tmp_path / "key.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(pem)
    (tmp_path / "empty.env").touch()
    for name in [name for name in os.environ if name.startswith(("KALSHI_", "EMAIL_", "DEMO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KALSHI_ENV_FILE", str(tmp_path / "empty.env"))
    monkeypatch.setenv("KALSHI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(key))
    monkeypatch.setenv("KALSHI_KEY_ID", "1111-2222")
    return tmp_path


@pytest.mark.parametrize("mode, base", [("paper", PAPER_BASE), ("demo", DEMO_BASE), ("live", LIVE_BASE)])
def test_the_host_follows_the_mode(settings: Path, mode: str, base: str) -> None:
    assert shared.login(mode).base_url == base


def test_the_mode_of_the_settings_is_the_default(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_MODE", "true")
    assert shared.login().base_url == DEMO_BASE
    monkeypatch.setenv("KALSHI_MODE", "paper")
    assert shared.login().base_url == PAPER_BASE
    assert shared.login("demo", config=load_config()).base_url == DEMO_BASE


def test_login_without_a_key_or_with_an_unknown_mode_says_what_to_do(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KALSHI_KEY_ID")
    with pytest.raises(ConfigError, match="KALSHI_KEY_ID is not set"):
        shared.login("demo")
    with pytest.raises(ConfigError, match="'real' is unknown"):
        shared.login("real")


def test_mail_is_skipped_with_one_warning(settings: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert shared.send_email("body") is MailOutcome.SKIPPED
    assert len(caplog.records) == 1
