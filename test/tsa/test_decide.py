"""One strike at a time: which side, at which price, or which reason for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import ConfigError
from kalshi.exchange.models import Market, PriceRange
from kalshi.pricing.fees import taker_fee
from kalshi.tsa.decide import Rules, decide, limit_price

CENTS = [PriceRange(start=Decimal(0), end=Decimal(1), step=Decimal("0.01"))]
TAPERED = [
    PriceRange(start=Decimal("0.00"), end=Decimal("0.10"), step=Decimal("0.001")),
    PriceRange(start=Decimal("0.10"), end=Decimal("0.90"), step=Decimal("0.01")),
    PriceRange(start=Decimal("0.90"), end=Decimal("1.00"), step=Decimal("0.001")),
]
RULES = Rules()


def market(bid: str | None, ask: str | None, ranges: list[PriceRange] = CENTS, **changes: Any) -> Market:
    """Return an active market; None means nobody quotes that side."""
    at = datetime(2026, 5, 4, 14, tzinfo=UTC)
    yes_bid, yes_ask = Decimal(bid or 0), Decimal(ask or 1)
    wire: dict[str, Any] = dict(
        ticker="KXTSAW-26MAY10-A2.50", event_ticker="KXTSAW-26MAY10", market_type="binary", status="active",
        result="", open_time=at, close_time=at, latest_expiration_time=at, settlement_timer_seconds=3600,
        can_close_early=True, expiration_value="", yes_bid_dollars=yes_bid, yes_ask_dollars=yes_ask,
        no_bid_dollars=1 - yes_ask, no_ask_dollars=1 - yes_bid, last_price_dollars=Decimal(0),
        yes_bid_size_fp=Decimal(50 if bid else 0), yes_ask_size_fp=Decimal(50 if ask else 0),
        volume_fp=Decimal(0), volume_24h_fp=Decimal(0), open_interest_fp=Decimal(0),
        notional_value_dollars=Decimal(1), price_level_structure="linear_cent", price_ranges=ranges,
        strike_type="greater", floor_strike=Decimal(2_500_000),
    )
    return Market(**{**wire, **changes})


@pytest.mark.parametrize(
    ("probability", "bid", "ask", "side", "price", "edge", "reason"),
    [
        # value .80, limit .75 * .80 = .60; ask .50 taken: .80 - .50 - .07 * .5 * .5 = .2825
        (0.80, "0.45", "0.50", "yes", "0.60", "0.2825", "buy"),
        # ask .62 is above .60: rests at .60 as maker without a fee: .80 - .60
        (0.80, "0.55", "0.62", "yes", "0.60", "0.20", "bid and wait"),
        # value of NO .80, NO ask = 1 - .55 = .45 <= .60: fee .07 * .45 * .55 = .017325, for 10: .17325
        (0.20, "0.55", "0.60", "no", "0.60", "0.332675", "buy"),
        # NO ask = 1 - .30 = .70 > .60
        (0.20, "0.30", "0.35", "no", "0.60", "0.20", "bid and wait"),
        (0.97, "0.90", "0.95", "yes", None, None, "extreme"),
        (0.03, "0.02", "0.05", "no", None, None, "extreme"),
        (0.80, None, None, "yes", None, None, "no quotes"),
        (0.80, "0.20", "0.60", "yes", None, None, "spread"),
        (0.80, None, "0.62", "yes", "0.60", "0.20", "bid and wait"),
        (0.80, "0.60", "0.40", "yes", None, None, "crossed quotes: bid 0.60, ask 0.40"),
        (0.20, "0.45", "0.45", "no", None, None, "crossed quotes: bid 0.55, ask 0.55"),
    ],
)
def test_each_case_has_its_reason(
    probability: float, bid: str | None, ask: str | None, side: str, price: str | None, edge: str | None, reason: str
) -> None:
    decision = decide(market(bid, ask), probability, RULES, taker_fee)
    assert decision.side == side
    assert decision.price == (None if price is None else Decimal(price))
    assert decision.edge == (None if edge is None else Decimal(edge))
    assert decision.reason.startswith(reason)


def test_an_edge_below_the_margin_is_left_alone() -> None:
    tight = Rules(price_share=Decimal("0.99"), min_edge=Decimal("0.02"))
    decision = decide(market("0.50", "0.52"), 0.53, tight, taker_fee)
    assert decision.price is None
    assert decision.reason.startswith("edge")


@given(st.floats(0, 1), st.integers(1, 98), st.integers(1, 30), st.sampled_from([CENTS, TAPERED]))
def test_no_order_is_ever_worse_than_its_rules(
    probability: float, bid: int, spread: int, ranges: list[PriceRange]
) -> None:
    ask = min(99, bid + spread)
    found = decide(market(f"0.{bid:02}", f"0.{ask:02}", ranges), probability, RULES, taker_fee)
    assert Decimal("0.5") <= found.value <= 1
    if found.price is None:
        return
    assert found.price <= found.value * RULES.price_share
    assert RULES.lowest <= found.value <= RULES.highest
    assert found.edge is not None and found.edge >= RULES.min_edge


@given(st.decimals("0.001", "0.999", places=4), st.sampled_from([CENTS, TAPERED]), st.sampled_from(["yes", "no"]))
def test_limit_price_is_the_best_allowed_price_not_above(
    highest: Decimal, ranges: list[PriceRange], side: str
) -> None:
    """Brute force over all YES prices of the grid, seen from the own side."""
    steps = {
        band.start + band.step * n for band in ranges for n in range(int((band.end - band.start) / band.step) + 1)
    }
    own = [p if side == "yes" else 1 - p for p in steps if 0 < p < 1]
    expected = max((p for p in own if p <= highest), default=None)
    assert limit_price(market("0.40", "0.60", ranges), side, highest) == expected


def test_a_side_below_the_lowest_is_said_to_be_below() -> None:
    rules = Rules(lowest=Decimal("0.6"))
    assert decide(market("0.50", "0.52"), 0.55, rules, taker_fee).reason == "extreme: YES 55.0% is below 60%"


def test_an_order_that_rests_pays_the_makers_fee_of_its_series() -> None:
    def maker_fee(price: Decimal, count: Decimal) -> Decimal:
        return Decimal("0.05") * count

    decision = decide(market("0.55", "0.62"), 0.80, RULES, taker_fee, maker_fee)
    assert (decision.price, decision.edge) == (Decimal("0.60"), Decimal("0.15"))


@pytest.mark.parametrize(
    "wrong",
    [{"count": Decimal("1e30")}, {"count": Decimal("1e999999")}, {"min_edge": Decimal("1e9999999")},
     {"max_spread": Decimal("-0.1")},
     {"count": Decimal(0)}, {"count": Decimal("1.5")}, {"price_share": Decimal("1.1")}, {"lowest": Decimal("0.96")}],
)
def test_senseless_rules_are_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(ConfigError):
        Rules(**wrong)
