"""Guaranteed profit and loss and completing price: worked vectors, and brute force on random ladders."""

from __future__ import annotations

from decimal import ROUND_CEILING
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.exchange.models_portfolio import Fill
from kalshi.pricing.negative_risk import (
    Leg,
    buy_no,
    buy_yes,
    collateral_with_netting,
    completing_price,
    cost_of_set,
    guarantee,
    leg_of_fill,
    sell_no,
    sell_yes,
    settled,
    worst_case_of_blanket,
)

CENTS = [D(cent) / 100 for cent in range(1, 100)]


def taker(price: D, count: D) -> D:
    """0.07 q p (1 - p), rounded up to $0.0001."""
    return (D("0.07") * count * price * (1 - price)).quantize(D("0.0001"), ROUND_CEILING)


def no_legs(text: str, fee: bool = False) -> list[Leg]:
    """`2x 100@.45, 1@.80`: NO legs, each in a market of its own."""
    legs: list[Leg] = []
    for part in text.split(","):
        times, _, leg = part.strip().rpartition("x ")
        count, price = (D(number) for number in leg.split("@"))
        for _ in range(int(times or 1)):
            legs.append(buy_no(f"M{len(legs)}", count, price, taker(price, count) if fee else D(0)))
    return legs


@pytest.mark.parametrize(
    "name, legs, maker_floor, maker_best, taker_fees, taker_floor",
    [
        ("G01", "1@.45", "-0.4500", "0.5500", "0.0174", "-0.4674"),  # 0.55 - 1
        ("G02", "2x 1@.45", "0.1000", "1.1000", "0.0348", "0.0652"),  # 1.10 - 1
        ("G03", "1@.15", "-0.1500", "0.8500", "0.0090", "-0.1590"),
        ("G04", "1@.15, 1@.80", "0.0500", "1.0500", "0.0202", "0.0298"),
        ("G05", "1@.45, 1@.55", "0.0000", "1.0000", "0.0348", "-0.0348"),
        ("G06", "1@.45, 1@.56", "-0.0100", "0.9900", "0.0347", "-0.0447"),
        ("G07", "4x 1@.80", "-0.2000", "0.8000", "0.0448", "-0.2448"),
        ("G08", "5x 1@.80", "0.0000", "1.0000", "0.0560", "-0.0560"),
        ("G09", "6x 1@.80", "0.2000", "1.2000", "0.0672", "0.1328"),
        ("G10", "2x 1@.45, 1@.80", "0.3000", "1.3000", "0.0460", "0.2540"),
        ("G11", "2x 100@.45", "10.0000", "110.0000", "3.4650", "6.5350"),  # 110 - 100
        ("G12", "100@.45, 30@.45", "-28.5000", "71.5000", "2.2523", "-30.7523"),  # 71.5 - 100
        ("G13", "100@.45, 81@.45", "-0.4500", "99.5500", "3.1359", "-3.5859"),
        ("G14", "100@.45, 82@.45", "0.1000", "100.1000", "3.1532", "-3.0532"),
        ("G15", "100@.45, 60@.50, 40@.62", "0.2000", "100.2000", "3.4422", "-3.2422"),
        ("G16", "2x 100@.45, 3x 100@.80", "70.0000", "170.0000", "6.8250", "63.1750"),
        ("G17", "12x 3@.90", "0.6000", "3.6000", "0.2268", "0.3732"),
        ("G18", "100@.45, 300@.45", "-80.0000", "220.0000", "6.9300", "-86.9300"),  # oversized second leg
    ],
)
def test_guaranteed_profit_of_no_legs(
    name: str, legs: str, maker_floor: str, maker_best: str, taker_fees: str, taker_floor: str
) -> None:
    maker = guarantee(no_legs(legs))
    assert (maker.floor, maker.best) == (D(maker_floor), D(maker_best)), name
    paid = no_legs(legs, fee=True)
    assert sum(leg.fee for leg in paid) == D(taker_fees), name
    assert guarantee(paid).floor == D(taker_floor), name


def test_g19_one_maker_and_one_taker_leg() -> None:
    legs = [buy_no("A", D(100), D(".45")), buy_no("B", D(100), D(".53"), taker(D(".53"), D(100)))]
    assert legs[1].fee == D("1.7437")
    result = guarantee(legs)
    assert (result.floor, result.best) == (D("0.2563"), D("100.2563"))
    assert result.is_locked() and not result.is_locked(target=D("0.30"))


def test_m1_no_in_one_market_and_yes_in_another() -> None:
    legs = [buy_no("A", D(100), D(".45")), buy_yes("B", D(10), D(".03"), taker(D(".03"), D(10)))]
    assert legs[1].fee == D("0.0204")
    result = guarantee(legs)
    assert result.by_outcome == {"A": D("-45.3204"), "B": D("64.6796")}
    assert (result.none, result.floor) == (D("54.6796"), D("-45.3204"))


def test_m2_selling_one_side_of_a_pair_breaks_the_lock() -> None:
    legs = [*no_legs("2x 100@.45"), sell_no("M0", D(50), D(".60"), taker(D(".60"), D(50)))]
    assert legs[2].fee == D("0.8400")
    result = guarantee(legs)
    assert result.by_outcome == {"M0": D("39.1600"), "M1": D("-10.8400")}
    assert (result.none, result.floor) == (D("89.1600"), D("-10.8400"))
    assert not result.is_locked()


def test_m3_an_empty_event_is_worth_nothing_and_locks_nothing() -> None:
    result = guarantee([], ["A", "B", "C"])
    assert (result.floor, result.best, result.legs) == (0, 0, 0)
    assert not result.is_locked()


@pytest.mark.parametrize(
    "name, legs, count, maker, with_margin, as_taker, floor_as_taker",
    [
        ("C1", "100@.45", 100, ".55", ".54", ".53", "0.2563"),
        ("C2", "100@.15", 100, ".85", ".84", ".84", "0.0592"),
        ("C3", "100@.12", 100, ".88", ".87", ".87", "0.2083"),
        ("C4", "100@.45", 60, ".25", ".24", ".23", "0.4561"),  # 1 - 45/60
        ("C5", "100@.45, 30@.45", 70, ".59", ".58", ".57", "0.3990"),  # 1 - 28.5/70 = 0.5929
        ("C6", "100@.45, 30@.45", 100, ".71", ".70", ".70", "0.0300"),
        ("C7", "100@.80", 100, ".20", ".19", ".18", "0.9668"),
        ("C8", "3x 100@.80", 100, ".60", ".59", ".58", "0.2948"),
    ],
)
def test_completing_price(
    name: str, legs: str, count: int, maker: str, with_margin: str, as_taker: str, floor_as_taker: str
) -> None:
    have, q = no_legs(legs), D(count)
    assert completing_price(have, "new", q, CENTS) == D(maker), name
    assert completing_price(have, "new", q, CENTS, margin=q * D(".01")) == D(with_margin), name
    price = completing_price(have, "new", q, CENTS, fee=taker)
    assert price == D(as_taker), name
    after = guarantee([*have, buy_no("new", q, price, taker(price, q))])
    assert after.floor == D(floor_as_taker), name


def test_completing_price_after_a_taker_fill_is_lower() -> None:
    have = no_legs("100@.45", fee=True)
    price = completing_price(have, "new", D(100), CENTS, fee=taker)
    assert price == D(".51")
    assert guarantee([*have, buy_no("new", D(100), price, taker(price, D(100)))]).floor == D("0.5182")


def test_fills_of_the_exchange_become_legs() -> None:
    def fill(side: str) -> Fill:
        price = D("0.55")
        return Fill("f", "f", "o", "A", "A", 0, "no", side, D(100), price, 1 - price, D("0.5"), False)

    assert leg_of_fill(fill("ask")) == buy_no("A", D(100), D(".45"), D("0.5"))
    assert leg_of_fill(fill("bid")) == buy_yes("A", D(100), D(".55"), D("0.5"))
    with pytest.raises(DataError, match="book_side 'both'"):
        leg_of_fill(fill("both"))


def test_no_price_completes_a_hopeless_event() -> None:
    assert completing_price(no_legs("100@.45, 30@.45"), "new", D(10), CENTS) is None
    with pytest.raises(ValueError, match="positive"):
        completing_price([], "new", D(0), CENTS)


COUNTS = st.decimals(min_value=D("0.01"), max_value=D(500), places=2)
PRICES = st.sampled_from(CENTS)
FEES = st.decimals(min_value=D(0), max_value=D(1), places=4)
MAKE = {"buy yes": buy_yes, "buy no": buy_no, "sell yes": sell_yes, "sell no": sell_no}
Trade = tuple[str, str, D, D, D]
FILLS = st.lists(
    st.tuples(st.sampled_from(sorted(MAKE)), st.sampled_from("ABCDE"), COUNTS, PRICES, FEES), max_size=12
)


def legs_of(fills: list[Trade]) -> list[Leg]:
    return [MAKE[kind](ticker, count, price, fee) for kind, ticker, count, price, fee in fills]


def settled_by_hand(fills: list[Trade], winner: str | None) -> D:
    """Settle each fill on its own: a YES pays 1 if its market wins, a NO if it does not."""
    total = D(0)
    for kind, ticker, count, price, fee in fills:
        pays = D((winner == ticker) if kind.endswith("yes") else (winner != ticker))
        total += (count if kind.startswith("buy") else -count) * (pays - price) - fee
    return total


@given(FILLS)
def test_brute_force_over_all_outcomes_agrees(fills: list[Trade]) -> None:
    result = guarantee(legs_of(fills), "ABCDE")
    expected = {winner: settled_by_hand(fills, winner) for winner in (*"ABCDE", None)}
    assert (result.floor, result.best) == (min(expected.values()), max(expected.values()))
    assert result.none == expected.pop(None)
    assert dict(result.by_outcome) == expected


@given(st.sampled_from("AB"), COUNTS, PRICES, PRICES)
def test_both_sides_of_one_market_are_worth_a_dollar(ticker: str, count: D, yes: D, no: D) -> None:
    result = guarantee([buy_yes(ticker, count, yes), buy_no(ticker, count, no)], "AB")
    assert result.floor == result.best == count * (1 - yes - no)
    assert not result.is_locked(target=D(-1000))  # nothing is held any more


@given(FILLS.map(legs_of), COUNTS, st.sampled_from("AEZ"))
def test_the_completing_price_is_the_last_one_that_keeps_the_margin(
    legs: list[Leg], count: D, ticker: str
) -> None:
    price = completing_price(legs, ticker, count, CENTS, fee=taker)

    def floor_at(p: D) -> D:
        return guarantee([*legs, buy_no(ticker, count, p, taker(p, count))]).floor

    for candidate in CENTS:
        assert (floor_at(candidate) < 0) == (price is None or candidate > price) or candidate < (
            price or D(0)
        )


@given(
    st.lists(st.decimals(min_value=D(0), max_value=D(100), places=2), min_size=1, max_size=12),
    PRICES,
    st.booleans(),
)
def test_no_partial_filling_of_a_blanket_is_worse_than_its_bound(
    filled: list[D], price: D, fees: bool
) -> None:
    fee = taker if fees else lambda price, count: D(0)
    legs = [buy_no(f"M{i}", q, price, fee(price, q)) for i, q in enumerate(filled) if q]
    assert guarantee(legs).floor >= worst_case_of_blanket(price, D(100), len(filled), fee=fee)


def test_worst_case_of_a_blanket_is_one_leg_alone() -> None:
    assert worst_case_of_blanket(D(".45"), D(100), 30) == D("-45.00")
    assert worst_case_of_blanket(D(".80"), D(100), 30) == D("-80.00")
    assert worst_case_of_blanket(D(".45"), D(100), 0) == 0


# any ladder, what a set costs, and the exception


def nested(count: int) -> list[frozenset[str]]:
    """Thresholds T0 < T1 < ...: the stricter wins only where the looser wins."""
    return [frozenset(f"T{i}" for i in range(won)) for won in range(count + 1)]


def any_ladder(count: int) -> st.SearchStrategy[list[frozenset[str]]]:
    sets = st.sets(st.sampled_from([f"T{i}" for i in range(count)])).map(frozenset)
    return st.lists(sets, min_size=1, max_size=8, unique=True).map(
        lambda found: list(dict.fromkeys([*found, frozenset(f"T{i}" for i in range(count))]))
    )


THRESHOLD = st.sampled_from(["T0", "T1", "T2", "T3"])
LADDER_FILLS = st.lists(st.tuples(st.sampled_from(sorted(MAKE)), THRESHOLD, COUNTS, PRICES, FEES), max_size=8)


def by_hand(fills: list[Trade], winners: frozenset[str]) -> D:
    total = D(0)
    for kind, ticker, count, price, fee in fills:
        pays = D((ticker in winners) if kind.endswith("yes") else (ticker not in winners))
        total += (count if kind.startswith("buy") else -count) * (pays - price) - fee
    return total


@given(LADDER_FILLS, any_ladder(4) | st.just(nested(4)))
def test_brute_force_agrees_on_any_ladder(fills: list[Trade], outcomes: list[frozenset[str]]) -> None:
    result = guarantee(legs_of(fills), (), outcomes)
    values = [by_hand(fills, winners) for winners in outcomes]
    assert (result.floor, result.best) == (min(values), max(values))
    assert list(result.by_outcome.values()) == values


@given(LADDER_FILLS.map(legs_of), COUNTS)
def test_the_completing_price_of_a_nested_ladder_keeps_the_margin(legs: list[Leg], count: D) -> None:
    price = completing_price(legs, "T1", count, CENTS, fee=taker, outcomes=nested(4))

    def floor_at(p: D) -> D:
        return guarantee([*legs, buy_no("T1", count, p, taker(p, count))], (), nested(4)).floor

    if price is not None:
        assert floor_at(price) >= 0
    for candidate in CENTS:
        if price is None or candidate > price:
            assert floor_at(candidate) < 0


def test_no_legs_that_protect_each_other_in_an_exclusive_event_do_not_in_a_nested_one() -> None:
    legs = [buy_no("T0", D(100), D(".45")), buy_no("T1", D(100), D(".45"))]
    assert guarantee(legs).floor == 10 and guarantee(legs, (), nested(2)).floor == -90
    # YES of the looser with NO of the stricter is what locks there: one of them always wins
    legs = [buy_yes("T0", D(100), D(".40")), buy_no("T1", D(100), D(".55"))]
    assert guarantee(legs, (), nested(2)).floor == 5


def test_a_market_outside_of_the_ladder_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="market X can win in no outcome"):
        guarantee([buy_yes("X", D(1), D(".5"))], (), nested(2))
    assert guarantee([buy_yes("X", D(1), D(".5")), sell_yes("X", D(1), D(".6"))], (), nested(2)).floor == D(".1")


@pytest.mark.parametrize(
    ("prices", "gross", "netted"),
    [
        ([".60", ".70"], "1.30", "0.30"),  # 1.30 - 1.00
        ([".45", ".45"], "0.90", "-0.10"),
        ([".80"], "0.80", "0.80"),
        ([], "0", "0"),
    ],
)
def test_what_a_set_costs_without_and_with_netting(prices: list[str], gross: str, netted: str) -> None:
    legs = [buy_no(f"M{i}", D(1), D(price)) for i, price in enumerate(prices)]
    assert cost_of_set(legs) == D(gross) and collateral_with_netting(legs) == D(netted)


def test_the_cost_counts_fees_and_both_sides() -> None:
    legs = [buy_no("A", D(100), D(".45"), D("1.7325")), buy_yes("B", D(10), D(".03"), D("0.0204"))]
    assert cost_of_set(legs) == D("47.0529")  # 45 + 1.7325 + 0.30 + 0.0204


def test_a_fair_price_settlement_breaks_a_locked_pair() -> None:
    legs = no_legs("2x 100@.45")
    assert guarantee(legs).floor == 10
    assert settled(legs, {leg.ticker: D(".60") for leg in legs}) == -10  # 200 x (0.40 - 0.45)
    assert settled(legs, {legs[0].ticker: D(1)}) == 10  # a yes/no result


@given(
    st.lists(st.tuples(COUNTS, PRICES), min_size=1, max_size=6),
    st.lists(st.integers(0, 100), min_size=6, max_size=6).filter(lambda shares: sum(shares) <= 100),
)
def test_the_floor_of_no_legs_survives_fair_prices_that_add_up_to_a_dollar(
    rows: list[tuple[D, D]], shares: list[int]
) -> None:
    legs = [buy_no(f"M{i}", count, price) for i, (count, price) in enumerate(rows)]
    values = {f"M{i}": D(share) / 100 for i, share in enumerate(shares)}
    assert settled(legs, values) >= guarantee(legs).floor
