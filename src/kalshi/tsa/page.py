"""Read the table of counts out of a tsa.gov page, strictly: a page that changed its shape is refused.

The table has the headers `Date` and `Numbers`, one row a day, dates as 7/15/2026, thousands with commas. The
year comes from the dates; the address of a page says nothing reliable about it.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import lxml.html

from kalshi.errors import DataError
from kalshi.tsa.vintages import FIRST_DAY, HIGHEST, LOWEST

HEADERS = ["date", "numbers"]
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_NUMBER = re.compile(r"\d{1,3}(,\d{3}){0,3}|\d{1,12}", re.ASCII)
_SHOWN = 80  # characters of a row that an error shows


def parse_page(html: bytes | str, *, read_on: date, source: str = "the TSA page") -> dict[date, int]:
    """Return {day: passengers} of the one table of counts on a page, oldest day first.

    read_on: New York date of the retrieval; a count of that day or a later one is refused.
    source: named in errors.
    Raises DataError, naming the row, for a missing table or header, no rows, an unreadable row, a duplicate
    day, a gap, or a value outside 50,000..4,000,000.
    """
    found: dict[date, int] = {}
    for cells in _rows(html, source):
        day, passengers = _day(cells, source), _passengers(cells, source)
        if day in found:
            raise DataError(f"{source}: {day} occurs twice")
        if not FIRST_DAY <= day < read_on:
            raise DataError(f"{source}: {day} can not have a count on {read_on}")
        found[day] = passengers
    if not found:
        raise DataError(f"{source}: the table has no rows")
    ordered = dict(sorted(found.items()))
    missing = _first_gap(ordered)
    if missing is not None:
        raise DataError(f"{source}: {missing} is missing between {min(ordered)} and {max(ordered)}")
    return ordered


def _rows(html: bytes | str, source: str) -> list[list[str]]:
    text = html.decode("utf-8", errors="replace") if isinstance(html, bytes) else html
    if not text.strip():
        raise DataError(f"{source}: the answer is empty: try again later")
    try:
        document = lxml.html.fromstring(text)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise DataError(f"{source}: is not HTML ({error})") from None
    tables = []
    headers_seen = []
    for table in document.iter("table"):
        headers = [_text(cell).lower() for cell in table.iter("th")]
        headers_seen.append(headers)
        if headers == HEADERS:
            tables.append(table)
    if len(tables) == 1:
        rows = [[_text(cell) for cell in row.findall("td")] for row in tables[0].iter("tr")]
        return [cells for cells in rows if cells]
    if len(tables) > 1:
        raise DataError(f"{source}: {len(tables)} tables have the headers Date and Numbers; expected one")
    if any(headers[:1] == ["date"] and len(headers) > 2 for headers in headers_seen):
        raise DataError(
            f"{source}: the table has one column per year, the layout before 2024, whose older columns "
            "belong to other dates: use the page of the year itself"
        )
    if headers_seen:
        raise DataError(f"{source}: no table has the headers Date and Numbers: the page changed its shape")
    raise DataError(f"{source}: has no table (a challenge or error page?): open it in a browser, try again")


def _text(cell: lxml.html.HtmlElement) -> str:
    return " ".join(str(cell.text_content()).split())


def _shown(cells: list[str]) -> str:
    text = repr(cells)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _day(cells: list[str], source: str) -> date:
    found = _DATE.fullmatch(cells[0]) if len(cells) == 2 else None
    if found is None:
        raise DataError(f"{source}: row {_shown(cells)} is not a US date and a number")
    month, day, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise DataError(f"{source}: row {_shown(cells)} names no date of the calendar") from None


def _passengers(cells: list[str], source: str) -> int:
    text = cells[1].replace(" ", "")
    if not _NUMBER.fullmatch(text):
        raise DataError(f"{source}: row {_shown(cells)} has no whole number of passengers")
    value = int(text.replace(",", ""))
    if not LOWEST <= value <= HIGHEST:
        raise DataError(f"{source}: row {_shown(cells)}: a count outside {LOWEST:,}..{HIGHEST:,} is not plausible")
    return value


def _first_gap(days: dict[date, int]) -> date | None:
    previous = None
    for day in days:
        if previous is not None and day != previous + timedelta(days=1):
            return previous + timedelta(days=1)
        previous = day
    return None
