"""The arithmetic of cash, collateral and positions, with the sums shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.paper.funds import Closing, book_fill, closings_of, payout, resting_cost, returnable, revenue
from kalshi.paper.records import Position

D = Decimal
AT = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "held, side, price, count, dollars",
    [
        ("0", "bid", "0.40", "10", "-4.00"),  # buy YES at 0.40
        ("0", "ask", "0.40", "10", "-6.00"),  # buy NO at 0.60
        ("10", "ask", "0.40", "10", "4.00"),  # sell YES
        ("-10", "bid", "0.40", "10", "6.00"),  # sell NO at 0.60
        ("4", "ask", "0.40", "10", "-2.00"),  # sell 4 YES for 1.60, buy 6 NO for 3.60
        ("-4", "bid", "0.40", "10", "0.00"),  # sell 4 NO for 2.40, buy 6 YES for 2.40
    ],
)
def test_revenue(held, side, price, count, dollars):
    assert revenue(D(held), side, D(price), D(count)) == D(dollars)


@pytest.mark.parametrize(
    "side, held, levels, kept",
    [
        ("bid", "0", {"0.40": "10", "0.30": "10"}, "7.00"),
        ("ask", "0", {"0.40": "10", "0.70": "10"}, "9.00"),  # 6.00 + 3.00
        ("ask", "10", {"0.70": "10", "0.40": "10"}, "3.00"),  # the lower ask closes, 0.70 opens NO at 0.30
        ("ask", "15", {"0.70": "10", "0.40": "10"}, "1.50"),  # half of the higher one closes as well
        ("bid", "-10", {"0.30": "10", "0.40": "10"}, "3.00"),  # the higher bid closes, 0.30 opens YES
        ("bid", "10", {"0.30": "10"}, "3.00"),  # more of the same side is never free
    ],
)
def test_resting_orders_keep_what_their_worst_fill_would_cost(side, held, levels, kept):
    by_price = {D(price): D(count) for price, count in levels.items()}
    assert resting_cost(side, closings_of(side, D(held)), by_price, D(0)) == D(kept)


def test_the_maker_fee_is_kept_too_rounded_up_to_the_cent():
    # 0.0175*10*0.4*0.6 = 0.042
    assert resting_cost("bid", [], {D("0.40"): D(10)}, D("0.0175")) == D("4.05")


def test_a_position_realises_by_average_cost():
    position = Position("alice", "T", 0, AT)
    book_fill(position, "bid", D("0.40"), D(10), D("0.1"), AT)
    book_fill(position, "bid", D("0.60"), D(10), D("0.1"), AT)
    book_fill(position, "ask", D("0.70"), D(5), D(0), AT)  # average 0.50: 5*(0.70-0.50)
    assert (position.quantity, position.cost, position.realized) == (15, D("7.5"), D("1"))
    book_fill(position, "ask", D("0.30"), D(20), D(0), AT)  # closes 15 at -0.20, opens 5 NO at 0.70
    assert (position.quantity, position.cost, position.realized) == (-5, D("3.5"), D("-2"))
    assert position.fees == D("0.2")


@pytest.mark.parametrize(
    "held, value, paid",
    [
        ("10", "1", "10"),
        ("10", "0", "0"),
        ("-10", "0", "10"),
        ("-10", "1", "0"),
        ("10", "0.3", "3"),
        ("-10", "0.3", "7"),
    ],
)
def test_payout(held, value, paid):
    assert payout(D(held), D(value)) == D(paid)


no_counts = st.lists(st.integers(0, 500).map(lambda n: D(n) / 100), max_size=5)


@given(no_counts, st.integers(0, 100).map(lambda n: D(n) / 100))
def test_what_is_returned_is_what_the_worst_result_still_pays(counts, paid):
    """Of the dollar that all YES contracts share, what is left goes to one market, to another, or to none."""
    left = 1 - paid
    worst = min([sum(counts), *(sum(counts) - left * count for count in counts)], default=D(0))
    assert returnable(counts, paid) == worst


def test_closing_under_collateral_return_gives_the_money_back():
    tiers = [Closing(D(2), D(1)), Closing(D(3), D("0.5")), Closing(D(5), D(0))]
    assert resting_cost("bid", tiers, {D("0.70"): D(2)}, D(0)) == 0
    assert resting_cost("bid", tiers, {D("0.70"): D(5)}, D(0)) == D("0.60")
    assert resting_cost("bid", tiers, {D("0.40"): D(10)}, D(0)) == D("2.00")
    assert resting_cost("bid", tiers, {D("0.40"): D(11)}, D(0)) == D("2.40")
