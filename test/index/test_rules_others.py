"""Midday, afternoon, the cheap-YES rule, the valuation and the list of cheap NO."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest

from index.states import SP_LADDER, Fill, Strikes, bought_no, decisions, make_state, quote
from kalshi.errors import ConfigError
from kalshi.index import rules_cheap_no, rules_cheap_yes, rules_flatten, rules_likelihood, rules_stand_down
from kalshi.index.ladder import winning_range
from kalshi.index.plan import Resting, Style, Wanted
from kalshi.index.rules_cheap_yes import CheapYesRules, in_window
from kalshi.index.rules_flatten import FlattenRules
from kalshi.index.rules_likelihood import LikelihoodRules, value_side
from kalshi.pricing.likelihood import Estimate

PAIR = (bought_no("B6000", "100", "0.45"), bought_no("B6025", "100", "0.45"))
OWN = (Resting("o1", "B6050", "no", D("0.45"), D(100)),)


# midday


def test_midday_cancels_when_nothing_filled() -> None:
    found = rules_stand_down.plan(make_state(resting=OWN))
    assert found.wanted == () and decisions(found)["B6050"].startswith("cancel")


@pytest.mark.parametrize("fills", [PAIR[:1], (PAIR[0], Fill("B6000", "bid", D("0.5"), D(100)))])
def test_midday_leaves_orders_after_any_fill_even_a_round_trip(fills: tuple[Fill, ...]) -> None:
    found = rules_stand_down.plan(make_state(fills=fills, resting=OWN))
    assert found.wanted is None and "guaranteed P&L" in found.notes[1]


def test_midday_counts_a_partial_fill() -> None:
    assert rules_stand_down.plan(make_state(fills=(bought_no("B6000", "1", "0.45"),))).wanted is None
    assert rules_stand_down.plan(make_state(fills=(bought_no("B6000", "0.5", "0.45"),))).wanted == ()


# afternoon


def test_each_position_is_sold_on_its_own_side_at_a_bounded_price() -> None:
    fills = (bought_no("B6000", "100", "0.45"), Fill("B6025", "bid", D("0.30"), D(7)))
    quotes = {"B6000": quote("0.40", "0.44"), "B6025": quote("0.35", "0.39")}
    found = rules_flatten.plan(make_state(fills=fills, quotes=quotes), FlattenRules())
    assert found.wanted == (
        Wanted("B6000", "no", D("0.54"), D(100), Style.CLOSE, "flatten"),  # NO bid .56 less two cents
        Wanted("B6025", "yes", D("0.33"), D(7), Style.CLOSE, "flatten"),
    )


@pytest.mark.parametrize("bid, ask, price", [("0.01", "0.02", "0.96"), ("0.97", "0.985", "0.01"), ("0.30", None, None)])
def test_worst_prices_stay_on_the_grid_and_above_the_minimum(bid: str, ask: str | None, price: str | None) -> None:
    state = make_state(fills=PAIR[:1], quotes={"B6000": quote(bid, ask)})
    found = rules_flatten.plan(state, FlattenRules())
    assert [w.price for w in found.wanted or ()] == ([D(price)] if price else [])
    if price is None:
        assert decisions(found)["B6000"] == "settle: nobody buys this side: left to settlement"


def test_scope_unlocked_keeps_a_locked_set_and_sells_whole_or_not_at_all() -> None:
    locked = rules_flatten.plan(make_state(fills=PAIR), FlattenRules(scope="unlocked"))
    assert locked.wanted == () and "not negative" in decisions(locked)["B6000"]
    assert len(rules_flatten.plan(make_state(fills=PAIR), FlattenRules()).wanted or ()) == 2
    open_set = (*PAIR[:1], bought_no("B6025", "30", "0.45"))
    assert len(rules_flatten.plan(make_state(fills=open_set), FlattenRules(scope="unlocked")).wanted or ()) == 2
    stuck = make_state(fills=open_set, quotes={"B6025": quote("0.30", None)})
    assert "leave them alone" in decisions(rules_flatten.plan(stuck, FlattenRules(scope="unlocked")))["B6000"]


def test_flat_is_flat() -> None:
    assert rules_flatten.plan(make_state(), FlattenRules()).wanted == ()
    with pytest.raises(ConfigError):
        FlattenRules(scope="some")


# cheap YES


@pytest.mark.parametrize(
    "market, inside",
    [
        (Strikes("M", "between", D(24700), D("24799.99")), True),
        (Strikes("M", "between", D(24600), D("24699.99")), False),
        (Strikes("M", "between", D(25250), D("25349.99")), True),
        (Strikes("M", "between", D(24000), D("25999.99")), True),
        (Strikes("M", "less", cap_strike=D(24800)), True),
        (Strikes("M", "less", cap_strike=D(24700)), False),
        (Strikes("M", "greater", D("25199.99")), True),
        (Strikes("M", "greater", D("25299.99")), False),
    ],
)
def test_the_window(market: Strikes, inside: bool) -> None:
    assert in_window(winning_range(market), D(25000), D("0.01")) is inside


CHEAP = dict.fromkeys(SP_LADDER.tickers, quote("0.01", "0.02")) | {"B6075": quote("0.02", "0.03")}


def test_the_nearest_are_bought_until_the_event_budget_is_spent() -> None:
    found = rules_cheap_yes.plan(
        make_state(quotes=CHEAP),
        D(6010),
        CheapYesRules(),
        (),
    )
    # 467 at 2c: 9.34 and 0.65 fee, 9.99 of 10 each; three of them use up 30
    assert [(w.ticker, w.price, w.count) for w in found.wanted or ()] == [
        ("B6000", D("0.02"), D(467)),
        ("LOW", D("0.02"), D(467)),
        ("B6025", D("0.02"), D(467)),
    ]
    assert all(w.style is Style.TAKE and w.side == "yes" for w in found.wanted or ())
    said = decisions(found)
    assert "budget is used up, $0.03 are left" in said["B6050"]
    assert said["B6100"] == "skip: not near the money"


def test_an_ask_at_the_limit_is_not_below_it() -> None:
    found = rules_cheap_yes.plan(make_state(quotes=CHEAP), D(6080), CheapYesRules(), ())
    assert decisions(found)["B6075"] == "skip: ask 0.03 is not below 0.03"


def test_nothing_is_bought_twice_whatever_became_of_it() -> None:
    found = rules_cheap_yes.plan(make_state(quotes=CHEAP), D(6010), CheapYesRules(), {"B6000"}, D("25"))
    assert decisions(found)["B6000"] == "skip: bought or tried today already"
    assert sum(w.cost for w in found.wanted or ()) <= 5


def test_only_what_is_offered_is_taken() -> None:
    quotes = CHEAP | {"B6000": quote("0.01", "0.02", size=40)}
    found = rules_cheap_yes.plan(make_state(quotes=quotes), D(6010), CheapYesRules(), ())
    assert (found.wanted or ())[0].count == 40


def test_no_purchase_in_the_last_twenty_minutes() -> None:
    state = make_state(quotes=CHEAP)
    late = make_state(quotes=CHEAP, now=state.closes_at - timedelta(minutes=20))
    assert "last 20 minutes" in rules_cheap_yes.plan(late, D(6010), CheapYesRules(), ()).refusal


def test_no_quote_and_crossed_books_are_reasons() -> None:
    quotes = CHEAP | {"B6000": quote("0.02", None), "LOW": quote("0.03", "0.02")}
    said = decisions(rules_cheap_yes.plan(make_state(quotes=quotes), D(6010), CheapYesRules(), ()))
    assert said["B6000"] == "skip: nobody offers YES" and "crossed" in said["LOW"]


def test_take_profit_offers_what_was_bought() -> None:
    state = make_state(fills=(Fill("B6000", "bid", D("0.02"), D(50)),))
    found = rules_cheap_yes.plan(state, D(6010), CheapYesRules(take_profit=D("0.10")), {"B6000"}, D(30))
    assert (found.wanted or ())[-1] == Wanted("B6000", "no", D("0.90"), D(50), Style.REST, "take profit")


# likelihood


@pytest.mark.parametrize(
    "price, p, ratio, word, edge, buys",
    [
        ("0.05", "0.1000", "0.5000", "under", "0.0467", True),  # D1
        ("0.05", "0.0999", "0.5005", "fair", "0.0466", False),  # D2
        ("0.01", "0.0200", "0.5000", "under", "0.0093", False),  # D3
        ("0.01", "0.0050", "1.0000", "fair", "-0.0057", False),  # D4: floored ratio, unfloored edge
        ("0.10", "0.18", "0.5556", "under", "0.0737", True),  # D5
        ("0.30", "0.50", "0.6000", "under", "0.1853", True),  # D6
        ("0.60", "0.75", "0.8000", "under", "0.1332", True),  # D7
        ("0.60", "0.74", "0.8108", "fair", "0.1232", False),  # D8
        ("0.45", "0.225", "2.0000", "fair", "-0.2423", False),  # D9
        ("0.45", "0.20", "2.2500", "over", "-0.2673", False),
        ("0.75", "0.95", "0.7895", "under", "0.1869", True),  # D10
    ],
)
def test_decision_vectors(price: str, p: str, ratio: str, word: str, edge: str, buys: bool) -> None:
    found = value_side("yes", D(price), D(p), D(0), LikelihoodRules(), D(1))
    assert round(found.ratio, 4) == D(ratio) and found.word == word
    assert round(found.edge, 4) == D(edge) and found.buys is buys


def test_an_edge_within_the_models_own_error_is_none() -> None:
    assert not value_side("yes", D("0.30"), D("0.50"), D("0.20"), LikelihoodRules(), D(1)).buys


def estimate(p: float, error: float = 0.001) -> Estimate:
    return Estimate(int(p * 1000), 1000, 10, 1, p, error, max(p, 0.01))


def test_both_sides_are_valued_and_the_budget_holds() -> None:
    quotes = {
        "LOW": quote("0.03", "0.05"),  # p .10: YES
        "B6000": quote("0.25", "0.27"),  # p .05: NO at .75
        "B6025": quote(None, None),
        "B6050": quote("0.30", "0.28"),
    }
    estimates = [estimate(0.10), estimate(0.05)] + [estimate(0.11)] * 8
    found = rules_likelihood.plan(make_state(quotes=quotes), estimates, LikelihoodRules())
    assert [(w.ticker, w.side, w.price, w.count) for w in found.wanted or ()] == [
        ("LOW", "yes", D("0.05"), D(187)),
        ("B6000", "no", D("0.75"), D(13)),
    ]
    said = decisions(found)
    assert said["B6025"] == "skip: no quotes" and said["B6050"].startswith("skip: crossed book")


def test_an_event_gets_three_budgets() -> None:
    quotes = dict.fromkeys(SP_LADDER.tickers, quote("0.03", "0.05"))
    found = rules_likelihood.plan(make_state(quotes=quotes), [estimate(0.10)] * 10, LikelihoodRules())
    assert len(found.wanted or ()) == 3
    assert "is used up" in decisions(found)["HIGH"]


def test_kelly_stakes_less_than_the_budget_where_the_balance_is_small() -> None:
    quotes = {"LOW": quote("0.03", "0.05")}
    estimates = [estimate(0.10)] + [estimate(0.10)] * 9
    # c = 0.053325; (0.10 - c) / (1 - c) = 0.0493; a quarter of it, 1.23 % of 200 dollars, buys 46 at 5 cents
    for balance, count in ((D(200), 46), (D(100000), 187)):
        state = make_state(quotes=quotes, balance=balance)
        found = rules_likelihood.plan(state, estimates, LikelihoodRules(kelly=D("0.25")))
        assert next(w.count for w in found.wanted or () if w.ticker == "LOW") == count
    with pytest.raises(ConfigError, match="--kelly"):
        LikelihoodRules(kelly=D("1.5"))


# cheap NO


def test_cheap_no_is_listed_cheapest_first_and_never_ordered() -> None:
    quotes = {
        "B6000": quote("0.85", "0.87"),
        "B6025": quote("0.86", "0.88"),
        "B6050": quote("0.97", "0.99"),
        "B6075": quote(None, "0.01"),
        "B6100": quote("0.99", "0.98"),
    }
    found = rules_cheap_no.plan(make_state(quotes=quotes))
    assert [row[0] for row in found.rows if row[-2] == "list"] == ["B6050", "B6025"]
    assert found.wanted is None
    said = decisions(found)
    assert said["B6000"] == "skip: 0.15 is not below 0.15"
    assert said["B6075"] == "skip: nobody sells NO" and "crossed" in said["B6100"]
