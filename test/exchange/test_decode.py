"""Strict where a field is needed, lenient where the exchange adds something, and one bad row costs one row."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire_examples import encoded, event, market, order
from kalshi.errors import ExchangeError, ResponseError
from kalshi.exchange.decode import Page, decode_one, decode_page
from kalshi.exchange.models import Balance, Event, ExchangeStatus, Fill, Market, Order, OrderBook

D = Decimal
TICKER = "KXTSAW-26JUN14-A2.60"
PRICES = ("yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars", "no_ask_dollars", "last_price_dollars")
REQUIRED = (
    *PRICES, "ticker", "event_ticker", "status", "result", "open_time", "close_time", "market_type", "volume_fp",
    "yes_bid_size_fp", "yes_ask_size_fp", "open_interest_fp", "price_ranges", "settlement_timer_seconds",
)  # fmt: skip


def one_market(**changes: Any) -> Market:
    return decode_one(encoded({"market": market(**changes)}), Market, "GET /markets/{ticker}", key="market")


def page_of(*rows: Any, cursor: Any = "", kind: type[Any] = Market, key: str = "markets") -> Page[Any]:
    return decode_page(encoded({key: list(rows), "cursor": cursor}), kind, f"GET /{key}", key=key)


def test_numbers_are_exact_decimals_and_times_know_their_zone() -> None:
    found = one_market(floor_strike=2600000.1, yes_bid_dollars="0.123456")
    assert found.yes_bid_dollars == D("0.123456")
    assert found.floor_strike == D("2600000.1")  # a JSON number, read from its text and not through a float
    assert found.yes_ask_size_fp == D("35.50")
    assert found.close_time == datetime(2026, 6, 15, 3, 59, tzinfo=UTC)
    assert isinstance(found.price_ranges[0].step, Decimal)


def test_a_time_with_another_offset_is_the_same_moment() -> None:
    assert one_market(close_time="2026-06-14T23:59:00-04:00").close_time == datetime(2026, 6, 15, 3, 59, tzinfo=UTC)


def test_new_fields_and_new_words_pass() -> None:
    found = one_market(status="hibernating", result="maybe", strike_type="odd", brand_new={"a": [1]}, liquidity=5)
    assert (found.status, found.result, found.strike_type) == ("hibernating", "maybe", "odd")


@pytest.mark.parametrize(
    "absent",
    ["settlement_value_dollars", "settlement_ts", "floor_strike", "cap_strike", "expected_expiration_time",
     "fee_waiver_expiration_time", "strike_type", "settlement_floor_dollars"],
)  # fmt: skip
def test_what_may_be_absent_may_be_null(absent: str) -> None:
    assert getattr(one_market(**{absent: None}), absent) is None
    assert getattr(one_market(**{absent: ...}), absent) is None


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [..., None, {"odd": 1}], ids=["missing", "null", "object"])
def test_a_required_field_names_endpoint_ticker_and_field(field: str, value: Any) -> None:
    with pytest.raises(ResponseError) as caught:
        one_market(**{field: value})
    named = TICKER if field != "ticker" else "KXTSAW-26JUN14"
    assert str(caught.value).startswith(f"GET /markets/{{ticker}}: answer for {named}: field market.{field}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.path == "GET /markets/{ticker}" and caught.value.status == 200


@pytest.mark.parametrize("value", ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity", "-0.01", "1.0001", "", "0,41", "x"])
@pytest.mark.parametrize("field", [*PRICES, "settlement_value_dollars"])
def test_what_can_not_be_a_price_is_malformed(field: str, value: str) -> None:
    with pytest.raises(ResponseError, match=rf"answer for {TICKER}: field market\.{field}: "):
        one_market(**{field: value})


@pytest.mark.parametrize("field", PRICES)
@pytest.mark.parametrize("value", ["0", "0.0000", "1", "1.0000", "0.000001", "-0.0000"])
def test_the_bounds_are_prices(field: str, value: str) -> None:
    assert getattr(one_market(**{field: value}), field) == D(value)


@pytest.mark.parametrize("field", ["yes_bid_size_fp", "yes_ask_size_fp"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+99999999", "-1.00"])
def test_what_can_not_be_a_size_is_malformed(field: str, value: str) -> None:
    with pytest.raises(ResponseError, match=rf"field market\.{field}: {re.escape(value)} is no "):
        one_market(**{field: value})


@pytest.mark.parametrize("field", ["floor_strike", "cap_strike"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1E+99999999", "-1E+15"])
def test_an_endless_strike_is_malformed(field: str, value: str) -> None:
    with pytest.raises(ResponseError, match=rf"field market\.{field}: {re.escape(value)} is no number"):
        one_market(**{field: value})


def test_a_time_without_a_zone_is_malformed() -> None:
    with pytest.raises(ResponseError, match=r"field market\.close_time: .*timezone"):
        one_market(close_time="2026-06-15T03:59:00")


def test_a_bad_field_deep_inside_is_named_by_its_path_and_its_own_row() -> None:
    bad = market(ticker="KXTSAW-26JUN14-A2.65", price_ranges=[{"start": "0", "end": "1", "step": "x"}])
    body = encoded({"event": event([market(), bad])})
    with pytest.raises(ResponseError) as caught:
        decode_one(body, Event, "GET /events/{event_ticker}", key="event")
    assert "answer for KXTSAW-26JUN14-A2.65: field event.markets[1].price_ranges[0].step: " in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "row", "field"),
    [
        (Order, order(yes_price_dollars="NaN"), "yes_price_dollars"),
        (Order, order(remaining_count_fp="Infinity"), "remaining_count_fp"),
        (Order, order(fill_count_fp="1E+999999999"), "fill_count_fp"),
        (Order, order(taker_fees_dollars=...), "taker_fees_dollars"),
        (Balance, {"balance": 1, "balance_dollars": "NaN", "portfolio_value": 1, "updated_ts": 1}, "balance_dollars"),
        (Fill, {"ticker": "T"}, "fill_id"),
        (ExchangeStatus, {"exchange_active": True}, "trading_active"),
        (ExchangeStatus, {"exchange_active": "true", "trading_active": True}, "exchange_active"),
    ],
    ids=str,
)
def test_other_answers_are_as_strict(kind: type[Any], row: dict[str, Any], field: str) -> None:
    with pytest.raises(ResponseError, match=rf"field {field}: "):
        decode_one(encoded(row), kind, "GET /x")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"7", b"[]", b"{}", b"<html>busy</html>", b"\xff\xfe", b'{"market":null}', b'{"market":{}}',
     b'{"market":' + b"[" * 100_000, b'{"x":' + b"[" * 100_000, b'{"market":{"ticker":"T"'],
)  # fmt: skip
def test_what_is_no_answer_is_one_line_that_names_the_endpoint(body: bytes) -> None:
    with pytest.raises(ResponseError) as caught:
        decode_one(body, Market, "GET /markets/{ticker}", key="market")
    assert str(caught.value).startswith("GET /markets/{ticker}: answer for ")
    assert "\n" not in str(caught.value)
    with pytest.raises(ResponseError, match=r"^GET /markets: "):
        decode_page(body, Market, "GET /markets", key="markets")


def test_the_error_keeps_the_start_of_the_body_only() -> None:
    with pytest.raises(ExchangeError) as caught:
        decode_one(b"<" * 10_000, Market, "GET /x")
    assert len(caught.value.body) == 300


def test_a_good_page_is_whole() -> None:
    page = page_of(market(), market(ticker="B"), cursor="next")
    assert [row.ticker for row in page.items] == [TICKER, "B"]
    assert page.cursor == "next" and page.bad_rows == []


@pytest.mark.parametrize("cursor", [None, "", ...])
def test_the_last_page_has_no_cursor(cursor: Any) -> None:
    body = {"markets": [market()], "cursor": cursor}
    if cursor is ...:
        del body["cursor"]
    assert decode_page(encoded(body), Market, "GET /markets", key="markets").cursor == ""


def test_bad_rows_are_set_aside_and_the_rest_of_the_page_is_returned_in_order() -> None:
    page = page_of(
        market(ticker="A"),
        market(ticker="B", yes_bid_dollars="NaN"),
        market(ticker="C", status=...),
        7,
        market(ticker=5, event_ticker="E"),
        market(ticker="F", price_ranges=[{"start": "0", "end": "1"}]),
        market(ticker="G"),
        cursor="next",
    )
    assert [row.ticker for row in page.items] == ["A", "G"]
    assert page.cursor == "next"
    assert [(row.endpoint, row.ticker, row.field) for row in page.bad_rows] == [
        ("GET /markets", "B", "yes_bid_dollars"),
        ("GET /markets", "C", "status"),
        ("GET /markets", "?", "?"),
        ("GET /markets", "E", "ticker"),
        ("GET /markets", "F", "price_ranges[0].step"),
    ]
    assert str(page.bad_rows[0]) == (
        "GET /markets: row B: field yes_bid_dollars: NaN is no price between 0 and 1"
    )


def test_an_event_with_a_bad_market_is_set_aside_whole_and_names_that_market() -> None:
    good = event([market()], event_ticker="GOOD")
    page = page_of(event([market(), market(ticker="BAD", result=...)]), good, kind=Event, key="events")
    assert [row.event_ticker for row in page.items] == ["GOOD"]
    assert [(row.ticker, row.field) for row in page.bad_rows] == [("BAD", "markets[1].result")]


def test_an_order_is_named_by_its_ticker_or_its_id() -> None:
    page = page_of(order(status=...), order(ticker=..., order_id="id-7"), order(), kind=Order, key="orders")
    assert [(row.ticker, row.field) for row in page.bad_rows] == [(TICKER, "status"), ("id-7", "ticker")]
    assert len(page.items) == 1


@pytest.mark.parametrize("body", [{"cursor": ""}, {"markets": {}}, {"markets": [], "cursor": 5}, [], {"market": []}])
def test_a_page_that_is_no_page_is_an_error_and_never_an_empty_page(body: Any) -> None:
    with pytest.raises(ResponseError, match="GET /markets"):
        decode_page(encoded(body), Market, "GET /markets", key="markets")


def test_a_null_list_is_an_empty_page() -> None:
    assert page_of(cursor="").items == []
    assert decode_page(b'{"markets": null, "cursor": ""}', Market, "GET /markets", key="markets").items == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(market())), value=JSON)
def test_whatever_a_field_becomes_the_other_rows_survive(field: str, value: Any) -> None:
    page = page_of(market(ticker="A"), market(ticker="B", **({} if field == "ticker" else {field: value})),
                   market(ticker="C"))  # fmt: skip
    names = [row.ticker for row in page.items]
    assert names in (["A", "B", "C"], ["A", "C"])
    assert len(page.items) + len(page.bad_rows) == 3
    for row in page.items:
        assert all(0 <= getattr(row, price) <= 1 for price in PRICES)


@given(data=st.data())
def test_damaged_bytes_are_a_page_or_a_response_error(data: st.DataObject) -> None:
    body = bytearray(encoded({"markets": [market(), market(ticker="B")], "cursor": ""}))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        page = decode_page(bytes(body), Market, "GET /markets", key="markets")
    except ResponseError as error:
        assert "\n" not in str(error)
    else:
        assert len(page.items) + len(page.bad_rows) <= 2


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_a_response_error(body: bytes) -> None:
    with suppress(ResponseError):
        decode_one(body, OrderBook, "GET /book")


def test_a_page_decodes_as_its_rows_do_one_by_one() -> None:
    rows = [market(ticker=f"T{number}", yes_bid_dollars=f"0.{number:02}00") for number in range(1, 40)]
    fast = page_of(*rows).items
    slow = page_of(*rows, 7).items  # one bad row sends the page down the other way
    assert fast == slow == [json_row(row) for row in rows]


def json_row(row: dict[str, Any]) -> Market:
    return decode_one(json.dumps(row).encode(), Market, "GET /x")
