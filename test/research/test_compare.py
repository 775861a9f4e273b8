"""Two runs side by side."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from backtest_files import TEN, csv_of, row, three_weeks
from kalshi.research.compare import compare_metrics, comparison_markdown, pair, pairing_lines
from kalshi.research.metrics import key_metrics
from kalshi.research.trades import Trades, parse_trades


def test_deltas_absolute_and_in_percent_of_the_baselines_size() -> None:
    found = {delta.name: delta for delta in compare_metrics({"a": -2.0, "b": 4.0}, {"a": -1.0, "b": 3.0})}
    assert (found["a"].absolute, found["a"].percent) == (1.0, 50.0)
    assert (found["b"].absolute, found["b"].percent) == (-1.0, -25.0)


def test_zero_and_missing_baselines_have_no_percent() -> None:
    nan = float("nan")
    found = {
        d.name: d
        for d in compare_metrics({"zero": 0.0, "gone": 1.0, "nan": nan}, {"zero": 2.0, "new": 3.0, "nan": 1.0})
    }
    assert list(found) == ["gone", "nan", "new", "zero"]
    assert found["zero"].absolute == 2.0 and math.isnan(found["zero"].percent)
    for name in ("gone", "new", "nan"):
        assert math.isnan(found[name].absolute) and math.isnan(found[name].percent)


def test_missing_values_are_written_as_not_available() -> None:
    text = comparison_markdown([], compare_metrics({"fee_total": 0.0}, {"fee_total": 1.5, "ece": 0.1}))
    assert "| fee_total | 0.0000 | 1.5000 | 1.5000 | n/a |" in text
    assert "| ece | n/a | 0.1000 | n/a | n/a |" in text


def trades(rows: list[dict[str, object]], name: str = "run", columns: tuple[str, ...] = TEN) -> Trades:
    return parse_trades(csv_of(rows, columns), name)


def test_flipped_and_missing_trades_are_what_distinguishes_two_runs() -> None:
    rows = three_weeks()
    flipped, new = row("B-2", "2026-03-29", "yes", 0.6, 0.3, 0), row("D-1", "2026-04-12", "yes", 0.6, 0.5, 1)
    other = [*rows[:3], flipped, rows[5], new]
    found = pair(trades(rows), trades(other))
    assert (found.same, found.flipped, found.only_baseline, found.only_candidate) == (4, 1, 1, 1)
    # B-2: -0.3 instead of +0.3; C-1: 0 instead of 0.05; D-1: 0.5 instead of nothing; over four weeks
    assert found.weekly.mean == pytest.approx((0 - 0.6 - 0.05 + 0.5) / 4)
    assert (found.weekly.weeks, found.lone_weeks) == (4, 1)
    text = " ".join(pairing_lines(found))
    assert "Of 7 markets in either run, 4 were bought on the same side by both, 1 on opposite sides" in text
    assert "Too little to judge: candidate minus baseline is -$0.0375 a week, 95 % interval" in text
    assert "1 of them with trades of one run only" in text


@pytest.mark.parametrize(
    ("price", "said"), [(0.3, "Evidence that the candidate is better"), (0.9, "Evidence that the candidate is worse")]
)
def test_enough_weeks_decide_between_two_runs(price: float, said: str) -> None:
    days = [str(date(2026, 1, 4) + timedelta(weeks=number)) for number in range(24)]
    old = [row(day, day, "yes", 0.6, 0.6, number % 2) for number, day in enumerate(days)]
    new = [row(day, day, "yes", 0.6, price, number % 2) for number, day in enumerate(days)]
    assert pairing_lines(pair(trades(old), trades(new)))[1].startswith(said)
    assert pairing_lines(pair(trades(old), trades(old)))[1].startswith("No evidence of a difference: ")
    assert pairing_lines(pair(trades(old[:19]), trades(new[:19])))[1].startswith("Too little to judge: ")


def test_sample_runs_decide_nothing() -> None:
    rows = [{**one, "data": "SAMPLE"} for one in three_weeks()]
    found = pair(trades(rows, columns=(*TEN, "data")), trades(three_weeks()))
    assert pairing_lines(found)[1].startswith("Made-up SAMPLE data, no evidence of anything")


def test_the_bounds_of_an_interval_have_no_percentage() -> None:
    [low] = compare_metrics({"pnl_avg_ci_low": 0.001}, {"pnl_avg_ci_low": -0.02})
    assert low.absolute == pytest.approx(-0.021) and math.isnan(low.percent)


def test_a_run_against_itself_differs_in_nothing() -> None:
    trades = parse_trades(csv_of(three_weeks()), "same")
    assert all(d.absolute == 0 for d in compare_metrics(key_metrics(trades), key_metrics(trades)))


def test_markets_that_both_bought_are_paired_a_contract_each_and_clustered_by_week() -> None:
    days = [str(date(2026, 1, 4) + timedelta(weeks=number)) for number in range(24)]
    old = [row(f"{side}{day}", day, side, 0.6, 0.6, 1, count=1) for day in days for side in ("yes", "no")]
    new = [row(f"{side}{day}", day, side, 0.6, 0.5, 1, count=3) for day in days for side in ("yes", "no")]
    extra = row("only", days[0], "yes", 0.6, 0.9, 0)
    columns = (*TEN, "count")
    found = pair(trades(old, columns=columns), trades([*new, {**extra}], columns=columns))
    assert found.shared is not None and (found.shared.trades, found.shared.weeks) == (48, 24)
    # YES at 50 instead of 60 gains 10 cents a contract, NO at 50 instead of 60 loses 10
    assert found.shared.mean == pytest.approx(0.0) and found.only_candidate == 1
    assert pairing_lines(found)[2].startswith("No evidence of a difference: paired by market, the candidate made")
    better = pair(trades(old[::2], columns=columns), trades(new[::2], columns=columns))
    assert better.shared is not None and better.shared.mean == pytest.approx(0.1)
    assert pairing_lines(better)[2].startswith("Evidence that the candidate is better: paired by market")
    apart = pair(trades(old[:2]), trades([{**extra}]))
    assert apart.shared is None and len(pairing_lines(apart)) == 2


def test_mid_fills_decide_nothing() -> None:
    rows = [{**one, "fill": "mid", "mid": one["fill_price"]} for one in three_weeks()]
    found = pair(trades(three_weeks()), trades(rows, columns=(*TEN, "mid", "fill")))
    assert all(line.startswith("Fills at the mid, which nobody gets") for line in pairing_lines(found)[1:])
