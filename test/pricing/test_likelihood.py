"""Past moves as probabilities: direction, windows, strictness, smoothing, scaling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import DataError
from kalshi.pricing.likelihood import (
    count_in,
    estimate_ladder,
    forward_returns,
    part_of_session,
    remaining_variance,
    scaled_returns,
    settlement_cents,
    smoothed,
    standard_error,
    volatility,
)

RETURNS = np.array([0.970, 0.985, 0.992, 0.998, 1.000, 1.003, 1.006, 1.011, 1.018, 1.034])
# less 24,800; five ranges of 100 points; greater 25,299.99; in cents
LADDER = (
    [(None, 2_479_999)] + [(c, c + 9_999) for c in range(2_480_000, 2_530_000, 10_000)] + [(2_530_000, None)]
)


def test_the_ladder_vector() -> None:
    cents = settlement_cents(25_000, RETURNS)
    assert count_in(cents, LADDER) == [2, 1, 1, 2, 1, 1, 2]
    one = estimate_ladder(cents, LADDER, exclusive=True, sessions=1, min_samples=10)
    assert [round(e.probability, 4) for e in one] == [0.1765, 0.1176, 0.1176, 0.1765, 0.1176, 0.1176, 0.1765]
    half = estimate_ladder(cents, LADDER, exclusive=True, sessions=1, min_samples=10, alpha=0.5)
    assert [round(e.probability, 4) for e in half] == [0.1852, 0.1111, 0.1111, 0.1852, 0.1111, 0.1111, 0.1852]
    assert math.isclose(sum(e.probability for e in one), 1.0)


def test_the_inverted_return_would_mirror_it() -> None:
    assert count_in(settlement_cents(25_000, 1 / RETURNS), LADDER) == [3, 1, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    "bounds, count",
    [
        ((2_510_000, None), 4),  # >= 25,100
        ((2_507_501, None), 4),  # > 25,075
        ((2_507_500, None), 5),  # >= 25,075
        ((None, 2_479_999), 2),  # < 24,800
        ((None, 2_480_000), 3),  # <= 24,800
    ],
)
def test_strictness_counts_the_sample_on_the_strike(
    bounds: tuple[int | None, int | None], count: int
) -> None:
    assert count_in(settlement_cents(25_000, RETURNS), [bounds]) == [count]


def test_a_threshold_has_two_outcomes() -> None:
    [found] = estimate_ladder(
        settlement_cents(25_000, RETURNS), [(2_510_000, None)], exclusive=False, sessions=1, min_samples=10
    )
    assert round(found.probability, 4) == 0.4167 == round(smoothed(4, 10, 2), 4)


def test_the_floor_prices_but_does_not_drive() -> None:
    cents = np.full(1000, 100, dtype=np.int64)
    low, _ = estimate_ladder(cents, [(None, 99), (100, None)], exclusive=True, sessions=1)
    assert low.probability == pytest.approx(1 / 1002) and low.priced == 0.01


def test_too_few_samples_and_a_hole_in_the_ladder_are_refused() -> None:
    cents = settlement_cents(25_000, RETURNS)
    with pytest.raises(DataError, match="only 10 samples"):
        estimate_ladder(cents, LADDER, exclusive=True, sessions=1)
    with pytest.raises(DataError, match="9 of 10 samples"):
        estimate_ladder(
            cents,
            [*LADDER[:3], *LADDER[4:5], *LADDER[5:], (2_500_001, 2_509_999)],
            exclusive=True,
            sessions=1,
            min_samples=10,
        )


def test_returns_go_forward_and_end_within_the_history() -> None:
    closes = [100.0, 110.0, 121.0, 242.0]
    assert forward_returns(closes, 1).tolist() == pytest.approx([1.1, 1.1, 2.0])
    assert forward_returns(closes, 3).tolist() == pytest.approx([2.42])
    assert len(forward_returns(closes, 4)) == 0


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_bad_close_is_refused(bad: float) -> None:
    with pytest.raises(DataError):
        forward_returns([100.0, bad, 101.0], 1)


@given(st.lists(st.floats(50, 200), min_size=30, max_size=60), st.integers(1, 3))
def test_later_closes_change_no_earlier_sample(closes: list[float], sessions: int) -> None:
    assert (
        forward_returns(closes, sessions)[:10].tolist()
        == forward_returns(closes[:20], sessions)[:10].tolist()
    )
    assert volatility(closes)[:20].tolist()[1:] == volatility(closes[:20]).tolist()[1:]


def test_scaling_stretches_calm_days_when_today_is_stormy() -> None:
    rng = np.random.default_rng(3)
    calm, storm = rng.normal(0, 0.005, 400), rng.normal(0, 0.03, 60)
    closes = 100 * np.exp(np.cumsum(np.concatenate([calm, storm])))
    assert np.log(scaled_returns(closes, 1)).std() > 3 * np.log(forward_returns(closes[:400], 1)).std()


def test_what_is_left_of_the_day() -> None:
    assert remaining_variance(0.0) == pytest.approx(0.70)
    assert remaining_variance(1.0) == 0.0
    # six of six and a half hours gone: half of the last hour's 30 % of 1.105
    assert remaining_variance(6 / 6.5, 1.0) == pytest.approx(0.15 / 1.105)
    assert part_of_session(np.array([math.e]), 0.25).tolist() == pytest.approx([math.exp(0.5)])
    with pytest.raises(ValueError):
        part_of_session(RETURNS, 1.5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_less_is_left_later(first: float, second: float) -> None:
    early, late = sorted((first, second))
    assert remaining_variance(early) >= remaining_variance(late) >= 0


def test_overlap_widens_the_error() -> None:
    assert standard_error(0.5, 400, 4) == 2 * standard_error(0.5, 400, 1) == 0.05
