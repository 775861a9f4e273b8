"""NYSE sessions against known closed days, half days and both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import exchange_calendars
import pytest

from kalshi.errors import DataError
from kalshi.runtime import market_table
from kalshi.runtime.market_days import MarketDays


@pytest.fixture(scope="module")
def days() -> MarketDays:
    return MarketDays(date(2026, 1, 1), date(2027, 12, 31))


CLOSED = (
    "2026-06-19 2026-07-03 2026-11-26 2026-12-25 2027-01-01 2027-01-18 2027-02-15 2027-03-26 2027-05-31 "
    "2027-06-18 2027-07-05 2027-09-06 2027-11-25 2027-12-24"
)


@pytest.mark.parametrize("day", CLOSED.split())
def test_holidays_have_no_session(days: MarketDays, day: str) -> None:
    assert days.session(date.fromisoformat(day)) is None


@pytest.mark.parametrize("day", ["2026-11-27", "2026-12-24", "2027-11-26"])
def test_half_days_close_at_one(days: MarketDays, day: str) -> None:
    session = days.session(date.fromisoformat(day))
    assert session is not None and session.early_close
    assert (session.closes_at.hour, session.closes_at.minute) == (18, 0)  # 13:00 EST


@pytest.mark.parametrize(
    "day, closes",
    [
        ("2026-10-30", "2026-10-30T20:00"),  # summer time ends on November 1
        ("2026-11-02", "2026-11-02T21:00"),
        ("2027-03-12", "2027-03-12T21:00"),  # and begins on March 14
        ("2027-03-15", "2027-03-15T20:00"),
        ("2027-11-05", "2027-11-05T20:00"),
        ("2027-11-08", "2027-11-08T21:00"),
        ("2027-12-23", "2027-12-23T21:00"),
    ],
)
def test_closes_are_utc_across_both_clock_changes(days: MarketDays, day: str, closes: str) -> None:
    session = days.session(date.fromisoformat(day))
    assert session is not None and not session.early_close
    assert session.closes_at == datetime.fromisoformat(closes).replace(tzinfo=UTC)
    assert session.opens_at == session.closes_at - timedelta(hours=6, minutes=30)


def test_thanksgiving_week_has_four_sessions(days: MarketDays) -> None:
    week = days.sessions(date(2026, 11, 23), date(2026, 11, 29))
    assert [session.day.day for session in week] == [23, 24, 25, 27]
    assert days.next_session(date(2026, 11, 25)).day == date(2026, 11, 27)
    assert days.previous_session(date(2026, 11, 27)).day == date(2026, 11, 25)


def test_today_is_new_yorks_date_not_utcs(days: MarketDays) -> None:
    # 02:00 UTC on Saturday is still Friday evening in New York.
    session = days.today(datetime(2026, 10, 10, 2, 0, tzinfo=UTC))
    assert session is not None and session.day == date(2026, 10, 9)
    assert days.today(datetime(2026, 10, 10, 12, 0, tzinfo=UTC)) is None


def test_the_table_is_exchange_calendars_day_by_day() -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="2023-12-20", end="2033-01-10")
    days, day = MarketDays(market_table.FIRST, market_table.LAST), market_table.FIRST
    while day <= market_table.LAST:
        session = days.session(day)
        assert (session is not None) == calendar.is_session(day), day
        if session is not None:
            opens, closes = calendar.session_open_close(day)
            assert (session.opens_at, session.closes_at) == (opens.to_pydatetime(), closes.to_pydatetime()), day
        day += timedelta(days=1)


def test_the_table_is_made_anew_years_before_it_ends() -> None:
    ahead = market_table.LAST - datetime.now(UTC).date()
    assert ahead > timedelta(days=365 * 3), "extend kalshi/runtime/market_table.py from a newer exchange_calendars"


def test_years_before_the_table_ask_exchange_calendars() -> None:
    days = MarketDays(date(2001, 9, 9), date(2001, 9, 30))  # a Sunday, and the days of September 2001
    assert days.session(date(2001, 9, 9)) is None
    assert [session.day.day for session in days.sessions(date(2001, 9, 10), date(2001, 9, 18))] == [10, 17, 18]


def test_beyond_the_horizon_is_an_error(days: MarketDays) -> None:
    for day in (date(2025, 12, 31), date(2028, 1, 1)):
        with pytest.raises(DataError, match="outside the market calendar"):
            days.session(day)


def test_the_calendar_reaches_well_past_today() -> None:
    # Fails long before the tables of the pinned exchange_calendars run out; the remedy is a newer version.
    now = datetime.now(UTC)
    late = (now + timedelta(days=700)).date()
    assert MarketDays.around(now).next_session(late).day > late
