"""The candle store, and the fetch that fills it from an exchange on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from history_exchange import HistoryExchange
from kalshi.clients import ExchangeClient
from kalshi.errors import DataError, Unavailable
from kalshi.exchange.candles import OHLC, Candle, Price
from kalshi.history.candle_store import CandleRequest
from kalshi.history.fetch import Fetched
from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.candle_store import TsaCandleStore
from kalshi.tsa.history_fetch import fetch_history

OLD, NEW = date(2026, 1, 11), date(2026, 4, 19)  # before and after the exchange's cutoff
NOW = datetime(2026, 6, 1, tzinfo=UTC)
REQUEST = CandleRequest("KXTSAW", "KXTSAW-26APR19-A2.20", 1_776_088_800, 1_776_744_000, 1440)


@pytest.fixture
def exchange() -> Iterator[HistoryExchange]:
    with HistoryExchange().serve() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> TsaCandleStore:
    return TsaCandleStore(tmp_path / "history")


def fetch(
    exchange: HistoryExchange, store: TsaCandleStore, now: datetime = NOW, start: date = date(2026, 1, 1)
) -> Fetched:
    with ExchangeClient(exchange.base, None) as client:
        return fetch_history(client, store, start=start, end=date(2026, 4, 30), period_minutes=1440, now=now)


def a_candle(end_ts: int, bid: str | None, ask: str | None) -> Candle:
    def side(close: str | None) -> OHLC:
        return OHLC(close=None if close is None else Decimal(close))

    price = Price(mean=Decimal("0.41234567"))
    return Candle(
        end_period_ts=end_ts, yes_bid=side(bid), yes_ask=side(ask), price=price,
        volume=Decimal("2.50"), open_interest=Decimal(3),
    )  # fmt: skip


def test_what_was_saved_is_read_back_exactly(store: TsaCandleStore) -> None:
    store.save_candles(REQUEST, [a_candle(10, "0.0100", "0.9990"), a_candle(20, None, None)], final=True)
    assert store.candles(REQUEST) == [
        QuoteCandle(10, Decimal("0.01"), Decimal("0.999")),
        QuoteCandle(20, None, None),
    ]


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, ticker="KXTSAW-26APR19-A2.25"),
        replace(REQUEST, start_ts=REQUEST.start_ts + 1),
        replace(REQUEST, end_ts=REQUEST.end_ts + 1),
        replace(REQUEST, period_minutes=60),
        replace(REQUEST, include_latest_before_start=True),
    ],
)
def test_the_whole_request_is_the_key(store: TsaCandleStore, other: CandleRequest) -> None:
    store.save_candles(REQUEST, [], final=True)
    assert store.candles(REQUEST) == []
    assert store.candles(other) is None


def test_a_file_that_answers_another_series_is_refused(store: TsaCandleStore) -> None:
    store.save_candles(REQUEST, [], final=True)
    with pytest.raises(DataError, match="another request"):
        store.candles(replace(REQUEST, series_ticker="TSAW"))


def test_a_cut_off_file_is_named_when_read_and_fetched_again(store: TsaCandleStore) -> None:
    store.save_candles(REQUEST, [a_candle(10, "0.1", "0.2")], final=True)
    path = store.root / "candles" / REQUEST.file_name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"damaged .* fetch_tsa_history"):
        store.candles(REQUEST)
    assert not store.has_final(REQUEST)


def test_live_and_archived_weeks_are_fetched_with_results(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(OLD)
    exchange.add_week(NEW, ("yes", "no", "no"))
    done = fetch(exchange, store)
    assert (done.events, done.markets, done.fetched, done.kept) == (2, 6, 6, 0)
    events = store.history(date(2026, 1, 1), date(2026, 4, 30), 1440)
    assert [event.sunday for event in events] == [OLD, NEW]
    assert [[market.result for market in event.markets] for event in events] == [
        ["yes", "yes", "no"],
        ["yes", "no", "no"],
    ]
    for event in events:
        for market in event.markets:
            assert len(market.candles) == 7
            assert market.candles[0].bid == Decimal("0.40") and market.candles[0].ask == Decimal("0.44")
    assert any("week ending 2026-01-18" in note for note in done.notes)


def test_a_second_fetch_asks_for_nothing_that_is_final(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(OLD)
    fetch(exchange, store)
    before = len(exchange.candle_paths())
    done = fetch(exchange, store)
    assert (done.fetched, done.kept) == (0, 3)
    assert len(exchange.candle_paths()) == before


def test_a_week_that_was_not_over_is_fetched_again(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(NEW, ("", "", ""))
    done = fetch(exchange, store, now=datetime(2026, 4, 16, tzinfo=UTC))
    assert done.fetched == 3
    exchange.add_week(NEW, ("yes", "no", "no"))
    again = fetch(exchange, store)
    assert (again.fetched, again.kept) == (3, 0)
    [event] = store.history(NEW, NEW, 1440)
    assert [market.result for market in event.markets] == ["yes", "no", "no"]


def test_unknown_and_idle_markets_are_said_not_hidden(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    unknown, idle, _ = exchange.add_week(NEW)
    exchange.unknown.add(unknown)
    exchange.idle.add(idle)
    done = fetch(exchange, store)
    assert f"{unknown}: the exchange knows no candles of it" in done.notes
    assert f"{idle}: no candles" in done.notes
    [event] = store.history(NEW, NEW, 1440)
    assert [len(market.candles) for market in event.markets] == [0, 0, 7]


def test_old_series_names_are_found(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(date(2024, 10, 20))
    with ExchangeClient(exchange.base, None) as client:
        days = {"start": date(2024, 10, 14), "end": date(2024, 10, 20)}
        fetch_history(client, store, **days, period_minutes=1440, now=NOW)
    assert store.event_tickers(date(2024, 10, 1), date(2024, 10, 31)) == ["TSAW-24OCT20"]


def test_events_of_other_kinds_are_left_out_with_a_note(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(NEW)
    exchange.markets["KXTSAW-26APR18"] = []  # a Saturday
    done = fetch(exchange, store)
    assert done.events == 1
    assert any("KXTSAW-26APR18" in note for note in done.notes)


def test_a_silent_exchange_keeps_what_was_fetched(exchange: HistoryExchange, store: TsaCandleStore) -> None:
    exchange.add_week(NEW)
    fetch(exchange, store)
    client = ExchangeClient("http://127.0.0.1:9/trade-api/v2", None, sleep=lambda s: None)
    with pytest.raises(Unavailable):
        fetch_history(client, store, start=NEW, end=date(2026, 4, 26), period_minutes=1440, now=NOW)
    assert len(store.history(NEW, NEW, 1440)) == 1
