"""crontab.example as data."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from kalshi.errors import ConfigError
from kalshi.runtime.registry import CRONTAB
from kalshi.season.cron import NEW_YORK, CronLine, read_crontab, starts_on


def lines_of(tmp_path: Path, text: str) -> list[CronLine]:
    path = tmp_path / "crontab"
    path.write_text(text, encoding="utf-8")
    return read_crontab(path)


def test_the_projects_own_table_gives_a_whole_day_in_order() -> None:
    starts = starts_on(read_crontab(CRONTAB), date(2026, 10, 6))
    at = {job: [f"{s.at:%H:%M}" for s in starts if s.job == job] for job in {s.job for s in starts}}
    assert at["morning"] == ["09:35"]
    assert at["midday"] == ["12:00"]
    assert at["sp_daily_every_10_minutes"][:4] == ["09:45", "09:55", "10:00", "10:10"]
    assert at["sp_daily_every_10_minutes"][-1] == "15:50"
    assert at["before_close"] == ["09:45", "15:45", "22:45"]
    assert [s.at for s in starts] == sorted(s.at for s in starts)
    assert starts[0].at == datetime(2026, 10, 6, 9, 10, tzinfo=NEW_YORK)
    assert starts[0].command.startswith("cd $KALSHI && ")


def test_nothing_starts_at_the_weekend() -> None:
    assert starts_on(read_crontab(CRONTAB), date(2026, 10, 10)) == []


@pytest.mark.parametrize(
    ("field", "minutes"),
    [
        ("5", {5}),
        ("*/20", {0, 20, 40}),
        ("10-14/2", {10, 12, 14}),
        ("1,5-6", {1, 5, 6}),
        ("50/5", {50, 55}),
        ("*", set(range(60))),
    ],
)
def test_fields(tmp_path: Path, field: str, minutes: set[int]) -> None:
    assert lines_of(tmp_path, f"{field} * * * * -m kalshi.main\n")[0].minutes == minutes


def test_sunday_is_0_and_7(tmp_path: Path) -> None:
    for written in ("0", "7"):
        line = lines_of(tmp_path, f"0 9 * * {written} -m kalshi.main")[0]
        assert line.matches(datetime(2026, 10, 11, 9, 0, tzinfo=NEW_YORK))
        assert not line.matches(datetime(2026, 10, 12, 9, 0, tzinfo=NEW_YORK))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("61 * * * * x", "minute '61' lies outside"),
        ("5-1 * * * * x", "outside of"),
        ("*/0 * * * * x", "outside of"),
        ("noon * * * * x", "not readable"),
        ("0 9 * * x", "five fields"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"line 2: .*{said}"):
        lines_of(tmp_path, f"CRON_TZ=America/New_York\n{line}\n")


def test_a_line_that_starts_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no script of this project"):
        _ = lines_of(tmp_path, "0 9 * * * /bin/true")[0].job


def test_an_absent_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can not be read"):
        read_crontab(tmp_path / "none")
