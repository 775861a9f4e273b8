"""Identity follows from the decision: what is the same order, and what is another one."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from kalshi.trading.intents import Side, client_order_id
from trading.harness import HIGH, D, intent


def test_it_is_a_uuid_that_never_changes() -> None:
    name = client_order_id(intent())
    assert str(uuid.UUID(name)) == name == "37730b9c-770b-5271-a97b-78464c735868"


@pytest.mark.parametrize("changes", [{"price": D("0.31")}, {"count": D(5)}, {"post_only": True}])
def test_a_moved_forecast_is_the_same_decision(changes: dict[str, Any]) -> None:
    assert client_order_id(intent(**changes)) == client_order_id(intent())


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "other"}, {"run_date": date(2026, 10, 6)}, {"event_ticker": "KXTSAW-26OCT18"},
        {"ticker": HIGH}, {"side": Side.NO}, {"purpose": "exit"}, {"generation": 2},
    ],
)
def test_another_decision_is_another_order(changes: dict[str, Any]) -> None:
    assert client_order_id(intent(**changes)) != client_order_id(intent())


def test_parts_can_not_be_confused() -> None:
    one = intent(ticker="T", purpose="a|yes|b")
    other = intent(ticker="T|yes|a", purpose="b")
    assert client_order_id(one) != client_order_id(other)


def test_no_is_the_other_side_of_the_yes_book() -> None:
    no = intent(side=Side.NO, price=D("0.30"))
    assert (no.book_side, no.yes_price) == ("ask", D("0.70"))
    assert str(no) == "buy 10 NO of KXTSAW-26OCT11-A2.50 at 0.30"
