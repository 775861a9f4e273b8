"""Two runs side by side."""

from __future__ import annotations

import math

import pytest

from backtest_files import csv_of, three_weeks
from kalshi.research.compare import compare_metrics, comparison_markdown, paired_pnl
from kalshi.research.metrics import key_metrics
from kalshi.research.trades import parse_trades


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
    text = comparison_markdown([], compare_metrics({"fee_total": 0.0}, {"fee_total": 1.5, "ece": 0.1}), None)
    assert "| fee_total | 0.0000 | 1.5000 | 1.5000 | n/a |" in text
    assert "| ece | n/a | 0.1000 | n/a | n/a |" in text
    assert "no trade in common" in text


def test_common_trades_are_paired() -> None:
    rows = three_weeks()
    better = [{**one, "pnl": float(str(one["pnl"])) + 0.1} for one in rows[1:]]
    old, new = parse_trades(csv_of(rows), "old"), parse_trades(csv_of(better), "new")
    found = paired_pnl(old, new)
    assert found is not None
    assert (found.trades, found.weeks) == (5, 3)
    assert found.mean == pytest.approx(0.1)


def test_a_run_against_itself_differs_in_nothing() -> None:
    trades = parse_trades(csv_of(three_weeks()), "same")
    assert all(d.absolute == 0 for d in compare_metrics(key_metrics(trades), key_metrics(trades)))
