"""Live or archived: the client asks both where both can have rows, and never yields one twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi.errors import NotFound, ResponseError
from kalshi.exchange.endpoints_history import MAX_CANDLES, slices

CUTOFF = "2026-09-01T00:00:00Z"
CUTOFF_TS = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
CUTOFFS = dict.fromkeys(("market_settled_ts", "trades_created_ts", "orders_updated_ts"), CUTOFF)
NOT_FOUND = {"error": {"code": "not_found"}}


def market(ticker: str, **changes: Any) -> dict[str, Any]:
    dollars = ("yes_bid", "yes_ask", "no_bid", "no_ask", "last_price", "notional_value")
    previous = ("previous_yes_bid", "previous_yes_ask", "previous_price")
    counts = ("yes_bid_size", "yes_ask_size", "volume", "volume_24h", "open_interest")
    times = ("created_time", "updated_time", "open_time", "close_time", "latest_expiration_time")
    texts = ("yes_sub_title", "no_sub_title", "rules_primary", "rules_secondary", "expiration_value")
    return {
        "ticker": ticker,
        "event_ticker": ticker.rpartition("-")[0],
        "market_type": "binary",
        "status": "finalized",
        "result": "yes",
        "settlement_timer_seconds": 1,
        "can_close_early": True,
        "settlement_bounds_type": "default",
        "price_level_structure": "linear_cent",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        **{f"{name}_dollars": "0.5000" for name in dollars + previous},
        **{f"{name}_fp": "1.00" for name in counts},
        **dict.fromkeys(times, "2026-08-01T00:00:00Z"),
        **dict.fromkeys(texts, ""),
    } | changes


def order(order_id: str, **changes: Any) -> dict[str, Any]:
    dollars = ("yes_price", "no_price", "taker_fill_cost", "maker_fill_cost", "taker_fees", "maker_fees")
    return {
        "order_id": order_id,
        "user_id": "u",
        "client_order_id": "c" + order_id,
        "ticker": "T",
        "outcome_side": "yes",
        "book_side": "bid",
        "type": "limit",
        "status": "executed",
        **{f"{name}_dollars": "0.5000" for name in dollars},
        **{f"{name}_count_fp": "1.00" for name in ("fill", "remaining", "initial")},
    } | changes


def trade(trade_id: str) -> dict[str, Any]:
    return {
        "trade_id": trade_id,
        "ticker": "T",
        "count_fp": "1.00",
        "yes_price_dollars": "0.4000",
        "no_price_dollars": "0.6000",
        "taker_outcome_side": "yes",
        "taker_book_side": "bid",
        "created_time": CUTOFF,
        "is_block_trade": False,
    }


def fill(fill_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "fill_id": fill_id,
        "trade_id": fill_id,
        "order_id": "o1",
        "ticker": "T",
        "market_ticker": "T",
        "exchange_index": 0,
        "outcome_side": "yes",
        "book_side": "bid",
        "count_fp": "1.00",
        "yes_price_dollars": "0.4000",
        "no_price_dollars": "0.6000",
        "fee_cost": "0.01",
        "is_taker": True,
    } | changes


def position(ticker: str) -> dict[str, Any]:
    dollars = ("total_traded", "market_exposure", "realized_pnl", "fees_paid")
    return {
        "ticker": ticker,
        "exchange_index": 0,
        "position_fp": "-3.00",
        "last_updated_ts": CUTOFF,
        **{f"{name}_dollars": "1.0000" for name in dollars},
    }


def candle(end: int, live: bool) -> dict[str, Any]:
    tail, count = ("_dollars", "_fp") if live else ("", "")
    prices = {f"{name}{tail}": "0.4000" for name in ("open", "low", "high", "close")}
    return {
        "end_period_ts": end,
        "yes_bid": prices,
        "yes_ask": prices,
        "price": prices | {f"mean{tail}": None, f"previous{tail}": None},
        f"volume{count}": "2.00",
        f"open_interest{count}": "5.00",
    }


@pytest.fixture
def site(wire, reply) -> Callable[..., None]:
    """Answer by path; a path that is not given is 404."""

    def serve(**paths: Any) -> None:
        def answer(seen):
            if seen.path == "/historical/cutoff":
                return reply(200, CUTOFFS)
            for path, body in paths.items():
                if seen.path == path.replace("__", "/"):
                    body = body(dict(seen.query)) if callable(body) else body
                    return reply(404, NOT_FOUND) if body is None else reply(200, body)
            return reply(404, NOT_FOUND)

        wire.script(answer)

    return serve


def paths(wire) -> list[str]:
    return [seen.path for seen in wire.seen]


# markets


def test_a_market_is_found_in_the_archive(wire, client, site):
    site(__historical__markets__OLD={"market": market("OLD")})
    assert client.market("OLD").ticker == "OLD"
    assert paths(wire) == ["/markets/OLD", "/historical/markets/OLD"]
    with pytest.raises(NotFound) as caught:
        client.market("NEVER")
    assert caught.value.path == "/markets/NEVER"


def test_settled_markets_come_from_both_sides_once(wire, client, site):
    site(
        __markets={"markets": [market("S-3"), market("S-2")], "cursor": ""},
        __historical__markets={"markets": [market("S-2"), market("S-1")], "cursor": ""},
    )
    found = client.markets(series_ticker="S", status="settled")
    assert [row.ticker for row in found] == ["S-3", "S-2", "S-1"]
    assert wire.seen[-1].query == [("series_ticker", "S")]


def test_the_archive_is_not_asked_where_it_can_not_matter(wire, client, site):
    site(__markets={"markets": [market("E-1")], "cursor": ""})
    list(client.markets(series_ticker="S", status="open"))
    list(client.markets(event_ticker="E"))
    list(client.markets(tickers=["E-1"]))
    list(client.markets(min_updated_ts=5))
    list(client.markets(status="settled", archive=False))
    assert set(paths(wire)) == {"/markets"}
    list(client.markets(status="settled", series_ticker="S", min_settled_ts=CUTOFF_TS))
    assert "/historical/markets" not in paths(wire)


def test_only_the_tickers_that_are_not_live_are_asked_of_the_archive(wire, client, site):
    site(
        __markets={"markets": [market("A-1")], "cursor": ""},
        __historical__markets={"markets": [market("B-1")], "cursor": ""},
    )
    assert [row.ticker for row in client.markets(tickers="A-1,B-1")] == ["A-1", "B-1"]
    assert wire.seen[-1].query == [("tickers", "B-1")]


def test_bounds_of_settlement_hold_for_archived_rows_too(wire, client, site):
    rows = [market(f"S-{day}", settlement_ts=f"2026-08-0{day}T00:00:00Z") for day in (1, 2, 3)]
    site(__markets={"markets": [], "cursor": ""}, __historical__markets={"markets": rows, "cursor": ""})
    second = int(datetime(2026, 8, 2, tzinfo=UTC).timestamp())
    found = client.markets(status="settled", series_ticker="S", min_settled_ts=second, max_settled_ts=second)
    assert [row.ticker for row in found] == ["S-2"]


def test_an_old_event_gets_its_markets_from_the_archive(wire, client, site):
    event = {
        "event_ticker": "E",
        "series_ticker": "S",
        "title": "t",
        "sub_title": "",
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "settlement_sources": [],
        "markets": [],
    }
    site(
        __events__E={"event": event, "markets": []},
        __historical__markets={"markets": [market("E-1"), market("E-2")], "cursor": ""},
    )
    found = client.event("E").markets
    assert found is not None and [row.ticker for row in found] == ["E-1", "E-2"]
    assert not client.event("E", with_nested_markets=False).markets


# trades, orders, fills, positions


def test_trades_go_on_into_the_archive_unless_they_begin_after_the_cutoff(wire, client, site):
    site(
        __markets__trades={"trades": [trade("t3"), trade("t2")], "cursor": ""},
        __historical__trades={"trades": [trade("t2"), trade("t1")], "cursor": ""},
    )
    assert [row.trade_id for row in client.trades(ticker="T", is_block_trade=False)] == ["t3", "t2", "t1"]
    assert wire.seen[-1].query == [("is_block_trade", "false"), ("ticker", "T")]
    assert [row.trade_id for row in client.trades(ticker="T", min_ts=CUTOFF_TS)] == ["t3", "t2"]
    assert [row.trade_id for row in client.trades(ticker="T", min_ts=CUTOFF_TS - 1)] == ["t3", "t2", "t1"]
    assert paths(wire).count("/historical/cutoff") == 1


def test_orders(wire, client, site):
    old = [order("o2"), order("o1"), order("x", status="canceled")]
    site(
        __portfolio__orders={"orders": [order("o3"), order("o2")], "cursor": ""},
        __historical__orders={"orders": old, "cursor": ""},
    )
    assert [row.order_id for row in client.orders(status="executed")] == ["o3", "o2", "o1"]
    assert wire.seen[0].query == [("subaccount", "0"), ("status", "executed")]
    assert wire.seen[-1].query == [("subaccount", "0")]
    live_only = {"status": "resting", "event_ticker": "E", "exchange_index": 0, "min_ts": CUTOFF_TS}
    for name, value in live_only.items():
        wire.seen.clear()
        list(client.orders(**{name: value}))
        assert "/historical/orders" not in paths(wire)


def test_fills_of_several_tickers_and_of_one_order(wire, client, site):
    site(
        __portfolio__fills=lambda query: {"fills": [fill("f2")] if query.get("order_id") != "old" else []},
        __historical__fills=lambda query: {"fills": [fill("f1"), fill("f0", order_id="old")]},
    )
    assert [row.fill_id for row in client.fills(ticker=["A", "B"])] == ["f2", "f1", "f0"]
    assert [dict(seen.query)["ticker"] for seen in wire.seen] == ["A,B", "A", "B"]
    assert [row.fill_id for row in client.fills(order_id="old")] == ["f0"]
    wire.seen.clear()
    assert [row.fill_id for row in client.fills(order_id="o1")] == ["f2"]
    assert paths(wire) == ["/portfolio/fills"]


def test_positions_live_first_then_archived_none_twice(wire, client, site):
    site(
        __portfolio__positions={"market_positions": [position("A")], "event_positions": []},
        __historical__positions={"market_positions": [position("A"), position("B")], "event_positions": []},
    )
    assert [row.ticker for row in client.positions()] == ["A"]
    assert paths(wire) == ["/portfolio/positions"]
    both = list(client.positions(settlement_status="all", event_ticker="E"))
    assert [(row.ticker, row.position_fp) for row in both] == [("A", Decimal(-3)), ("B", Decimal(-3))]
    assert wire.seen[-1].query == [("subaccount", "0"), ("event_ticker", "E")]


# candles


def test_long_ranges_are_split_below_the_cap_and_nothing_is_lost_or_doubled(wire, client, site):
    def live(query):
        start, end = int(query["start_ts"]), int(query["end_ts"])
        assert (end - start) // 60 + 1 <= 5000
        first = -(-start // 60) * 60
        return {"ticker": "T", "candlesticks": [candle(ts, True) for ts in range(first, end + 1, 60)]}

    site(__series__S__markets__T__candlesticks=live)
    start, end = CUTOFF_TS + 30, CUTOFF_TS + 60 * 12_000
    found = client.candles("S", "T", start, end, 1, include_latest_before_start=True)
    assert [row.end_period_ts for row in found] == list(range(CUTOFF_TS + 60, end + 1, 60))
    assert found[0].yes_bid.close == Decimal("0.4") and found[0].volume == Decimal(2)
    flags = [dict(seen.query).get("include_latest_before_start") for seen in wire.seen]
    assert flags == ["true", None, None]


SECONDS = st.integers(0, 10**6)


@given(SECONDS, SECONDS, st.sampled_from([1, 60, 1440]), st.integers(1, MAX_CANDLES))
def test_slices_cover_the_range_exactly(start, length, period, most):
    parts = list(slices(start, start + length, period, most))
    assert parts[0][0] == start and parts[-1][1] == start + length
    assert all(right[0] == left[1] + 1 for left, right in pairwise(parts))
    assert all(end // (period * 60) - (begin - 1) // (period * 60) <= most for begin, end in parts)


def test_archived_candles_have_the_same_shape(wire, client, site):
    site(__historical__markets__T__candlesticks={"ticker": "T", "candlesticks": [candle(60, False)]})
    [found] = client.candles("S", "T", 0, 60, 1)
    assert (found.yes_ask.open, found.price.mean, found.open_interest) == (Decimal("0.4"), None, Decimal(5))
    with pytest.raises(NotFound):
        client.candles("S", "NEVER", 0, 60, 1)


def test_an_empty_live_answer_before_the_cutoff_asks_the_archive_and_after_it_does_not(wire, client, site):
    empty = {"ticker": "T", "candlesticks": []}
    old = {"ticker": "T", "candlesticks": [candle(60, False)]}
    site(__series__S__markets__T__candlesticks=empty, __historical__markets__T__candlesticks=old)
    assert len(client.candles("S", "T", 0, 60, 1)) == 1
    assert client.candles("S", "T", CUTOFF_TS, CUTOFF_TS + 60, 1) == []
    site(__series__S__markets__T__candlesticks=empty)
    assert client.candles("S", "T", 0, 60, 1) == []


def test_batches_stay_below_the_cap_over_all_tickers(wire, client, site):
    def batch(query):
        names, start, end = query["market_tickers"].split(","), int(query["start_ts"]), int(query["end_ts"])
        assert len(names) <= 100
        assert len(names) * ((end - start) // 3600 + 1) <= 10_000
        ends = range(-(-start // 3600) * 3600, end + 1, 3600)
        rows = [{"market_ticker": name, "candlesticks": [candle(ts, True) for ts in ends]} for name in names]
        return {"markets": [row for row in rows if row["market_ticker"] != "T7"]}

    site(__markets__candlesticks=batch)
    tickers = [f"T{number}" for number in range(150)]
    start = CUTOFF_TS
    found = client.candles_batch(tickers, start, start + 3600 * 167, 60)
    assert set(found) == set(tickers) - {"T7"}
    assert {len(rows) for rows in found.values()} == {168}
    assert len(wire.seen) == 4  # the cutoff, and 58 + 58 + 34 tickers


def test_a_batch_finds_archived_markets(wire, client, site):
    site(
        __markets__candlesticks={"markets": []},
        __historical__markets__OLD__candlesticks={"ticker": "OLD", "candlesticks": [candle(60, False)]},
    )
    found = client.candles_batch(["OLD", "NEVER"], 0, 60, 1)
    assert {name: len(rows) for name, rows in found.items()} == {"OLD": 1}


def test_event_candles_go_on_where_the_exchange_cut(wire, client, site):
    def cut(query):
        start, end = int(query["start_ts"]), min(int(query["end_ts"]), int(query["start_ts"]) + 59)
        rows = [[candle(ts, True) for ts in range(-(-start // 60) * 60, end + 1, 60)], []]
        return {"market_tickers": ["A", "B"], "market_candlesticks": rows, "adjusted_end_ts": end}

    site(__series__S__events__E__candlesticks=cut)
    found = client.event_candles("S", "E", 0, 300, 1)
    assert [row.end_period_ts for row in found["A"]] == [0, 60, 120, 180, 240, 300]
    assert found["B"] == []


def test_an_event_answer_that_does_not_move_on_raises(wire, client, site):
    stuck = {"market_tickers": [], "market_candlesticks": [], "adjusted_end_ts": 5}
    site(__series__S__events__E__candlesticks=stuck)
    with pytest.raises(ResponseError, match="lies before the start"):
        client.event_candles("S", "E", 100, 300, 1)
    assert len(wire.seen) == 1
