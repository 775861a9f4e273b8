"""The models of a move: what each counts or fits, and that a ladder always adds up to one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kalshi.errors import DataError
from kalshi.pricing.likelihood import Estimate, volatility, wilson_interval
from kalshi.pricing.likelihood_models import (
    EMPIRICAL,
    MODELS,
    SCALED,
    STUDENT_T,
    Question,
    Tails,
    doubted,
    fit_tails,
    fitted,
    likelihood,
)

# The ten moves of the ladder vector.
RETURNS = (0.970, 0.985, 0.992, 0.998, 1.000, 1.003, 1.006, 1.011, 1.018, 1.034)
LADDER = (
    [(None, 2_479_999)] + [(c, c + 9_999) for c in range(2_480_000, 2_530_000, 10_000)] + [(2_530_000, None)]
)


def walk(count: int, *, seed: int = 5, deviation: float = 0.01, degrees: float = 5.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    moves = rng.standard_t(degrees, count) * deviation / math.sqrt(degrees / (degrees - 2))
    return 100 * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))


CLOSES = walk(1500)


def around(spot: float, step: float = 0.5, ranges: int = 10) -> list[tuple[int | None, int | None]]:
    """A ladder of equal ranges around *spot* with two tails, in cents of the index."""
    width = round(100 * step)
    base = round(100 * spot) - width * ranges // 2
    inner = [(base + width * i, base + width * (i + 1) - 1) for i in range(ranges)]
    return [(None, base - 1), *inner, (base + width * ranges, None)]


def test_empirical_counts_the_ladder_vector() -> None:
    closes = np.array([25_000.0 * r for r in np.cumprod((1.0, *RETURNS))])
    found = likelihood(EMPIRICAL, closes, Question(25_000, LADDER, min_samples=10))
    assert [one.count for one in found] == [2, 1, 1, 2, 1, 1, 2]
    assert [round(one.probability, 4) for one in found] == [0.1765, 0.1176, 0.1176, 0.1765, 0.1176, 0.1176, 0.1765]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sessions, share", [(1, None), (3, None), (1, 0.3)])
def test_a_ladder_adds_up_to_one_and_a_threshold_to_its_complement(
    model: str, sessions: int, share: float | None
) -> None:
    spot = float(CLOSES[-1])
    ladder = likelihood(model, CLOSES, Question(spot, around(spot), sessions=sessions, share=share))
    assert sum(one.probability for one in ladder) == pytest.approx(1.0, abs=1e-9)
    above, below = likelihood(
        model, CLOSES, Question(spot, [(10_050, None), (None, 10_049)], exclusive=False, sessions=sessions, share=share)
    )
    assert above.probability + below.probability == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_less_of_the_day_is_a_narrower_ladder(model: str) -> None:
    spot = float(CLOSES[-1])
    whole, part = (
        max(one.probability for one in likelihood(model, CLOSES, Question(spot, around(spot), share=share)))
        for share in (None, 0.2)
    )
    assert part > 1.5 * whole


@pytest.mark.parametrize("model", MODELS)
def test_with_nothing_left_of_the_day_the_price_stays_where_it_is(model: str) -> None:
    found = likelihood(model, CLOSES, Question(100.25, around(100.0, ranges=4), share=0.0))
    assert max(found, key=lambda one: one.probability) is found[3]  # 100.00 to 100.49
    assert found[3].probability > 0.99


def test_the_fit_finds_the_distribution_it_was_drawn_from() -> None:
    tails = fit_tails(walk(6000), 1)
    # Divided by an estimate of the deviation, t with 5 degrees keeps its tails nearly.
    assert 4.0 < tails.degrees < 8.0 and abs(tails.middle) < 0.05 and 0.7 < tails.scale < 0.9


def test_the_fitted_shares_are_those_of_scipys_distribution() -> None:
    tails, spot = Tails(5.0, 0.05, 0.8), float(CLOSES[-1])
    [above] = fitted(CLOSES, Question(spot, [(round(101 * spot), None)], exclusive=False), tails)
    move = math.log((round(101 * spot) - 0.5) / (100 * spot)) / volatility(CLOSES)[-1]
    share = stats.t.sf(move, 5.0, 0.05, 0.8)
    n = above.samples
    assert above.probability == pytest.approx((share * n + 1) / (n + 2), rel=1e-9)


def test_tails_beyond_the_sample_have_a_weight_only_when_fitted() -> None:
    spot = float(CLOSES[-1])
    far = [(None, round(80 * spot) - 1), (round(80 * spot), None)]  # a fall of a fifth
    counted = likelihood(SCALED, CLOSES, Question(spot, far, alpha=0.0))[0]
    drawn = likelihood(STUDENT_T, CLOSES, Question(spot, far, alpha=0.0))[0]
    assert counted.probability == 0.0 == drawn.count and 0 < drawn.probability < 0.001


@pytest.mark.parametrize("model", MODELS)
def test_a_gap_and_too_little_history_are_refused(model: str) -> None:
    spot = float(CLOSES[-1])
    ladder = around(spot)
    with pytest.raises(DataError, match="not exhaustive"):
        likelihood(model, CLOSES, Question(spot, [*ladder[:5], *ladder[6:]]))
    with pytest.raises(DataError, match=r"at least 250|needs 250"):
        likelihood(model, CLOSES[:200], Question(spot, ladder))


def test_an_unknown_model_and_a_part_of_three_sessions_are_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match="known are empirical, scaled, student_t"):
        likelihood("garch", CLOSES, Question(100.0, around(100.0)))
    with pytest.raises(ValueError):
        Question(100.0, around(100.0), sessions=3, share=0.5)


@given(st.integers(30, 400))
def test_closes_after_the_reference_change_nothing(cut: int) -> None:
    asked = Question(100.0, around(100.0), min_samples=5)
    spoiled = np.concatenate([CLOSES[:cut], CLOSES[cut:] * 3])
    for model in (EMPIRICAL, SCALED):
        assert likelihood(model, CLOSES[:cut], asked) == likelihood(model, spoiled[:cut], asked)


# uncertainty


@pytest.mark.parametrize(
    "share, samples, low, high",
    [
        (0.5, 100, 0.4038, 0.5962),  # (0.5 + 1.9208/100) / 1.0384 -+ 1.96 sqrt(0.25/100 + 0.9604/10^4) / 1.0384
        (0.0, 10, 0.0, 0.2775),  # 3.8415 / (10 + 3.8415)
        (1.0, 10, 0.7225, 1.0),
    ],
)
def test_wilson_intervals(share: float, samples: float, low: float, high: float) -> None:
    found = wilson_interval(share, samples)
    assert [round(bound, 4) for bound in found] == [low, high]


def test_overlapping_windows_widen_the_interval() -> None:
    one, three = (Estimate(30, 300, 10, h, 0.1, 0.0, 0.1).interval for h in (1, 3))
    assert three == wilson_interval(0.1, 100) and three[1] - three[0] > 1.5 * (one[1] - one[0])


def test_the_models_error_is_the_larger_of_chance_and_disagreement() -> None:
    mine = [Estimate(30, 300, 10, 1, 0.10, 0.01, 0.10), Estimate(30, 300, 10, 1, 0.10, 0.01, 0.10)]
    other = [Estimate(30, 300, 10, 1, 0.15, 0.01, 0.15), Estimate(30, 300, 10, 1, 0.11, 0.01, 0.11)]
    assert [round(one.error, 9) for one in doubted(mine, other)] == [0.05, 0.02]
    assert mine[0].error == 0.02
