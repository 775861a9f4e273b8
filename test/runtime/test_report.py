"""The report reads well in a mail of 100 columns, and its HTML lets nothing through."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.runtime.report import Report


def ladder() -> Report:
    report = Report("tsa_trading_bot: 2026-10-05 10:30 EDT")
    report.mark("SAMPLE")
    report.mark("PAPER")
    report.mark("PAPER")
    report.add_line("Counts: embedded sample")
    report.add_table(
        "Ladder",
        ["market", "prob", "bid", "decision"],
        [
            ["KXTSAW-26OCT11-A2.50", Decimal("0.8123"), None, "buy YES: " + "a long reason " * 8],
            ["KXTSAW-26OCT11-A2.60", Decimal("0.1"), Decimal("0.05"), "<b>skip</b> & wait"],
        ],
    )
    report.add_line("2 orders")
    return report


def test_text_is_aligned_marked_and_not_too_wide() -> None:
    lines = ladder().text().splitlines()
    assert lines[:4] == [
        "tsa_trading_bot: 2026-10-05 10:30 EDT",
        "=" * 37,
        "*** SAMPLE *** *** PAPER ***",
        "",
    ]
    assert max(map(len, lines)) <= 100
    header = next(line for line in lines if line.startswith("market"))
    first = next(line for line in lines if line.startswith("KXTSAW-26OCT11-A2.50"))
    second = next(line for line in lines if line.startswith("KXTSAW-26OCT11-A2.60"))
    right_edge = header.index("prob") + len("prob")
    assert first[:right_edge].endswith("0.8123"[-4:]) and second[:right_edge].endswith("0.1")
    assert first.index("buy") == second.index("<b>") == header.index("decision")
    assert "–" in first


def test_html_is_escaped_and_has_one_table_per_section() -> None:
    page = ladder().html()
    assert "<b>skip" not in page
    tree = lxml.html.fromstring(page)
    (table,) = tree.findall(".//table")
    assert [len(row) for row in table.findall("tr")] == [4, 4, 4]
    assert "<b>skip</b> & wait" in [cell.text_content() for cell in table.iter("td")]


def test_a_name_is_broken_only_where_nothing_else_gives_way() -> None:
    report = Report("Status")
    seen = datetime(2026, 10, 9, 14, 30, tzinfo=UTC)
    row = ["sp_daily_every_10_minutes", "nothing_to_do", 0, seen, seen, "no event is open for trading " * 4]
    report.add_table("Last runs", ["job", "status", "exit code", "started", "ended", "summary"], [row])
    assert "sp_daily_every_10_minutes  nothing_to_do" in report.text()
    assert max(map(len, report.text().splitlines())) <= 100
    report.add_table("Too much", ["a", "b"], [["x" * 90, "y" * 90]])
    assert max(map(len, report.text().splitlines())) <= 100


def test_on_a_phone_tables_scroll_and_short_cells_stay_on_one_line() -> None:
    tree = lxml.html.fromstring(ladder().html())
    assert tree.find(".//meta[@name='viewport']") is not None
    (table,) = tree.findall(".//table")
    assert "overflow-x:auto" in table.getparent().get("style")
    styles = {cell.text_content(): cell.get("style") for cell in table.iter("td", "th")}
    long = next(text for text in styles if text.startswith("buy YES"))
    assert "nowrap" in styles["KXTSAW-26OCT11-A2.50"] and "nowrap" in styles["decision"]
    assert "nowrap" not in styles[long] and "min-width" in styles[long]


@given(st.lists(st.tuples(st.text(max_size=80), st.decimals(allow_nan=False, allow_infinity=False)), max_size=6))
def test_any_cell_stays_one_row_of_the_table(rows: list[tuple[str, Decimal]]) -> None:
    report = Report("any")
    report.add_table("t", ["text", "number"], rows)
    page = lxml.html.fromstring(report.html())
    assert len(page.findall(".//tr")) == (len(rows) + 1 if rows else 0)
    report.text()


def test_terminal_codes_and_line_breaks_are_taken_out() -> None:
    report = Report("x")
    report.add_line("one\n\x1b[31mred\r\u2028two")
    assert report.text().splitlines()[-1] == "one  [31mred  two"


def test_values_are_shown_as_people_read_them() -> None:
    report = Report("x")
    report.add_table("", ["a", "b", "c"], [[datetime(2026, 10, 9, 14, 30, tzinfo=UTC), True, Decimal("1E+2")]])
    assert report.text().splitlines()[-1].split("  ")[0] == "2026-10-09 10:30 EDT"
    assert report.text().splitlines()[-1].split()[-2:] == ["yes", "100"]


def test_an_empty_table_and_a_ragged_row() -> None:
    report = Report("x")
    assert report.is_empty
    report.add_table("Orders", ["market"], [])
    assert "(none)" in report.text() and "(none)" in report.html()
    with pytest.raises(ValueError, match="has 2 cells"):
        report.add_table("Orders", ["market"], [["a", "b"]])


def test_saved_whole_and_over_an_older_one(tmp_path: Path) -> None:
    report = ladder()
    (tmp_path / "run.txt").write_text("old")
    text, page = report.save(tmp_path, "run")
    assert text.read_text(encoding="utf-8") == report.text()
    assert page.read_text(encoding="utf-8") == report.html()
    assert sorted(os.listdir(tmp_path)) == ["run.html", "run.txt"]
