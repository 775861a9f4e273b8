"""Scoring walks forward: no forecast sees its future, winners are what closed, and the scores are the formulas."""

from __future__ import annotations

import math
import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from clone import ROOT
from kalshi.errors import DataError
from kalshi.index.history import NASDAQ100, SP500, Bar, DailyCloses, load_closes
from kalshi.index.likelihood_score import Candidate, Scores, ladder_around, walk
from kalshi.pricing.likelihood_models import EMPIRICAL, MODELS, SCALED

SHARED = Path(os.environ.get("KALSHI_SHARED_DATA", "") or ROOT.parent / "shared" / "data")
FIRST = date(2020, 1, 1)


def stormy(count: int = 700, seed: int = 11) -> DailyCloses:
    """Closes whose calm and stormy quarters take turns, every calendar day a session."""
    rng = np.random.default_rng(seed)
    deviations = 0.004 * np.exp(0.9 * (np.arange(count) // 60 % 2))
    closes = 6000 * np.exp(np.cumsum(rng.standard_normal(count) * deviations))
    days = [FIRST + timedelta(days=i) for i in range(count)]
    opens = [float(c) * 1.001 for c in closes]
    return DailyCloses(
        SP500, tuple(Bar(d, round(float(c), 2), o) for d, c, o in zip(days, closes, opens, strict=True)), "test"
    )


HISTORY = stormy()
CANDIDATES = [Candidate(model, FIRST) for model in MODELS]
LATE = HISTORY.days[400], HISTORY.days[-1]


@pytest.mark.parametrize("horizon", ["open", "1", "3"])
def test_a_spoiled_future_changes_no_earlier_forecast(horizon: str) -> None:
    cut = 500
    spoiled = DailyCloses(
        SP500, tuple(b if i < cut else Bar(b.day, b.close * 2, b.close) for i, b in enumerate(HISTORY.bars)), "test"
    )
    last = HISTORY.days[cut - 1]
    found = [walk(history, CANDIDATES, horizon, LATE[0], last) for history in (HISTORY, spoiled)]
    for whole, cold in zip(*found, strict=True):
        assert np.array_equal(whole.probabilities, cold.probabilities) and len(whole.days) == 100


@pytest.mark.parametrize("horizon, ahead", [("1", 1), ("3", 3)])
def test_the_winner_is_the_range_of_the_close_that_many_sessions_later(horizon: str, ahead: int) -> None:
    [found] = walk(HISTORY, CANDIDATES[:1], horizon, *LATE)
    for number in (0, 7, 120):
        i = 400 + number
        low, high = ladder_around(HISTORY.closes[i - ahead], 25)[found.winners[number]]
        cents = round(100 * HISTORY.closes[i])
        assert (low is None or cents >= low) and (high is None or cents <= high)
    assert found.days == HISTORY.days[400:]
    assert np.allclose(found.probabilities.sum(axis=1), 1.0)


def test_the_ladder_is_the_exchanges() -> None:
    ladder = ladder_around(7512.34, 25)
    assert len(ladder) == 30 and ladder[0] == (None, 714_999) and ladder[-1] == (785_000, None)
    assert ladder[1] == (715_000, 717_499)


def test_scores_by_hand() -> None:
    found = Scores(
        CANDIDATES[0], "1", HISTORY.days[:2], np.array([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]]), np.array([1, 2])
    )
    assert found.log.tolist() == pytest.approx([-math.log(0.5), -math.log(0.05)])
    # (1 - p)^2 of the winner, p^2 of the others
    assert found.brier.tolist() == pytest.approx([0.04 + 0.25 + 0.09, 0.81 + 0.0025 + 0.9025])
    bands = found.reliability()
    assert sum(n for n, _, _ in bands) == 6
    # the two of .05 lie in one band, and one of them won
    assert (2, 0.05, 0.5) in [(n, round(p, 2), w) for n, p, w in bands]
    assert 0 < found.calibration_error < 1


def test_scaling_pays_where_calm_and_storm_take_turns() -> None:
    plain, scaled, _ = walk(HISTORY, CANDIDATES, "1", *LATE)
    gain = scaled.log - plain.log
    assert gain.mean() + 2 * gain.std() / math.sqrt(len(gain)) < 0


def test_nothing_to_score_says_so() -> None:
    with pytest.raises(DataError, match="no session"):
        walk(HISTORY, CANDIDATES, "1", date(2030, 1, 1), date(2030, 2, 1))
    closes_only = DailyCloses(SP500, tuple(Bar(b.day, b.close) for b in HISTORY.bars), "test")
    with pytest.raises(DataError, match="open ahead"):
        walk(closes_only, CANDIDATES, "open", *LATE)


@pytest.mark.parametrize(
    "name, symbol, plain, scaled", [("gspc", SP500, 2.184, 2.128), ("ndx", NASDAQ100, 2.332, 2.280)]
)
def test_scaling_helps_on_the_real_closes_as_the_reference_found(
    name: str, symbol: str, plain: float, scaled: float
) -> None:
    """The reference found 2.197 -> 2.126 and 2.376 -> 2.309 on ladders to August 2026; the file ends in March."""
    file = SHARED / f"{name}_daily.csv"
    if not file.exists():
        pytest.skip(f"{file.name} is not on this machine")
    since = date(2020, 1, 2)
    found = walk(
        load_closes(file, symbol),
        [Candidate(EMPIRICAL, since), Candidate(SCALED, since)], "1", date(2022, 1, 3), date(2026, 3, 31),
    )  # fmt: skip
    assert [round(float(one.log.mean()), 3) for one in found] == [plain, scaled]
    gain = found[1].log - found[0].log
    assert gain.mean() < -4 * gain.std() / math.sqrt(len(gain))
