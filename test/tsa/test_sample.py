from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from kalshi.tsa.models import forecast
from kalshi.tsa.sample import sample_counts, sample_vintages
from kalshi.tsa.weeks import new_york

NOW = new_york(date(2026, 11, 24), 12)


def test_the_same_seed_gives_the_same_counts_and_a_later_end_only_adds_days() -> None:
    short, long = sample_counts(date(2026, 5, 1)), sample_counts(date(2026, 6, 1))
    assert short == sample_counts(date(2026, 5, 1))
    assert all(long[day] == value for day, value in short.items())
    assert sample_counts(date(2026, 5, 1), seed=1) != short


def test_the_sample_looks_like_the_real_series() -> None:
    counts = sample_counts(date(2025, 12, 31))
    values = np.array([counts[date(2025, 1, 1) + timedelta(days=n)] for n in range(365)])
    assert 2.2e6 < values.mean() < 2.7e6
    assert values.min() > 1.2e6
    assert values.max() < 3.4e6
    by_weekday = [np.mean([v for d, v in counts.items() if d.weekday() == weekday]) for weekday in range(7)]
    assert int(np.argmin(by_weekday)) == 1  # Tuesday


def test_only_released_days_are_in_it() -> None:
    known = sample_vintages(NOW).known(NOW)
    assert known.newest_day == date(2026, 11, 23)
    assert sample_vintages(new_york(date(2026, 11, 24), 8)).known(NOW).newest_day == date(2026, 11, 22)
    assert len(sample_vintages(NOW).known(NOW).values) == (date(2026, 11, 23) - date(2019, 1, 1)).days + 1


def test_a_forecast_can_be_made_of_it() -> None:
    week = forecast(sample_vintages(NOW).known(NOW), date(2026, 11, 29))
    assert week.known_days == 1
    assert 1.8e6 < week.mean < 2.8e6
    assert 0.002 < week.sd / week.mean < 0.05
