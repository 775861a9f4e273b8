"""The numbers of reports, against sums done by hand."""

from __future__ import annotations

import math
from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest_files import TEN, csv_of, row, three_weeks
from kalshi.research import metrics
from kalshi.research.trades import Trades, parse_trades

WITH_FEES = (*TEN, "count", "fee")
cents = st.integers(1, 99).map(lambda c: c / 100)
trade_rows = st.lists(
    st.builds(
        row,
        market=st.uuids().map(str),
        date=st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 1, 1)).map(str),
        side=st.sampled_from(["yes", "no"]),
        prob=st.floats(0, 1).map(lambda p: round(p, 6)),
        fill_price=cents,
        outcome=st.integers(0, 1),
        count=st.integers(1, 50),
        fee=st.integers(0, 500).map(lambda f: f / 10_000),
    ),
    min_size=1,
    max_size=30,
)


def trades(rows: list[dict[str, object]], columns: tuple[str, ...] = TEN) -> Trades:
    return parse_trades(csv_of(rows, columns), "test")


def weekly(price: float, outcomes: str) -> Trades:
    """Return one trade a week, won where *outcomes* has a 1."""
    days = [str(date(2026, 1, 4) + timedelta(weeks=number)) for number in range(len(outcomes))]
    rows = [row(day, day, "yes", 0.6, price, int(o), fee=0.01) for day, o in zip(days, outcomes, strict=True)]
    return trades(rows, WITH_FEES)


def test_cost_pnl_and_edge_of_both_sides() -> None:
    found = trades([row("A", "2026-03-22", "yes", 0.9, 0.8, 1), row("B", "2026-03-22", "no", 0.6, 0.7, 0)])
    assert found.cost == pytest.approx([0.8, 0.3])
    assert metrics.pnl(found) == pytest.approx([0.2, -0.3])
    assert metrics.edge(found) == pytest.approx([0.1, 0.3])


def test_count_and_fee_enter_where_the_file_has_them() -> None:
    # 10 contracts of NO at 1 - 0.70 = 0.30, won: 10 x 0.70 - 0.147; edge 0.6 - 0.30 - 0.0147
    found = trades([row("B", "2026-03-22", "no", 0.6, 0.7, 1, count=10, fee=0.147)], WITH_FEES)
    assert metrics.pnl(found) == pytest.approx([6.853])
    assert metrics.edge(found) == pytest.approx([0.2853])
    assert found.has_fees


def test_logloss_is_clipped() -> None:
    certain = np.array([1.0, 0.0])
    assert metrics.logloss(certain, np.array([0.0, 0.0]))[0] == pytest.approx(-math.log(1e-9), abs=1e-6)
    assert metrics.logloss(certain, np.array([1.0, 0.0])) == pytest.approx([1e-9, 1e-9], rel=1e-6)


def test_calibration_bins_and_their_error() -> None:
    prob, outcome = np.array([0.0, 0.1, 0.15, 0.95, 1.0]), np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    bins = metrics.calibration(prob, outcome)
    assert [b.trades for b in bins] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    # |0 - .05| x 2/5 + |1 - .15| x 1/5 + |.5 - .975| x 2/5
    assert metrics.expected_calibration_error(bins) == pytest.approx(0.05 * 0.4 + 0.85 * 0.2 + 0.475 * 0.4)
    assert math.isnan(metrics.expected_calibration_error(metrics.calibration(np.empty(0), np.empty(0))))


def test_drawdown_counts_from_zero() -> None:
    assert list(metrics.drawdown(np.array([-1.0, 3.0, -0.5, -1.0, 2.0]))) == [-1.0, 0.0, -0.5, -1.5, 0.0]


def test_the_interval_is_that_of_weekly_means_where_weeks_are_equally_large() -> None:
    # With equal weeks the clustered error is the standard error of the weekly means: 1, 2, 6 -> 1.5275; t(2) = 4.3027
    values, weeks = np.array([0.0, 2.0, 1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1, 2, 2])
    found = metrics.clustered_interval(values, weeks)
    assert found.mean == pytest.approx(3.0)
    assert found.high - found.mean == pytest.approx(4.302653 * 1.527525, rel=1e-5)
    assert found.weeks == 3


def test_copies_of_a_week_add_no_evidence() -> None:
    values, weeks = np.array([0.3, -0.2, 0.5, 0.1]), np.array([0, 1, 2, 3])
    once, many = metrics.clustered_interval(values, weeks), None
    many = metrics.clustered_interval(np.repeat(values, 21), np.repeat(weeks, 21))
    assert (many.low, many.high) == pytest.approx((once.low, once.high))


def test_bootstrap_is_repeatable_and_surrounds_the_mean() -> None:
    values, weeks = np.array([0.3, -0.2, 0.5, 0.1, -0.4]), np.array([0, 1, 2, 3, 4])
    first, second = metrics.bootstrap_interval(values, weeks), metrics.bootstrap_interval(values, weeks)
    assert first == second
    assert values.min() <= first.low < first.mean < first.high <= values.max()


def test_one_week_has_no_interval_and_the_verdict_says_so() -> None:
    one = trades([row("A", "2026-03-22", "yes", 0.9, 0.8, 1), row("B", "2026-03-22", "no", 0.6, 0.5, 0)])
    assert math.isnan(metrics.pnl_interval(one).low)
    assert metrics.verdict(one).startswith("Too little to judge before fees")


@pytest.mark.parametrize(
    ("price", "outcomes", "said"),
    [
        (0.5, "10101010", "No evidence of an edge"),
        (0.05, "11101110", "Evidence of an edge"),
        (0.99, "10101010", "Evidence of a loss"),
    ],
)
def test_the_verdict_follows_the_interval(price: float, outcomes: str, said: str) -> None:
    found = weekly(price, outcomes * 3)
    assert metrics.verdict(found).startswith(f"{said} after fees: mean ")
    assert "over 24 weeks (24 trades)" in metrics.verdict(found)


@pytest.mark.parametrize(("price", "outcomes"), [(0.05, "1110"), (0.99, "1010"), (0.5, "1010")])
def test_few_weeks_are_too_little_to_judge_however_narrow_the_interval(price: float, outcomes: str) -> None:
    enough = metrics.LEAST_WEEKS
    few = metrics.verdict(weekly(price, (outcomes * 5)[: enough - 1]))
    assert few.startswith("Too little to judge after fees: mean ") and "95 % interval" in few
    assert f"over {enough - 1} weeks ({enough - 1} trades); a verdict needs {enough} weeks" in few
    assert "vidence" not in few
    assert "vidence of " in metrics.verdict(weekly(price, (outcomes * 5)[:enough]))


def test_two_weeks_that_agree_are_no_evidence() -> None:
    rows = [row(f"{day}-{i}", day, "yes", 0.6, 0.5, 1, fee=0.01) for day in ("2026-01-04", "2026-01-11") for i in "123"]
    found = trades(rows, WITH_FEES)
    assert metrics.pnl_interval(found).low > 0
    assert metrics.verdict(found).startswith("Too little to judge after fees: mean +$0.4900 a trade, 95 % interval")


def test_made_up_data_are_evidence_of_nothing() -> None:
    rows = [{**one, "data": "SAMPLE"} for one in three_weeks()]
    assert "Made-up SAMPLE data, no evidence of anything" in metrics.verdict(trades(rows, (*TEN, "data")))


def test_key_metrics_are_sorted_and_complete() -> None:
    found = metrics.key_metrics(trades(three_weeks()))
    assert list(found) == sorted(found)
    assert found["trades"] == 6 and found["weeks"] == 3 and found["hit_rate"] == pytest.approx(4 / 6)
    # 0.2 - 0.5 - 0.6 + 0.3 + 0.05 + 0.4
    assert found["pnl_total"] == pytest.approx(-0.15)
    assert found["max_drawdown"] == pytest.approx(0.6)
    assert "brier_market_mid" not in found


def test_the_market_is_scored_on_the_chosen_side() -> None:
    rows = [
        {**row("A", "2026-03-22", "no", 0.8, 0.3, 1), "mid": 0.25},
        {**row("B", "2026-03-29", "yes", 0.6, 0.5, 1), "mid": ""},
    ]
    found = metrics.key_metrics(trades(rows, (*TEN, "mid")))
    assert found["brier_market_mid"] == pytest.approx(0.25**2)
    assert found["brier_where_mid"] == pytest.approx(0.2**2)


@given(trade_rows)
def test_totals_agree_however_they_are_added_up(rows: list[dict[str, object]]) -> None:
    found = trades(rows, WITH_FEES)
    weekly = metrics.weekly_pnl(found)
    assert weekly.sum() == pytest.approx(found["pnl"].sum(), abs=1e-9)
    assert metrics.pnl(found) == pytest.approx(found["pnl"], abs=1e-9)
    assert (metrics.drawdown(weekly) <= 1e-12).all()
    assert sum(b.trades for b in metrics.calibration(found["prob"], found["outcome"])) == len(rows)
    assert 0 <= metrics.key_metrics(found)["ece"] <= 1


# --- where the profit came from


def a_fill(chance: Random) -> dict[str, object]:
    """Return a fill with everything that may happen: both sides, makers, one-sided books."""
    cents = [round(chance.randint(1, 99) / 100, 2) for _ in range(3)]
    day, side = date(2026, 1, 4) + timedelta(weeks=chance.randint(0, 9)), chance.choice(("yes", "no"))
    prob, count, fee = round(chance.random(), 6), chance.randint(1, 50), chance.randint(0, 500) / 10_000
    made = row(f"M{chance.random()}", str(day), side, prob, cents[0], chance.randint(0, 1), count, fee)
    mids = {name: "" if chance.random() < 0.2 else cents[i] for i, name in ((1, "mid"), (2, "mid_after"))}
    return made | mids


@given(st.integers(0, 100_000))
def test_the_parts_of_the_profit_add_up_to_it_and_the_promise_differs_by_luck_alone(seed: int) -> None:
    chance = Random(seed)
    rows = [a_fill(chance) for _ in range(chance.randint(1, 40))]
    trades = parse_trades(csv_of(rows, (*TEN, "count", "fee", "mid", "mid_after")), "test")
    split = metrics.edge_split(trades)
    assert split.realised == pytest.approx(split.forecast + split.spread + split.fee + split.adverse, abs=1e-9)
    assert split.realised == pytest.approx(float(trades["pnl"].sum()), abs=1e-9)
    luck = float((trades["count"] * (trades["outcome"] - trades["prob"])).sum())
    assert split.shortfall == pytest.approx(luck, abs=1e-9)
    assert split.fee == pytest.approx(-float(trades["fee"].sum()))


def test_each_part_is_what_its_name_says() -> None:
    bought = {**row("A", "2026-03-22", "yes", 0.7, 0.64, 1, count=2, fee=0.03), "mid": 0.62, "mid_after": 0.57}
    sold = {**row("B", "2026-03-22", "no", 0.6, 0.45, 1, count=2), "mid": 0.43, "mid_after": 0.49}
    columns = (*TEN, "count", "fee", "mid", "mid_after")
    split = metrics.edge_split(parse_trades(csv_of([bought], columns), "test"))
    assert (split.spread, split.adverse) == (pytest.approx(-0.04), pytest.approx(-0.10))
    assert (split.forecast, split.promised) == (pytest.approx(0.86), pytest.approx(0.09))
    split = metrics.edge_split(parse_trades(csv_of([sold], columns), "test"))  # 55 for NO, its mid 57, then 51
    assert (split.spread, split.adverse, split.forecast) == (
        pytest.approx(0.04), pytest.approx(-0.12), pytest.approx(0.98),
    )  # fmt: skip
