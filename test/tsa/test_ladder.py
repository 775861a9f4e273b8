"""The week's event is found by closing time; what does not look like a weekly ladder is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from kalshi.errors import DataError, StoreError
from kalshi.exchange.decode import BadRow
from kalshi.exchange.models import Event, OrderBook, Series
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.tsa.ladder import fetch_ladder, load_ladder, save_ladder, week_sunday
from kalshi.tsa.sample import sample_ladder, sample_vintages

NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # Monday 10:30 in New York


@pytest.fixture(scope="module")
def ladder() -> LadderSnapshot:
    return sample_ladder(sample_vintages(NOW), NOW)


def whole(ladder: LadderSnapshot, **changes: object) -> Event:
    return msgspec.structs.replace(ladder.event, markets=list(ladder.markets), **changes)


class Exchange:
    """The three reads a ladder needs."""

    def __init__(self, ladder: LadderSnapshot, events: list[Event], unreadable: list[BadRow] | None = None) -> None:
        self.ladder, self.listed, self.unreadable = ladder, events, unreadable or []
        self.bad_rows: list[BadRow] = []

    def series(self, series_ticker: str) -> Series:
        return self.ladder.series

    def events(self, *, series_ticker: str, status: str, with_nested_markets: bool) -> list[Event]:
        assert (series_ticker, status, with_nested_markets) == ("KXTSAW", "open", True)
        self.bad_rows += self.unreadable
        return self.listed

    def orderbooks(self, tickers: list[str]) -> dict[str, OrderBook]:
        return {ticker: self.ladder.books[ticker] for ticker in tickers}


def test_the_event_that_closes_next_is_taken(ladder: LadderSnapshot) -> None:
    later = [
        msgspec.structs.replace(market, close_time=market.close_time + timedelta(days=7)) for market in ladder.markets
    ]
    next_week = msgspec.structs.replace(ladder.event, event_ticker="KXTSAW-26DEC06", markets=later)
    found = fetch_ladder(Exchange(ladder, [next_week, whole(ladder)]), NOW, name="Kalshi")
    assert found is not None
    assert found.event.event_ticker == ladder.event.event_ticker
    assert [m.ticker for m in found.markets] == sorted(m.ticker for m in ladder.markets)
    assert (found.source, found.as_of) == ("Kalshi", NOW)


def test_no_open_event_is_an_answer_not_an_error(ladder: LadderSnapshot) -> None:
    assert fetch_ladder(Exchange(ladder, []), NOW, name="Kalshi") is None
    after_close = NOW + timedelta(days=8)
    assert fetch_ladder(Exchange(ladder, [whole(ladder)]), after_close, name="Kalshi") is None


def test_a_ticker_that_names_another_week_is_refused(ladder: LadderSnapshot) -> None:
    wrong = whole(ladder, event_ticker="KXTSAW-26DEC06")
    with pytest.raises(DataError, match="closes on 2026-11-29"):
        fetch_ladder(Exchange(ladder, [wrong]), NOW, name="Kalshi")


def test_markets_that_close_at_different_times_are_refused(ladder: LadderSnapshot) -> None:
    first, *rest = ladder.markets
    odd = msgspec.structs.replace(first, close_time=first.close_time + timedelta(hours=1))
    with pytest.raises(DataError, match="2 closing times"):
        week_sunday(msgspec.structs.replace(ladder.event, markets=[odd, *rest]))


def test_a_saved_ladder_is_used_within_its_own_week_only(ladder: LadderSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "ladder.json"
    assert load_ladder(path, NOW) is None
    save_ladder(ladder, path)
    assert load_ladder(path, NOW + timedelta(days=2)) == ladder
    assert load_ladder(path, NOW + timedelta(days=7)) is None  # closed by then
    assert load_ladder(path, NOW - timedelta(days=1)) is None  # it would come from the future
    path.write_bytes(path.read_bytes()[:-100])
    assert load_ladder(path, NOW) is None
    assert [p.name for p in tmp_path.iterdir()] == ["ladder.json"]


def test_an_open_event_that_can_not_be_read_is_not_taken_for_none(ladder: LadderSnapshot) -> None:
    bad = BadRow("GET /events", "KXTSAW-26NOV29-A1.80", "markets[0].status", "Expected `str`, got `null`")
    with pytest.raises(DataError, match=r"KXTSAW-26NOV29-A1.80: field markets\[0\].status"):
        fetch_ladder(Exchange(ladder, [], [bad]), NOW, name="Kalshi")


def test_an_open_event_without_markets_is_not_taken_for_none(ladder: LadderSnapshot) -> None:
    with pytest.raises(DataError, match=f"{ladder.event.event_ticker} is open but has no markets"):
        fetch_ladder(Exchange(ladder, [msgspec.structs.replace(ladder.event, markets=[])]), NOW, name="Kalshi")


def test_a_saved_ladder_that_is_none_is_not_used(ladder: LadderSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "ladder.json"
    nested = b'{"source":' + b"[" * 100_000
    first, *rest = ladder.markets
    two_ends = msgspec.structs.replace(first, close_time=first.close_time + timedelta(hours=1)), *rest
    later = msgspec.structs.replace(ladder, as_of=NOW + timedelta(days=1))
    wrong = [msgspec.structs.replace(ladder, markets=()), msgspec.structs.replace(ladder, markets=two_ends), later]
    for content in [b"", b"null", b"{}", nested, ladder.to_json()[:-9], *(one.to_json() for one in wrong)]:
        path.write_bytes(content)
        assert load_ladder(path, NOW) is None


def test_a_ladder_that_can_not_be_kept_is_one_line_and_leaves_nothing(ladder: LadderSnapshot, tmp_path: Path) -> None:
    (tmp_path / "ladder.json").mkdir()
    with pytest.raises(StoreError, match=r"ladder\.json"):
        save_ladder(ladder, tmp_path / "ladder.json")
    assert [path.name for path in tmp_path.iterdir()] == ["ladder.json"]
