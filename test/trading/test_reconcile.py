"""Store against exchange: what agrees stays quiet, what differs locks its event, and twice changes nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from databases import dump, erase, execute
from kalshi.exchange.models import CreateOrder, DecreaseOrder
from kalshi.exchange.models_orders import TAKER_AT_CROSS
from kalshi.store import Store
from kalshi.trading.desk import OrderOutcome
from kalshi.trading.intents import Side
from trading.harness import CREATE, EVENT, LOW, ORDERS, SMALL, D, Hall, answer, intent, lost_answer


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
    assert [row.reason for row in hall.store.orders()] == ["cancelled or expired"]


def test_what_the_record_says_of_an_order_ends_with_it(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market())
    assert report.reason == "rests in the book"
    assert hall.desk().cancel(report.order_id or "", LOW).done
    assert [row.reason for row in hall.store.orders()] == ["cancelled or expired"]


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


def test_a_break_is_new_once_and_known_afterwards(hall: Hall) -> None:
    by_hand(hall, "0.20")
    assert [found.known for found in hall.desk().reconcile()] == [False]
    assert [found.known for found in hall.desk().reconcile()] == [True]


def test_other_events_go_on_while_one_is_locked(hall: Hall) -> None:
    by_hand(hall, "0.20")
    hall.desk().reconcile()
    assert set(locked(hall)) == {EVENT}
    assert hall.store.lock_rows(hall.now)[0].mode == "reduce_only"


def test_data_older_than_the_last_order_say_nothing_about_it(hall: Hall) -> None:
    """The list lacks the order, the freshness says why: neither a break nor a row set back to what was before."""
    hall.network.lag(100)
    report = hall.desk().submit(intent(), hall.market())
    before = hall.store.order(report.client_order_id)
    assert hall.desk().reconcile() == []
    assert hall.store.order(report.client_order_id) == before
    hall.sleep(200)
    hall.new_client().cancel_order(report.order_id or "", market_ticker=LOW)
    hall.sleep(200)
    assert hall.desk().reconcile() == [] and hall.store.open_orders() == []


def test_many_orders_that_ended_meanwhile_are_read_in_one_list(hall: Hall) -> None:
    limits = replace(SMALL, event_cost=D(1000), day_cost=D(1000), orders_per_run=100)
    for number in range(30):
        wanted = intent(price=D("0.30"), count=D(1), purpose=f"p-{number}")
        hall.desk(limits=limits).submit(wanted, hall.market())
    hall.sleep(300)
    hall.new_client().cancel_all_orders()
    hall.sleep(300)
    asked = len(hall.network.asked)
    assert hall.desk().reconcile() == [] and hall.store.open_orders() == []
    assert len(hall.network.asked) - asked < 10


def test_a_settlement_that_is_listed_no_more_is_read_at_the_market(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.sleep(60)
    hall.desk().reconcile()
    hall.exchange.settle(LOW, "yes")
    hall.sleep(3600)
    hall.network.always["GET", "/portfolio/settlements"] = answer(200, {"settlements": [], "cursor": ""})
    assert hall.desk().reconcile() == []
    booked = hall.store.settlements()[LOW]
    assert (booked.result, booked.yes_count, booked.no_count, booked.revenue) == ("yes", 10, 0, 10)


def test_a_settlement_of_other_counts_is_a_break_for_a_week(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.sleep(60)
    by_hand(hall, "0.44")
    hall.exchange.settle(LOW, "yes")
    hall.sleep(3600)
    (found,) = hall.desk().reconcile()
    assert "17.00 contracts were settled, our fills say 10.00" in str(found)
    before = dump(hall.place)
    assert len(hall.desk().reconcile()) == 1 and dump(hall.place) == before
    hall.sleep(8 * 86400)
    assert hall.desk().reconcile() == [] and locked(hall) == {}


STEP = st.sampled_from(["take", "rest", "by hand", "cancel by hand", "lost answer", "show", "settle", "wait"])


@settings(max_examples=12, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=8))
def test_whatever_happened_a_second_reconciliation_changes_nothing(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hall = Hall(Path(folder))
        for number, step in enumerate(steps):
            happen(hall, number, step)
        hall.sleep(300)
        first = hall.desk().reconcile()
        before = dump(hall.place)
        second = hall.desk().reconcile()
        assert [str(found) for found in second] == [str(found) for found in first]
        assert dump(hall.place) == before
        assert set(locked(hall)) == {found.event_ticker for found in first}
        hall.close()


def happen(hall: Hall, number: int, step: str) -> None:
    """Let one thing happen to the account, by us or behind our back."""
    if step == "show":
        hall.show(bid="0.20", ask="0.28")
    elif step == "settle":
        hall.exchange.settle(LOW, "yes")
    elif step == "wait":
        hall.sleep(100)
    elif step == "cancel by hand":
        hall.new_client().cancel_all_orders()
    elif hall.market().status != "active":
        return
    elif step == "by hand":
        by_hand(hall, "0.44", f"hand-{number}")
    else:
        if step == "lost answer":
            hall.network.fail(CREATE, lost_answer)
        price = D("0.44") if step == "take" else D("0.30")
        hall.desk().submit(intent(price=price, purpose=f"p-{number}", count=D(3)), hall.market())


def test_a_filled_order_whose_record_was_lost_is_booked_though_its_fills_are_older_than_the_new_row(hall: Hall) -> None:
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.store.close()
    erase(hall.place)
    hall.store = Store.open(hall.place)
    hall.sleep(3600)
    report = hall.desk(run_id="run-2").submit(intent(price=D("0.44")), hall.market())
    assert report.outcome is OrderOutcome.ACCEPTED and report.filled == 10
    hall.sleep(300)
    assert hall.desk().reconcile() == [] and locked(hall) == {}
    assert sum(fill["count"] for fill in hall.store.fills()) == 10


def test_an_order_that_a_person_made_smaller_and_we_cancelled_locks_nothing(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market())
    hall.new_client().decrease_order(report.order_id or "", DecreaseOrder(reduce_to=D(4), market_ticker=LOW))
    hall.desk().cancel(report.order_id or "", LOW)
    hall.sleep(300)
    assert hall.desk().reconcile() == [] and locked(hall) == {}
    (row,) = hall.store.orders()
    assert (row.filled, row.remaining, row.is_open) == (0, 0, False)


def test_what_filled_before_a_cancel_counts_at_its_own_price(hall: Hall) -> None:
    hall.show(bid="0.20", ask="0.30", size="1")
    hall.desk().submit(intent(price=D("0.40")), hall.market())  # one at 0.30, nine rest at 0.40
    hall.show(bid="0.20", ask="0.40", size="5")  # five of them fill
    hall.desk().cancel_resting(EVENT)
    (row,) = hall.store.orders()
    assert row.filled > 1 and row.remaining == 0
    paid = row.average_price
    assert paid is not None and paid >= D("0.40") and row.fee is None  # the bound, until the fills are booked
    hall.sleep(300)
    assert hall.desk().reconcile() == []
    (row,) = hall.store.orders()
    fills = hall.store.fills()
    assert row.average_price == sum(one["count"] * one["yes_price"] for one in fills) / row.filled < D("0.40")
    assert row.fee == sum(one["fee"] for one in fills)


def test_one_order_that_can_not_be_read_locks_its_event_and_ends_no_run(hall: Hall) -> None:
    report = hall.desk().submit(intent(), hall.market())
    hall.new_client().cancel_order(report.order_id or "", market_ticker=LOW)
    hall.sleep(300)
    hall.network.always["GET", f"/portfolio/orders/{report.order_id}"] = answer(200, {"order": {"order_id": 7}})
    hall.network.always[ORDERS] = answer(200, {"orders": [{"order_id": 7}], "cursor": ""})
    (found,) = hall.desk().reconcile()
    assert found.event_ticker == EVENT and list(locked(hall)) == [EVENT]


def test_a_break_that_changes_is_told_anew_and_leaves_no_moment_unlocked(hall: Hall) -> None:
    by_hand(hall, "0.44")
    hall.desk().reconcile()
    (first,) = locked(hall).values()
    by_hand(hall, "0.44", "another")
    unlocked: list[str] = []
    watched = hall.desk(store=Watched(hall.store, unlocked))
    (found,) = watched.reconcile()
    assert not found.known and "14.00" in found.what and unlocked == []
    assert locked(hall)[EVENT] == str(found) != first


class Watched:
    """A store that tells which locks were taken away."""

    def __init__(self, store: Store, unlocked: list[str]) -> None:
        self.store, self.unlocked = store, unlocked

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def unlock(self, scope: str, **more: Any) -> bool:
        self.unlocked.append(scope)
        return self.store.unlock(scope, **more)
