"""The record of runs, orders and locks: exact, and told once; the same on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from databases import SCHEMA, execute, new_database
from kalshi.errors import ResponseError, StoreError
from kalshi.store import Store
from kalshi.store.place import Place
from kalshi.store.rows import Refusal
from store.made import NOW, D, fill, row


def test_a_reserved_order_is_read_back_exactly(store: Store) -> None:
    reserved = store.reserve(row(), lambda others: None, since=NOW)
    assert reserved.ours and reserved.row.state == "sending" and reserved.row.sent_at == NOW
    assert store.order("one") == reserved.row
    assert str(reserved.row.price) == "0.3001"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=0, max_value=1),
    reason=st.text(),
)
def test_no_digit_is_lost_and_no_text_is_refused(store: Store, price: Decimal, reason: str) -> None:
    """A reason may quote a hostile answer: NUL and half characters are replaced, everything else is kept."""
    store.refuse(row(price=price), Refusal("count", reason))
    found = store.order("one")
    assert found is not None and found.price == price
    assert found.reason == reason.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def test_what_was_or_may_have_been_sent_is_never_reserved_again(store: Store) -> None:
    first = store.reserve(row(), lambda others: None, since=NOW).row
    again = store.reserve(row(price=D("0.50"), run_id="run-2"), lambda others: None, since=NOW)
    assert not again.ours and again.row == first
    store.refuse(row(run_id="run-2"), Refusal("count", "too late to say so"))
    assert store.order("one") == first


def test_refused_and_rejected_orders_may_be_reserved_again(store: Store) -> None:
    assert not store.reserve(row(), lambda others: Refusal("cost", "too dear"), since=NOW).ours
    assert store.orders()[0].reason == "too dear"
    assert store.reserve(row(), lambda others: None, since=NOW).ours
    store.update_order("one", state="rejected", reason="paused")
    store.refuse(row(), Refusal("count", "a later refusal"))
    assert store.orders()[0].reason == "paused"
    assert store.reserve(row(), lambda others: None, since=NOW).ours


def test_the_judge_sees_what_can_cost_money_in_the_event_or_since_then(store: Store) -> None:
    old = NOW - timedelta(days=3)
    store.reserve(row(client_order_id="old-same-event", created_at=old), lambda others: None, since=NOW)
    elsewhere = {"event_ticker": "E-2", "ticker": "E-2-A2.50"}
    for name in ("old-elsewhere", "old-elsewhere-open"):
        store.reserve(row(client_order_id=name, created_at=old, **elsewhere), lambda o: None, since=NOW)
    store.update_order("old-elsewhere", state="accepted", remaining=D(0))
    store.reserve(row(client_order_id="new-elsewhere", **elsewhere), lambda o: None, since=NOW)
    store.refuse(row(client_order_id="refused"), Refusal("count", "no"))
    seen: list[str] = []

    def judge(others: Any) -> None:
        seen.extend(other.client_order_id for other in others)

    store.reserve(row(client_order_id="this"), judge, since=NOW)
    assert sorted(seen) == ["new-elsewhere", "old-elsewhere-open", "old-same-event"]


def test_threads_that_want_the_same_order_are_told_once_to_send_it(store_place: Place) -> None:
    told = []

    def want(name: str) -> None:
        mine = Store.open(store_place)
        told.append(mine.reserve(row(run_id=name), lambda others: None, since=NOW).ours)
        mine.close()

    threads = [threading.Thread(target=want, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


@pytest.mark.parametrize("default", ["read committed", "repeatable read", "serializable"])
def test_a_limit_holds_whatever_isolation_a_server_assumes(default: str) -> None:
    with new_database() as url:
        place = Place.of(url, SCHEMA)
        execute(place, f'ALTER DATABASE "{make_url(url).database}" SET default_transaction_isolation = \'{default}\'')
        Store.open(place).close()
        told = []

        def want(name: str) -> None:
            mine = Store.open(place)
            full = lambda others: Refusal("day cost", "full") if others else None  # noqa: E731
            told.append(mine.reserve(row(client_order_id=name), full, since=NOW).ours)
            mine.close()

        threads = [threading.Thread(target=want, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [False] * 7 + [True]


def test_a_failed_judge_leaves_nothing(store: Store) -> None:
    def judge(others: Any) -> None:
        raise RuntimeError("crashed")

    with pytest.raises(RuntimeError):
        store.reserve(row(), judge, since=NOW)
    assert store.orders() == []


def test_times_come_back_aware_and_naive_ones_are_refused(store: Store) -> None:
    new_york = timezone(timedelta(hours=-4))
    store.reserve(row(created_at=NOW.astimezone(new_york)), lambda others: None, since=NOW)
    found = store.order("one")
    assert found is not None and found.created_at == NOW and found.created_at.tzinfo == UTC
    with pytest.raises(StoreError, match="time zone"):
        store.reserve(row(client_order_id="two", created_at=NOW.replace(tzinfo=None)), lambda o: None, since=NOW)


def test_resting_and_unresolved_orders(store: Store) -> None:
    for name, state, remaining in [
        ("a", "accepted", "10"), ("b", "accepted", "0"), ("c", "unknown", "10"), ("d", "rejected", "10"),
    ]:
        store.reserve(row(client_order_id=name), lambda others: None, since=NOW)
        store.update_order(name, state=state, remaining=D(remaining), order_id=f"there-{name}")
    store.reserve(row(client_order_id="e"), lambda others: None, since=NOW)
    assert [r.client_order_id for r in store.resting_orders()] == ["a"]
    assert sorted(r.client_order_id for r in store.unresolved_orders()) == ["c", "e"]
    assert store.resting_orders("E-2") == []
    found = store.order_by_exchange_id("there-b")
    assert found is not None and found.client_order_id == "b"
    assert len(store.orders(limit=2)) == 2


def test_generations_are_counted_by_strategy_market_and_purpose(store: Store) -> None:
    assert store.generation("tsa", "E-1-A2.50", "entry") == 0
    store.refuse(row(generation=3), Refusal("count", "no"))
    assert store.generation("tsa", "E-1-A2.50", "entry") == 3
    assert store.generation("tsa", "E-1-A2.50", "flatten") == 0


def test_runs_open_close_and_crash(store: Store) -> None:
    for number in (1, 2):
        started = NOW + timedelta(minutes=number)
        store.open_run(f"run-{number}", job="tsa", mode="paper", dry_run=False, pid=1, started_at=started)
    ended = NOW + timedelta(hours=1)
    store.close_run("run-2", status="ok", exit_code=0, summary="fine", ended_at=ended)
    assert store.mark_crashed("tsa", ended_at=ended) == ["run-1"]
    assert store.mark_crashed("tsa", ended_at=ended) == []
    (last,) = store.last_runs()
    assert (last.run_id, last.status, last.exit_code, last.ended_at) == ("run-2", "ok", 0, ended)


def test_locks_of_a_person_and_of_the_reconciliation_are_two(store: Store) -> None:
    assert store.lock("E-1", "differs", set_at=NOW, set_by="reconciliation")
    assert store.lock("E-1", "hands off", set_at=NOW)
    assert not store.lock("E-1", "again", set_at=NOW)
    assert store.unlock("E-1", set_by="reconciliation")
    assert store.locks(NOW) == {"E-1": "hands off"}
    assert store.unlock("E-1") and not store.unlock("E-1")


def test_a_lock_ends_at_its_time_and_can_be_set_anew(store: Store) -> None:
    until = NOW + timedelta(hours=1)
    store.lock("tsa", "loss of the day", set_at=NOW, until=until)
    assert store.locks(until - timedelta(microseconds=1)) == {"tsa": "loss of the day"}
    assert store.locks(until) == {}
    assert store.lock("tsa", "again", set_at=until)


def test_replacing_a_row_keeps_the_rest() -> None:
    assert replace(row(), state="accepted") == row().replace(state="accepted")


def test_an_order_is_open_until_all_its_fills_are_booked(store: Store) -> None:
    store.reserve(row(), lambda others: None, since=NOW)
    assert [r.client_order_id for r in store.open_orders("E-1")] == ["one"] and store.open_orders("E-2") == []
    store.update_order("one", state="accepted", order_id="there", filled=D(4), remaining=D(0))
    assert [r.client_order_id for r in store.open_orders()] == ["one"]
    assert store.book_fills([fill("f-1", count_fp=D(3)), fill("f-2", count_fp=D(1))]) == 2
    assert store.open_orders() == [] and store.orders()[0].booked == 4


def test_a_fill_is_booked_once(store: Store) -> None:
    store.reserve(row(), lambda others: None, since=NOW)
    store.update_order("one", state="accepted", order_id="there", filled=D(4), remaining=D(0))
    assert store.book_fills([fill("f-1"), fill("f-1")]) == 1
    assert store.book_fills([fill("f-1"), fill("f-2")]) == 1
    assert store.orders()[0].booked == 2 and [f["fill_id"] for f in store.fills()] == ["f-1", "f-2"]
    assert store.fills(["elsewhere"]) == [] and len(store.fills(["there"])) == 2


def test_fills_of_the_same_moment_keep_the_order_in_which_they_were_booked(store: Store) -> None:
    """Those of one order bear one time; which came first decides what a fill beyond zero opens at."""
    store.reserve(row(), lambda others: None, since=NOW)
    store.update_order("one", state="accepted", order_id="there", filled=D(3), remaining=D(0))
    store.book_fills([fill("z"), fill("b")])
    store.book_fills([fill("a")])
    assert [one.fill_id for one in store.executions()] == ["z", "b", "a"]
    assert [one["fill_id"] for one in store.fills()] == ["z", "b", "a"]


def test_a_fill_without_a_time_takes_that_of_ts_and_without_both_is_an_error(store: Store) -> None:
    assert store.book_fills([fill("f-1", created_time=None, ts=1_790_000_000)]) == 1
    assert store.fills()[0]["created_at"].timestamp() == 1_790_000_000
    with pytest.raises(ResponseError, match="f-2"):
        store.book_fills([fill("f-2", created_time=None)])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["M-1", "M-2"]), st.booleans(), st.sampled_from(["1", "1.00", "0.37"]))))
def test_net_contracts_are_the_sum_of_the_fills(store: Store, drawn: list[tuple[str, bool, str]]) -> None:
    named = [
        fill(f"{ticker}-{bid}-{count}-{number}", ticker=ticker, book_side="bid" if bid else "ask", count_fp=D(count))
        for number, (ticker, bid, count) in enumerate(drawn)
    ]
    store.book_fills(named)
    wanted: dict[str, Decimal] = {}
    for one in store.fills():
        signed = one["count"] if one["book_side"] == "bid" else -one["count"]
        wanted[one["ticker"]] = wanted.get(one["ticker"], D(0)) + signed
    assert store.net_contracts() == wanted
