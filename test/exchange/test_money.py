"""Dollars and counts as the wire wants them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.exchange.money import count_text, dollars_text

ENDLESS = [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.29", "0.2900"), ("0.5", "0.5000"), ("1", "1.0000"), ("0.123456", "0.123456"), ("1E-6", "0.000001"),
     ("1E+2", "100.0000"), ("0.58000000", "0.5800"), ("-0.25", "-0.2500")],
)
def test_dollars_have_four_decimals_and_more_only_where_needed(amount: str, text: str) -> None:
    assert dollars_text(Decimal(amount)) == text


@pytest.mark.parametrize(("count", "text"), [("1", "1.00"), ("0.5", "0.50"), ("1E+3", "1000.00"), ("2.50000", "2.50")])
def test_counts_have_two_decimals(count: str, text: str) -> None:
    assert count_text(Decimal(count)) == text


@pytest.mark.parametrize("count", ["0.001", "1.005", "0.0000001"])
def test_a_count_finer_than_a_hundredth_is_refused(count: str) -> None:
    with pytest.raises(ValueError, match=r"steps of 0\.01"):
        count_text(Decimal(count))


@pytest.mark.parametrize("amount", ENDLESS, ids=str)
def test_no_amount_at_all_is_refused(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        dollars_text(amount)
    with pytest.raises(ValueError, match="is not an amount"):
        count_text(amount)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_dollars_come_back_exactly(amount: Decimal) -> None:
    assert Decimal(dollars_text(amount)) == amount


@given(st.integers(min_value=0, max_value=10**12))
def test_counts_come_back_exactly(hundredths: int) -> None:
    assert Decimal(count_text(Decimal(hundredths) / 100)) * 100 == hundredths
