"""Stop, reduce-only, resume: per strategy, job, event or for all; the strictest wins; asked before each order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kalshi.store import Store
from kalshi.store.schema import PROTECTION, REDUCE_ONLY, STOP
from kalshi.trading.desk import OrderOutcome
from trading.harness import CREATE, EVENT, LOW, D, Hall, intent

ACCEPTED, REJECTED, REFUSED, UNKNOWN = OrderOutcome


def holding(hall: Hall) -> None:
    assert hall.desk().submit(intent(price=D("0.44")), hall.market()).filled == 10


@pytest.mark.parametrize("scope", ["all", "tsa", "tsa_job", EVENT])
def test_reduce_only_refuses_entries_and_lets_exits_and_cancels_through(hall: Hall, scope: str) -> None:
    holding(hall)
    resting = hall.desk().submit(intent(purpose="rest"), hall.market())
    hall.store.lock(scope, "look first", set_at=hall.now, mode=REDUCE_ONLY)
    desk = hall.desk(job="tsa_job")
    refused = desk.submit(intent(purpose="more"), hall.market())
    assert refused.outcome is REFUSED and "exits only" in refused.reason and refused.control == "lock"
    assert desk.cancel(resting.order_id or "", LOW).done
    assert desk.flatten(hall.market(), D("0.30"), strategy="tsa").remaining == 0
    assert hall.position() == 0


def test_the_strictest_wins_whoever_set_it_and_wherever(hall: Hall) -> None:
    holding(hall)
    hall.store.lock("all", "mild", set_at=hall.now, mode=REDUCE_ONLY)
    hall.store.lock(EVENT, "hard", set_at=hall.now, mode=STOP)
    report = hall.desk().flatten(hall.market(), D("0.30"))
    assert report.outcome is REFUSED and "hard" in report.reason and hall.position() == 10
    assert hall.store.unlock(EVENT)
    assert hall.desk().flatten(hall.market(), D("0.30")).remaining == 0


def test_a_milder_word_does_not_loosen_a_stop_and_a_stricter_one_tightens(hall: Hall) -> None:
    now = hall.now
    assert hall.store.lock("tsa", "mild", set_at=now, mode=REDUCE_ONLY)
    assert hall.store.lock("tsa", "hard", set_at=now, mode=STOP)
    assert not hall.store.lock("tsa", "mild again", set_at=now, mode=REDUCE_ONLY)
    (lock,) = hall.store.lock_rows(now)
    assert (lock.mode, lock.reason) == (STOP, "hard")


def test_a_lock_set_between_two_orders_of_a_running_job_stops_the_second(hall: Hall) -> None:
    desk = hall.desk()
    assert desk.submit(intent(purpose="first"), hall.market()).outcome is ACCEPTED
    other_process = Store.open(hall.place)
    other_process.lock("all", "enough", set_at=hall.now)
    other_process.close()
    sent = hall.network.count(CREATE)
    second = desk.submit(intent(purpose="second"), hall.market())
    assert second.outcome is REFUSED and "enough" in second.reason and hall.network.count(CREATE) == sent


def test_the_locks_of_a_second_store_hold_as_well(hall: Hall, tmp_path: Path) -> None:
    mode_store = Store.open(tmp_path / "mode.db")
    mode_store.lock("all", "holiday", set_at=hall.now)
    report = hall.desk(locked_by=mode_store).submit(intent(), hall.market())
    mode_store.close()
    assert report.outcome is REFUSED and "holiday" in report.reason


def test_a_lock_with_a_time_says_it_and_ends_then(hall: Hall) -> None:
    until = hall.now + timedelta(hours=24)
    hall.store.lock("tsa", "lost too much", set_at=hall.now, until=until, set_by=PROTECTION, mode=REDUCE_ONLY)
    refused = hall.desk().submit(intent(), hall.market())
    assert refused.outcome is REFUSED and f"until {until:%Y-%m-%d %H:%M} UTC" in refused.reason
    hall.now = until
    assert hall.desk().submit(intent(), hall.market()).outcome is ACCEPTED
