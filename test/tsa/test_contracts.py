from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.tsa.contracts import ladder_probabilities, market_strike, strike_in_ticker
from kalshi.tsa.distribution import Distribution, Empirical, Exact, Smoothed
from kalshi.tsa.models import WeekForecast
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import parse_event_ticker


@dataclass(frozen=True)
class PlainMarket:
    ticker: str
    strike_type: str | None = "greater"
    floor_strike: Decimal | None = None


def week(spread: Distribution) -> WeekForecast:
    as_of = datetime(2026, 5, 4, 14, tzinfo=UTC)
    return WeekForecast(date(2026, 5, 10), as_of, 0, "test", 2.4e6, spread.sd, spread)


SPREAD = Smoothed(2_400_000.0, np.array([-0.03, -0.01, 0.0, 0.01, 0.02] * 4), np.ones(20))


@pytest.mark.parametrize(
    ("ticker", "strike"),
    [
        ("KXTSAW-26MAY10-A2.45", 2_450_000),
        ("TSAW-22JUL10-A2.2", 2_200_000),
        ("TSAW-22JUL10-A2.10", 2_100_000),
        ("TSAW-22JUL10-A2", 2_000_000),
    ],
)
def test_strikes_in_tickers(ticker: str, strike: int) -> None:
    assert strike_in_ticker(ticker) == strike
    assert market_strike(PlainMarket(ticker)) == strike
    assert market_strike(PlainMarket(ticker, floor_strike=Decimal(strike))) == strike


@pytest.mark.parametrize(
    ("market", "message"),
    [
        (PlainMarket("KXTSAW-26MAY10"), "names no strike"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", "less"), "less"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal(2_500_000)), "contradicts"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal("2450000.5")), "whole number"),
        (PlainMarket("KXTSAW-26MAY10-A2.12345678"), "names no strike"),
        (PlainMarket("KXTSAW-26MAY10-A" + "9" * 5000), "names no strike"),
        (PlainMarket("KXTSAW-26MAY10-A2.45\n"), "names no strike"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal("1E+999999999")), "no number of passengers"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal("-2450000")), "no number of passengers"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal("2.45")), "whole number"),
        (PlainMarket("KXTSAW-26MAY10-A2.45", floor_strike=Decimal("2450")), "contradicts"),
    ],
)
def test_odd_markets_are_named(market: PlainMarket, message: str) -> None:
    with pytest.raises(DataError, match=message):
        market_strike(market)


def test_a_ladder_is_ordered_and_falls() -> None:
    rungs = ladder_probabilities(
        [PlainMarket(f"KXTSAW-26MAY10-A{strike}") for strike in ("2.50", "2.30", "2.40")], week(SPREAD)
    )
    assert [rung.strike for rung in rungs] == [2_300_000, 2_400_000, 2_500_000]
    assert rungs[0].prob_yes > rungs[1].prob_yes > rungs[2].prob_yes


def test_bad_ladders_are_refused() -> None:
    with pytest.raises(DataError, match="no markets"):
        ladder_probabilities([], week(SPREAD))
    with pytest.raises(DataError, match="same strike"):
        ladder_probabilities(
            [PlainMarket("KXTSAW-26MAY10-A2.4"), PlainMarket("KXTSAW-26MAY10-A2.40")], week(SPREAD)
        )
    with pytest.raises(DataError, match="not of the week"):
        ladder_probabilities([PlainMarket("KXTSAW-26MAY17-A2.4")], week(SPREAD))


def test_a_model_that_returns_nan_is_named() -> None:
    broken = Smoothed(float("nan"), np.zeros(20), np.ones(20))
    with pytest.raises(DataError, match="model test"):
        ladder_probabilities([PlainMarket("KXTSAW-26MAY10-A2.4")], week(broken))


errors = st.lists(st.floats(-0.2, 0.2), min_size=0, max_size=60)


@given(st.floats(1.5e6, 3.5e6), errors, st.floats(0, 2.0e6), st.lists(st.integers(1, 5_000_000), min_size=2))
def test_smoothed_probabilities_are_probabilities(
    center: float, past: list[float], floor: float, strikes: list[int]
) -> None:
    spread = Smoothed(center, np.array(past), np.ones(len(past)), floor)
    above = spread.above(sorted(strikes))
    assert ((above >= 0) & (above <= 1)).all()
    assert (np.diff(above) <= 1e-12).all()
    assert (above[np.array(sorted(strikes)) < floor] == 1).all()
    assert spread.sd > 0
    assert spread.quantile(0.05) <= spread.quantile(0.95)


@given(st.lists(st.integers(50_000, 4_000_000), min_size=7, max_size=7), st.integers(-3, 3))
def test_a_known_week_is_compared_as_integers(days: list[int], step: int) -> None:
    strike = sum(days) // 7 + step
    assert Exact(sum(days)).above(strike)[0] == float(sum(days) > 7 * strike)


def test_empirical_counts() -> None:
    points = Empirical(np.array([1.0, 2.0, 3.0, 4.0]))
    assert points.above([0, 2, 2.5, 4]).tolist() == [1.0, 0.5, 0.5, 0.0]
    assert Empirical(points.points, half=True).above([0, 2, 4]).tolist() == [0.9, 0.5, 0.1]
    assert Empirical(np.empty(0)).above(1).tolist() == [0.5]


def test_first_prints_agree_with_every_result(real_vintages: Vintages, real_markets: Path) -> None:
    known = real_vintages.known(datetime(2026, 12, 1, tzinfo=UTC))
    checked = 0
    with real_markets.open() as file:
        for row in csv.DictReader(file):
            mean = known.settled_mean(parse_event_ticker(row["ticker"]))
            assert mean is not None
            assert (mean > strike_in_ticker(row["ticker"])) == (row["result"] == "yes"), row["ticker"]
            checked += 1
    assert checked == 357
