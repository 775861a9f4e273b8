"""Whole contracts within a budget, fee included; Kelly never above its cap, never without an edge."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.pricing.fees import fee_bound
from kalshi.pricing.sizing import fixed_contracts, fixed_dollars, kelly_contracts, kelly_fraction

CENTS = st.integers(1, 99).map(lambda cents: D(cents) / 100)


@pytest.mark.parametrize(
    "price, count",
    [
        ("0.01", 935),
        ("0.03", 312),
        ("0.05", 187),
        ("0.10", 94),
        ("0.45", 21),
        ("0.30", 31),
        ("0.60", 16),
        ("0.75", 13),
    ],
)
def test_ten_dollars_buy(price: str, count: int) -> None:
    assert fixed_dollars(D(10), D(price)) == count


@given(CENTS, st.integers(0, 5000).map(lambda cents: D(cents) / 100))
def test_the_budget_holds_and_one_more_would_break_it(price: D, budget: D) -> None:
    count = fixed_dollars(budget, price)
    assert count * price + fee_bound(price, D(count)) <= budget
    assert (count + 1) * price + fee_bound(price, D(count + 1)) > budget


def test_what_is_offered_is_an_upper_limit() -> None:
    assert fixed_dollars(D(10), D("0.03"), offered=D("40.50")) == 40
    assert fixed_contracts(D(100), offered=D("7")) == 7
    assert fixed_contracts(D("0.5")) == 0


@pytest.mark.parametrize("price", ["0", "1"])
def test_a_price_that_is_none_buys_nothing(price: str) -> None:
    assert fixed_dollars(D(10), D(price)) == 0
    assert kelly_contracts(D("0.5"), D(price), D(1000)) == 0


def test_kelly_by_hand() -> None:
    # c = 0.40 + 0.07 * 0.40 * 0.60 = 0.4168; (0.50 - 0.4168) / (1 - 0.4168) = 0.1427
    assert round(kelly_fraction(D("0.50"), D("0.40")), 4) == D("0.1427")
    # a quarter of it is 3.6 %, capped at 2 % of 1000 = 20 dollars: 47 * 0.40 + fee 0.79 = 19.59
    assert kelly_contracts(D("0.50"), D("0.40"), D(1000)) == 47


@given(CENTS, CENTS, st.integers(1, 10_000).map(D))
def test_kelly_needs_an_edge_and_keeps_its_cap(probability: D, price: D, bankroll: D) -> None:
    count = kelly_contracts(probability, price, bankroll, cap=D("0.05"))
    assert count * price <= D("0.05") * bankroll
    if probability <= price:
        assert count == 0
