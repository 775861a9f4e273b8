from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kalshi.tsa.holiday_windows import easter_sunday, holiday_date, holiday_table
from kalshi.tsa.release_calendar import federal_holidays, newest_expected_day, released_at
from kalshi.tsa.weeks import new_york


def test_the_eleven_federal_days_off_of_2026() -> None:
    assert sorted(federal_holidays(2026)) == [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25), date(2026, 6, 19),
        date(2026, 7, 3), date(2026, 9, 7), date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26),
        date(2026, 12, 25),
    ]


@pytest.mark.parametrize(
    ("day", "release"),
    [
        (date(2026, 5, 6), date(2026, 5, 7)),  # Wednesday
        (date(2026, 5, 8), date(2026, 5, 11)),  # Friday to Sunday come on Monday
        (date(2026, 5, 10), date(2026, 5, 11)),
        (date(2026, 5, 24), date(2026, 5, 26)),  # Memorial Day
        (date(2026, 7, 2), date(2026, 7, 6)),  # July 4 on a Saturday: Friday is off
        (date(2021, 12, 30), date(2022, 1, 3)),  # New Year on a Saturday: December 31 is off
        (date(2025, 12, 31), date(2026, 1, 2)),
    ],
)
def test_a_day_is_released_on_the_next_working_morning(day: date, release: date) -> None:
    assert released_at(day) == new_york(release, 9)


def test_releases_follow_new_york_through_the_clock_change() -> None:
    assert released_at(date(2026, 3, 5)) == datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    assert released_at(date(2026, 3, 9)) == datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "newest"),
    [
        (new_york(date(2026, 5, 4), 9, 59), date(2026, 4, 30)),  # Monday before the grace ends: Thursday
        (new_york(date(2026, 5, 4), 10), date(2026, 5, 3)),
        (new_york(date(2026, 5, 9), 12), date(2026, 5, 7)),  # Saturday: nothing new
        (new_york(date(2026, 5, 25), 12), date(2026, 5, 21)),  # Memorial Day
        (new_york(date(2026, 5, 26), 12), date(2026, 5, 25)),
    ],
)
def test_the_newest_expected_day(as_of: datetime, newest: date) -> None:
    assert newest_expected_day(as_of) == newest


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        newest_expected_day(datetime(2026, 5, 4, 12))


@pytest.mark.parametrize(
    ("year", "easter"),
    [(2019, (4, 21)), (2024, (3, 31)), (2025, (4, 20)), (2026, (4, 5)), (2038, (4, 25))],
)
def test_easter(year: int, easter: tuple[int, int]) -> None:
    assert easter_sunday(year) == date(year, *easter)


def test_reference_days_keep_the_offset_from_moving_holidays() -> None:
    table = holiday_table()

    def reference(day: date) -> date:
        return date.fromordinal(int(table.reference[day.toordinal() - table.first]))

    assert reference(date(2025, 11, 26)) == date(2024, 11, 27)  # the day before Thanksgiving
    assert reference(date(2026, 4, 5)) == date(2025, 4, 20)  # Easter
    assert reference(date(2026, 3, 10)) == date(2025, 3, 11)  # no holiday: 364 days
    assert reference(date(2026, 7, 4)) == date(2025, 7, 5)  # fixed dates fall through to 364
    assert holiday_date("thanksgiving", 2026) == date(2026, 11, 26)
