"""Store against exchange: what agrees stays quiet, what differs locks its event, and twice changes nothing."""

from __future__ import annotations

from databases import dump, execute
from kalshi.exchange.models import CreateOrder
from kalshi.exchange.models_orders import TAKER_AT_CROSS
from kalshi.trading.desk import OrderOutcome
from kalshi.trading.intents import Side
from trading.harness import CREATE, EVENT, LOW, ORDERS, D, Hall, answer, intent, lost_answer


def by_hand(hall: Hall, price: str, name: str = "placed-by-hand") -> None:
    hall.new_client().create_order(CreateOrder(
        ticker=LOW, side="bid", count=D(7), price=D(price), time_in_force="good_till_canceled",
        self_trade_prevention_type=TAKER_AT_CROSS, client_order_id=name,
    ))


def locked(hall: Hall) -> dict[str, str]:
    return hall.store.locks(hall.now)


def test_an_empty_account_agrees(hall: Hall) -> None:
    assert hall.desk().reconcile() == [] and locked(hall) == {}


def test_fills_are_booked_once_with_the_exchanges_fee(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    assert hall.desk().reconcile() == []
    (fill,) = hall.store.fills()
    assert (fill["count"], fill["yes_price"], fill["book_side"]) == (10, D("0.44"), "bid")
    with hall.exchange.view() as world:
        assert fill["fee"] == world.fills["trader"][0].fee
    before = dump(hall.place)
    hall.sleep(60)
    assert hall.desk().reconcile() == []
    assert dump(hall.place) == before


def test_a_resting_order_that_filled_meanwhile_is_taken_over(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.30")), hall.market())
    hall.show(bid="0.20", ask="0.25")
    assert hall.desk().reconcile() == []
    (row,) = hall.store.orders()
    assert (row.filled, row.remaining) == (10, 0)
    assert len(hall.store.fills()) >= 1


def test_an_order_cancelled_elsewhere_rests_no_more(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market())
    hall.new_client().cancel_order(report.order_id or "", market_ticker=LOW)
    assert hall.desk().reconcile() == []
    assert hall.store.resting_orders() == []


def test_an_unknown_order_is_found_and_its_event_stays_open(hall: Hall) -> None:
    hall.network.fail(CREATE, lost_answer)
    hall.network.always[ORDERS] = answer(503)
    assert hall.desk().submit(intent(), hall.market()).outcome is OrderOutcome.UNKNOWN
    hall.network.always.clear()
    assert hall.desk().reconcile() == []
    assert hall.store.unresolved_orders() == [] and locked(hall) == {}


def test_an_order_and_a_position_of_somebody_else_lock_the_event_until_they_are_gone(hall: Hall) -> None:
    by_hand(hall, "0.20")
    (found,) = hall.desk().reconcile()
    assert found.event_ticker == EVENT and "not in the store" in found.what
    assert "not in the store" in locked(hall)[EVENT]
    refused = hall.desk().submit(intent(), hall.market())
    assert refused.outcome is OrderOutcome.REFUSED and "locked" in refused.reason
    before = dump(hall.place)
    assert len(hall.desk().reconcile()) == 1
    assert dump(hall.place) == before
    hall.new_client().cancel_all_orders()
    assert hall.desk().reconcile() == [] and locked(hall) == {}


def test_a_position_that_is_not_ours_is_a_break(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    by_hand(hall, "0.44")
    (found,) = hall.desk().reconcile()
    assert "position of 17.00, our fills say 10.00" in str(found)


def test_a_lock_of_a_person_survives_an_agreeing_reconciliation(hall: Hall) -> None:
    hall.store.lock(EVENT, "looks odd", set_at=hall.now)
    hall.desk().reconcile()
    assert locked(hall) == {EVENT: "looks odd"}


def test_lagging_reads_are_no_break(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.network.fail(("GET", "/portfolio/fills"), answer(200, {"fills": [], "cursor": ""}))
    nothing = {"market_positions": [], "event_positions": [], "cursor": ""}
    hall.network.fail(("GET", "/portfolio/positions"), answer(200, nothing))
    assert hall.desk().reconcile() == [] and locked(hall) == {}


def test_fills_that_are_never_listed_are_a_break(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.network.always["GET", "/portfolio/fills"] = answer(200, {"fills": [], "cursor": ""})
    assert any("fills of 0 are listed" in found.what for found in hall.desk().reconcile())


def test_a_settled_market_is_booked_and_no_break(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.desk().submit(intent(side=Side.NO, price=D("0.60"), purpose="hedge", count=D(4)), hall.market())
    hall.desk().reconcile()
    hall.exchange.settle(LOW, "yes")
    hall.sleep(3600)
    assert hall.desk().reconcile() == []
    assert hall.store.settled_tickers() == {LOW}
    before = dump(hall.place)
    assert hall.desk().reconcile() == []
    assert dump(hall.place) == before


def test_an_order_that_the_exchange_does_not_know_is_a_break(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market())
    hall.new_client().cancel_order(report.order_id or "", market_ticker=LOW)
    # As if the store came from another account.
    execute(hall.place, "UPDATE orders SET order_id = 'elsewhere', client_order_id = 'elsewhere'")
    breaks = [str(found) for found in hall.desk().reconcile()]
    assert any("does not know it" in found for found in breaks)


def test_only_one_event_can_be_asked_for(hall: Hall) -> None:
    by_hand(hall, "0.20")
    assert hall.desk().reconcile("KXTSAW-26OCT18") == []
    assert len(hall.desk().reconcile(EVENT)) == 1
