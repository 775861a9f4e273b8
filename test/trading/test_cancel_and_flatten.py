"""Taking orders back and closing positions: only ours, only what is there, and saying what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kalshi.exchange.models import CreateOrder
from kalshi.exchange.models_orders import TAKER_AT_CROSS
from kalshi.trading.desk import OrderOutcome
from kalshi.trading.intents import Side
from trading.harness import (
    CANCEL,
    CREATE,
    EVENT,
    HIGH,
    LOW,
    ORDERS,
    SMALL,
    D,
    Hall,
    answer,
    intent,
    lost_answer,
    lost_request,
)


def buy(hall: Hall, count: str = "10", price: str = "0.44", ticker: str = LOW, **changes: object) -> None:
    wanted = intent(count=D(count), price=D(price), ticker=ticker, **changes)
    assert hall.desk().submit(wanted, hall.market(ticker)).outcome is OrderOutcome.ACCEPTED


def foreign_order(hall: Hall, ticker: str = LOW) -> str:
    order = CreateOrder(
        ticker=ticker, side="bid", count=D(7), price=D("0.20"), time_in_force="good_till_canceled",
        self_trade_prevention_type=TAKER_AT_CROSS, client_order_id="placed-by-hand",
    )
    return hall.new_client().create_order(order).order_id


def statuses(hall: Hall) -> list[str]:
    return [order.status for order in hall.orders_there()]


def test_only_own_orders_of_the_event_are_cancelled(hall: Hall) -> None:
    buy(hall, price="0.30")
    buy(hall, price="0.31", ticker=HIGH)
    by_hand = foreign_order(hall)
    results = hall.desk().cancel_resting(EVENT)
    assert sorted((r.ticker, r.done, r.reduced_by) for r in results) == [(LOW, True, 10), (HIGH, True, 10)]
    assert [order.order_id for order in hall.orders_there() if order.status == "resting"] == [by_hand]
    assert hall.store.resting_orders() == []
    assert not hall.desk().cancel(by_hand, LOW).done


def test_a_second_cancel_has_nothing_to_do(hall: Hall) -> None:
    buy(hall, price="0.30")
    hall.desk().cancel_resting(EVENT)
    assert hall.desk().cancel_resting(EVENT) == []


def test_cancels_always_name_their_market(hall: Hall) -> None:
    elsewhere = f"{EVENT}-A2.70"
    hall.show(exchange_index=2, tickers=(elsewhere,))
    with hall.exchange._changing() as (world, _):
        world.accounts["trader"].cash[2] = D(500)
        world.keep(world.accounts["trader"])
    buy(hall, price="0.30", ticker=elsewhere)
    (result,) = hall.desk().cancel_resting(EVENT)
    assert result.done, result.reason  # an order id alone would look on shard 0


def test_an_order_missing_from_the_list_is_cancelled_all_the_same(hall: Hall) -> None:
    buy(hall, price="0.30")
    hall.network.fail(ORDERS, answer(200, {"orders": [], "cursor": ""}))
    (result,) = hall.desk().cancel_resting(EVENT)
    assert result.done and statuses(hall) == ["canceled"]


@pytest.mark.parametrize("fault", [lost_request, lost_answer, answer(503), answer(429)])
def test_a_cancel_without_an_answer_is_repeated(hall: Hall, fault: object) -> None:
    buy(hall, price="0.30")
    hall.network.fail(CANCEL, fault)  # type: ignore[arg-type]
    (result,) = hall.desk().cancel_resting(EVENT)
    assert result.done and statuses(hall) == ["canceled"]


def test_one_refused_cancel_is_reported_and_the_others_go_on(hall: Hall) -> None:
    buy(hall, price="0.30")
    buy(hall, price="0.31", ticker=HIGH)
    hall.network.fail(CANCEL, answer(409, {"error": {"code": "exchange_is_paused"}}))
    first, second = hall.desk().cancel_resting(EVENT)
    assert not first.done and "paused" in first.reason
    assert second.done
    assert sorted(statuses(hall)) == ["canceled", "resting"]


def test_an_order_that_filled_while_it_was_cancelled_is_known_to_be_filled(hall: Hall) -> None:
    buy(hall, price="0.30")
    hall.show(bid="0.25", ask="0.30", size="4")  # four are taken by the outside
    with hall.exchange.view() as world:
        filled = next(iter(world.orders.values())).filled
    hall.desk().cancel_resting(EVENT)
    (row,) = hall.store.orders()
    assert (row.filled, row.remaining) == (filled, 0)


def test_an_order_that_may_have_arrived_is_looked_up_before_its_event_is_cancelled(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_answer)
    hall.network.always[ORDERS] = answer(503)
    hall.desk().submit(intent(), hall.market())
    hall.network.always.clear()
    (result,) = hall.desk().cancel_resting(EVENT)
    assert result.done and statuses(hall) == ["canceled"]


def test_what_can_not_be_looked_up_is_named_as_a_survivor(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_request)
    hall.network.always[ORDERS] = answer(503)
    hall.desk().submit(intent(), hall.market())
    hall.network.always.clear()
    (result,) = hall.desk().cancel_resting(EVENT)
    assert not result.done and "may rest" in result.reason


def test_a_dry_run_cancels_nothing(hall: Hall) -> None:
    buy(hall, price="0.30")
    (result,) = hall.desk(dry_run=True).cancel_resting(EVENT)
    assert not result.done and statuses(hall) == ["resting"]


@pytest.mark.parametrize("side", list(Side))
def test_a_position_is_sold_at_market_within_the_worst_price(hall: Hall, side: Side) -> None:
    buy(hall, side=side, price="0.65" if side is Side.NO else "0.44")
    report = hall.desk().flatten(hall.market(), D("0.30"))
    assert report.outcome is OrderOutcome.ACCEPTED
    assert (report.filled, report.remaining, report.reason) == (10, 0, "flat")
    assert hall.position() == 0


def test_it_is_not_sold_below_the_worst_price_and_says_so(hall: Hall) -> None:
    buy(hall)
    desk = hall.desk()
    report = desk.flatten(hall.market(), D("0.41"))
    assert (report.filled, report.remaining) == (0, 10) and "still open: 10" in report.reason
    assert "still open: 10" in desk.reports[-1].reason
    assert hall.position() == 10
    assert hall.network.count(CREATE) == 1 + 3


def test_it_takes_several_rounds_where_little_is_offered(hall: Hall) -> None:
    buy(hall)
    hall.show(size="6")
    desk = hall.desk()
    real_sleep = desk.sleep

    def refill(seconds: float) -> None:
        real_sleep(seconds)
        hall.show(size="6")

    desk.sleep = refill
    report = desk.flatten(hall.market(), D("0.30"), 3)
    assert (report.filled, report.remaining) == (10, 0) and hall.position() == 0


def test_stale_positions_do_not_oversell(hall: Hall) -> None:
    buy(hall)
    hall.show(size="6")
    position = {
        "ticker": LOW, "exchange_index": 0, "position_fp": "10.00", "total_traded_dollars": "0",
        "market_exposure_dollars": "0", "realized_pnl_dollars": "0", "fees_paid_dollars": "0",
        "last_updated_ts": "2026-10-05T14:00:00Z",
    }
    stale = {"market_positions": [position], "event_positions": [], "cursor": ""}
    hall.network.always["GET", "/portfolio/positions"] = answer(200, stale)
    hall.desk().flatten(hall.market(), D("0.30"), 4)
    assert hall.position() == 4


def test_a_position_above_the_size_limit_can_be_closed_though_the_event_is_locked(hall: Hall) -> None:
    buy(hall, count="80")
    hall.store.lock(EVENT, "differs", set_at=hall.now, set_by="reconciliation", mode="reduce_only")
    small = replace(SMALL, order_contracts=D(5), order_cost=D(1), orders_per_run=1)
    desk = hall.desk(limits=small)
    assert desk.flatten(hall.market(), D("0.30")).remaining == 0
    assert hall.position() == 0


def test_a_person_who_stops_everything_stops_exits_too(hall: Hall) -> None:
    buy(hall)
    hall.store.lock("all", "hands off", set_at=hall.now)
    report = hall.desk().flatten(hall.market(), D("0.30"))
    assert report.outcome is OrderOutcome.REFUSED and "hands off" in report.reason
    assert report.remaining == 10


def test_nothing_held_sends_nothing(hall: Hall) -> None:
    report = hall.desk().flatten(hall.market(), D("0.30"))
    assert report.reason == "nothing is held" and hall.network.count(CREATE) == 0


def test_a_second_flatten_of_the_same_day_is_a_new_order(hall: Hall) -> None:
    buy(hall)
    hall.desk().flatten(hall.market(), D("0.30"))
    buy(hall, generation=2)
    assert hall.desk().flatten(hall.market(), D("0.30")).filled == 10
    assert hall.position() == 0


def test_a_lost_answer_while_flattening_is_found(hall: Hall) -> None:
    buy(hall)
    hall.network.fail(CREATE, lost_answer)
    assert hall.desk().flatten(hall.market(), D("0.30")).remaining == 0
    assert hall.position() == 0
