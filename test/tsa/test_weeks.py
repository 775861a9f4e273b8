from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kalshi.errors import DataError
from kalshi.tsa.weeks import (
    event_ticker,
    market_window,
    parse_event_ticker,
    tradable_week,
    week_days,
    week_sunday_of,
)


def test_a_week_has_seven_days_monday_to_sunday() -> None:
    days = week_days(date(2026, 5, 10))
    assert days[0] == date(2026, 5, 4)
    assert days[0].strftime("%A") == "Monday"
    assert days[-1] == date(2026, 5, 10)
    assert len(days) == 7
    assert {week_sunday_of(day) for day in days} == {date(2026, 5, 10)}
    with pytest.raises(ValueError, match="Saturday"):
        week_days(date(2026, 5, 9))


@pytest.mark.parametrize(
    ("sunday", "ticker"),
    [
        (date(2022, 6, 19), "TSAW-22JUN19"),
        (date(2024, 10, 20), "TSAW-24OCT20"),
        (date(2024, 10, 27), "KXTSAW-24OCT27"),
        (date(2026, 1, 4), "KXTSAW-26JAN04"),
    ],
)
def test_the_ticker_names_the_sunday_in_both_series(sunday: date, ticker: str) -> None:
    assert event_ticker(sunday) == ticker
    assert parse_event_ticker(ticker) == sunday
    assert parse_event_ticker(ticker + "-A2.45") == sunday


def test_old_events_also_answer_under_the_new_series_name() -> None:
    assert parse_event_ticker("KXTSAW-22JUN19") == date(2022, 6, 19)


@pytest.mark.parametrize(
    "ticker", ["", "KXINX-26MAY10", "KXTSAW-26MAY09", "KXTSAW-26XYZ10", "KXTSAW-26MAY10X",
               "KXTSAW-26MAY10\n", "KXTSAW-26MAY10-A2.45\nERROR", "KXTSAW-26MAY10-A<b>-A2.45"]
)
def test_a_foreign_ticker_is_named(ticker: str) -> None:
    with pytest.raises(DataError, match="ticker"):
        parse_event_ticker(ticker)


def test_trading_runs_from_monday_ten_to_sunday_midnight_in_new_york() -> None:
    assert market_window(date(2026, 5, 10)) == (
        datetime(2026, 5, 4, 14, 0, tzinfo=UTC),
        datetime(2026, 5, 11, 3, 59, tzinfo=UTC),
    )
    assert market_window(date(2026, 1, 4))[1] == datetime(2026, 1, 5, 4, 59, tzinfo=UTC)


def test_the_week_to_trade_changes_at_the_close() -> None:
    close = market_window(date(2026, 5, 10))[1]
    assert tradable_week(close.replace(minute=58)) == date(2026, 5, 10)
    assert tradable_week(close) == date(2026, 5, 17)
    assert tradable_week(datetime(2026, 5, 11, 12, tzinfo=UTC)) == date(2026, 5, 17)
