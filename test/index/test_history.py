"""Daily closes: what a file must hold, and which days are named when it does not."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from kalshi.errors import DataError
from kalshi.index.history import SP500, Bar, DailyCloses, check_history, doubtful, load_closes
from kalshi.index.history_cache import history_of

DAYS = [date(2026, 11, day) for day in (23, 24, 25, 27, 30)]  # the 26th is Thanksgiving
BARS = [Bar(day, 6000.0 + i, 6000.0, 6010.0, 5990.0) for i, day in enumerate(DAYS)]


def history(bars: list[Bar]) -> DailyCloses:
    return DailyCloses(SP500, tuple(bars), "test")


def test_a_good_history_passes() -> None:
    assert check_history(history(BARS[::-1]), DAYS).days == tuple(DAYS)


@pytest.mark.parametrize(
    "bars, words",
    [
        (BARS[:2] + BARS[3:], "lacks 2026-11-25"),
        ([*BARS, Bar(date(2026, 11, 26), 6000.0)], "no session: 2026-11-26"),
        ([*BARS, BARS[0]], "twice"),
        ([*BARS[:4], Bar(DAYS[4], 600.0)], "no index move"),
        ([*BARS[:4], Bar(DAYS[4], -1.0)], "positive"),
        ([*BARS[:4], Bar(DAYS[4], float("nan"))], "positive"),
        ([*BARS[:4], Bar(DAYS[4], 6000.0, 6000.0, 6010.0, 6005.0)], "low 6005.0 lies above"),
        ([*BARS[:4], Bar(DAYS[4], 6000.0, 6000.0, 5999.0, 5990.0)], "high 5999.0 lies below"),
    ],
)
def test_what_is_wrong_is_named(bars: list[Bar], words: str) -> None:
    with pytest.raises(DataError, match=words):
        check_history(history(bars), DAYS)


def test_a_file_holds_closes_alone_or_whole_bars(tmp_path: Path) -> None:
    path = tmp_path / "closes.csv"
    path.write_text("date,open,high,low,close\n2026-11-23,6000,6010,5990,6000.5\n2026-11-24,,,,6004\n")
    assert load_closes(path, SP500).bars == (Bar(DAYS[0], 6000.5, 6000.0, 6010.0, 5990.0), Bar(DAYS[1], 6004.0))


def test_every_doubtful_session_is_named() -> None:
    bars = [BARS[0], Bar(DAYS[1], -1.0), BARS[2], Bar(DAYS[3], 6000.0, 6000.0, 6010.0, 6005.0), BARS[4]]
    assert list(doubtful(bars)) == [DAYS[1], DAYS[3]]
    with pytest.raises(DataError, match=r"on 2026-11-24 a value .*; on 2026-11-27 the low 6005.0 lies above"):
        check_history(history(bars), DAYS)


@pytest.mark.parametrize(
    "text, words",
    [
        ("date,price\n", "no column close"),
        ("", "no column close and date"),
        ("date,close\n2026-11-23,abc\n", "line 2"),
        ("date,close\n2026-13-23,1\n", "line 2"),
        ("date,close\n2026-11-23,6000\n2026-11-24,\n", "line 3"),
    ],
)
def test_a_mangled_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "closes.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        load_closes(path, SP500)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--history"):
        load_closes(tmp_path / "none.csv", SP500)


@pytest.mark.parametrize("name, symbol", [("gspc_daily.csv", "^GSPC"), ("ndx_daily.csv", "^NDX")])
def test_real_closes_have_every_session(name: str, symbol: str) -> None:
    path = Path(os.environ.get("KALSHI_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data") / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    from kalshi.runtime.market_days import MarketDays

    first, last = date(2020, 1, 1), date(2026, 3, 31)
    sessions = [s.day for s in MarketDays(date(2019, 12, 2), last).sessions(first, last)]
    found = history_of(symbol, sessions, file=path, cache=Path("unused"), download=None)
    assert found is not None and found.last.day == last and len(found.bars) == len(sessions)
