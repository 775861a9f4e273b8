from __future__ import annotations

from datetime import date, timedelta

import pytest

from kalshi.errors import DataError
from kalshi.tsa.page import parse_page

TODAY = date(2026, 7, 16)


def page(rows: list[tuple[str, ...]], headers: tuple[str, ...] = ("Date", "Numbers")) -> str:
    """Return a page as the site makes it: a menu, other tables, and the one with the counts."""
    head = "".join(f"<th scope='col'> {name}\n</th>" for name in headers)
    body = ""
    for row in rows:
        body += "<tr>" + "".join(f"<td class='text-align-center'>{cell} </td>" for cell in row) + "</tr>"
    return (
        "<!DOCTYPE html><html><head><title>TSA checkpoint travel numbers</title></head><body>"
        "<table><tr><th>Menu</th></tr><tr><td>7/14/2026</td></tr></table>"
        f"<table class='views-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</body></html>"
    )


def us(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def test_newest_first_and_oldest_first_give_the_same() -> None:
    rows = [("7/15/2026", "2,601,382"), ("7/14/2026", "2,410,000"), ("7/13/2026", "999,999")]
    expected = {date(2026, 7, 13): 999_999, date(2026, 7, 14): 2_410_000, date(2026, 7, 15): 2_601_382}
    for order in (rows, rows[::-1]):
        found = parse_page(page(order), read_on=TODAY)
        assert list(found.items()) == list(expected.items())
    assert parse_page(page(rows).encode(), read_on=TODAY) == expected


def test_the_year_comes_from_the_dates() -> None:
    html = page([("12/31/2025", "2,100,000"), ("12/30/2025", "2,200,000")])
    found = parse_page(html, read_on=date(2026, 1, 1))
    assert list(found) == [date(2025, 12, 30), date(2025, 12, 31)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([("7/15/2026", "2,601,382"), ("7/15/2026", "2,601,382")], "twice"),
        ([("7/15/2026", "2,601,382"), ("7/13/2026", "2,601,382")], "2026-07-14 is missing"),
        ([("7/16/2026", "2,601,382")], "can not have a count"),
        ([("7/15/2026", "49,999")], "not plausible"),
        ([("7/15/2026", "4,000,001")], "not plausible"),
        ([("7/15/2026", "-2,601,382")], "whole number"),
        ([("7/15/2026", "2,60,1382")], "whole number"),
        ([("7/15/2026", "2" * 5000)], "whole number"),  # more digits than Python takes
        ([("7/15/2026", "٢٬٦٠١٬٣٨٢")], "whole number"),
        ([("7/15/2026", "٢٦٠١٣٨٢")], "whole number"),
        ([("٧/١٥/٢٠٢٦", "2,601,382")], "not a US date"),
        ([("7/15/2026", "")], "whole number"),
        ([("7/15/2026", "2.6")], "whole number"),
        ([("2026-07-15", "2,601,382")], "not a US date"),
        ([("15/7/2026", "2,601,382")], "no date of the calendar"),
        ([("7/15/26", "2,601,382")], "not a US date"),
        ([("7/15/2026", "2,601,382", "2,500,000")], "not a US date"),
        ([("7/15/2026",)], "not a US date"),
    ],
)
def test_a_strange_row_refuses_the_page(rows: list[tuple[str, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_page(page(rows), read_on=TODAY)


@pytest.mark.parametrize(
    ("html", "message"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("<html><body>Access Denied. Reference #18.2f</body></html>", "no table"),
        ("<html><body><p>Checking your browser</p><script>1</script></body></html>", "no table"),
        ("plain words", "no table"),
        (page([("7/15/2026", "2,601,382")], ("Day", "Count")), "changed its shape"),
        (page([("7/15/2026", "2,601,382")], ("Date", "2026", "2025")), "one column per year"),
        ("<table><tr><th>Date</th><th>Numbers</th></tr></table>" * 2, "2 tables"),
    ],
)
def test_another_page_is_refused(html: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_page(html, read_on=TODAY)


def test_a_whole_leap_year_is_read() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    found = parse_page(page([(us(day), "2,000,000") for day in days]), read_on=TODAY)
    assert len(found) == 366


def test_a_megabyte_in_a_cell_is_not_a_megabyte_of_message() -> None:
    with pytest.raises(DataError) as caught:
        parse_page(page([("7/15/2026", "x" * 1_000_000)]), read_on=TODAY)
    assert len(str(caught.value)) < 300
