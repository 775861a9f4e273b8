from __future__ import annotations

from datetime import date, timedelta

import pytest

from kalshi.errors import ConfigError, DataError
from kalshi.tsa.known import Known
from kalshi.tsa.models import MODELS, forecast
from kalshi.tsa.models_earlier import _coded_references
from kalshi.tsa.sample import sample_vintages
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import new_york

# week, published days, thousands: actual, earlier, earlier_fixed, yoy_hol (reference/tsa.md)
CHECKS = [
    (date(2024, 5, 19), 0, 2628.063, 2647.842, 2647.842, 2640.399),
    (date(2024, 5, 19), 4, 2628.063, 2630.630, 2630.630, 2625.457),
    (date(2025, 7, 6), 4, 2640.013, 2863.865, 2863.865, 2686.891),
    (date(2025, 12, 28), 0, 2623.679, 2549.998, 2549.998, 2559.451),
    (date(2026, 5, 10), 0, 2397.280, 2451.968, 2426.175, 2415.703),
    (date(2026, 5, 10), 4, 2397.280, 2372.801, 2420.235, 2412.222),
]


def view(vintages: Vintages, sunday: date, published: int) -> Known:
    return vintages.known_with_newest((sunday - timedelta(days=7 - published)).toordinal())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check[0]}-k{check[1]}")
def test_the_reference_values_are_reproduced(real_vintages: Vintages, check: tuple[object, ...]) -> None:
    sunday, published, actual, *expected = check
    assert isinstance(sunday, date)
    assert isinstance(published, int)
    known = view(real_vintages, sunday, published)
    means = [forecast(known, sunday, name).mean for name in ("earlier", "earlier_fixed", "yoy_hol")]
    assert [round(mean / 1000, 3) for mean in means] == expected
    settled = real_vintages.known(known.as_of + timedelta(days=30)).settled_mean(sunday)
    assert settled is not None
    assert round(settled / 1000, 3) == actual


def test_the_earlier_model_looks_357_days_back_in_2026_and_364_elsewhere() -> None:
    first = date(2018, 1, 1).toordinal()
    references = _coded_references(first, 8_400)

    def back(day: date) -> int:
        return int(day.toordinal() - references[day.toordinal() - first])

    assert back(date(2026, 5, 4)) == 357
    assert back(date(2020, 5, 4)) == 357
    assert back(date(2025, 5, 5)) == 364
    assert back(date(2025, 12, 29)) == 728
    assert back(date(2022, 1, 1)) == 0
    assert back(date(2021, 1, 1)) == -7


def test_the_fixed_model_does_not(real_vintages: Vintages) -> None:
    sunday = date(2026, 5, 10)
    known = view(real_vintages, sunday, 0)
    assert forecast(known, sunday, "earlier").mean != forecast(known, sunday, "earlier_fixed").mean
    sunday = date(2025, 5, 11)
    known = view(real_vintages, sunday, 0)
    assert forecast(known, sunday, "earlier").mean == forecast(known, sunday, "earlier_fixed").mean


def test_the_earlier_model_has_no_week_53_and_says_so() -> None:
    vintages = sample_vintages(new_york(date(2026, 12, 28), 12))
    known = vintages.known(new_york(date(2026, 12, 28), 12))
    with pytest.raises(DataError, match="no ISO week 53"):
        forecast(known, date(2027, 1, 3), "earlier")
    assert forecast(known, date(2027, 1, 3)).mean > 0


@pytest.mark.parametrize("model", sorted(MODELS))
def test_probabilities_fall_with_the_strike(real_vintages: Vintages, model: str) -> None:
    sunday = date(2026, 5, 10)
    for published in (0, 3, 6):
        week = forecast(view(real_vintages, sunday, published), sunday, model)
        assert week.known_days == published
        probs = week.probs_above(range(1_800_000, 2_801_000, 10_000))
        assert ((probs >= 0) & (probs <= 1)).all()
        assert (probs[1:] <= probs[:-1]).all()
        assert probs[0] > 0.9
        assert probs[-1] < 0.1
        assert week.quantile(0.1) <= week.quantile(0.5) <= week.quantile(0.9)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_complete_week_is_certain_and_the_strike_is_strict(real_vintages: Vintages, model: str) -> None:
    sunday = date(2026, 5, 10)
    week = forecast(view(real_vintages, sunday, 7), sunday, model)
    total = round(week.mean * 7)
    assert week.known_days == 7
    assert week.sd == 0
    assert week.prob_above(total // 7) == 1.0
    assert week.prob_above(total // 7 + 1) == 0.0


def test_exactly_the_strike_pays_no() -> None:
    sunday = date(2026, 5, 10)
    counts = {sunday - timedelta(days=back): 2_400_000 for back in range(7)}
    rows = Vintages.from_counts(counts)
    week = forecast(rows.known_with_newest(sunday.toordinal()), sunday)
    assert week.prob_above(2_400_000) == 0.0
    assert week.prob_above(2_399_999) == 1.0
    rows = Vintages.from_counts({**counts, sunday: 2_400_001})
    assert forecast(rows.known_with_newest(sunday.toordinal()), sunday).prob_above(2_400_000) == 1.0


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_forecast_never_sees_what_came_later(real_vintages: Vintages, model: str) -> None:
    for sunday, published in [(date(2026, 1, 11), 0), (date(2025, 11, 30), 4), (date(2026, 5, 31), 2)]:
        known = view(real_vintages, sunday, published)
        forecast(real_vintages.known(known.as_of + timedelta(days=40)), sunday + timedelta(days=42), model)
        cut = Vintages([row for row in real_vintages.rows if row.first_seen_at <= known.as_of])
        whole_week = forecast(known, sunday, model)
        cut_week = forecast(cut.known(known.as_of).through(known.newest), sunday, model)
        assert whole_week.mean == cut_week.mean
        strikes = range(1_800_000, 2_800_001, 50_000)
        assert whole_week.probs_above(strikes).tolist() == cut_week.probs_above(strikes).tolist()


def test_too_little_history_is_a_clear_refusal() -> None:
    sunday = date(2026, 5, 10)
    rows = Vintages.from_counts({sunday - timedelta(days=back): 2_400_000 for back in range(7, 30)})
    for model in MODELS:
        with pytest.raises(DataError):
            forecast(rows.known_with_newest((sunday - timedelta(days=7)).toordinal()), sunday, model)
    with pytest.raises(DataError, match="too old"):
        forecast(rows.known_with_newest((sunday - timedelta(days=7)).toordinal()), date(2026, 9, 6))
    with pytest.raises(DataError):
        forecast(Vintages(()).known(rows.rows[-1].first_seen_at), sunday)


def test_an_unknown_model_is_a_configuration_error(real_vintages: Vintages) -> None:
    with pytest.raises(ConfigError, match="yoy_hol"):
        forecast(view(real_vintages, date(2026, 5, 10), 0), date(2026, 5, 10), "magic")
