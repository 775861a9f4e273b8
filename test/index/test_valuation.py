"""Which past moves are counted: of how many sessions, up to which close, from which price."""

from __future__ import annotations

import logging
from argparse import Namespace
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import pytest

from index.states import make_state
from kalshi.config import load_config
from kalshi.index.discovery import checked
from kalshi.index.history import NASDAQ100
from kalshi.index.sample import SampleDay
from kalshi.index.trading_day import TradingDay
from kalshi.index.valuation import Settings, estimate_day, later_sessions
from kalshi.runtime.endings import NothingToDo
from kalshi.runtime.market_days import MarketDays
from kalshi.runtime.report import Report

DAYS = MarketDays(date(2019, 12, 2), date(2026, 12, 31))
START = date(2020, 1, 2)


@dataclass
class Run:
    now: datetime
    config: Any
    offline: bool = True
    args: Namespace = field(default_factory=lambda: Namespace(no_email=False))
    report: Report = field(default_factory=lambda: Report("test"))
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))

    def nothing_to_do(self, reason: str) -> NoReturn:
        raise NothingToDo(reason)


def run_at(time: str, folder: Path) -> Run:
    now = datetime.fromisoformat(time).replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    return Run(now, load_config({"KALSHI_MODE": "paper", "KALSHI_DATA_DIR": str(folder)}))


def day_settling(on: date, now: datetime, markets: int = 30) -> TradingDay:
    session = DAYS.session(on)
    assert session is not None
    sample = SampleDay("KXNASDAQ100", session.opens_at, session.closes_at, now)
    shown = sample.snapshot()

    found = checked(msgspec.structs.replace(shown.event, markets=list(shown.markets)[:markets]))
    state = make_state(ladder=found.ladder, books={}, prices={}, now=now)
    return TradingDay(shown.series, found, session, state, "SAMPLE", sample, "strategy")


@pytest.mark.parametrize(
    "time, settles, moves, last",
    [
        ("2026-11-24T10:00", date(2026, 11, 24), "over 1 session", "2026-11-23"),
        ("2026-11-24T15:45", date(2026, 11, 25), "over 1 session", "2026-11-23"),
        ("2026-11-24T15:45", date(2026, 11, 27), "over 2 sessions", "2026-11-23"),  # the 26th is a holiday
        ("2026-11-24T22:45", date(2026, 11, 25), "over 1 session", "2026-11-24"),
        ("2026-11-24T22:45", date(2026, 11, 30), "over 3 sessions", "2026-11-24"),
    ],
)
def test_sessions_are_counted_and_not_days(tmp_path: Path, time: str, settles: date, moves: str, last: str) -> None:
    run = run_at(time, tmp_path)
    today = DAYS.today(run.now)
    assert today is not None
    day = day_settling(settles, run.now)
    estimates, _ = estimate_day(run, day, DAYS, today, Settings(NASDAQ100, START))  # type: ignore[arg-type]
    text = " ".join(run.report.text().split())
    assert "model scaled, " in text and f"moves {moves}" in text and f"to {last}, SAMPLE" in text
    assert len(estimates) == 30 and abs(sum(e.probability for e in estimates) - 1) < 1e-9


def test_late_in_the_day_the_middle_is_likelier(tmp_path: Path) -> None:
    highest = []
    for time in ("2026-11-24T10:00", "2026-11-24T15:30"):
        run = run_at(time, tmp_path)
        today = DAYS.today(run.now)
        assert today is not None
        day = day_settling(today.day, run.now)
        found, _ = estimate_day(run, day, DAYS, today, Settings(NASDAQ100, START))  # type: ignore[arg-type]
        highest.append(max(e.probability for e in found))
    assert highest[1] > 1.5 * highest[0]


def test_a_ladder_with_a_gap_is_not_valued(tmp_path: Path) -> None:
    run = run_at("2026-11-24T10:00", tmp_path)
    today = DAYS.today(run.now)
    assert today is not None
    day = day_settling(today.day, run.now, markets=29)
    with pytest.raises(NothingToDo, match="does not cover every outcome"):
        estimate_day(run, day, DAYS, today, Settings(NASDAQ100, START))  # type: ignore[arg-type]


def test_the_next_five_sessions() -> None:
    found = [session.day.isoformat() for session in later_sessions(DAYS, date(2026, 11, 25))]
    assert found == ["2026-11-27", "2026-11-30", "2026-12-01", "2026-12-02", "2026-12-03"]
