"""Until when an order may rest: never past the counts that make its price stale."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kalshi.tsa.release_calendar import before_news, newest_expected_day


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-23T15:30", "2026-11-24T13:30"),  # Monday 10:30: Tuesday 08:30
        ("2026-11-24T13:29", "2026-11-24T13:30"),  # Tuesday 08:29
        ("2026-11-24T13:45", "2026-11-24T14:00"),  # Tuesday 08:45: the publication itself, 09:00
        ("2026-11-24T14:00", "2026-11-25T13:30"),  # Tuesday 09:00: Wednesday
        ("2026-11-25T15:00", "2026-11-27T13:30"),  # Wednesday before Thanksgiving: Friday
        ("2026-11-27T15:00", "2026-11-30T13:30"),  # Friday: Monday
    ],
)
def test_orders_end_before_the_next_counts(now: str, end: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert before_news(moment) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_mondays_counts_are_due_when_the_bot_starts() -> None:
    cron = datetime(2026, 11, 23, 15, 15, tzinfo=UTC)  # Monday 10:15 in New York, as in crontab.example
    assert newest_expected_day(cron).isoformat() == "2026-11-22"
