"""The bot against hosts that answer rubbish: it stops with one line, or goes on and says what it saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kalshi import tsa_steps
from kalshi.tsa.vintages import Vintages
from test_tsa_trading_bot import KEY_ID, World, orders_at, run_bot

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.server.shutdown()


def change_markets(world: World, change: Change) -> None:
    """Serve the open event with every market changed."""
    honest = world.exchange.handle

    def handle(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        status, told, content = honest(method, path, headers, body)
        if "/events?" in path:
            answer = json.loads(content)
            for event in answer["events"]:
                change(event)
            content = json.dumps(answer).encode()
        return status, told, content

    world.exchange.handle = handle


def each_market(**changes: object) -> Change:
    return lambda event: [market.update(changes) for market in event["markets"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (each_market(yes_bid_dollars="1.5"), "an open event can not be read"),
        (each_market(price_ranges=[{"start": "0", "end": "1", "step": "1E-40"}]), "price band"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_one_line(world: World, tmp_path: Path, change: Change, words: str) -> None:
    change_markets(world, change)
    ended = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert ended.returncode == 3, ended.stdout
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert orders_at(world) == 0


def test_the_next_opening_is_not_in_the_past() -> None:
    monday = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 9:00 in New York
    assert tsa_steps._next_opening(monday) == "it opens 2026-11-23 10:00 EST"
    assert tsa_steps._next_opening(monday + timedelta(hours=6)) == "it should have opened 2026-11-23 10:00 EST"


def test_counts_of_this_morning_are_traded_on_this_morning(world: World, tmp_path: Path) -> None:
    known = [row for row in world.vintages.rows if row.first_seen_at <= world.now]
    newest = max(row.day for row in known)
    Vintages([row for row in known if row.day < newest]).save(tmp_path / "data" / "tsa_vintages.csv")
    ended = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert ended.returncode == 0, ended.stderr
    assert f"1 new days, newest {newest}" in ended.stdout
    assert orders_at(world) > 0


def test_what_the_exchange_writes_is_shown_and_does_nothing(world: World, tmp_path: Path) -> None:
    title = f"<script>alert(1)</script>\r\nBcc: x@example.com \x1b[2J {KEY_ID}"
    change_markets(world, lambda event: event.update(title=title))
    ended = run_bot(world, tmp_path, KALSHI_LIVE_TRADING="true")
    assert ended.returncode == 0, ended.stderr
    reports = {path.suffix: path.read_text() for path in (tmp_path / "reports").iterdir()}
    for text in (ended.stdout, ended.stderr, *reports.values()):
        assert "\x1b" not in text and "\nBcc:" not in text and KEY_ID not in text
    assert "<script>" not in reports[".html"] and "&lt;script&gt;" in reports[".html"]
