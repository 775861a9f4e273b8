"""A shortened simulated day with real processes, and the parts it is made of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clone import ROOT
from kalshi.errors import ConfigError
from kalshi.runtime.registry import CRONTAB
from kalshi.season.cron import NEW_YORK, Start
from kalshi.season.day import INDEX_JOBS, check_options, command_at, plan_day
from kalshi.season.day_run import calendar_for, moment_of, session_of

pytestmark = pytest.mark.timeout(900)  # half a minute on an idle machine; seven processes on a busy one
SOME_TICKS = """\
CRON_TZ=America/New_York
10 9 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/get_recent_tsa_data.py >> $LOG 2>&1
35 9 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/morning.py >> $LOG 2>&1
30 11 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON -m kalshi.midday >> $LOG 2>&1
30 12 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/sp_daily_every_10_minutes.py >> $LOG 2>&1
30 12 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/nasdaq_daily_every_10_minutes.py >> $LOG 2>&1
50 12 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/afternoon.py >> $LOG 2>&1
0 13 * * 1-5 cd $KALSHI && PYTHONPATH=src $PYTHON src/kalshi/midday.py >> $LOG 2>&1
"""


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "KALSHI_MODE": "paper",
           "KALSHI_ENV_FILE": os.devnull, "KALSHI_REPORT_DIR": str(home / "reports")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "kalshi.simulate_day", *arguments],
        env=env, capture_output=True, text=True, timeout=840, check=False, cwd=home,
    )  # fmt: skip


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """A half day with six starts and a blanket that fills."""
    home = tmp_path_factory.mktemp("day")
    (home / "crontab").write_text(SOME_TICKS, encoding="utf-8")
    options = ("--crontab", str(home / "crontab"), "--out", str(home), "--seed", "7", "--half-day")
    yield home, run(home, *options, "--date", "2026-11-25", "--with", "morning", "--no-price 0.85 --count 5")


def test_every_order_is_accounted_for(day: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    ended = day[1]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = re.search(r"(\d+) orders at the exchange, (\d+) in the store, 0 unexplained", ended.stdout)
    assert said is not None, ended.stdout
    assert int(said[1]) == int(said[2]) > 5
    assert "the exchange's balance says the same" in ended.stdout.replace("\n", " ")
    assert "UNEXPLAINED" not in ended.stdout


def test_all_starts_ran_as_cron_would_have_run_them(day: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, ended = day
    assert "Simulated Friday, 2026-11-27, seed 7: 6 starts (exit code 0: 6)" in ended.stdout.replace("\n", " ")
    logs = {path.stem: path.read_text(encoding="utf-8") for path in home.glob("simulated_day_*/logs/*.log")}
    assert sorted(logs) == [
        "0935_0_morning", "1130_0_midday", "1230_0_sp_daily_every_10_minutes", "1230_1_nasdaq_daily_every_10_minutes",
        "1250_0_afternoon", "1300_0_midday",
    ]  # fmt: skip
    assert not any("Traceback" in text for text in logs.values())
    assert "outside of its window" in logs["1300_0_midday"]
    assert "SIMULATED" in logs["0935_0_morning"]
    assert "from SIMULATED" in logs["1230_1_nasdaq_daily_every_10_minutes"]
    assert "get_recent_tsa_data (has no part in the index events)" in ended.stdout.replace("\n", " ")


def test_the_report_and_the_picture_are_kept(day: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home = day[0]
    report = next(home.glob("simulated_day_*.txt")).read_text(encoding="utf-8")
    for title in ("What was started", "Orders", "Fills", "dollars after each fill", "Why scripts did nothing"):
        assert title in report
    assert next(home.glob("simulated_day_*.png")).read_bytes().startswith(b"\x89PNG")
    mails = sum(text.read_text(encoding="utf-8").count("E-mail (not sent") for text in home.glob("*/logs/*.log"))
    assert f"{mails} mails" in report


def test_a_holiday_is_said_and_costs_nothing(tmp_path: Path) -> None:
    ended = run(tmp_path, "--date", "2026-11-26", "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "no session on Thursday, 2026-11-26" in ended.stdout
    assert not list(tmp_path.glob("simulated_day_*"))


def test_cron_lines_get_the_time_and_the_options_of_their_script() -> None:
    at = datetime(2026, 10, 6, 9, 35, tzinfo=NEW_YORK)
    line = "cd $KALSHI && $PYTHON src/kalshi/morning.py >> $LOG 2>&1"
    whole = "cd $KALSHI && $PYTHON src/kalshi/morning.py --date 2026-10-06T09:35 --count 5 >> $LOG 2>&1"
    assert command_at(Start(at, "morning", line), {"morning": "--count 5", "main": "--x"}) == whole


def test_the_whole_day_starts_every_index_script_of_the_table() -> None:
    plan = plan_day(CRONTAB, date(2026, 10, 6))
    assert {start.job for start in plan.starts} == set(INDEX_JOBS)
    assert len(plan.starts) > 70
    assert set(plan.left_out) == {"get_recent_tsa_data", "tsa_trading_bot"}


def test_half_days_and_times_are_found() -> None:
    days = calendar_for(date(2026, 10, 6))
    found = session_of(days, date(2026, 10, 6), half_day=True)
    assert found is not None
    assert found.day == date(2026, 11, 27)
    assert session_of(days, date(2026, 11, 26), half_day=False) is None
    assert moment_of(date(2026, 10, 6), "12:30") == datetime(2026, 10, 6, 16, 30, tzinfo=UTC)
    with pytest.raises(ConfigError, match="begin on 2020-01-03"):
        calendar_for(date(2019, 10, 8))
    with pytest.raises(ConfigError, match="write HH:MM"):
        moment_of(date(2026, 10, 6), "noon")


@pytest.mark.parametrize("given", [{"tsa_trading_bot": "--x"}, {"morning": "--count '5"}, {"morning": "; rm x"}])
def test_options_no_script_would_take_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="--with"):
        check_options(given)
