"""The books of a day: nothing that one side has and the other has not goes unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any, cast

import pytest

from kalshi.season.day_account import Accounting, Books, account, guarantee_over_time

NOON = datetime(2026, 10, 6, 16, tzinfo=UTC)


@dataclass(frozen=True)
class AnOrder:
    client_order_id: str
    order_id: str
    ticker: str
    fill_count_fp: D


@dataclass(frozen=True)
class ARow:
    client_order_id: str
    order_id: str | None
    ticker: str
    filled: D
    state: str = "accepted"


@dataclass(frozen=True)
class AFill:
    order_id: str
    ticker: str
    book_side: str
    count_fp: D
    yes_price_dollars: D
    fee_cost: D
    created_time: datetime
    fill_id: str = "f"


@dataclass(frozen=True)
class ASettlement:
    ticker: str
    market_result: str
    value: int | None = None


def fill(order: str, ticker: str, side: str, count: str, price: str, fee: str = "0", minutes: int = 0) -> AFill:
    return AFill(order, ticker, side, D(count), D(price), D(fee), NOON + timedelta(minutes=minutes))


def books(**changed: Any) -> Books:
    """A day with a completed pair: NO of A at 45 as a maker, NO of B at 53 as a taker; B wins."""
    given: dict[str, Any] = {
        "orders": [
            AnOrder("c1", "o1", "E-A", D(10)), AnOrder("c2", "o2", "E-B", D(10)), AnOrder("c3", "o3", "E-C", D(0)),
        ],
        "fills": [
            fill("o1", "E-A", "ask", "10", "0.55"),
            fill("o2", "E-B", "ask", "6", "0.47", "0.1047", 5),
            fill("o2", "E-B", "ask", "4", "0.47", "0.0698", 5),
        ],
        "settlements": [ASettlement("E-A", "no"), ASettlement("E-B", "yes")],
        "rows": [
            ARow("c1", "o1", "E-A", D(10)), ARow("c2", "o2", "E-B", D(10)), ARow("c3", "o3", "E-C", D(0)),
            ARow("c4", None, "E-D", D(0), "refused"),
        ],
        "balance_before": D(1000),
        "balance_after": D("1000.0255"),
    }  # fmt: skip
    return Books(**cast(Any, {**given, **changed}))


def test_a_day_that_adds_up() -> None:
    found = account(books())
    assert found.sentence == "3 orders at the exchange, 3 in the store, 0 unexplained"
    assert found.fill_pnl == D("5.5") + D("4.7") - D("0.1745") - 10 == D("0.0255")
    assert found.fees == D("0.1745")
    assert found.in_order
    assert [row.client_order_id for row in found.refused] == ["c4"]
    assert "the exchange's balance says the same" in found.money


def without(name: str, number: int) -> Callable[[Books], Books]:
    return lambda old: replace(old, **{name: [x for i, x in enumerate(getattr(old, name)) if i != number]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("rows", 0), "order c1 of E-A is at the exchange and not in the store"),
        (without("orders", 2), "order c3 of E-C is accepted in the store and not at the exchange"),
        (without("orders", 1), "fills of order o2, which the exchange does not list"),
        (without("fills", 2), "order o2 of E-B: 10 filled, its fills add up to 6"),
        (
            lambda old: replace(old, rows=[replace(old.rows[0], filled=D(9)), *old.rows[1:]]),
            "order c1 of E-A: filled 10 at the exchange, 9 in the store",
        ),
        (
            lambda old: replace(old, rows=[*old.rows, ARow("c9", None, "E-D", D(0), "unknown")]),
            "order c9 of E-D is unknown in the store and not at the exchange",
        ),
    ],
)
def test_what_one_side_lacks_is_named(change: Callable[[Books], Books], said: str) -> None:
    found = account(change(books()))
    assert any(said in line for line in found.unexplained), found.unexplained
    assert not found.in_order


def test_a_dollar_too_few_is_not_in_order() -> None:
    found = account(books(balance_after=D("999.0255")))
    assert not found.in_order
    assert "the balance differs by $+1.0000" in found.money


def test_positions_that_were_not_paid_are_named() -> None:
    found: Accounting = account(books(settlements=[ASettlement("E-A", "no")]))
    assert found.open_positions == {"E-B": D(-10)}
    assert "still open: E-B -10" in found.money


def test_the_guarantee_goes_up_with_the_second_leg() -> None:
    path = guarantee_over_time(cast(Any, [*books().fills, fill("x", "F-A", "bid", "1", "0.9")]), "E")
    assert [(floor, best) for _, floor, best in path] == [
        (D("-4.50"), D("5.50")),
        (D("-4.50") + D("2.82") - D("0.1047"), D("5.50") + D("2.82") - D("0.1047")),
        (D("0.0255"), D("10.0255")),
    ]
