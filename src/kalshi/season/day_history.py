"""The made-up past of the simulated indices, where the scripts look for the downloaded one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kalshi.index.history import Bar, DailyCloses
from kalshi.index.history_cache import cache_path, save_cache
from kalshi.index.sample import sample_closes
from kalshi.paper.feed_index import INDICES, closes
from kalshi.paper.feed_sessions import FIRST_YEAR


def write_history(data_dir: Path, seed: int, sessions: Sequence[date]) -> None:
    """Keep closes of *sessions* (oldest first) for both indices, the last of them the newest the scripts may know.

    The simulated feed knows its closes since 2020; before that a sample walk leads up to its first one.
    """
    earlier = [day for day in sessions if day.year < FIRST_YEAR]
    for index in INDICES.values():
        served = {session.day: close for session, close in closes(index, seed, sessions[-1])}
        bars = [Bar(day, served[day]) for day in sessions if day in served]
        before = sample_closes(index.symbol, earlier).bars
        scale = bars[0].close / before[-1].close if before and bars else 1.0
        bars = [Bar(bar.day, round(bar.close * scale, 2)) for bar in before] + bars
        save_cache(cache_path(data_dir, index.symbol), DailyCloses(index.symbol, tuple(bars), "SIMULATED"))
