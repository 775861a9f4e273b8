"""Past valuations are scored against the market's middle once results are known, one event as one bet."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kalshi.errors import DataError, ExchangeError
from kalshi.index.past_valuations import MOST_EVENTS_ASKED, keep, read, results, score_of

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def valued(event: str, closes_at: datetime = NOW - timedelta(hours=1), **rows: tuple[float, float]) -> dict[str, Any]:
    return {"event": event, "at": NOW.isoformat(), "closes_at": closes_at.isoformat(), "model": "scaled", "rows": rows}


def ended(event: str, **won: str) -> dict[str, Any]:
    return {"event": event, "results": won}


@dataclass(frozen=True)
class Market:
    ticker: str
    status: str
    result: str


@dataclass
class Exchange:
    markets_of: dict[str, list[Market]]
    asked: list[str] = field(default_factory=list)

    def markets(self, *, event_ticker: str) -> Iterable[Any]:
        self.asked.append(event_ticker)
        if event_ticker not in self.markets_of:
            raise ExchangeError("no answer")
        return self.markets_of[event_ticker]


def test_the_score_by_hand() -> None:
    lines = [
        valued("E1", A=(0.2, 0.3), B=(0.8, 0.6)),
        valued("E2", A=(0.5, 0.4)),
        ended("E1", A="no", B="yes"),
        ended("E2", A="yes"),
    ]
    found = score_of(lines)
    assert found is not None and (found.events, found.markets) == (2, 3)
    # model .04 .04 .25; middle .09 .16 .36; differences by event -.085 and -.11
    assert found.model == pytest.approx(0.11) and found.middle == pytest.approx(0.61 / 3)
    assert found.difference == pytest.approx(-0.0975)
    assert found.error == pytest.approx(0.0125)  # .025 / sqrt(2) / sqrt(2)
    assert "difference -0.0975 +- 0.0125 (3 markets of 2 settled events" in found.text()


def test_the_last_valuation_of_an_event_counts_and_scalar_results_do_not() -> None:
    lines = [valued("E", A=(0.9, 0.9)), valued("E", A=(0.1, 0.2), B=(0.5, 0.5)), ended("E", A="no", B="scalar")]
    found = score_of(lines)
    assert found is not None and found.markets == 1 and found.model == pytest.approx(0.01) and math.isnan(found.error)
    assert "+-" not in found.text()


def test_without_a_settled_event_there_is_no_score() -> None:
    assert score_of([]) is None and score_of([valued("E", A=(0.1, 0.2))]) is None


def test_results_are_asked_for_once_after_the_close_and_kept_only_when_final() -> None:
    lines = [
        valued("OPEN", NOW + timedelta(hours=1), A=(0.1, 0.1)),
        valued("WAITS", A=(0.1, 0.1)),
        valued("GONE", A=(0.1, 0.1)),
        valued("DONE", A=(0.1, 0.1)),
        valued("KNOWN", A=(0.1, 0.1)),
        ended("KNOWN", A="no"),
    ]
    exchange = Exchange(
        {"WAITS": [Market("A", "closed", "")], "DONE": [Market("A", "finalized", "yes")], "OPEN": [], "KNOWN": []}
    )
    assert results(lines, exchange, NOW) == [ended("DONE", A="yes")]
    assert exchange.asked == ["WAITS", "GONE", "DONE"]
    many = [valued(f"E{i}", A=(0.1, 0.1)) for i in range(9)]
    exchange = Exchange({})
    assert results(many, exchange, NOW) == [] and len(exchange.asked) == MOST_EVENTS_ASKED


def test_a_file_grows_and_a_line_that_was_cut_off_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    assert read(path) == []
    keep(path, [valued("E1", A=(0.1, 0.2))])
    with path.open("a") as file:
        file.write(json.dumps(valued("E2"))[:20])
    assert [line["event"] for line in read(path)] == ["E1"]
    keep(path, [ended("E1", A="no")])
    assert ["results" in line for line in read(path)] == [False, True]
    assert score_of(read(path)) is not None


@pytest.mark.parametrize(
    "text", ["rubbish", "[]", '{"event": "E", "rows": {}}', '{"event": "E", "closes_at": "x", "rows": {}}']
)
def test_a_line_that_is_not_ours_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text(f"{text}\n")
    with pytest.raises(DataError, match="line 1 is no valuation"):
        read(path)
