"""The worst an event can cost, against trying every outcome and every partial fill by brute force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi.store.rows import OrderRow
from kalshi.trading.exposure import worst_loss

D = Decimal
NOW = datetime(2026, 10, 5, 14, tzinfo=UTC)


def row(strike: int | None, side: str, price: str, count: int, **changes: Any) -> OrderRow:
    values: dict[str, Any] = dict(
        client_order_id="x", run_id="r", strategy="s", run_date=date(2026, 10, 5), event_ticker="E", ticker="T",
        side=side, price=D(price), count=D(count), purpose="p", generation=1, reduces=False,
        strike_type="greater" if strike is not None else None,
        floor_strike=None if strike is None else D(strike), cap_strike=None, exchange_index=0, fee_bound=D(0),
        created_at=NOW, updated_at=NOW, state="accepted", remaining=D(count),
    )
    return OrderRow(**{**values, **changes})


def filled(strike: int, side: str, price: str, count: int, **changes: Any) -> OrderRow:
    return row(strike, side, price, count, filled=D(count), remaining=D(0), average_price=D(price), **changes)


def test_what_is_paid_is_what_can_be_lost() -> None:
    assert worst_loss([row(250, "yes", "0.30", 10)]) == 3
    assert worst_loss([filled(250, "no", "0.60", 10)]) == 6


def test_the_fee_is_lost_too() -> None:
    assert worst_loss([row(250, "yes", "0.30", 10, fee_bound=D("0.15"))]) == D("3.15")
    assert worst_loss([filled(250, "yes", "0.30", 10, fee=D("0.10"))]) == D("3.10")


def test_nested_strikes_held_against_each_other_cover_one_another() -> None:
    # YES above 250 and NO above 260: one of them pays whatever happens, both in between.
    held = [filled(250, "yes", "0.55", 10), filled(260, "no", "0.40", 10)]
    assert worst_loss(held) == 0
    assert worst_loss([filled(250, "yes", "0.55", 10), filled(260, "no", "0.50", 10)]) == D("0.5")


def test_the_strike_itself_is_an_outcome() -> None:
    # At exactly 250 "greater than 250" is NO: NO above 250 and YES above 250 never lose together.
    assert worst_loss([filled(250, "yes", "0.50", 10), filled(250, "no", "0.50", 10)]) == 0
    equal = [filled(250, "no", "0.5", 10), filled(250, "yes", "0.5", 10, strike_type="greater_or_equal")]
    assert worst_loss(equal) == 0


def test_what_only_rests_does_not_cover_anything() -> None:
    assert worst_loss([filled(250, "yes", "0.55", 10), row(260, "no", "0.40", 10)]) == D("5.5")


def test_an_unknown_strike_is_taken_to_lose_on_both_sides() -> None:
    assert worst_loss([row(None, "yes", "0.55", 10), row(None, "no", "0.40", 10)]) == D("9.5")


def test_unknown_outcomes_count_in_full() -> None:
    unsent = row(250, "yes", "0.30", 10, state="sending", remaining=D(0))
    assert worst_loss([unsent]) == 3


def test_a_cancelled_order_costs_nothing_and_nothing_costs_nothing() -> None:
    assert worst_loss([row(250, "yes", "0.30", 10, remaining=D(0))]) == 0
    assert worst_loss([]) == 0


_strikes = st.sampled_from([240, 250, 260])
_prices = st.sampled_from(["0.05", "0.30", "0.55", "0.95"])
_orders = st.builds(
    lambda strike, side, price, count, is_filled: (
        filled(strike, side, price, count) if is_filled else row(strike, side, price, count)
    ),
    _strikes, st.sampled_from(["yes", "no"]), _prices, st.integers(1, 5), st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_orders, max_size=5))
def test_no_outcome_and_no_partial_fill_is_worse(rows: list[OrderRow]) -> None:
    resting = [r for r in rows if r.remaining]
    worst = D(0)
    for value in (230, 240, 245, 250, 255, 260, 270):
        for taken in product((0, 1), repeat=len(resting)):
            total = D(0)
            for r in rows:
                contracts = r.filled or r.remaining * taken[resting.index(r)]
                pays = (value > (r.floor_strike or 0)) == (r.side == "yes")
                total += contracts * ((1 if pays else 0) - r.price)
            worst = min(worst, total)
    assert worst_loss(rows) == -worst
