"""The made-up past that a simulated day's scripts find."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kalshi.index.history import NASDAQ100, check_history
from kalshi.index.history_cache import cache_path, read_cache
from kalshi.paper.feed_index import INDICES, closes
from kalshi.season.day_history import write_history
from kalshi.season.day_run import calendar_for


def test_the_past_is_complete_possible_and_ends_where_the_served_index_stands(tmp_path: Path) -> None:
    day = date(2026, 10, 6)
    sessions = [session.day for session in calendar_for(day).sessions(date(2015, 1, 1), day)]
    for last in (-1, len(sessions)):
        known = sessions[:last]
        write_history(tmp_path, 7, known)
        found = read_cache(cache_path(tmp_path, NASDAQ100), NASDAQ100)
        check_history(found, known)
        served = {session.day: close for session, close in closes(INDICES[NASDAQ100], 7, day)}
        assert found.last.day == known[-1]
        assert found.last.close == served[known[-1]]
