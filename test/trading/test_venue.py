"""What the exchange says of itself decides before an order leaves: pauses, hours, money by shard, attestation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kalshi.exchange.models import Schedule
from kalshi.trading.desk import OrderOutcome, OrderReport
from kalshi.trading.opening_hours import why_closed
from trading.harness import CREATE, EVENT, HIGH, LOW, D, Hall, answer, intent

ACCEPTED, REJECTED, REFUSED, UNKNOWN = OrderOutcome
STATUS, SCHEDULE, KEYS = ("GET", "/exchange/status"), ("GET", "/exchange/schedule"), ("GET", "/api_keys")
NEW_YORK = ZoneInfo("America/New_York")


def submit(hall: Hall, **changes: Any) -> OrderReport:
    return hall.desk().submit(intent(**changes), hall.market())


def status(**shard_1: bool) -> dict[str, Any]:
    open_ = {"exchange_active": True, "trading_active": True, "intra_exchange_transfers_active": True}
    shards = [{"exchange_index": 0, **open_}, {"exchange_index": 1, **open_, **shard_1}]
    return {**open_, "exchange_index_statuses": shards, "exchange_estimated_resume_time": "2026-10-05T15:00:00Z"}


def test_a_paused_shard_takes_nothing_and_the_others_go_on(hall: Hall) -> None:
    elsewhere = f"{EVENT}-A2.70"
    hall.show(exchange_index=1, tickers=(elsewhere,))
    hall.network.always[STATUS] = answer(200, status(trading_active=False))
    refused = hall.desk().submit(intent(ticker=elsewhere), hall.market(elsewhere))
    assert refused.outcome is REFUSED and refused.control == "pause"
    assert "shard 1" in refused.reason and "15:00 UTC" in refused.reason
    assert submit(hall).outcome is ACCEPTED


def test_whether_the_exchange_trades_must_be_known_for_an_entry_and_not_for_an_exit(hall: Hall) -> None:
    assert submit(hall, price=D("0.44")).filled == 10
    hall.network.always[STATUS] = answer(503)
    refused = submit(hall, purpose="more")
    assert refused.outcome is REFUSED and "could not be read" in refused.reason
    assert hall.desk().flatten(hall.market(), D("0.30")).remaining == 0


def test_the_weekly_maintenance_takes_nothing(hall: Hall) -> None:
    with hall.exchange.view() as world:
        kept = world.ledger.maintenance
    hall.now = datetime(2026, 10, 8, 3, 30, tzinfo=NEW_YORK).astimezone(UTC)
    hall.network.always[SCHEDULE] = answer(200, {"schedule": {
        "standard_hours": [],
        "maintenance_windows": [{"start_datetime": "2026-10-08T07:00:00Z", "end_datetime": "2026-10-08T09:00:00Z"}],
    }})
    refused = submit(hall)
    assert refused.outcome is REFUSED and ("maintenance until" in refused.reason or "paused" in refused.reason), kept
    assert hall.network.count(CREATE) == 0


@pytest.mark.parametrize(("code", "other"), [("trading_is_paused", ACCEPTED), ("exchange_is_paused", REFUSED)])
def test_a_pause_that_an_order_meets_is_not_asked_again_for_a_while(
    hall: Hall, code: str, other: OrderOutcome
) -> None:
    desk = hall.desk()
    hall.network.fail(CREATE, answer(409, {"error": {"code": code, "message": "paused"}}))
    first = desk.submit(intent(), hall.market())
    assert first.outcome is REJECTED and "the next run tries again" in first.reason
    second = desk.submit(intent(purpose="second"), hall.market())
    assert second.outcome is REFUSED and second.control == "pause" and hall.network.count(CREATE) == 1
    assert desk.submit(intent(ticker=HIGH), hall.market(HIGH)).outcome is other
    # The next run tries the very same order: its identity was never taken.
    again = hall.desk(run_id="run-2").submit(intent(), hall.market())
    assert again.outcome is ACCEPTED and again.client_order_id == first.client_order_id


def test_money_on_another_shard_is_named(hall: Hall) -> None:
    hall.network.fail(CREATE, answer(400, {"error": {"code": "insufficient_balance", "message": "no"}}))
    report = submit(hall)
    assert report.outcome is REJECTED and "shard 0: $1000.00" in report.reason


def test_an_order_that_was_not_taken_gives_its_money_back(hall: Hall) -> None:
    desk = hall.desk()
    desk.venue.pay(desk._row(intent(count=D(3100)), hall.market(), D(1), False))  # leaves about 23 dollars
    hall.network.fail(CREATE, answer(400, {"error": {"code": "invalid_order", "details": "post only cross"}}))
    assert desk.submit(intent(count=D(50)), hall.market()).outcome is REJECTED
    assert desk.submit(intent(count=D(50), purpose="b"), hall.market()).outcome is ACCEPTED


@pytest.mark.parametrize(
    ("category", "expires", "outcome"),
    [
        ("Sports", None, REFUSED),
        ("Sports", -1, REFUSED),
        ("Sports", 0, REFUSED),
        ("Sports", 1, ACCEPTED),
        ("Elections", -1, REFUSED),
        ("Entertainment", -1, REFUSED),
        ("Economics", None, ACCEPTED),
        ("Financials", -1, ACCEPTED),
    ],
)
def test_a_lapsed_or_missing_attestation_keeps_to_its_categories(
    hall: Hall, category: str, expires: int | None, outcome: OrderOutcome
) -> None:
    market = hall.market()
    moment = None if expires is None else int(hall.now.timestamp()) + expires
    keys = {"api_keys": []} | ({} if moment is None else {"api_key_region_expiration_ts": moment})
    hall.network.always[KEYS] = answer(200, keys)
    hall.network.always["GET", "/series/KXTSAW"] = answer(200, {"series": {
        "ticker": "KXTSAW", "title": "x", "category": category, "fee_type": "quadratic", "fee_multiplier": 1,
    }})
    if moment is not None:
        hall.now = datetime.fromtimestamp(moment - (expires or 0), UTC)
    report = hall.desk().submit(intent(), market)
    assert report.outcome is outcome, report.reason
    if outcome is REFUSED:
        assert report.control == "attestation" and "until a person renews it" in report.reason


def test_an_attestation_that_ends_soon_is_said_early(hall: Hall) -> None:
    ends = hall.now + timedelta(days=13)
    hall.network.always[KEYS] = answer(200, {"api_keys": [], "api_key_region_expiration_ts": int(ends.timestamp())})
    desk = hall.desk()
    desk.submit(intent(), hall.market())
    assert "renew it" in desk.venue.attestation_warning()


def test_an_attestation_that_can_not_be_read_refuses(hall: Hall) -> None:
    hall.network.always[KEYS] = answer(503)
    report = submit(hall)
    assert report.outcome is REFUSED and report.control == "attestation"


def week(**days: list[dict[str, str]]) -> Schedule:
    whole = [{"open_time": "00:00", "close_time": "00:00"}]
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    hours = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z", **dict.fromkeys(names, whole)}
    return msgspec.convert({"standard_hours": [{**hours, **days}], "maintenance_windows": []}, Schedule, strict=False)


@pytest.mark.parametrize(
    ("local", "open_"),
    [
        ("2026-10-05T07:59", False), ("2026-10-05T08:00", True), ("2026-10-05T09:59", True),
        ("2026-10-05T10:00", False), ("2026-10-05T18:00", True), ("2026-10-05T23:59", True),
        ("2026-10-06T00:00", True), ("2026-10-10T12:00", False),
        # 12:30 in UTC is 08:30 in summer and 07:30 in winter.
        ("2026-10-26T08:30", True), ("2026-11-02T07:30", False),
    ],
)
def test_hours_are_new_yorks(local: str, open_: bool) -> None:
    spans = [{"open_time": "08:00", "close_time": "10:00"}, {"open_time": "18:00", "close_time": "00:00"}]
    schedule = week(monday=spans, saturday=[])
    moment = datetime.fromisoformat(local).replace(tzinfo=NEW_YORK).astimezone(UTC)
    assert (why_closed(schedule, moment) == "") is open_


def test_a_week_the_schedule_does_not_speak_of_is_open() -> None:
    assert why_closed(week(monday=[]), datetime(2027, 1, 4, 15, tzinfo=UTC)) == ""


def test_ticker_names_its_series_for_the_category() -> None:
    assert LOW.partition("-")[0] == "KXTSAW"
