"""The blanket rests whole or not at all, never crosses, and never holds more than one count per market."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.states import NESTED, SP_LADDER, bought_no, decisions, make_state, quote
from kalshi.errors import ConfigError
from kalshi.index.plan import Changes, Resting, Style, Wanted, changes
from kalshi.index.rules_blanket import BlanketRules, plan, within_limits


@dataclass(frozen=True)
class Limits:
    max_order_contracts: D = D(100)
    max_order_cost: D = D(47)
    max_event_cost: D = D(100)
    max_day_cost: D = D(100)
    max_orders_per_run: int = 40


def test_every_quoted_market_gets_the_same_bid() -> None:
    found = plan(make_state(), BlanketRules(), Limits())
    assert not found.refusal and found.wanted is not None
    assert found.wanted[0] == Wanted("LOW", "no", D("0.45"), D(100), Style.REST, "blanket")
    assert {w.ticker for w in found.wanted} == set(SP_LADDER.tickers)
    assert found.notes == ("10 NO bids: gross cash $450.00, worst case if one leg fills $-45.00",)


def test_markets_without_a_two_sided_quote_or_that_would_cross_are_skipped_with_the_reason() -> None:
    quotes = {
        "LOW": quote(None, "0.02"),
        "B6000": quote("0.02", None),
        "B6025": quote(None, None),
        "B6050": quote("0.56", "0.55"),
        "B6075": quote("0.55", "0.57"),
        "B6100": quote("0.54", "0.57"),
    }
    found = plan(make_state(quotes=quotes), BlanketRules())
    said = decisions(found)
    assert said["LOW"] == "skip: one-sided: no YES bid"
    assert said["B6000"] == "skip: one-sided: no YES ask"
    assert said["B6025"] == "skip: no quotes"
    assert said["B6050"].startswith("skip: crossed book")
    assert said["B6075"] == "skip: would cross: YES bid 0.55 is at or above 0.55"
    assert said["B6100"] == "bid: quoted on both sides"
    assert found.funnel() == "10 markets: 5 skip, 5 bid"


@pytest.mark.parametrize(
    "state, rules, limits, words",
    [
        (
            {"balance": D("449.99")},
            BlanketRules(),
            None,
            "balance on the event's shard 449.99. It fits with --count 99",
        ),
        (
            {},
            BlanketRules(max_event_loss=D("44.99")),
            None,
            "--max-event-loss 44.99. It fits with --count 99",
        ),
        ({}, BlanketRules(max_gross=D(449)), None, "--max-gross 449.00. It fits with --count 99"),
        (
            {},
            BlanketRules(),
            Limits(max_order_cost=D(10)),
            "KALSHI_MAX_ORDER_COST 10.00. It fits with --count 21",
        ),
        ({}, BlanketRules(), Limits(max_order_contracts=D(50)), "KALSHI_MAX_ORDER_CONTRACTS 50.00"),
        (
            {},
            BlanketRules(),
            Limits(max_event_cost=D(40)),
            "KALSHI_MAX_EVENT_COST 40.00. It fits with --count 85",
        ),
        ({}, BlanketRules(), Limits(max_orders_per_run=9), "KALSHI_MAX_ORDERS_PER_RUN 9"),
        ({"balance": D("0.50")}, BlanketRules(), None, "Not even --count 1 fits"),
        ({"ladder": NESTED}, BlanketRules(), None, "nested"),
        ({"books": {}}, BlanketRules(), None, "0 market fit"),
    ],
)
def test_whole_blanket_or_nothing(state: dict, rules: BlanketRules, limits: Limits | None, words: str) -> None:
    found = plan(make_state(**state), rules, limits)
    assert found.wanted is None and words in found.refusal
    assert "bid" not in {row[-2] for row in found.rows}


def test_the_count_a_refusal_names_fits() -> None:
    limits = Limits(max_order_cost=D(10))
    assert plan(make_state(), BlanketRules(count=D(21)), limits).refusal == ""
    assert plan(make_state(), BlanketRules(count=D(22)), limits).refusal != ""


def test_a_fitting_count_leaves_room_for_the_bids_that_complete_the_set() -> None:
    # 11 at 0.85 and its fee 0.10 cost 9.45; a twelfth would cost 10.31
    for count, limits, fits in [
        (100, Limits(max_order_cost=D(10)), 11),
        (5, Limits(max_order_cost=D(10)), 5),
        (100, Limits(max_order_cost=D(1000), max_event_cost=D(1000), max_day_cost=D(1000)), 100),
        (100, Limits(max_order_cost=D(1000), max_day_cost=D(20)), 42),
        (100, Limits(max_order_contracts=D(30)), 30),
        (100, Limits(max_order_cost=D("0.10")), 1),
    ]:
        assert within_limits(BlanketRules(count=D(count)), limits).count == fits


def test_a_second_start_keeps_what_rests_and_its_cash_counts_as_free() -> None:
    first = plan(make_state(), BlanketRules()).wanted or ()
    resting = tuple(Resting(f"o{i}", w.ticker, w.side, w.price, w.count) for i, w in enumerate(first))
    # One market has lost its YES bid since: no reason to give the place in its queue away.
    quotes = {"LOW": quote(None, "0.02")}
    again = plan(make_state(resting=resting, balance=D(0), quotes=quotes), BlanketRules())
    todo = changes(again.wanted or (), resting)
    assert (len(todo.keep), todo.cancel, todo.place) == (10, (), ())


def test_what_is_held_is_part_of_the_count() -> None:
    state = make_state(fills=(bought_no("B6000", "100", "0.45"), bought_no("B6025", "30", "0.45")))
    wanted = {w.ticker: w.count for w in plan(state, BlanketRules()).wanted or ()}
    assert "B6000" not in wanted and wanted["B6025"] == 70 and wanted["B6050"] == 100


def test_yes_held_by_somebody_else_is_left_alone() -> None:
    assert decisions(plan(make_state(positions={"LOW": D(5)}), BlanketRules()))["LOW"] == "skip: 5 YES are held here"


@pytest.mark.parametrize("changed", [{"no_price": D(0)}, {"no_price": D(1)}, {"count": D(0)}, {"count": D("1.5")}])
def test_impossible_parameters(changed: dict) -> None:
    with pytest.raises(ConfigError):
        BlanketRules(**changed)


def test_reconciling_cancels_what_is_not_wanted_and_keeps_the_rest() -> None:
    want = Wanted("A", "no", D("0.45"), D(100), Style.REST, "x")
    rest = [
        Resting("same", "A", "no", D("0.45"), D(100)),
        Resting("twice", "A", "no", D("0.45"), D(100)),
        Resting("price", "A", "no", D("0.46"), D(100)),
        Resting("side", "A", "yes", D("0.45"), D(100)),
    ]
    todo = changes([want], rest)
    assert [o.order_id for o in todo.keep] == ["same"]
    assert [o.order_id for o in todo.cancel] == ["twice", "price", "side"]
    assert todo.place == ()
    assert changes([want], [Resting("part", "A", "no", D("0.45"), D(60))]).place == ()
    large = Resting("large", "A", "no", D("0.45"), D(101))
    assert changes([want], [large]) == Changes((), (), (), ((large, want),))
    taking = Wanted("A", "no", D("0.45"), D(100), Style.TAKE, "x")
    assert changes([taking], [large]) == Changes((), (large,), (taking,))


WANTS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.sampled_from(["0.44", "0.45"]), st.integers(1, 5)),
    max_size=6, unique_by=lambda row: row[:2],
)  # fmt: skip


@given(WANTS, WANTS)
def test_after_the_changes_nothing_rests_that_is_not_wanted(wants: list, rests: list) -> None:
    wanted = [Wanted(t, "no", D(price), D(count), Style.REST, "x") for t, price, count in wants]
    resting = [Resting(f"o{i}", t, "no", D(price), D(count)) for i, (t, price, count) in enumerate(rests)]
    todo = changes(wanted, resting)
    after = {(o.ticker, o.price): o.remaining for o in todo.keep}
    after |= {(o.ticker, o.price): w.count for o, w in todo.shrink} | {(w.ticker, w.price): w.count for w in todo.place}
    limits = {(w.ticker, w.price): w.count for w in wanted}
    assert after.keys() == limits.keys() and all(after[key] <= limits[key] for key in after)
    assert len(todo.keep) + len(todo.cancel) + len(todo.shrink) == len(resting)
