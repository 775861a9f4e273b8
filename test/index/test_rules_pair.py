"""Completing prices and the free roll, from fills to bids; the vectors of the reference."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.states import NESTED, SP_LADDER, Fill, bought_no, decisions, make_state, quote
from kalshi.errors import ConfigError
from kalshi.index.plan import Resting, Style, Wanted, changes
from kalshi.index.rules_pair import PairRules, plan
from kalshi.pricing.negative_risk import buy_no, guarantee

ONE_LEG = (bought_no("B6000", "100", "0.45"),)
PAIR = (*ONE_LEG, bought_no("B6025", "100", "0.45"))


def prices(found: object) -> set[D]:
    return {w.price for w in found.wanted or ()}  # type: ignore[attr-defined]


def test_without_a_fill_orders_are_left_alone() -> None:
    found = plan(make_state(), PairRules())
    assert found.wanted is None and "nothing has filled" in found.notes[0]


def test_a_round_trip_is_not_an_open_leg() -> None:
    state = make_state(fills=(*ONE_LEG, Fill("B6000", "bid", D("0.50"), D(100))))
    found = plan(state, PairRules())
    assert found.wanted is None and "flat now" in found.notes[0]


@pytest.mark.parametrize(
    "leg, margin, price",
    [
        ("0.45", "0.01", "0.54"),
        ("0.45", "0", "0.55"),
        ("0.15", "0.01", "0.84"),
        ("0.15", "0", "0.85"),
        ("0.80", "0.01", "0.19"),
        ("0.12", "0", "0.85"),  # 0.88 would do; the cap is 0.85
    ],
)
def test_one_leg_is_completed_at_the_completing_price(leg: str, margin: str, price: str) -> None:
    state = make_state(fills=(bought_no("B6000", "100", leg),))
    found = plan(state, PairRules(complete_margin=D(margin)))
    assert prices(found) == {D(price)}
    assert {w.count for w in found.wanted or ()} == {D(100)}
    assert "B6000" not in {w.ticker for w in found.wanted or ()}
    assert "state COMPLETE" in found.notes[0] and "$-" in found.notes[0]


def test_a_partly_filled_market_keeps_its_own_remainder_and_no_more() -> None:
    fills = (*ONE_LEG, bought_no("B6025", "30", "0.45"))
    resting = (Resting("own", "B6025", "no", D("0.45"), D(70)),)
    wanted = {w.ticker: w for w in plan(make_state(fills=fills, resting=resting), PairRules()).wanted or ()}
    assert (wanted["B6025"].price, wanted["B6025"].count) == (D("0.45"), D(70))
    assert wanted["B6050"].price == D("0.70")  # C6 with a margin of a cent
    without = plan(make_state(fills=fills), PairRules())
    assert "B6025" not in {w.ticker for w in without.wanted or ()}


def test_a_remainder_beyond_the_common_size_rests_on_smaller() -> None:
    fills = (bought_no("B6000", "50", "0.45"), bought_no("B6025", "30", "0.45"))
    resting = (Resting("own", "B6025", "no", D("0.45"), D(70), D(30)),)
    state = make_state(fills=fills, resting=resting)
    found = plan(state, PairRules())
    assert {w.ticker: w.count for w in found.wanted or ()}["B6025"] == 20  # 50 - 30
    [(order, want)] = changes(found.wanted or (), resting).shrink
    assert (order.order_id, order.filled + want.count) == ("own", 50)
    assert "up to the common size" in decisions(found)["B6025"]


def test_an_order_that_rests_stays_when_its_market_loses_a_quote() -> None:
    quotes = {"B6050": quote(None, "0.02"), "B6075": quote(None, "0.02")}
    resting = (Resting("own", "B6050", "no", D("0.54"), D(100)),)
    found = plan(make_state(fills=ONE_LEG, quotes=quotes, resting=resting), PairRules())
    wanted = {w.ticker for w in found.wanted or ()}
    assert "B6050" in wanted and "B6075" not in wanted


def test_the_remainder_of_the_largest_leg_does_not_rest_on() -> None:
    resting = (Resting("own", "B6000", "no", D("0.45"), D(40)),)
    found = plan(make_state(fills=(bought_no("B6000", "60", "0.45"),), resting=resting), PairRules())
    assert "B6000" not in {w.ticker for w in found.wanted or ()}
    assert {w.count for w in found.wanted or ()} == {D(60)}


def test_a_locked_pair_free_rolls_up_to_the_leg_limit_in_the_likeliest_markets() -> None:
    quotes = {"B6100": quote("0.19", "0.21"), "B6125": quote("0.15", "0.18"), "B6050": quote("0.20", "0.22")}
    found = plan(make_state(fills=PAIR, quotes=quotes), PairRules())
    assert [w.ticker for w in found.wanted or ()] == ["B6100", "B6125", "LOW"]
    assert prices(found) == {D("0.80")}
    said = decisions(found)
    assert said["B6050"].startswith("none: would cross")
    assert said["B6100"] == "free roll: a fill raises the guarantee by $20.00"
    assert said["HIGH"] == "none: 5 legs are held or bid"


@pytest.mark.parametrize("quantity, word", [("81", "COMPLETE"), ("82", "LOCKED")])
def test_the_lock_follows_from_real_fills(quantity: str, word: str) -> None:  # G13, G14
    state = make_state(fills=(*ONE_LEG, bought_no("B6025", quantity, "0.45")))
    assert f"state {word}" in plan(state, PairRules()).notes[0]


def test_fees_of_fills_count_against_the_lock() -> None:  # G14 as taker
    fills = (bought_no("B6000", "100", "0.45", "1.7325"), bought_no("B6025", "82", "0.45", "1.4207"))
    assert "state COMPLETE" in plan(make_state(fills=fills), PairRules()).notes[0]
    assert "$-3.0532" in plan(make_state(fills=fills), PairRules()).notes[0]


def test_twenty_minutes_before_the_close_nothing_rests() -> None:
    state = make_state(fills=PAIR)
    last = state.closes_at - timedelta(minutes=20)
    assert plan(make_state(fills=PAIR, now=last), PairRules()).wanted == ()
    assert plan(make_state(fills=PAIR, now=last - timedelta(seconds=1)), PairRules()).wanted != ()


def test_a_nested_ladder_is_refused() -> None:
    found = plan(make_state(ladder=NESTED), PairRules())
    assert found.wanted is None and "nested" in found.refusal


def test_fills_that_do_not_explain_the_position_stop_everything() -> None:
    found = plan(make_state(fills=ONE_LEG, positions={"B6000": D(-130)}), PairRules())
    assert found.wanted is None and "disagree" in found.refusal


def test_cash_goes_to_the_likeliest_markets_first() -> None:
    found = plan(make_state(fills=ONE_LEG, quotes={"B6150": quote("0.40", "0.42")}), PairRules(max_gross=D(160)))
    assert [w.ticker for w in found.wanted or ()] == ["B6150", "LOW"]  # 45 held + 2 x 54 = 153
    assert "--max-gross" in decisions(found)["HIGH"]


def test_as_taker_one_market_completes_and_the_rest_keeps_resting() -> None:
    quotes = {"B6100": quote("0.48", "0.49"), "B6125": quote("0.47", "0.49")}
    found = plan(make_state(fills=ONE_LEG, quotes=quotes), PairRules(complete_as_taker=True))
    taking = [w for w in found.wanted or () if w.style is Style.TAKE]
    assert taking == [Wanted("B6100", "no", D("0.53"), D(100), Style.TAKE, "complete")]  # C1 as taker


def test_a_fixed_completing_price_is_possible() -> None:
    assert prices(plan(make_state(fills=ONE_LEG), PairRules(complete_price=D("0.45")))) == {D("0.45")}
    with pytest.raises(ConfigError, match="--complete-cap"):
        PairRules(complete_cap=D(1))


COUNTS = st.integers(1, 100)
PRICES = st.integers(5, 95).map(lambda cents: D(cents) / 100)


@given(st.lists(st.tuples(st.sampled_from(SP_LADDER.tickers), COUNTS, PRICES), min_size=1, max_size=5))
def test_no_fill_of_a_wanted_bid_makes_the_worst_case_worse(rows: list[tuple[str, int, D]]) -> None:
    fills = tuple(bought_no(ticker, str(count), str(price)) for ticker, count, price in rows)
    state = make_state(fills=fills)
    found = plan(state, PairRules())
    size = max(-held for held in state.positions.values())
    floor = state.guarantee().floor
    for want in found.wanted or ():
        assert -state.held(want.ticker) + want.count <= size
        after = guarantee([*state.legs, buy_no(want.ticker, want.count, want.price)]).floor
        assert after >= floor


def test_selling_and_buying_are_told_apart_by_what_is_held() -> None:  # M1 and M2
    m1 = make_state(fills=(*ONE_LEG, Fill("B6025", "bid", D("0.03"), D(10), D("0.0204")))).guarantee()
    assert (m1.by_outcome["B6000"], m1.by_outcome["B6025"], m1.none) == (
        D("-45.3204"),
        D("64.6796"),
        D("54.6796"),
    )
    m2 = make_state(fills=(*PAIR, Fill("B6000", "bid", D("0.40"), D(50), D("0.84")))).guarantee()
    assert (m2.by_outcome["B6000"], m2.by_outcome["B6025"], m2.none) == (D("39.16"), D("-10.84"), D("89.16"))
