"""What `status` says of money: the results are those of the exchange, the limits used are as the desk counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kalshi.runtime.status_money import money_tables
from trading.harness import EVENT, SMALL, D, Hall, intent, market_of


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()


def shown(hall: Hall) -> dict[str, list[tuple[object, ...]]]:
    return {name: list(rows) for name, _, rows in money_tables(hall.store, SMALL, hall.now)}


def test_results_are_those_of_the_exchange(hall: Hall) -> None:
    assert shown(hall)["results"] == []
    hall.desk().submit(intent(price=D("0.44")), hall.market())
    hall.desk().flatten(hall.market(), D("0.30"))
    hall.sleep(300)
    assert hall.desk().reconcile() == []
    (there,) = hall.client.positions(settlement_status="all")
    lost = there.fees_paid_dollars - there.realized_pnl_dollars
    assert lost > 0
    said = f"-${lost:.2f}"
    fees = f"${there.fees_paid_dollars:.2f}"
    # What was sold was the strategy's: the sale and its fee are, too.
    assert shown(hall)["results"] == [("tsa", said, said, said, fees), ("all", said, said, said, fees)]
    hall.sleep(25 * 3600)
    assert shown(hall)["results"][-1][:3] == ("all", "$0.00", said)


def test_the_limits_used_are_those_that_the_desk_counts(hall: Hall) -> None:
    hall.desk().submit(intent(), hall.market())
    hall.sleep(timedelta(days=2).total_seconds())
    used = {row[0]: row[1] for row in shown(hall)["limits used"]}
    (today,) = [name for name in used if str(name).startswith("orders of the last 24 hours")]
    assert used[f"event {EVENT}"] == used[today] == "$3.15"
    other = {"event_ticker": "KXTSAW-26OCT18", "ticker": "KXTSAW-26OCT18-A2.50"}
    market = market_of(other["ticker"], event_ticker=other["event_ticker"])
    refused = hall.desk(limits=replace(SMALL, day_cost=D("3.20"))).submit(intent(**other), market)
    assert refused.control == "day cost" and "could then lose $6.30" in refused.reason
