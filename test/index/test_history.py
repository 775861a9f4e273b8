"""Daily closes: what a file must hold, which days are named when it does not, and how the cache grows."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kalshi.errors import DataError
from kalshi.index.history import (
    SP500,
    Bar,
    DailyCloses,
    cache_path,
    check_history,
    history_of,
    load_closes,
    save_closes,
    yahoo_daily,
)

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


def test_file_round_trip(tmp_path: Path) -> None:
    path = cache_path(tmp_path, SP500)
    save_closes(path, history([*BARS[:4], Bar(DAYS[4], 6004.0)]))
    assert load_closes(path, SP500).bars == (*BARS[:4], Bar(DAYS[4], 6004.0))
    assert [p.name for p in tmp_path.iterdir()] == ["index_gspc_daily.csv"]


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


def test_the_cache_is_topped_up_with_what_it_lacks(tmp_path: Path) -> None:
    asked: list[tuple[str, date, date]] = []

    def download(symbol: str, first: date, last: date) -> list[Bar]:
        asked.append((symbol, first, last))
        return [bar for bar in BARS if first <= bar.day <= last]

    cache = tmp_path / "cache.csv"
    for count in (3, 5, 5):
        found = history_of(SP500, DAYS[:count], file=None, cache=cache, download=download)
        assert found is not None and len(found.bars) == count
    assert asked == [(SP500, DAYS[0], DAYS[2]), (SP500, DAYS[3], DAYS[4])]
    assert history_of(SP500, DAYS, file=None, cache=cache, download=None) is not None


def test_a_download_with_a_hole_leaves_the_cache_alone(tmp_path: Path) -> None:
    cache = tmp_path / "cache.csv"
    with pytest.raises(DataError, match="lacks 2026-11-25"):
        history_of(SP500, DAYS, file=None, cache=cache, download=lambda *_: BARS[:2] + BARS[3:])
    assert not cache.exists()


def test_without_any_source_there_is_none_but_an_old_cache_is_an_error(tmp_path: Path) -> None:
    cache = tmp_path / "cache.csv"
    assert history_of(SP500, DAYS, file=None, cache=cache, download=None) is None
    save_closes(cache, history(BARS[:3]))
    with pytest.raises(DataError, match="lacks 2026-11-27"):
        history_of(SP500, DAYS, file=None, cache=cache, download=None)


def test_a_source_that_breaks_is_one_line() -> None:
    def ticker(symbol: str) -> Any:
        raise RuntimeError("rate limited")

    with pytest.raises(DataError, match=r"\^GSPC: RuntimeError: rate limited"):
        yahoo_daily(SP500, DAYS[0], DAYS[1], ticker=ticker)


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
