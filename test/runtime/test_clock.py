"""--date in New York time, both changes of the clock included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import ConfigError
from kalshi.runtime.clock import NEW_YORK, clock_from, new_york_text, parse_moment


@pytest.mark.parametrize(
    "text, utc",
    [
        ("2026-10-09", "2026-10-09T14:30"),  # a bare date: 10:30 EDT
        ("2026-12-09", "2026-12-09T15:30"),  # 10:30 EST
        ("2026-10-09T23:59", "2026-10-10T03:59"),
        ("2026-10-09 09:35", "2026-10-09T13:35"),
        ("2028-02-29T00:00", "2028-02-29T05:00"),
        ("2026-12-31T23:30", "2027-01-01T04:30"),
        ("2026-03-08T01:59", "2026-03-08T06:59"),  # the minute before the clocks go forward
        ("2026-03-08T03:00", "2026-03-08T07:00"),  # and the one after
        ("2026-11-01T00:59", "2026-11-01T04:59"),
        ("2026-11-01T02:00", "2026-11-01T07:00"),
        ("2026-11-01T01:30-04:00", "2026-11-01T05:30"),  # the repeated hour, told apart by its offset
        ("2026-11-01T01:30-05:00", "2026-11-01T06:30"),
        ("2026-10-09T14:30Z", "2026-10-09T14:30"),
    ],
)
def test_moments(text: str, utc: str) -> None:
    assert parse_moment(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "9999-12-31",
        "1999-12-31T23:59",
        "2040-01-01",
        "",
        "today",
        "2026-02-29",
        "2026-13-01",
        "09.10.2026",
        "2026-10-09T25:00",
        "2026-10-09T",
        "0001-01-01T00:00+14:00",
    ],
)
def test_unknown_dates_are_one_clear_line(text: str) -> None:
    with pytest.raises(ConfigError, match="--date") as caught:
        parse_moment(text)
    assert "\n" not in str(caught.value)


def test_an_hour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        parse_moment("2026-03-08T02:30")


def test_an_hour_that_happens_twice_asks_which() -> None:
    with pytest.raises(ConfigError, match=r"2026-11-01T01:30-04:00 or 2026-11-01T01:30-05:00"):
        parse_moment("2026-11-01T01:30")


@given(st.datetimes(datetime(2007, 1, 1), datetime(2037, 12, 31)))
def test_what_is_accepted_comes_back_on_new_yorks_clock(naive: datetime) -> None:
    naive = naive.replace(second=0, microsecond=0)
    try:
        moment = parse_moment(naive.isoformat(timespec="minutes"))
    except ConfigError:
        assert naive.hour in (1, 2)
        return
    assert moment.astimezone(NEW_YORK).replace(tzinfo=None) == naive


def test_a_clock_with_a_start_goes_on_from_there() -> None:
    start = parse_moment("2026-10-09")
    clock = clock_from(start)
    first, second = clock(), clock()
    assert start <= first <= second and (second - start).total_seconds() < 60
    assert clock().tzinfo is UTC


def test_text_for_people_names_the_zone() -> None:
    assert new_york_text(parse_moment("2026-10-09")) == "2026-10-09 10:30 EDT"
    assert new_york_text(parse_moment("2026-12-09")) == "2026-12-09 10:30 EST"
