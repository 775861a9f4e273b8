"""The schedule is asked for once in three days; a file that is no schedule is as good as none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kalshi.exchange.models import Schedule
from kalshi.trading.kept_schedule import schedule_at

NOW = datetime(2026, 11, 24, 14, 35, tzinfo=UTC)


class Source:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Schedule:
        self.asked += 1
        return Schedule(standard_hours=[], maintenance_windows=[])


@pytest.mark.parametrize(("later", "asked"), [(timedelta(days=3), 1), (timedelta(days=3, seconds=1), 2)])
def test_it_is_kept_for_three_days(tmp_path: Path, later: timedelta, asked: int) -> None:
    source, path = Source(), tmp_path / "schedule.json"
    first = schedule_at(path, NOW, source)
    assert schedule_at(path, NOW + later, source) == first and source.asked == asked
    assert [file.name for file in tmp_path.iterdir()] == ["schedule.json"]


def test_a_file_of_the_future_or_of_rubbish_is_read_anew(tmp_path: Path) -> None:
    source, path = Source(), tmp_path / "schedule.json"
    schedule_at(path, NOW, source)
    schedule_at(path, NOW - timedelta(seconds=1), source)
    path.write_text("{}")
    schedule_at(path, NOW, source)
    assert source.asked == 3


def test_where_nothing_can_be_kept_it_is_read_each_time(tmp_path: Path) -> None:
    source = Source()
    for path in (None, None, tmp_path / "none" / "schedule.json"):
        schedule_at(path, NOW, source)
    assert source.asked == 3
