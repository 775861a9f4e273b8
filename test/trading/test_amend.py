"""A resting order is changed under its own identity; an answer that was lost is looked up, never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from kalshi.errors import ConfigError
from kalshi.trading.desk import Desk, OrderOutcome, OrderReport
from trading.harness import (
    EVENT,
    HIGH,
    ORDERS,
    SMALL,
    D,
    Hall,
    Network,
    answer,
    intent,
    late,
    lost_answer,
    lost_request,
)

ACCEPTED, REJECTED, REFUSED, UNKNOWN = OrderOutcome
AMEND = ("POST", "/portfolio/events/orders/")
ONE_ORDER = ("GET", "/portfolio/orders/")


def resting(hall: Hall, **changes: Any) -> OrderReport:
    report = hall.desk().submit(intent(**changes), hall.market())
    assert report.outcome is ACCEPTED and report.remaining == 10
    return report


def amend(hall: Hall, order: OrderReport, price: str, count: str, desk: Desk | None = None) -> OrderReport:
    assert order.order_id
    return (desk or hall.desk()).amend(order.order_id, hall.market(), price=D(price), count=D(count))


def there(hall: Hall) -> tuple[Any, Any, str]:
    (order,) = hall.orders_there()
    return order.price, order.remaining, order.client_order_id


def edited(changes: dict[str, str]) -> Any:
    """The real list of orders, with other values in each of them."""

    def fault(network: Network, request: Any, forward: Any) -> Any:
        page = forward().json()
        return answer(200, {**page, "orders": [order | changes for order in page["orders"]]})(network, request, forward)

    return fault


def in_store(hall: Hall, order: OrderReport) -> Any:
    row = hall.store.order(order.client_order_id)
    assert row is not None
    return row


def test_price_and_size_change_and_the_identity_stays(hall: Hall) -> None:
    order = resting(hall)
    report = amend(hall, order, "0.32", "12")
    assert report.outcome is ACCEPTED and report.client_order_id == order.client_order_id
    assert there(hall) == (D("0.32"), 12, order.client_order_id)
    row = in_store(hall, order)
    assert (row.price, row.count, row.remaining, row.amend_count) == (D("0.32"), 12, 12, None)
    assert hall.desk().reconcile() == []


def test_the_same_wish_twice_sends_nothing(hall: Hall) -> None:
    order = resting(hall)
    amend(hall, order, "0.32", "12")
    asked = hall.network.count(AMEND)
    assert amend(hall, order, "0.32", "12").earlier and hall.network.count(AMEND) == asked


@pytest.mark.parametrize("fault", [lost_answer, lost_request, answer(503), answer(504, acts=True), answer(200, {})])
def test_a_lost_answer_is_looked_up_and_the_same_wish_sent_once_more(hall: Hall, fault: Any) -> None:
    order = resting(hall)
    hall.network.fail(AMEND, fault)
    report = amend(hall, order, "0.32", "12")
    assert report.outcome is ACCEPTED, report.reason
    assert there(hall)[:2] == (D("0.32"), 12) and hall.network.count(AMEND) <= 2
    assert in_store(hall, order).amend_count is None


def test_a_change_that_may_arrive_later_counts_as_the_dearer_of_both(hall: Hall) -> None:
    order = resting(hall)
    hall.network.always[AMEND] = late
    report = amend(hall, order, "0.32", "100")
    assert report.outcome is UNKNOWN
    row = in_store(hall, order)
    assert (row.count, row.amend_count) == (10, 100)
    hall.network.always.clear()
    tight = replace(SMALL, event_cost=D(34))  # 100 at 0.32 may cost 33.53 with fees; 10 at 0.30 far less
    assert hall.desk(limits=tight).submit(intent(purpose="b"), hall.market()).control == "event cost"
    hall.network.deliver()
    assert hall.desk().reconcile() == []
    row = in_store(hall, order)
    assert (row.price, row.count, row.amend_count) == (D("0.32"), 100, None)


def test_a_change_that_can_not_arrive_any_more_is_forgotten(hall: Hall) -> None:
    order = resting(hall)
    hall.network.always[AMEND] = lost_request
    assert amend(hall, order, "0.32", "100").outcome is UNKNOWN
    hall.network.always.clear()
    assert amend(hall, order, "0.33", "20").reason.startswith("outcome unknown: an earlier change")
    hall.sleep(180)
    hall.desk().reconcile()
    row = in_store(hall, order)
    assert (row.price, row.count, row.amend_count) == (D("0.30"), 10, None)
    assert amend(hall, order, "0.33", "20").outcome is ACCEPTED


@pytest.mark.parametrize(
    ("price", "count", "word"),
    [("0.305", "10", "price"), ("0.32", "101", "count"), ("0.32", "0", "filled already"), ("0.44", "99", "per order")],
)
def test_controls_hold_for_changes(hall: Hall, price: str, count: str, word: str) -> None:
    order = resting(hall)
    desk = hall.desk(limits=replace(SMALL, order_cost=D(40)))
    report = amend(hall, order, price, count, desk)
    assert report.outcome is REFUSED and word in report.reason, report.reason
    assert in_store(hall, order).price == D("0.30") and hall.network.count(AMEND) == 0
    assert desk.reports == [report]


def test_the_event_limit_holds_for_changes_in_the_transaction(hall: Hall) -> None:
    order = resting(hall)
    resting(hall, purpose="second")
    report = amend(hall, order, "0.30", "20", hall.desk(limits=replace(SMALL, event_cost=D(7))))
    assert report.outcome is REFUSED and report.control == "event cost"
    assert in_store(hall, order).amend_count is None


def test_locks_and_dry_runs_change_nothing(hall: Hall) -> None:
    order = resting(hall)
    assert amend(hall, order, "0.32", "12", hall.desk(dry_run=True)).control == "dry run"
    hall.store.lock(EVENT, "hold", set_at=hall.now)
    assert amend(hall, order, "0.32", "12").control == "lock"
    assert there(hall)[0] == D("0.30")


@pytest.mark.parametrize(
    ("price", "count", "allowed"),
    [("0.30", "5", True), ("0.20", "10", True), ("0.30", "11", False), ("0.31", "10", False), ("0.31", "5", False)],
)
def test_reduce_only_lets_an_order_shrink_and_not_grow(hall: Hall, price: str, count: str, allowed: bool) -> None:
    order = resting(hall)
    hall.store.lock("all", "careful", set_at=hall.now, mode="reduce_only")
    report = amend(hall, order, price, count)
    assert (report.outcome is ACCEPTED) is allowed, report.reason
    assert (there(hall)[:2] == (D(price), D(count))) is allowed
    hall.store.lock("all", "stop", set_at=hall.now)
    assert amend(hall, order, "0.10", "2").control == "lock"


def test_a_stop_during_the_look_up_keeps_a_lost_change_from_being_sent_again(hall: Hall) -> None:
    def lost_and_stopped(*_: Any) -> Any:
        hall.store.lock(EVENT, "hold", set_at=hall.now)
        raise requests.ConnectionError("connection reset")

    order = resting(hall)
    hall.network.fail(AMEND, lost_and_stopped)
    assert amend(hall, order, "0.32", "12").outcome is UNKNOWN
    assert hall.network.count(AMEND) == 1 and there(hall)[0] == D("0.30")


def test_a_change_that_could_not_leave_is_not_on_its_way(hall: Hall) -> None:
    order = resting(hall)
    locked = hall.new_client()
    locked.writes_allowed = False
    assert amend(hall, order, "0.32", "12", hall.desk(exchange=locked)).outcome is REJECTED
    assert in_store(hall, order).amend_count is None


def test_an_order_that_filled_before_a_smaller_size_arrived_keeps_its_own(hall: Hall) -> None:
    order = resting(hall)
    hall.network.always[AMEND] = lost_request
    assert amend(hall, order, "0.30", "4").outcome is UNKNOWN
    hall.network.always.clear()
    hall.show(bid="0.20", ask="0.25")
    hall.sleep(10)
    assert hall.desk().reconcile() == []
    row = in_store(hall, order)
    assert (row.filled, row.count, row.amend_count) == (10, 10, None)


def test_what_filled_already_is_not_paid_a_second_time(tmp_path: Path) -> None:
    hall = Hall(tmp_path, balance="43")
    hall.show(bid="0.20", ask="0.40", size="90")
    order = hall.desk().submit(intent(price=D("0.40"), count=D(100)), hall.market())
    assert order.outcome is ACCEPTED and order.filled >= 50  # some dollars are left, and a few contracts rest
    report = amend(hall, order, "0.41", "100", hall.desk(limits=replace(SMALL, order_cost=D(50))))
    assert report.outcome is ACCEPTED, report.reason
    hall.close()


def test_a_rejected_change_leaves_the_order_as_it_was(hall: Hall) -> None:
    order = resting(hall)
    hall.network.fail(AMEND, answer(400, {"error": {"code": "invalid_order", "details": "post only cross"}}))
    report = amend(hall, order, "0.32", "12")
    assert report.outcome is REJECTED and "traded at once" in report.reason
    row = in_store(hall, order)
    assert (row.state, row.price, row.amend_count) == ("accepted", D("0.30"), None)


def test_what_does_not_rest_or_is_not_ours_is_not_changed(hall: Hall) -> None:
    order = resting(hall)
    hall.desk().cancel_resting(EVENT)
    assert amend(hall, order, "0.32", "12").reason == "not changed: it does not rest"
    with pytest.raises(ConfigError, match="no order"):
        hall.desk().amend("not-ours", hall.market(), price=D("0.3"), count=D(1))
    with pytest.raises(ConfigError, match="no order"):
        hall.desk().amend(order.order_id or "", hall.market(HIGH), price=D("0.3"), count=D(1))


def test_a_change_that_fills_at_once_is_booked(hall: Hall) -> None:
    order = resting(hall)
    report = amend(hall, order, "0.44", "10")
    assert report.outcome is ACCEPTED
    hall.desk().reconcile()
    assert hall.position() == 10
    row = in_store(hall, order)
    assert (row.filled, row.remaining) == (10, 0)


def test_a_cancel_while_a_change_is_on_its_way_counts_what_the_exchange_counts(hall: Hall) -> None:
    order = resting(hall)
    hall.network.always[AMEND] = lost_answer
    hall.network.always[ONE_ORDER] = answer(503)
    assert amend(hall, order, "0.32", "12").outcome is UNKNOWN
    hall.network.always.clear()
    (result,) = hall.desk().cancel_resting(EVENT)
    assert result.done and result.reduced_by == 12
    row = in_store(hall, order)
    assert (row.filled, row.remaining, row.amend_count) == (0, 0, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fill_count_fp": "11.00"}, "11.00 contracts of 10 filled"),
        ({"remaining_count_fp": "-1.00"}, "-1.00 are left"),
        ({"ticker": HIGH}, "it is one of"),
        ({"yes_price_dollars": "1.5000"}, "a price of 1.5"),
        ({"book_side": "ask"}, "its side is 'ask'"),
    ],
)
def test_an_impossible_order_that_was_read_is_a_break_and_not_taken_over(
    hall: Hall, changes: dict[str, str], said: str
) -> None:
    order = resting(hall)
    hall.network.always[ORDERS] = edited(changes)
    breaks = hall.desk().reconcile()
    assert any(said in found.what for found in breaks), breaks
    assert (in_store(hall, order).filled, in_store(hall, order).remaining) == (0, 10)
    assert EVENT in hall.store.locks(hall.now + timedelta(seconds=1))
