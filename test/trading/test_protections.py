"""A strategy that lost too much may only close, until a stated time; what it was locked for is not counted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.store.rows import LockRow
from kalshi.store.schema import PROTECTION, REDUCE_ONLY
from kalshi.trading.books import Entry
from kalshi.trading.desk import OrderOutcome
from kalshi.trading.protections import drawdown, judge
from trading.harness import SMALL, D, Hall, intent

NOW = datetime(2026, 10, 9, 15, tzinfo=UTC)
LIMITS = replace(SMALL, day_loss=D(25), drawdown=D(50))


def entry(net: str, hours_ago: float, fee: str = "0") -> Entry:
    return Entry(NOW - timedelta(hours=hours_ago), "T", "E", "tsa", D(net), D(fee))


def judged(*entries: Entry, last: LockRow | None = None) -> Any:
    return judge("tsa", entries, last, LIMITS, NOW)


def lock(until: datetime) -> LockRow:
    return LockRow("tsa", PROTECTION, "x", until, NOW - timedelta(days=3), REDUCE_ONLY)


@pytest.mark.parametrize(
    ("entries", "locked"),
    [
        ([entry("-24.99", 1)], False),
        ([entry("-25.00", 1)], True),
        ([entry("-24.99", 1, fee="0.01")], True),  # fees are losses
        ([entry("-30", 24)], False),  # exactly a day ago is not in the last 24 hours
        ([entry("-30", 23.99)], True),
        ([entry("-30", 5), entry("6", 1)], False),
        ([entry("-30", -1)], False),  # booked later than now
        ([], False),
    ],
)
def test_the_loss_of_24_hours_locks_for_24_hours(entries: list[Entry], locked: bool) -> None:
    found = judged(*entries)
    assert (found is not None) is locked
    if found:
        assert found.until == NOW + timedelta(hours=24) and "in 24 hours" in found.reason


@pytest.mark.parametrize(
    ("entries", "locked"),
    [
        ([entry("100", 300), entry("-50", 200)], True),  # from its best, though still a gain
        ([entry("100", 300), entry("-49.99", 200)], False),
        ([entry("-30", 300), entry("-20", 200)], True),  # from nothing
        ([entry("-60", 300), entry("15", 200)], False),  # it came back
        ([entry("-60", 30 * 24)], False),
    ],
)
def test_a_drawdown_of_30_days_locks_for_a_week(entries: list[Entry], locked: bool) -> None:
    found = judged(*entries)
    assert (found is not None) is locked
    if found:
        assert found.until == NOW + timedelta(days=7) and "below their best" in found.reason


def test_what_a_lock_was_set_for_is_forgiven_at_its_end() -> None:
    losses = [entry("-60", 48), entry("-10", 2)]
    assert judged(*losses, last=lock(NOW + timedelta(hours=1))) is None  # locked already
    assert judged(*losses, last=lock(NOW - timedelta(hours=47))) is None  # ended after the great loss
    assert judged(*losses, last=lock(NOW - timedelta(hours=49))) is not None
    assert judged(entry("-26", 1), last=lock(NOW - timedelta(hours=2))) is not None  # a new loss counts anew


@given(st.lists(st.decimals(-100, 100, places=2), max_size=8))
def test_the_drawdown_is_the_deepest_way_from_any_earlier_sum_to_the_last(results: list[Any]) -> None:
    sums = [sum(results[:n], D(0)) for n in range(len(results) + 1)]
    assert drawdown(results) == max(before - sums[-1] for before in sums)


def test_a_real_loss_locks_every_process_and_lets_the_rest_be_sold(hall: Hall) -> None:
    desk = hall.desk(limits=replace(SMALL, day_loss=D(2)))
    assert desk.submit(intent(price=D("0.44"), count=D(20)), hall.market()).filled == 20
    assert desk.protect() == []
    hall.show(bid="0.20", ask="0.44", size="15")
    assert hall.desk().flatten(hall.market(), D("0.20"), rounds=1, strategy="tsa").filled == 15
    desk.reconcile()
    (found,) = desk.protect()
    assert found.strategy == "tsa" and desk.protect() == []
    other = hall.desk(run_id="another process")
    refused = other.submit(intent(purpose="more"), hall.market())
    assert refused.outcome is OrderOutcome.REFUSED and "in 24 hours" in refused.reason and refused.control == "lock"
    hall.show(bid="0.20", ask="0.44", size="15")
    assert other.flatten(hall.market(), D("0.20"), strategy="tsa").remaining == 0


def test_a_protection_that_a_person_lifted_does_not_come_back_for_the_same_loss(hall: Hall) -> None:
    desk = hall.desk(limits=replace(SMALL, day_loss=D(2)))
    desk.submit(intent(price=D("0.44"), count=D(20)), hall.market())
    hall.show(bid="0.20", ask="0.44")
    hall.desk().flatten(hall.market(), D("0.20"), strategy="tsa")
    desk.reconcile()
    hall.sleep(1)
    assert len(desk.protect()) == 1
    assert hall.store.unlock("tsa") and not hall.store.unlock("tsa")
    hall.sleep(60)
    assert desk.protect() == [] and hall.store.locks(hall.now) == {}
