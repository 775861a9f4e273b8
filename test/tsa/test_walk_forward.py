from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from kalshi.tsa.models import DEFAULT_MODEL
from kalshi.tsa.sample import sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import (
    HORIZONS,
    brier,
    complete_weeks,
    coverage,
    crps,
    mape,
    paired_difference,
    rmse,
    view_at,
    walk_forward,
)
from kalshi.tsa.weeks import new_york

FIRST, LAST = date(2023, 1, 8), date(2026, 6, 28)


def test_each_horizon_knows_the_days_it_says() -> None:
    vintages = sample_vintages(new_york(date(2026, 6, 1), 12))
    sunday = date(2026, 5, 10)
    days_known = {name: view_at(vintages, sunday, name).newest_day for name in HORIZONS}
    assert days_known["D-7 Thu"] == date(2026, 4, 30)
    assert days_known["D-7 Sat"] == date(2026, 5, 2)
    assert days_known["k0"] == date(2026, 5, 3)
    assert days_known["k4"] == date(2026, 5, 7)
    assert days_known["k6"] == date(2026, 5, 9)


def test_a_holiday_monday_moves_the_release_and_k_follows_what_was_seen() -> None:
    vintages = sample_vintages(new_york(date(2026, 6, 1), 12))
    week = date(2026, 5, 31)
    memorial_day_noon = vintages.known(new_york(date(2026, 5, 25), 12))
    assert memorial_day_noon.newest_day == date(2026, 5, 21)
    tuesday_noon = vintages.known(new_york(date(2026, 5, 26), 12))
    assert [value is not None for value in tuesday_noon.week_values(week)].count(True) == 1


def test_a_weekend_release_counts_when_it_was_seen() -> None:
    vintages = sample_vintages(new_york(date(2026, 6, 19), 12))
    saturday = new_york(date(2026, 6, 20), 10)
    with_weekend = vintages.merge({date(2026, 6, 19): 2_700_000}, saturday)
    assert with_weekend.known(saturday).newest_day == date(2026, 6, 19)
    assert with_weekend.known(saturday - timedelta(hours=1)).newest_day < date(2026, 6, 19)


def test_only_complete_weeks_are_scored() -> None:
    vintages = sample_vintages(new_york(date(2026, 6, 3), 12))
    weeks = complete_weeks(vintages, date(2026, 5, 4), date(2026, 6, 30))
    assert weeks == [date(2026, 5, day) for day in (10, 17, 24, 31)]


@pytest.fixture(scope="module")
def scores(real_vintages: Vintages):  # type: ignore[no-untyped-def]
    return walk_forward(
        real_vintages, ["earlier", "earlier_fixed", "yoy_hol", DEFAULT_MODEL],
        first=FIRST, last=LAST, horizons=("k0", "k2", "k4"),
    )


@pytest.mark.parametrize(
    ("model", "horizon", "percent", "thousands"),
    [
        ("earlier", "k0", 2.53, 86.6), ("earlier", "k2", 2.27, 84.9), ("earlier", "k4", 1.70, 68.0),
        ("earlier_fixed", "k0", 2.26, 78.8), ("earlier_fixed", "k2", 1.79, 66.3),
        ("earlier_fixed", "k4", 1.40, 58.7),
        ("yoy_hol", "k0", 2.07, 71.4), ("yoy_hol", "k2", 1.56, 55.4), ("yoy_hol", "k4", 1.04, 38.3),
    ],
)
def test_the_baselines_score_what_the_reference_says(  # type: ignore[no-untyped-def]
    scores, model: str, horizon: str, percent: float, thousands: float
) -> None:
    scored = scores[(model, horizon)]
    assert len(scored) == 182
    assert round(mape(scored), 2) == percent
    assert round(rmse(scored) / 1000, 1) == thousands


def test_the_default_model_is_better_than_year_over_year_at_every_horizon(scores) -> None:  # type: ignore[no-untyped-def]
    for horizon, goal in [("k0", 1.50), ("k2", 1.15), ("k4", 0.80)]:
        ours, theirs = scores[(DEFAULT_MODEL, horizon)], scores[("yoy_hol", horizon)]
        assert mape(ours) < goal
        difference, error = paired_difference(ours, theirs)
        assert difference + 2 * error < 0
        assert brier(ours) < brier(theirs)
        assert crps(ours[-52:]) < crps(theirs[-52:])


def test_the_default_distribution_is_calibrated(scores) -> None:  # type: ignore[no-untyped-def]
    for horizon in ("k0", "k2", "k4"):
        recent = [one for one in scores[(DEFAULT_MODEL, horizon)] if one.forecast.week_sunday.year >= 2024]
        for level in (0.5, 0.8, 0.95):
            assert abs(coverage(recent, level) - level) < 0.09  # two standard errors of 130 weeks
        assert np.mean([one.brier() for one in recent]) < {"k0": 0.025, "k2": 0.020, "k4": 0.015}[horizon]
