"""Who wins at which settlement, what can win together, and what positions pay for it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.index.ladder import CentRange, Ladder, Shape, payoff, to_cents, winning_range
from kalshi.pricing.negative_risk import Leg, guarantee


@dataclass(frozen=True)
class Strikes:
    ticker: str
    strike_type: str | None
    floor_strike: D | None = None
    cap_strike: D | None = None


def between(ticker: str, floor: str, cap: str) -> Strikes:
    return Strikes(ticker, "between", D(floor), D(cap))


RANGES = [
    Strikes("LOW", "less", cap_strike=D("7225")),
    between("B1", "7225", "7249.9999"),
    between("B2", "7250", "7274.9999"),
    Strikes("HIGH", "greater", D("7274.9999")),
]
THRESHOLDS = [Strikes(f"T{k}", "greater_or_equal", D(k)) for k in (7640, 7645, 7650)]


@pytest.mark.parametrize(
    "market, value, wins",
    [
        (between("B", "7225", "7249.9999"), "7225.00", True),
        (between("B", "7225", "7249.9999"), "7224.99", False),
        (between("B", "7225", "7249.9999"), "7249.99", True),
        (between("B", "7225", "7249.9999"), "7250.00", False),
        (between("B", "25100", "25199.99"), "25199.99", True),
        (Strikes("L", "less", cap_strike=D("7225")), "7224.99", True),
        (Strikes("L", "less", cap_strike=D("7225")), "7225.00", False),
        (Strikes("L", "less_or_equal", cap_strike=D("7225")), "7225.00", True),
        (Strikes("L", "less_or_equal", cap_strike=D("7225")), "7225.01", False),
        (Strikes("G", "greater", D("7924.9999")), "7925.00", True),
        (Strikes("G", "greater", D("7924.9999")), "7924.99", False),
        (Strikes("G", "greater", D("7925")), "7925.00", False),
        (Strikes("G", "greater_or_equal", D("7650")), "7650.00", True),
        (Strikes("G", "greater_or_equal", D("7650")), "7649.99", False),
        (Strikes("G", "greater_or_equal", D("7649.9999")), "7650.00", True),
    ],
)
def test_five_strike_types_are_exact_at_their_ends(market: Strikes, value: str, wins: bool) -> None:
    assert winning_range(market).contains(to_cents(D(value))) is wins


@pytest.mark.parametrize(
    "market, word",
    [
        (Strikes("M", "functional"), "functional"),
        (Strikes("M", None), "None"),
        (Strikes("M", "between", D(5)), "cap_strike"),
        (Strikes("M", "less"), "cap_strike"),
        (Strikes("M", "greater"), "floor_strike"),
        (between("M", "7250", "7225"), "above cap_strike"),
    ],
)
def test_a_market_that_is_not_certain_is_refused_by_name(market: Strikes, word: str) -> None:
    with pytest.raises(DataError, match=f"market M.*{word}"):
        winning_range(market)


def test_an_exclusive_ladder_is_sorted_and_complete() -> None:
    ladder = Ladder.of("E", True, reversed(RANGES))
    assert ladder.tickers == ("LOW", "B1", "B2", "HIGH")
    assert ladder.is_exclusive and ladder.gaps() == []
    assert [rung.label for rung in ladder.rungs] == [
        "<= 7224.99",
        "7225..7249.99",
        "7250..7274.99",
        ">= 7275",
    ]
    assert ladder.winners(D("7249.994")) == {"B1"}
    assert set(ladder.outcomes()) == {frozenset(), *(frozenset({t}) for t in ladder.tickers)}


def test_gaps_are_named() -> None:
    assert Ladder.of("E", True, [RANGES[1], between("B4", "7300", "7324.9999")]).gaps() == [
        "below 7225",
        "7250..7299.99",
        "above 7324.99",
    ]


def test_a_nested_ladder_has_one_more_outcome_than_thresholds() -> None:
    ladder = Ladder.of("E", False, THRESHOLDS)
    assert ladder.shape is Shape.NESTED
    assert [len(winners) for winners in ladder.outcomes()] == [0, 1, 2, 3]
    # One NO below and one YES above of a nested pair can lose both, which an exclusive ladder can not.
    assert ladder.worst_case({"T7640": D(-1), "T7650": D(1)}) == 0


@pytest.mark.parametrize(
    "exclusive, markets, word",
    [
        (True, [RANGES[1], between("B9", "7240", "7260")], "can both win"),
        (True, THRESHOLDS, "can both win"),
        (True, [RANGES[0], Strikes("LOW2", "less", cap_strike=D("7200"))], "can both win"),
        (False, RANGES, "not certain"),
        (False, [THRESHOLDS[0], Strikes("L", "less", cap_strike=D("7000"))], "not certain"),
        (False, [THRESHOLDS[0], Strikes("X", "greater_or_equal", D(7640))], "same threshold"),
        (True, [RANGES[0], RANGES[0]], "twice"),
        (True, [], "no markets"),
    ],
)
def test_a_ladder_refuses_to_assume(exclusive: bool, markets: list[Strikes], word: str) -> None:
    with pytest.raises(DataError, match=word):
        Ladder.of("E", exclusive, markets)


def test_a_position_elsewhere_is_refused() -> None:
    with pytest.raises(DataError, match="OTHER is not in event E"):
        Ladder.of("E", True, RANGES).worst_case({"OTHER": D(1)})


def test_a_settlement_below_every_strike_is_an_outcome() -> None:
    assert CentRange(None, None).contains(-5)
    assert Ladder.of("E", False, THRESHOLDS).winners(D("1.00")) == frozenset()


POSITIONS = st.lists(st.integers(-300, 300), min_size=4, max_size=4)


@given(POSITIONS)
def test_worst_case_agrees_with_every_settlement_value_and_with_the_guarantee(held: list[int]) -> None:
    ladder = Ladder.of("E", True, RANGES)
    positions = dict(zip(ladder.tickers, map(D, held), strict=True))
    values = [payoff(positions, ladder.winners(D(x))) for x in ("7000", "7225", "7250", "7275")]
    nobody = payoff(positions, ())
    assert ladder.worst_case(positions) == min([*values, nobody])
    # The guarantee counts on the YES side: n NO cost n dollars there when they were free.
    free = [Leg(ticker, x, D(x < 0)) for ticker, x in positions.items()]
    assert ladder.worst_case(positions) == guarantee(free).floor


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=3), st.integers(763000, 766000))
def test_no_settlement_of_a_nested_ladder_pays_less_than_its_worst_case(held: list[int], cents: int) -> None:
    ladder = Ladder.of("E", False, THRESHOLDS)
    positions = dict(zip(ladder.tickers, map(D, held), strict=True))
    assert payoff(positions, ladder.winners(D(cents) / 100)) >= ladder.worst_case(positions)
