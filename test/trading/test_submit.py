"""One order, four outcomes, over a network that fails in every way it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
import requests

from databases import erase
from kalshi.errors import StoreError
from kalshi.exchange.models_orders import FILL_OR_KILL, IMMEDIATE_OR_CANCEL
from kalshi.runtime.interrupts import Terminated
from kalshi.store import Store
from kalshi.trading.desk import Desk, OrderOutcome, OrderReport
from kalshi.trading.intents import Side, client_order_id
from trading.harness import (
    CREATE,
    FRESHNESS,
    HIGH,
    ORDERS,
    SMALL,
    D,
    Fault,
    Hall,
    Network,
    answer,
    intent,
    late,
    lost_answer,
    lost_request,
    not_connected,
)

ACCEPTED, REJECTED, REFUSED, UNKNOWN = OrderOutcome


def refused(code: str, status: int = 409, details: str = "") -> Fault:
    return answer(status, {"error": {"code": code, "message": code, "details": details}})


def submit(hall: Hall, desk: Desk | None = None, **changes: object) -> OrderReport:
    wanted = intent(**changes)
    return (desk or hall.desk()).submit(wanted, hall.market(wanted.ticker))


def test_a_resting_order_is_accepted_and_stored(hall: Hall) -> None:
    report = submit(hall)
    assert (report.outcome, report.filled, report.remaining) == (ACCEPTED, 0, 10)
    (there,) = hall.orders_there()
    row = hall.store.order(report.client_order_id)
    assert row is not None and row.order_id == there.order_id == report.order_id
    assert there.client_order_id == client_order_id(intent()) == report.client_order_id


def test_a_crossing_order_reports_own_side_price_and_fee(hall: Hall) -> None:
    report = submit(hall, side=Side.NO, price=D("0.65"))
    assert report.outcome is ACCEPTED and report.filled == 10 and report.remaining == 0
    assert report.average_price == D("0.60")  # somebody bids 0.40 for YES
    assert report.fee == D("0.168")  # 0.07 x 10 x 0.6 x 0.4
    assert hall.position() == -10


def test_buying_no_sends_an_ask_at_one_minus_the_price(hall: Hall) -> None:
    submit(hall, side=Side.NO, price=D("0.30"))
    (there,) = hall.orders_there()
    assert (there.side, there.price) == ("ask", D("0.70"))


def test_the_same_decision_twice_is_one_order(hall: Hall) -> None:
    first = submit(hall)
    again = submit(hall, hall.desk(run_id="run-2"), price=D("0.31"))
    assert again.outcome is ACCEPTED and again.order_id == first.order_id
    assert again.reason.startswith("already placed at 2026-10-05 14:00 UTC")
    assert again.intent.price == first.intent.price != D("0.31")  # what rests, not what is wished for now
    assert hall.network.count(CREATE) == 1
    assert (first.earlier, again.earlier) == (False, True)


def test_a_new_generation_is_a_new_order(hall: Hall) -> None:
    submit(hall)
    submit(hall, generation=2)
    assert len(hall.orders_there()) == 2


@pytest.mark.parametrize(
    "fault",
    [
        lost_answer,
        answer(500, acts=True),
        answer(503, b"<html>busy</html>", acts=True),
        answer(504, acts=True),
        answer(201, b"", acts=True),
        answer(201, {"fill_count": "0.00"}, acts=True),
        answer(201, b'{"order_id": "x", "fill_', acts=True),
    ],
    ids=["timeout", "500", "503", "504", "empty 201", "201 without order_id", "cut 201"],
)
def test_an_order_that_arrived_without_an_answer_is_found_not_sent_again(hall: Hall, fault: Fault) -> None:
    hall.network.fail(CREATE, fault)
    report = submit(hall)
    assert report.outcome is ACCEPTED and "found on the exchange" in report.reason
    assert hall.network.count(CREATE) == 1
    assert len(hall.orders_there()) == 1


@pytest.mark.parametrize("fault", [lost_request, answer(500), answer(503), answer(408), answer(302)])
def test_an_order_that_never_arrived_is_sent_once_more_with_the_same_identity(hall: Hall, fault: Fault) -> None:
    hall.network.fail(CREATE, fault)
    report = submit(hall)
    assert report.outcome is ACCEPTED
    assert hall.network.count(CREATE) == 2
    assert [there.client_order_id for there in hall.orders_there()] == [report.client_order_id]


def test_it_is_sent_twice_at_most(hall: Hall) -> None:
    hall.network.fail(CREATE, *[lost_request] * 5)
    report = submit(hall)
    assert report.outcome is UNKNOWN and hall.network.count(CREATE) == 2
    assert not hall.orders_there()


def test_a_late_arrival_is_not_doubled(hall: Hall) -> None:
    hall.network.fail(CREATE, late)
    hall.network.fail(FRESHNESS, lambda n, r, forward: forward())
    report = submit(hall)  # looked up, not there, sent again and accepted
    hall.network.deliver()  # now the first one arrives
    assert report.outcome is ACCEPTED and len(hall.orders_there()) == 1
    assert hall.desk().reconcile() == []


def test_read_lag_does_not_hide_the_order(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_answer)
    hall.network.fail(ORDERS, *[answer(200, {"orders": [], "cursor": ""})] * 2)
    report = submit(hall)
    assert report.outcome is ACCEPTED
    assert len(hall.orders_there()) == 1


def test_while_the_exchange_is_stale_nothing_is_sent_again(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_request)
    old = (hall.now - timedelta(minutes=1)).isoformat()
    hall.network.always[FRESHNESS] = answer(200, {"as_of_time": old})
    report = submit(hall)
    assert report.outcome is UNKNOWN and hall.network.count(CREATE) == 1


def test_while_the_exchange_can_not_be_read_nothing_is_sent_again(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_answer)
    hall.network.always[ORDERS] = answer(503)
    desk = hall.desk()
    report = submit(hall, desk)
    assert report.outcome is UNKNOWN and hall.network.count(CREATE) == 1
    held_back = submit(hall, desk, purpose="second")
    assert held_back.outcome is REFUSED and "unknown" in held_back.reason
    hall.network.always.clear()
    later = hall.desk(run_id="run-2")
    assert later.reconcile() == []
    assert submit(hall, later).order_id == hall.orders_there()[0].order_id
    assert hall.network.count(CREATE) == 1


def test_an_unknown_order_that_never_arrived_can_be_placed_later(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_request)
    hall.network.always[ORDERS] = answer(503)
    assert submit(hall).outcome is UNKNOWN
    hall.network.always.clear()
    hall.sleep(600)
    desk = hall.desk(run_id="run-2")
    assert desk.reconcile() == []
    assert hall.store.orders()[0].state == "rejected"
    assert submit(hall, desk).outcome is ACCEPTED
    assert len(hall.orders_there()) == 1


def test_an_unknown_order_counts_against_the_limits(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_request)
    hall.network.always[ORDERS] = answer(503)
    limits = replace(SMALL, event_cost=D(5))
    assert submit(hall, hall.desk(limits=limits)).outcome is UNKNOWN
    hall.network.always.clear()
    other = submit(hall, hall.desk(limits=limits, run_id="run-2"), purpose="other")
    assert other.outcome is REFUSED and "event" in other.reason


def test_order_already_exists_is_looked_up_however_old_it_is(hall: Hall) -> None:
    first = submit(hall)
    hall.sleep(3 * 86400)
    hall.store.close()
    erase(hall.place)  # the record is lost; the exchange's is not
    hall.store = Store.open(hall.place)
    report = submit(hall)
    assert report.outcome is ACCEPTED and report.order_id == first.order_id
    assert len(hall.orders_there()) == 1


def test_order_already_exists_that_is_never_listed_stays_unknown(hall: Hall) -> None:
    hall.network.fail(CREATE, refused("order_already_exists"))
    assert submit(hall).outcome is UNKNOWN
    hall.sleep(3600)
    (found,) = hall.desk(run_id="run-2").reconcile()
    assert "does not list it" in found.what
    assert hall.network.count(CREATE) == 1


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (refused("trading_is_paused"), "paused"),
        (refused("exchange_is_paused"), "paused"),
        (refused("MARKET_INACTIVE", 400), "takes no orders"),
        (refused("available_balance_too_low", 400), "not enough money"),
        (refused("insufficient_balance", 400), "not enough money"),
        (refused("invalid_order", 400, "post only cross"), "post-only"),
        (refused("invalid_order_size", 400), "count"),
        (refused("bad_request", 400), "bad_request"),
        (answer(429, {"error": "too many requests"}), "rate limit"),
        (answer(403, {"error": {"code": "forbidden"}}), "scope"),
        (answer(410, {"error": {"code": "deprecated_v1_order_endpoint"}}), "gone"),
        (not_connected, "not sent"),
    ],
)
def test_what_was_certainly_not_taken_is_rejected_in_plain_words_and_may_be_tried_again(
    hall: Hall, fault: Fault, word: str
) -> None:
    hall.network.fail(CREATE, fault)
    report = submit(hall)
    assert report.outcome is REJECTED and word in report.reason, report.reason
    assert hall.network.count(CREATE) == 1 and not hall.orders_there()
    assert submit(hall).outcome is ACCEPTED


def test_a_post_only_order_that_crosses_is_rejected(hall: Hall) -> None:
    crossing = submit(hall, price=D("0.44"), post_only=True)
    assert crossing.outcome is REJECTED and "traded at once" in crossing.reason


def test_a_killed_order_is_rejected_and_its_identity_is_spent(hall: Hall) -> None:
    hall.show(size="3")
    kill = {"time_in_force": FILL_OR_KILL, "price": D("0.44")}
    assert submit(hall, **kill).outcome is REJECTED
    again = submit(hall, **kill)
    assert again.outcome is REJECTED and "not enough offered" in again.reason
    assert hall.network.count(CREATE) == 1
    hall.show(size="1000")
    assert submit(hall, **kill, generation=2).filled == 10


def test_a_kill_whose_answer_was_lost_is_unknown_until_it_must_be_listed(hall: Hall) -> None:
    hall.show(size="3")
    hall.network.fail(CREATE, lost_answer)
    kill = {"time_in_force": FILL_OR_KILL, "price": D("0.44")}
    assert submit(hall, **kill).outcome is UNKNOWN
    assert hall.position() == 0
    hall.sleep(120)
    desk = hall.desk(run_id="run-2")
    assert desk.reconcile() == []
    report = submit(hall, desk, **kill)
    assert report.outcome is REJECTED and "killed" in report.reason


def test_an_immediate_order_that_finds_nothing_is_accepted_with_nothing(hall: Hall) -> None:
    report = submit(hall, time_in_force=IMMEDIATE_OR_CANCEL, price=D("0.10"))
    assert (report.outcome, report.filled, report.remaining) == (ACCEPTED, 0, 0)
    assert "nothing" in report.reason


def test_a_dry_run_sends_nothing_and_leaves_nothing_in_the_way(hall: Hall) -> None:
    report = submit(hall, hall.desk(dry_run=True, limits=replace(SMALL, event_cost=D("3.20"))))
    assert report.outcome is REFUSED
    assert report.reason == f"dry run: would buy 10 YES of {intent().ticker} at 0.30, at most $3.15"
    assert hall.network.count(CREATE) == 0
    real = submit(hall, hall.desk(limits=replace(SMALL, event_cost=D("3.20"))))
    assert real.outcome is ACCEPTED


def test_a_refused_order_may_be_tried_again(hall: Hall) -> None:
    small = hall.desk(limits=replace(SMALL, order_contracts=D(5)))
    assert submit(hall, small).outcome is REFUSED
    assert submit(hall).outcome is ACCEPTED


def test_the_stop_file_stops_the_next_order(hall: Hall) -> None:
    desk = hall.desk()
    assert submit(hall, desk).outcome is ACCEPTED
    (hall.folder / "STOP").write_text("enough")
    stopped = submit(hall, desk, purpose="second")
    assert stopped.outcome is REFUSED and "STOP" in stopped.reason


def test_a_record_that_can_not_be_written_stops_an_order_before_it_is_sent(hall: Hall) -> None:
    desk = hall.desk()
    market = hall.market()
    with hall.store._writing() as connection:
        connection.exec_driver_sql("DROP TABLE orders")
    with pytest.raises(StoreError):
        desk.submit(intent(), market)
    assert hall.network.count(CREATE) == 0


@pytest.mark.parametrize("stop", ["file", "lock", "late"])
def test_a_stop_during_the_look_up_keeps_a_lost_order_from_being_sent_again(hall: Hall, stop: str) -> None:
    def lost_and_stopped(*_: object) -> NoReturn:
        if stop == "file":
            (hall.folder / "STOP").touch()
        elif stop == "lock":
            hall.store.lock("tsa", "enough", set_at=hall.now)
        else:
            hall.sleep(3600)  # the machine slept
        raise requests.ConnectionError("connection reset")

    hall.network.fail(CREATE, lost_and_stopped)
    report = submit(hall, hall.desk(ends_by=hall.now + timedelta(minutes=15)))
    assert report.outcome is UNKNOWN and "not sent again" in report.reason
    assert hall.network.count(CREATE) == 1 and hall.orders_there() == []


def test_an_order_that_is_sent_when_the_run_is_ended_is_reported_as_unknown(hall: Hall) -> None:
    def ended(network: Network, request: object, forward: Callable[[], object]) -> NoReturn:
        forward()
        raise Terminated

    hall.network.fail(CREATE, ended)
    desk = hall.desk()
    with pytest.raises(Terminated):
        submit(hall, desk)
    (report,) = desk.reports
    assert report.outcome is UNKNOWN and "may have arrived" in report.reason
    (order,) = hall.orders_there()
    assert report.client_order_id == order.client_order_id


def test_reports_keep_what_became_of_each_intent(hall: Hall) -> None:
    desk = hall.desk()
    submit(hall, desk)
    submit(hall, desk, ticker=HIGH, count=D(1000))
    assert [report.outcome for report in desk.reports] == [ACCEPTED, REFUSED]


@pytest.mark.parametrize("name", ["STOP", "STOP.tsa_trading_bot", "STOP.tsa_weekly"])
def test_a_stop_of_job_or_strategy_stops_the_next_order(hall: Hall, name: str) -> None:
    desk = hall.desk(job="tsa_trading_bot")
    (desk.stop_dir / name).write_text("a person said so")
    report = submit(hall, desk, strategy="tsa_weekly")
    assert report.outcome is OrderOutcome.REFUSED and name in report.reason
    assert hall.network.count(CREATE) == 0


def test_a_lock_of_the_job_stops_its_orders(hall: Hall) -> None:
    desk = hall.desk(job="tsa_trading_bot")
    desk.store.lock("tsa_trading_bot", "look first", set_at=desk.clock())
    report = submit(hall, desk)
    assert report.outcome is OrderOutcome.REFUSED and "look first" in report.reason


def test_a_forecast_that_turned_does_not_buy_against_itself(hall: Hall) -> None:
    assert submit(hall).outcome is ACCEPTED
    turned = submit(hall, hall.desk(run_id="run-2"), side=Side.NO)
    assert turned.outcome is REFUSED and "bought YES" in turned.reason
    assert hall.network.count(CREATE) == 1
    elsewhere = submit(hall, hall.desk(run_id="run-2"), side=Side.NO, ticker=HIGH)
    assert elsewhere.outcome is ACCEPTED
