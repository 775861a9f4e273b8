"""Every invariant, broken one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest_files import TEN, csv_of, row, three_weeks
from kalshi.errors import ConfigError, DataError
from kalshi.research.sanity import Check, broken, run_checks
from kalshi.research.sanity_report import judgeable, sanity_markdown
from kalshi.research.trades import complete_trades, parse_trades, read_trades

Rows = list[dict[str, object]]


def checks_of(rows: Rows, columns: tuple[str, ...] = TEN) -> dict[str, Check]:
    return {check.name: check for check in run_checks(parse_trades(csv_of(rows, columns), "test"))}


def failing(rows: Rows, columns: tuple[str, ...] = TEN) -> set[str]:
    return {name for name, check in checks_of(rows, columns).items() if check.problems}


def test_a_correct_file_passes_everything() -> None:
    assert not failing(three_weeks())
    assert all(check.passed or not check.ran for check in checks_of(three_weeks()).values())


def test_a_correct_file_with_fees_and_sizes_passes() -> None:
    large = row("A", "2026-03-22", "no", 0.6, 0.7, 1, count=10, fee=0.147)
    rows = [large, row("B", "2026-03-29", "yes", 0.6, 0.7, 0, fee=0.0147)]
    assert failing(rows, (*TEN, "count", "fee")) == set()
    assert "pnl" in failing(rows)  # the same numbers without the columns that explain them


def test_further_columns_and_another_order_are_accepted() -> None:
    rows = [{**one, "note": "x"} for one in three_weeks()]
    assert failing(rows, ("note", *reversed(TEN))) == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"prob": 1.2}, {"prob", "brier", "logloss", "edge"}),
        ({"prob": "nan"}, {"numbers"}),
        ({"prob": ""}, {"numbers"}),
        ({"fill_price": -0.1}, {"fill_price", "pnl", "edge"}),
        ({"fill_price": "inf"}, {"numbers"}),
        ({"side": "maybe"}, {"side"}),
        ({"outcome": 2}, {"outcome", "pnl", "brier", "logloss"}),
        ({"outcome": 0.5}, {"outcome", "pnl", "brier", "logloss"}),
        ({"date": "03/22/2026"}, {"dates"}),
        ({"market": ""}, {"market"}),
        ({"market": "A-2"}, {"duplicates", "exposure"}),
        ({"pnl": 0.21}, {"pnl"}),
        ({"brier": 0.02}, {"brier"}),
        ({"logloss": 0.2}, {"logloss"}),
        ({"edge": 0.11}, {"edge"}),
    ],
)
def test_a_broken_row_is_named_with_its_line(change: dict[str, object], found: set[str]) -> None:
    rows = three_weeks()
    rows[0] |= change
    assert failing(rows) == found
    assert any(problem.line in (2, 3) for problem in broken(checks_of(rows).values()))


def test_an_outcome_of_the_week_before_is_caught_by_recomputation() -> None:
    rows = three_weeks()
    for one in rows:
        one["outcome"] = 1 - int(str(one["outcome"]))
    assert failing(rows) == {"pnl", "brier", "logloss"}


def test_a_no_position_booked_at_the_yes_price_is_caught() -> None:
    rows = three_weeks()
    rows[1]["pnl"] = -0.7  # a loss of the YES price instead of 1 - 0.5
    assert failing(rows) == {"pnl"}


@pytest.mark.parametrize("name", TEN)
def test_a_missing_column_is_a_broken_invariant(name: str) -> None:
    columns = tuple(column for column in TEN if column != name)
    found = checks_of(three_weeks(), columns)
    assert [str(problem) for problem in found["columns"].problems] == [f"columns: {name} is missing"]


def test_counts_and_fees_are_bounded() -> None:
    rows = [row("A", "2026-03-22", "yes", 0.6, 0.5, 1, count=2, fee=0.1)]
    rows[0] |= {"count": 0}
    assert "count, fee" in failing(rows, (*TEN, "count", "fee"))
    rows[0] |= {"count": 2, "fee": -0.1}
    assert "count, fee" in failing(rows, (*TEN, "count", "fee"))


def test_a_fill_outside_of_the_stated_spread_is_caught() -> None:
    rows = [{**row("A", "2026-03-22", "yes", 0.6, 0.5, 1), "bid": 0.4, "ask": 0.45}]
    assert failing(rows, (*TEN, "bid", "ask")) == {"spread"}
    rows[0] |= {"ask": ""}
    assert failing(rows, (*TEN, "bid", "ask")) == set()


def test_a_row_with_too_few_cells_is_named() -> None:
    text = csv_of(three_weeks()) + "A-9,2026-04-12,yes\n"
    found = run_checks(parse_trades(text, "test"))
    assert {check.name for check in found if check.problems} == {"cells", "numbers"}


@given(st.integers(0, 5), st.sampled_from(["pnl", "brier", "logloss", "edge"]), st.floats(0.001, 5))
def test_no_change_of_a_result_goes_unseen(index: int, column: str, by: float) -> None:
    rows = three_weeks()
    rows[index][column] = float(str(rows[index][column])) + by
    assert failing(rows) == {column}


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", DataError, "is empty"),
        ("\n\n", DataError, "is empty"),
        ("a,b\n1,2\n", DataError, "is not a backtest CSV"),
        (",".join(TEN) + "\n", DataError, "holds no trades"),
        ('market,"date\n1,2', DataError, "is not a CSV file"),
        (",".join([*TEN, "prob"]) + "\n1\n", DataError, "occurs twice"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, error: type[Exception], said: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(error, match=said) as caught:
        read_trades(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_absent_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read_trades(tmp_path / "absent.csv")
    with pytest.raises(ConfigError, match="is a directory"):
        read_trades(tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(DataError, match="not text in UTF-8"):
        read_trades(tmp_path / "binary.csv")


def test_comparing_needs_complete_files(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text(csv_of(three_weeks(), TEN[:-1]))
    with pytest.raises(DataError, match="columns are missing: edge: give a CSV that backtest_tsa wrote"):
        complete_trades(path)


def test_the_report_shows_verdict_and_problems() -> None:
    rows = three_weeks()
    rows[0]["pnl"] = 9
    trades = parse_trades(csv_of(rows), "test")
    text = sanity_markdown(trades, run_checks(trades), [("file", "test")])
    assert "Too little to judge before fees" in text and "95 % interval" in text
    assert "Broken invariants: 1" in text and "line 2: pnl is 9, recomputed 0.2" in text
    assert not judgeable(parse_trades(csv_of(rows, TEN[:-1]), "test"))
