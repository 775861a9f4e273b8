"""Every window on both sides, on a full day, a half day, and around the changes of the clock."""

from __future__ import annotations

from argparse import Namespace
from datetime import date, datetime
from types import SimpleNamespace
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest

from kalshi.index import windows
from kalshi.runtime.market_days import MarketDays

DAYS = MarketDays(date(2026, 10, 1), date(2027, 12, 31))


class Ended(Exception):
    pass


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


def run_at(text: str) -> SimpleNamespace:
    def nothing_to_do(reason: str) -> NoReturn:
        raise Ended(reason)

    return SimpleNamespace(now=at(text), nothing_to_do=nothing_to_do, args=Namespace(no_email=False))


@pytest.mark.parametrize(
    "window, day, first, last",
    [
        (windows.MORNING, "2026-11-24", "09:35", "10:30"),
        (windows.MORNING, "2026-11-27", "09:35", "10:30"),
        (windows.MAIN, "2026-11-24", "09:30", "15:59"),
        (windows.MIDDAY, "2026-11-24", "12:00", "15:40"),
        (windows.MIDDAY, "2026-11-27", "11:30", "12:40"),
        (windows.SP_LOOP, "2026-11-24", "09:45", "15:55"),
        (windows.SP_LOOP, "2026-11-27", "09:45", "12:55"),
        (windows.NASDAQ_LOOP, "2026-11-24", "10:00", "15:39"),
        (windows.AFTERNOON, "2026-11-24", "15:50", "15:58"),
        (windows.AFTERNOON, "2026-12-24", "12:50", "12:58"),
        (windows.TODAY_SLOT, "2026-11-24", "09:45", "15:39"),
        (windows.NEXT_SLOT, "2026-11-24", "15:40", "15:59"),
        (windows.NEXT_SLOT, "2026-11-27", "12:40", "12:59"),
        (windows.EVENING_SLOT, "2026-11-27", "22:30", "23:59"),
        (windows.AFTERNOON, "2026-10-30", "15:50", "15:58"),  # before and after the clocks change
        (windows.AFTERNOON, "2026-11-02", "15:50", "15:58"),
        (windows.AFTERNOON, "2027-03-12", "15:50", "15:58"),
        (windows.AFTERNOON, "2027-03-15", "15:50", "15:58"),
    ],
)
def test_both_ends_are_inclusive_to_the_minute(window: windows.Window, day: str, first: str, last: str) -> None:
    session = DAYS.session(date.fromisoformat(day))
    assert session is not None and window.text(session) == f"{first} to {last}"
    for time, inside in ((f"{first}:00", True), (f"{last}:59", True)):
        assert window.contains(at(f"{day}T{time}"), session) is inside
    assert not window.contains(
        at(f"{day}T{first}:00").replace(second=0) - (at("2026-01-01T00:00:01") - at("2026-01-01")), session
    )
    assert not window.contains(at(f"{day}T{last}:59") + (at("2026-01-01T00:00:01") - at("2026-01-01")), session)


def test_the_window_that_holds_is_returned() -> None:
    session, window = windows.session_in(run_at("2026-11-24T15:45"), DAYS, windows.TODAY_SLOT, windows.NEXT_SLOT)
    assert session.day == date(2026, 11, 24) and window is windows.NEXT_SLOT


@pytest.mark.parametrize(
    "time, words",
    [
        ("2026-11-26T12:00", "no session on Thursday, 2026-11-26"),
        ("2026-11-28T12:00", "no session on Saturday"),
        ("2026-11-24T09:29", r"09:29 is outside of its window \(09:35 to 10:30, New York time\)"),
        ("2026-11-24T12:00", "outside"),
    ],
)
def test_no_session_and_no_window_are_said(time: str, words: str) -> None:
    with pytest.raises(Ended, match=words):
        windows.session_in(run_at(time), DAYS, windows.MORNING)
