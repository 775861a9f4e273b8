"""Each control on both sides of its line, seen through the desk: what is refused is a stored row with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kalshi.config import load_config
from kalshi.exchange.models_orders import FILL_OR_KILL, IMMEDIATE_OR_CANCEL
from kalshi.trading.desk import OrderOutcome, OrderReport
from kalshi.trading.intents import Side
from kalshi.trading.limits import Limits
from trading.harness import CLOSE, CREATE, EVENT, HIGH, LOW, SMALL, D, Hall, answer, intent, market_of

ACCEPTED, REJECTED, REFUSED, UNKNOWN = OrderOutcome


def submit(
    hall: Hall, limits: Limits = SMALL, market: Any = None, quoted_at: Any = None, **changes: Any
) -> OrderReport:
    wanted = intent(**changes)
    report = hall.desk(limits=limits).submit(wanted, market or hall.market(wanted.ticker), quoted_at=quoted_at)
    row = hall.store.order(report.client_order_id)
    assert row is not None and row.state == report.outcome.value
    if report.outcome is REFUSED:
        assert row.reason == report.reason != ""
    return report


def refused(report: OrderReport, word: str) -> None:
    assert report.outcome is REFUSED and word in report.reason, report.reason


@pytest.mark.parametrize("price", ["0", "1", "-0.10", "1.5", "NaN", "0.305", "0.3001"])
def test_prices_off_the_grid_or_out_of_bounds(hall: Hall, price: str) -> None:
    refused(submit(hall, price=D(price)), "price")
    assert hall.network.count(CREATE) == 0


@pytest.mark.parametrize("side", list(Side))
def test_the_grid_is_checked_in_yes_prices(hall: Hall, side: Side) -> None:
    tapered = [
        {"start": "0.00", "end": "0.10", "step": "0.001"}, {"start": "0.10", "end": "1.00", "step": "0.01"},
    ]
    hall.show(bid="0.40", ask="0.99", price_ranges=tapered)
    expected = ACCEPTED if side is Side.YES else REFUSED  # NO at 0.055 is YES at 0.945
    assert submit(hall, side=side, price=D("0.055")).outcome is expected


@pytest.mark.parametrize("count", ["0", "-1", "0.005", "NaN", "Infinity", "100.01"])
def test_counts(hall: Hall, count: str) -> None:
    refused(submit(hall, count=D(count)), "count")


def test_the_smallest_count_is_accepted(hall: Hall) -> None:
    assert submit(hall, count=D("0.01")).outcome is ACCEPTED


def test_what_would_be_possible_fits_the_cost_too(hall: Hall) -> None:
    limits = replace(SMALL, order_contracts=D("100"), order_cost=D("10.00"))
    report = submit(hall, limits=limits, count=D("500"))
    refused(report, "above the limit of 100 contracts")
    possible = int(report.reason.split("; ")[1].split(" ")[0])
    assert 0 < possible < 100
    refused(submit(hall, limits=limits, count=D(possible + 1)), "per order")
    assert submit(hall, limits=limits, count=D(possible)).outcome is ACCEPTED


def test_cost_of_one_order_with_its_fee(hall: Hall) -> None:
    # 10 at 0.30 cost 3.00 and at most 0.147 in fees, reserved as 0.15.
    refused(submit(hall, replace(SMALL, order_cost=D("3.14"))), "per order")
    assert submit(hall, replace(SMALL, order_cost=D("3.15"))).outcome is ACCEPTED


def test_worst_loss_of_the_event_counts_what_was_placed_before(hall: Hall) -> None:
    limits = replace(SMALL, event_cost=D("6.30"))
    assert submit(hall, limits).outcome is ACCEPTED
    assert submit(hall, limits, ticker=HIGH).outcome is ACCEPTED
    refused(submit(hall, limits, purpose="third", count=D(1)), "per event")


def test_a_cancelled_order_gives_its_room_back(hall: Hall) -> None:
    limits = replace(SMALL, event_cost=D("3.20"))
    submit(hall, limits)
    refused(submit(hall, limits, purpose="second"), "per event")
    hall.desk().cancel_resting(EVENT)
    assert submit(hall, limits, purpose="second").outcome is ACCEPTED


def test_a_day_is_the_last_24_hours(hall: Hall) -> None:
    limits = replace(SMALL, day_cost=D("3.20"))
    submit(hall, limits)
    other = {"event_ticker": "KXTSAW-26OCT18", "ticker": "KXTSAW-26OCT18-A2.50"}
    market = market_of(other["ticker"], event_ticker=other["event_ticker"])
    refused(submit(hall, limits, market=market, **other), "24 hours")
    hall.sleep(24 * 3600 + 1)
    refused(submit(hall, limits, market=market, **other), "older ones that are open")  # it rests and can fill today
    hall.desk().cancel_resting(EVENT)
    assert submit(hall, limits, market=market, **other).outcome is not REFUSED


def test_what_filled_longer_ago_than_a_day_no_longer_counts_for_the_day(hall: Hall) -> None:
    limits = replace(SMALL, day_cost=D("4.60"))
    assert submit(hall, limits, price=D("0.44")).filled == 10
    hall.desk().reconcile()
    other = {"event_ticker": "KXTSAW-26OCT18", "ticker": "KXTSAW-26OCT18-A2.50"}
    market = market_of(other["ticker"], event_ticker=other["event_ticker"])
    refused(submit(hall, limits, market=market, **other), "24 hours")
    hall.sleep(24 * 3600 + 1)
    assert submit(hall, limits, market=market, **other).outcome is not REFUSED


def test_orders_of_a_run(hall: Hall) -> None:
    desk = hall.desk(limits=replace(SMALL, orders_per_run=2))
    reports = [desk.submit(intent(purpose=str(number)), hall.market()) for number in range(3)]
    assert [report.outcome for report in reports] == [ACCEPTED, ACCEPTED, REFUSED]


def test_money_on_the_markets_own_shard(hall: Hall) -> None:
    elsewhere = f"{EVENT}-A2.70"
    hall.show(exchange_index=2, tickers=(elsewhere,))
    refused(submit(hall, ticker=elsewhere), "shard 2 has $0.00")


def test_a_balance_that_can_not_be_read_refuses(hall: Hall) -> None:
    hall.network.always["GET", "/portfolio/balance"] = answer(503)
    refused(submit(hall), "balance could not be read")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": "inactive"}, "inactive"),
        ({"status": "closed"}, "closed"),
        ({"status": "initialized"}, "initialized"),
        ({"open_time": CLOSE - timedelta(hours=1)}, "opens at"),
        ({"close_time": CLOSE - timedelta(days=30)}, "closes at"),
        ({"ticker": HIGH}, "market data of"),
        ({"event_ticker": "KXTSAW-26OCT18"}, "market data of"),
    ],
)
def test_markets_that_take_no_orders(hall: Hall, changes: dict[str, Any], word: str) -> None:
    refused(submit(hall, market=market_of(**{"ticker": LOW, **changes})), word)


def test_about_to_close(hall: Hall) -> None:
    market = hall.market()
    hall.now = CLOSE - timedelta(seconds=60)
    refused(submit(hall, market=market), "closes at")
    hall.now = CLOSE - timedelta(seconds=61)
    assert submit(hall, market=market).outcome is ACCEPTED


def test_stale_quotes(hall: Hall) -> None:
    refused(submit(hall, quoted_at=hall.now - timedelta(minutes=5, seconds=1)), "old")
    assert submit(hall, quoted_at=hall.now - timedelta(minutes=5)).outcome is ACCEPTED


def test_a_taker_meets_no_wide_spread(hall: Hall) -> None:
    narrow = replace(SMALL, spread=D("0.03"))
    refused(submit(hall, narrow, price=D("0.44")), "spread is 0.04")
    assert submit(hall, narrow, price=D("0.43")).outcome is ACCEPTED  # rests
    assert submit(hall, replace(SMALL, spread=D("0.04")), price=D("0.44"), purpose="b").outcome is ACCEPTED


@pytest.mark.parametrize("scope", ["all", "tsa", EVENT])
def test_locks_hold_until_their_time(hall: Hall, scope: str) -> None:
    hall.store.lock(scope, "cooling down", set_at=hall.now, until=hall.now + timedelta(hours=1))
    refused(submit(hall), "cooling down")
    hall.sleep(3600)
    assert submit(hall).outcome is ACCEPTED


def test_a_lock_of_another_event_does_not_matter(hall: Hall) -> None:
    hall.store.lock("KXTSAW-26OCT18", "x", set_at=hall.now)
    assert submit(hall).outcome is ACCEPTED


@pytest.mark.parametrize("name", ["STOP", "STOP.tsa"])
def test_stop_files(hall: Hall, name: str) -> None:
    (hall.folder / "STOP.another").touch()
    assert submit(hall).outcome is ACCEPTED
    (hall.folder / name).touch()
    refused(submit(hall, purpose="second"), name)


@pytest.mark.parametrize(
    "changes",
    [
        {"reduces": True},
        {"post_only": True, "time_in_force": FILL_OR_KILL},
        {"expiration": CLOSE, "time_in_force": IMMEDIATE_OR_CANCEL},
        {"expiration": CLOSE - timedelta(days=30)},
    ],
)
def test_combinations_that_the_exchange_would_refuse(hall: Hall, changes: dict[str, Any]) -> None:
    assert submit(hall, **changes).outcome is REFUSED
    assert hall.network.count(CREATE) == 0


def test_an_expiring_order_expires(hall: Hall) -> None:
    assert submit(hall, expiration=hall.now + timedelta(hours=1)).outcome is ACCEPTED
    (there,) = hall.orders_there()
    assert there.expires_at == hall.now + timedelta(hours=1)


def test_a_spread_limit_of_a_dollar_is_none_and_lets_one_sided_markets_through() -> None:
    assert Limits.from_config(load_config({"KALSHI_MODE": "paper"})).spread is None
    assert Limits.from_config(load_config({"KALSHI_MODE": "paper", "KALSHI_MAX_SPREAD": "0.99"})).spread == D("0.99")


def test_limits_come_from_the_configuration() -> None:
    config = load_config({"KALSHI_MODE": "paper", "KALSHI_MAX_EVENT_COST": "7.50", "KALSHI_MAX_ORDERS_PER_RUN": "3"})
    limits = Limits.from_config(config)
    assert (limits.event_cost, limits.orders_per_run, limits.order_contracts) == (D("7.50"), 3, 100)


def test_a_dearer_series_reserves_its_own_fee(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market(), fee_multiplier=D(2))
    row = hall.store.order(report.client_order_id)
    assert row is not None and row.fee_bound == D("0.30")
