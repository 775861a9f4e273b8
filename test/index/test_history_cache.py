"""The downloaded history grows year by year, survives a kill, keeps only what is good and names the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from clone import ROOT
from kalshi.errors import DataError
from kalshi.index.history import SP500, Bar, DailyCloses
from kalshi.index.history_cache import cache_path, history_of, read_cache, save_cache
from kalshi.index.sample import sample_closes
from kalshi.runtime.market_days import MarketDays

FIRST, LAST = date(2022, 1, 3), date(2025, 12, 31)
SESSIONS = [session.day for session in MarketDays(FIRST, LAST).sessions(FIRST, LAST)]
BARS = {bar.day: Bar(bar.day, bar.close, bar.close, bar.close + 1, bar.close - 1)
        for bar in sample_closes(SP500, SESSIONS).bars}  # fmt: skip
YEARS = [(date(year, 1, 1), date(year, 12, 31)) for year in range(2022, 2026)]


class Source:
    """A source that has every session but *missing*, and other bars for some."""

    def __init__(self, *missing: date, other: tuple[Bar, ...] = (), fails_in: int = 0) -> None:
        self.missing, self.other, self.fails_in = missing, {bar.day: bar for bar in other}, fails_in
        self.asked: list[tuple[date, date]] = []

    def __call__(self, symbol: str, first: date, last: date) -> list[Bar]:
        self.asked.append((first, last))
        if self.fails_in and first.year == self.fails_in:
            raise DataError("yfinance gave no daily bars: too many requests")
        days = [day for day in SESSIONS if first <= day <= last and day not in self.missing]
        return [self.other.get(day, BARS[day]) for day in days]


def closes(cache: Path, source: Source | None, sessions: list[date] = SESSIONS) -> DailyCloses | None:
    return history_of(SP500, sessions, file=None, cache=cache, download=source)


def test_a_year_at_a_time_and_nothing_twice(tmp_path: Path) -> None:
    cache, source = cache_path(tmp_path, SP500), Source()
    found = closes(cache, source, SESSIONS[:600])
    assert found is not None and len(found.bars) == 600 and cache.name == "index_gspc_daily.parquet"
    assert [first.year for first, _ in source.asked] == [2022, 2023, 2024]
    source.asked.clear()
    assert closes(cache, source) is not None
    assert source.asked == [(SESSIONS[600], date(2024, 12, 31)), (date(2025, 1, 2), LAST)]
    source.asked.clear()
    assert closes(cache, source) == closes(cache, None) and source.asked == []
    assert [p.name for p in tmp_path.iterdir()] == [cache.name]


def test_the_file_keeps_bars_exactly(tmp_path: Path) -> None:
    bars = (Bar(FIRST, 4796.56, 4778.14, 4796.64, 4758.17), Bar(SESSIONS[1], 4793.54))
    save_cache(tmp_path / "x.parquet", DailyCloses(SP500, bars, "yfinance"))
    assert read_cache(tmp_path / "x.parquet", SP500).bars == bars


def test_a_missing_session_is_named_and_asked_for_again(tmp_path: Path) -> None:
    cache, gap = tmp_path / "c.parquet", date(2024, 8, 28)
    with pytest.raises(DataError, match="lacks 2024-08-28:"):
        closes(cache, Source(gap))
    again = Source()
    assert closes(cache, again) is not None and again.asked == [(gap, gap)]


@pytest.mark.parametrize(
    "bar, words",
    [
        (Bar(date(2024, 8, 28), float("nan")), "on 2024-08-28 a value is not a positive number"),
        (Bar(date(2024, 8, 28), 1.0), "to 1.0 on 2024-08-28 is no index move"),
        (Bar(date(2024, 8, 28), 6000.0, 6000.0, 6001.0, 6000.5), "on 2024-08-28 the low 6000.5 lies above"),
    ],
)
def test_a_doubtful_session_is_named_and_not_kept(tmp_path: Path, bar: Bar, words: str) -> None:
    cache = tmp_path / "c.parquet"
    with pytest.raises(DataError, match=f"lacks 2024-08-28.*{words}"):
        closes(cache, Source(other=(bar,)))
    assert bar.day not in read_cache(cache, SP500).days and len(read_cache(cache, SP500).bars) == len(SESSIONS) - 1
    assert closes(cache, Source()) is not None


def test_a_refusal_in_the_middle_keeps_what_came_before(tmp_path: Path) -> None:
    cache = tmp_path / "c.parquet"
    with pytest.raises(DataError, match=r"and 497 more.*too many requests"):
        closes(cache, Source(fails_in=2024))
    later = Source()
    assert closes(cache, later) is not None and [first.year for first, _ in later.asked] == [2024, 2025]


def test_no_source_at_all_is_none_and_an_old_cache_an_error(tmp_path: Path) -> None:
    cache = tmp_path / "c.parquet"
    assert closes(cache, None) is None
    save_cache(cache, DailyCloses(SP500, tuple(BARS[day] for day in SESSIONS[:3]), "yfinance"))
    with pytest.raises(DataError, match="lacks 2022-01-06"):
        closes(cache, None)


@pytest.mark.parametrize("content", [b"", b"date,close\n", b"PAR1" + bytes(40)])
def test_a_file_that_is_no_cache_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "c.parquet"
    cache.write_bytes(content)
    with pytest.raises(DataError, match=r"no history of ours.*delete it"):
        closes(cache, Source())


KILLED = """
import sys
from datetime import date
from pathlib import Path
sys.path[:0] = [{src!r}, {test!r}]
from index.test_history_cache import SESSIONS, Source, closes
class Slow(Source):
    def __call__(self, symbol, first, last):
        found = super().__call__(symbol, first, last)
        if first.year == 2024:
            print("asked", flush=True)
            sys.stdin.readline()  # waits here to be killed
        return found
closes(Path({cache!r}), Slow())
"""


def test_a_killed_download_goes_on_where_it_was(tmp_path: Path) -> None:
    cache = tmp_path / "c.parquet"
    program = KILLED.format(src=str(ROOT / "src"), test=str(ROOT / "test"), cache=str(cache))
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "asked\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    assert read_cache(cache, SP500).last.day.year == 2023
    later = Source()
    assert closes(cache, later) is not None
    assert [first.year for first, _ in later.asked] == [2024, 2025]
