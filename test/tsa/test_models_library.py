"""The members built on libraries, and the ways of weighting members: on made-up counts whose answer is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from kalshi.errors import DataError
from kalshi.tsa.models import MODELS, forecast
from kalshi.tsa.models_boosted import Boosted
from kalshi.tsa.models_combined import Combined, by_inverse_squares, by_least_squares
from kalshi.tsa.models_dhr import Dhr
from kalshi.tsa.models_mstl import Mstl
from kalshi.tsa.models_past import DayModel
from kalshi.tsa.models_yoy import YoyHoliday
from kalshi.tsa.vintages import Vintages

FIRST, LAST = date(2021, 7, 1), date(2026, 3, 31)


def counts(without: tuple[date, ...] = (), first: date = FIRST) -> dict[date, int]:
    """Two seasons and a slow rise, without noise."""
    found = {}
    for number in range((LAST - first).days + 1):
        day = first + timedelta(days=number)
        turn = 2 * np.pi * (day - FIRST).days / 365
        log = 14.6 + 0.06 * np.sin(turn) + 0.05 * np.cos(2 * np.pi * day.weekday() / 7) + (day - FIRST).days * 2e-5
        found[day] = round(float(np.exp(log)))
    return {day: value for day, value in found.items() if day not in without}


def error_of(model: DayModel, values: dict[date, int], newest: date = date(2026, 3, 8)) -> float:
    """Return the greatest relative error of the ten days after *newest*."""
    days = np.arange(newest.toordinal() + 1, newest.toordinal() + 11, dtype=np.int64)
    said = model.day_logs(Vintages.from_counts(values).known_with_newest(newest.toordinal()), days)
    truth = np.log([values[date.fromordinal(int(day))] for day in days])
    return float(np.abs(said - truth).max())


def test_the_decomposition_finds_two_seasons_and_a_level() -> None:
    assert error_of(Mstl(), counts()) < 0.004


def test_the_decomposition_bridges_a_gap() -> None:
    gap = tuple(date(2025, 10, 6) + timedelta(days=number) for number in range(12))
    assert error_of(Mstl(), counts(gap)) < 0.006


def test_one_season_is_taken_while_there_is_little_history() -> None:
    assert error_of(Mstl(), counts(first=date(2025, 1, 1))) < 0.01
    with pytest.raises(DataError, match="60 are needed"):
        error_of(Mstl(), counts(first=date(2026, 1, 20)))


def test_boosting_learns_what_the_regression_can_not() -> None:
    values = counts()
    for year in range(2022, 2027):  # days around Easter that the regression's penalty holds back
        values |= {day: round(value * 0.8) for day, value in values.items()
                   if day.year == year and day.weekday() == 1 and day.month in (3, 9)}
    newest = date(2026, 3, 8)
    known = Vintages.from_counts(values).known_with_newest(newest.toordinal())
    tuesday = np.array([date(2026, 3, 10).toordinal()], dtype=np.int64)
    truth = np.log(values[date(2026, 3, 10)])
    assert abs(Boosted().day_logs(known, tuesday)[0] - truth) < abs(Dhr().day_logs(known, tuesday)[0] - truth)


def test_boosting_refuses_what_is_too_little_to_learn_from() -> None:
    with pytest.raises(DataError, match="past days to learn from, 1000 are needed"):
        error_of(Boosted(), counts(first=date(2024, 9, 1)))


def test_weights_by_inverse_squares() -> None:
    weights = by_inverse_squares(np.array([[0.01, -0.01], [0.02, 0.02]]))
    assert weights == pytest.approx([0.8, 0.2])


@pytest.mark.parametrize("seed", range(5))
def test_weights_by_least_squares_are_the_best_of_a_fine_grid(seed: int) -> None:
    draw = np.random.default_rng(seed)
    errors = draw.normal(size=(3, 60)) * 0.01 + draw.normal(size=60) * 0.01
    weights = by_least_squares(errors)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    penalty = 0.5 * np.mean(errors**2, axis=1)

    def loss(mix: np.ndarray) -> float:
        return float(np.mean((mix @ errors) ** 2) + penalty @ mix**2)

    steps = np.linspace(0, 1, 41)
    grid = [np.array([a, b, 1 - a - b]) for a in steps for b in steps if a + b <= 1 + 1e-9]
    assert loss(weights) <= min(loss(mix) for mix in grid) + 1e-10


def test_the_stacked_model_weighs_all_its_members() -> None:
    stacked = MODELS["stacked"]
    assert isinstance(stacked, Combined)
    draw = np.random.default_rng(1)
    noisy = {day: round(value * float(np.exp(draw.normal() * 0.02))) for day, value in counts().items()}
    known = Vintages.from_counts(noisy).known_with_newest(date(2026, 3, 11).toordinal())
    weights = stacked.weights(known, date(2026, 3, 15))
    assert set(weights) == {"dhr", "yoy_hol", "mstl", "boosted"}
    assert sum(weights.values()) == pytest.approx(1)
    said = [forecast(known, date(2026, 3, 15), name).mean for name in weights]
    assert min(said) <= forecast(known, date(2026, 3, 15), stacked).mean <= max(said)


def test_a_member_that_has_nothing_to_say_is_left_out() -> None:
    class Silent:
        name = "silent"

        def day_logs(self, known: object, days: object) -> np.ndarray:
            raise DataError("nothing")

    known = Vintages.from_counts(counts()).known_with_newest(date(2026, 3, 11).toordinal())
    alone = forecast(known, date(2026, 3, 15), YoyHoliday())
    with_silent = forecast(known, date(2026, 3, 15), Combined((YoyHoliday(), Silent()), "pair"))
    assert with_silent.mean == pytest.approx(alone.mean)
