"""What a person cancels by hand goes through the desk: own orders of a scope, each with its result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi.runtime.by_hand import cancel_resting, reconcile
from trading.harness import EVENT, HIGH, Hall, intent


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()


@pytest.mark.parametrize(("scope", "left"), [("", 0), (EVENT, 0), ("tsa", 1), ("other", 1), ("nobody", 2)])
def test_what_rests_of_a_scope_is_cancelled(hall: Hall, scope: str, left: int) -> None:
    for strategy, ticker in (("tsa", None), ("other", HIGH)):
        wanted = intent(strategy=strategy, **({"ticker": ticker} if ticker else {}))
        assert hall.desk().submit(wanted, hall.market(wanted.ticker)).remaining == 10
    hall.store.lock("all", "stopped", set_at=hall.now)
    _, _, rows = cancel_resting(hall.desk(), scope)
    assert [row[2] for row in rows] == ["yes"] * (2 - left)
    assert sum(order.status == "resting" for order in hall.orders_there()) == left
    assert reconcile(hall.desk(), None)[2] == []


def test_what_rests_of_a_job_is_cancelled_whatever_its_strategies_are_called(hall: Hall) -> None:
    for run_id, job, ticker in (("run-1", "morning", None), ("run-2", "midday", HIGH)):
        hall.store.open_run(run_id, job=job, mode="paper", dry_run=False, pid=1, started_at=hall.now)
        wanted = intent(strategy="sp_daily", **({"ticker": ticker} if ticker else {}))
        assert hall.desk(run_id=run_id, job=job).submit(wanted, hall.market(wanted.ticker)).remaining == 10
    _, _, rows = cancel_resting(hall.desk(), "morning")
    assert [row[2] for row in rows] == ["yes"]
    assert [order.ticker for order in hall.orders_there() if order.status == "resting"] == [HIGH]
