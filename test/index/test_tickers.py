"""Tickers round-trip in every generation of names, and nothing else passes for one."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.index.tickers import (
    CURRENT_SERIES,
    EventTicker,
    MarketTicker,
    format_date,
    nasdaq_event,
    parse_date,
    parse_event_ticker,
    parse_market_ticker,
    sp_event,
    this_friday,
)

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
SERIES = st.sampled_from(sorted({*CURRENT_SERIES, *CURRENT_SERIES.values(), "KXINXY"}))
EVENTS = st.builds(
    EventTicker,
    SERIES,
    DAYS,
    st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
LABELS = st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,4})?", fullmatch=True)


@given(DAYS)
def test_dates_round_trip(day: date) -> None:
    assert parse_date(format_date(day)) == day


@given(EVENTS)
def test_event_tickers_round_trip(event: EventTicker) -> None:
    assert parse_event_ticker(str(event)) == event


@given(EVENTS, st.sampled_from("TBA"), LABELS)
def test_market_tickers_round_trip(event: EventTicker, kind: str, label: str) -> None:
    market = MarketTicker(event, kind, label)
    assert parse_market_ticker(str(market)) == market


@given(st.text(max_size=30))
def test_any_other_text_is_a_value_error_or_exactly_itself(text: str) -> None:
    for parse in (parse_event_ticker, parse_market_ticker):
        try:
            parsed = parse(text)
        except ValueError:
            continue
        assert str(parsed) == text


@pytest.mark.parametrize(
    "ticker, series, current",
    [
        ("INXD-23JUL17", "INXD", "KXINX"),
        ("INXW-23JUL21", "INXW", "KXINX"),
        ("NASDAQ100W-23MAR24", "NASDAQ100W", "KXNASDAQ100"),
        ("INX-24FEB14", "INX", "KXINX"),
        ("KXINX-26OCT09H1600", "KXINX", "KXINX"),
        ("KXINXU-26OCT09H1000", "KXINXU", "KXINXU"),
        ("TSAW-22JUN19", "TSAW", "KXTSAW"),
        ("KXTSAW-26OCT11", "KXTSAW", "KXTSAW"),
    ],
)
def test_every_generation_maps_to_the_current_series(ticker: str, series: str, current: str) -> None:
    event = parse_event_ticker(ticker)
    assert (event.series, event.current_series, str(event)) == (series, current, ticker)


def test_market_tickers_keep_the_label_as_written() -> None:
    assert parse_market_ticker("KXINX-26OCT09H1600-T7924.9999").label == "7924.9999"
    assert parse_market_ticker("KXTSAW-26JAN04-A1.80") == MarketTicker(
        EventTicker("KXTSAW", date(2026, 1, 4)), "A", "1.80"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KXINX",
        "KXINX-26FEB30",
        "KXINX-26OKT09",
        "kxinx-26OCT09",
        "KXINX-26OCT09H2500",
        "KXINX-26OCT09-B7812",
        "KXINX-26OCT091600",
    ],
)
def test_wrong_event_tickers_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_event_ticker(text)


def test_names_follow_the_generation_of_the_day() -> None:
    assert sp_event(date(2023, 3, 23)) == "INXD-23MAR23"
    assert sp_event(date(2023, 3, 24)) == "INXW-23MAR24"  # a Friday
    assert nasdaq_event(date(2023, 3, 24)) == "NASDAQ100W-23MAR24"
    assert nasdaq_event(date(2024, 1, 18)) == "NASDAQ100-24JAN18"
    assert sp_event(date(2024, 2, 14)) == "INX-24FEB14"
    assert sp_event(date(2024, 12, 2)) == "KXINX-24DEC02"
    assert sp_event(date(2026, 10, 9)) == "KXINX-26OCT09H1600"
    assert nasdaq_event(date(2026, 10, 9)) == "KXNASDAQ100-26OCT09H1600"


@given(DAYS.filter(lambda day: day < date(2099, 12, 25)))
def test_this_friday_is_a_friday_within_the_week(day: date) -> None:
    friday = this_friday(day)
    assert friday.weekday() == 4 and 0 <= (friday - day).days <= 6


def test_a_datetime_is_taken_by_its_day_and_years_of_other_centuries_are_refused() -> None:
    assert format_date(datetime(2023, 8, 1, 23, 59)) == "23AUG01"
    with pytest.raises(ValueError, match="1999"):
        format_date(date(1999, 12, 31))
