"""What `doctor` says of account, exchange and index markets, asked of a paper exchange over its real client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kalshi.config import Config, load_config
from kalshi.index.sample import SampleDay
from kalshi.runtime.doctor_account import examine_account
from kalshi.runtime.doctor_index import examine_index
from trading.harness import Hall, answer

KEYS, STATUS = ("GET", "/api_keys"), ("GET", "/exchange/status")
DEMO = replace(load_config({"KALSHI_MODE": "demo"}), key_id="trader")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()


def account(hall: Hall, config: Config = DEMO) -> dict[str, tuple[str, str]]:
    found = examine_account(config, hall.new_client(), lambda: hall.now)
    return {one.check: (one.state, one.detail) for one in found}


def keys(hall: Hall, scopes: list[str], ends_in: timedelta | None = None, **more: Any) -> None:
    row = {"api_key_id": "trader", "name": "x", "scopes": scopes, **more}
    until = {} if ends_in is None else {"api_key_region_expiration_ts": int((hall.now + ends_in).timestamp())}
    hall.network.always[KEYS] = answer(200, {"api_keys": [row], **until})


def test_a_good_account_is_ok_throughout(hall: Hall) -> None:
    keys(hall, ["read", "write::trade"], timedelta(days=90))
    assert {check: state for check, (state, _) in account(hall).items()} == {
        "exchange": "ok", "balance": "ok", "permissions": "ok", "attestation": "ok",
    }


@pytest.mark.parametrize(
    ("scopes", "more", "state"),
    [
        (["read", "write"], {}, "ok"),
        (["read"], {}, "WRONG"),
        (["read", "write::transfer"], {}, "WRONG"),
        (["write::trade"], {}, "WRONG"),
        (["read", "write"], {"subaccount": 3}, "warn"),
        (["read", "write"], {"api_key_id": "another"}, "warn"),
    ],
)
def test_permissions(hall: Hall, scopes: list[str], more: dict[str, Any], state: str) -> None:
    keys(hall, scopes, timedelta(days=90), **more)
    assert account(hall)["permissions"][0] == state


@pytest.mark.parametrize(
    ("ends_in", "state", "word"),
    [
        (None, "warn", "never made"),
        (timedelta(0), "warn", "ended"),
        (timedelta(days=14), "warn", "renew it"),
        (timedelta(days=14, seconds=1), "ok", "until"),
    ],
)
def test_the_attestation_is_said_early(hall: Hall, ends_in: timedelta | None, state: str, word: str) -> None:
    keys(hall, ["read", "write"], ends_in)
    found = account(hall)["attestation"]
    assert found[0] == state and word in found[1]


def test_an_exchange_that_does_not_answer_is_asked_once(hall: Hall) -> None:
    hall.network.always[STATUS] = answer(500)
    assert [(check, state) for check, (state, _) in account(hall).items()] == [("exchange", "WRONG")]


def test_a_pause_is_a_warning_with_its_end(hall: Hall) -> None:
    off = {"exchange_active": True, "trading_active": False}
    hall.network.always[STATUS] = answer(200, {
        **off, "intra_exchange_transfers_active": True, "exchange_estimated_resume_time": "2026-10-05T15:00:00Z",
    })
    state, detail = account(hall)["exchange"]
    assert state == "warn" and "2026-10-05 11:00 EDT" in detail


def index(hall: Hall, config: Config = DEMO) -> dict[str, tuple[str, str]]:
    found = examine_index(config, hall.new_client())
    return {one.check: (one.state, one.detail) for one in found}


def test_index_markets_that_are_not_listed_are_a_warning(hall: Hall) -> None:
    mirror(hall)
    assert index(hall)["KXNASDAQ100 event"][0] in ("warn", "WRONG")
    assert list(index(hall, replace(DEMO, mode="paper"))) == ["index markets"]


def mirror(hall: Hall, shard: int = 0, **changes: Any) -> None:
    """Let the exchange list a range ladder of the S&P 500 that closes today."""
    opens = hall.now.replace(hour=13, minute=30, second=0)
    day = SampleDay("KXINX", opens, opens + timedelta(hours=6, minutes=30), hall.now)
    snapshot = day.snapshot()
    series = {name: value for name, value in changes.items() if name in ("fee_type", "fee_multiplier")}
    event = {name: value for name, value in changes.items() if name not in series}
    hall.exchange.mirror(msgspec.structs.replace(
        snapshot,
        series=msgspec.structs.replace(snapshot.series, **series),
        event=msgspec.structs.replace(snapshot.event, **event),
        markets=tuple(
            msgspec.structs.replace(market, exchange_index=shard, created_time=opens, updated_time=opens)
            for market in snapshot.markets
        ),
    ))


def test_the_items_of_an_index_event_are_shown_as_they_are(hall: Hall) -> None:
    mirror(hall)
    found = index(hall)
    states = {check: state for check, (state, _) in found.items() if check.startswith("KXINX ")}
    assert states == {"KXINX event": "ok", "KXINX exclusive": "ok", "KXINX fees": "ok", "KXINX shard": "ok"}
    assert "30 markets, closes 2026-10-05 16:00 EDT" in found["KXINX event"][1]
    assert "quadratic, multiplier 1" in found["KXINX fees"][1] and "$1000" in found["KXINX shard"][1]


@pytest.mark.parametrize(
    ("changes", "check", "state"),
    [
        ({"mutually_exclusive": False}, "exclusive", "WRONG"),
        ({"fee_type": "flat"}, "fees", "WRONG"),
        ({"shard": 2}, "shard", "WRONG"),
    ],
)
def test_what_an_index_script_would_refuse_is_wrong(
    hall: Hall, changes: dict[str, Any], check: str, state: str
) -> None:
    mirror(hall, **changes)
    found = index(hall)
    assert found.get(f"KXINX {check}", found["KXINX event"])[0] == state
