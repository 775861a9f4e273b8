"""Typed reads: pages, cursors, rows set aside, filters, envelopes."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from kalshi.errors import ConfigError, NotFound, OutcomeUnknown, ResponseError, Unavailable

FILL = {
    "fill_id": "f1",
    "trade_id": "f1",
    "order_id": "o1",
    "ticker": "KXTSAW-A",
    "market_ticker": "KXTSAW-A",
    "exchange_index": 0,
    "outcome_side": "yes",
    "book_side": "bid",
    "count_fp": "10.00",
    "yes_price_dollars": "0.4300",
    "no_price_dollars": "0.5700",
    "fee_cost": "0.1716",
    "is_taker": True,
    "created_time": "2026-10-01T12:00:00Z",
}


def fills(*numbers: int, cursor: str | None = "", **changes):
    rows = [FILL | {"fill_id": f"f{number}"} | changes for number in numbers]
    return {"fills": rows} | ({} if cursor is None else {"cursor": cursor})


def ids(rows) -> list[str]:
    return [row.fill_id for row in rows]


@pytest.mark.parametrize("last", ["", None])
def test_pages_follow_the_cursor_until_it_is_empty_or_missing(wire, client, reply, last):
    pages = [fills(1, 2, cursor="a"), fills(3, cursor="b"), fills(4, cursor=last)]
    wire.script(*[reply(200, page) for page in pages])
    assert ids(client.fills(archive=False, limit=2)) == ["f1", "f2", "f3", "f4"]
    assert [dict(seen.query).get("cursor") for seen in wire.seen] == [None, "a", "b"]
    assert all(dict(seen.query)["limit"] == "2" for seen in wire.seen)


def test_pages_are_fetched_as_they_are_read(wire, client, reply):
    wire.script(reply(200, fills(1, 2, cursor="a")), reply(200, fills(3)))
    rows = client.fills(archive=False)
    assert wire.seen == []
    next(rows)
    assert len(wire.seen) == 1


def test_a_repeated_cursor_raises_instead_of_looping(wire, client, reply):
    pages = [reply(200, fills(number, cursor=cursor)) for number, cursor in enumerate("aba")]
    wire.script(*pages)
    got = []
    with pytest.raises(ResponseError, match="a cursor came twice after 2 pages") as caught:
        for row in client.fills(archive=False):
            got.append(row.fill_id)
    assert got == ["f0", "f1", "f2"] and len(wire.seen) == 3
    assert "\n" not in str(caught.value)


def test_cursors_without_end_raise_instead_of_looping(wire, client, reply):
    wire.script(*[reply(200, {"events": [], "cursor": f"c{number}"}) for number in range(30)])
    with pytest.raises(ResponseError, match="there is no end after 20 pages"):
        list(client.events(series_ticker="KXTSAW"))


def test_an_empty_page_with_a_cursor_goes_on(wire, client, reply):
    wire.script(reply(200, fills(cursor="a")), reply(200, fills(1)))
    assert ids(client.fills(archive=False)) == ["f1"]


def test_a_bad_row_is_set_aside_and_reported_and_the_rest_delivered(wire, client, reply, caplog):
    caplog.set_level(logging.WARNING)
    rows = [FILL, FILL | {"ticker": "KXTSAW-B"}, FILL | {"fill_id": "f3"}]
    del rows[1]["fee_cost"]
    wire.script(reply(200, {"fills": rows, "cursor": ""}))
    assert ids(client.fills(archive=False)) == ["f1", "f3"]
    [bad] = client.bad_rows
    assert (bad.endpoint, bad.ticker, bad.field) == ("GET /portfolio/fills", "KXTSAW-B", "fee_cost")
    assert "KXTSAW-B" in caplog.text and "fee_cost" in caplog.text


def test_unknown_fields_and_words_pass(wire, client, reply):
    wire.script(reply(200, {"fills": [FILL | {"outcome_side": "maybe", "brand_new": [1]}], "cursor": ""}))
    [fill] = client.fills(archive=False)
    assert fill.outcome_side == "maybe" and fill.yes_price_dollars == Decimal("0.43")


def test_a_page_that_is_no_page_raises(wire, client, reply):
    for body in (b"", b"[]", b"<html>", b'{"cursor": ""}', b'{"fills": 3, "cursor": ""}'):
        wire.script(reply(200, body))
        with pytest.raises(ResponseError, match="GET /portfolio/fills"):
            list(client.fills(archive=False))


def test_filters_leave_as_the_exchange_wants_them(wire, client, reply):
    wire.script(reply(200, {"events": [], "cursor": ""}))
    list(client.events(series_ticker="KXTSAW", with_nested_markets=True, tickers=["A", "B"], status=None))
    assert dict(wire.seen[0].query) == {
        "series_ticker": "KXTSAW",
        "with_nested_markets": "true",
        "tickers": "A,B",
    }


def test_a_filter_the_endpoint_does_not_know_is_refused_before_sending(wire, client):
    with pytest.raises(ConfigError, match="has no parameter serie_ticker: did you mean series_ticker"):
        list(client.events(serie_ticker="KXTSAW"))
    with pytest.raises(ConfigError, match="known: "):
        list(client.settlements(zzz=1))
    assert wire.seen == []


@pytest.mark.parametrize("nothing", ["", "  ", ".", ".."])
def test_a_path_never_names_another_resource(wire, client, nothing):
    for call in (client.market, client.order, client.event, client.series, client.orderbook):
        with pytest.raises(ConfigError, match="names nothing"):
            call(nothing)
    with pytest.raises(ConfigError, match="names nothing"):
        client.cancel_order(nothing, exchange_index=0)  # DELETE on the collection would cancel everything
    assert wire.seen == []


def test_odd_characters_in_a_path_are_quoted_and_signed_as_sent(wire, client, reply, signed):
    wire.script(reply(404))
    with pytest.raises(NotFound):
        client.order("a/b?c d")
    assert wire.seen[0].path == "/portfolio/orders/a%2Fb%3Fc%20d"
    assert signed(wire.seen[0])


def test_signed_endpoints_need_a_key(wire, make_client):
    public = make_client(credentials=None)
    with pytest.raises(ConfigError, match="GET /portfolio/balance needs KALSHI_KEY_ID"):
        public.balance()
    with pytest.raises(ConfigError, match="needs KALSHI_KEY_ID"):
        list(public.fills())
    assert wire.seen == []


def test_the_status_is_read_from_error_answers_too(wire, client, reply):
    status = {"exchange_active": False, "trading_active": False}
    for code in (500, 503, 504):
        wire.script(reply(code, status))
        assert client.exchange_status().trading_active is False
        assert len(wire.seen) == 1
    wire.script(reply(503, "<html>"))
    with pytest.raises(Unavailable):
        client.exchange_status()


def test_a_missing_field_names_endpoint_ticker_and_field(wire, client, reply):
    wire.script(reply(200, {"order": {"ticker": "KXTSAW-A", "order_id": "o1"}}))
    with pytest.raises(ResponseError) as caught:
        client.order("o1")
    for word in ("GET /portfolio/orders/{order_id}", "KXTSAW-A", "user_id"):
        assert word in str(caught.value)


def test_books(wire, client, reply):
    book = {"yes_dollars": [["0.0100", "5.00"], ["0.4200", "13.00"]], "no_dollars": [["0.5600", "7.00"]]}
    wire.script(reply(200, {"orderbook_fp": book}))
    best = client.orderbook("T", depth=3).best_yes_ask()
    assert best is not None and (best.price, best.count) == (Decimal("0.44"), Decimal(7))
    assert wire.seen[0].query == [("depth", "3")]
    wire.script(reply(200, {"orderbook": {}}))
    assert client.orderbook("T").best_yes_bid() is None
    for body in ({}, {"orderbook": {"yes": [[42, 13]]}}):
        wire.script(reply(200, body))
        with pytest.raises(ResponseError, match="orderbook_fp is missing"):
            client.orderbook("T")


def test_many_books_are_asked_for_in_groups_with_the_name_repeated(wire, client, reply):
    tickers = [f"T{number}" for number in range(230)]

    def answer(seen):
        asked = [value for name, value in seen.query if name == "tickers"]
        return reply(200, {"orderbooks": [{"ticker": ticker, "orderbook_fp": {}} for ticker in asked]})

    wire.script(answer)
    assert list(client.orderbooks(tickers)) == tickers
    assert [len(seen.query) for seen in wire.seen] == [100, 100, 30]
    assert client.orderbooks([]) == {}


def test_limits_and_prices_of_the_account_replace_the_careful_ones(wire, client, reply):
    bucket = {"refill_rate": 300, "bucket_capacity": 900}
    limits = {"usage_tier": "advanced", "read": bucket, "write": bucket, "grants": []}
    costs = {"default_cost": 10, "endpoint_costs": [{"method": "GET", "path": "/markets", "cost": 4}]}
    wire.script(reply(200, limits), reply(200, costs))
    client.load_limits()
    assert client.pacer.write_capacity == 900
    assert client.pacer.cost("GET", "/markets") == 4


def test_balance_is_paced_to_one_call_a_second(wire, client, ticker, reply):
    balance = {"balance": 1, "balance_dollars": "0.0123", "portfolio_value": 0, "updated_ts": 1}
    wire.script(reply(200, balance))
    for _ in range(4):
        assert client.balance().balance_dollars == Decimal("0.0123")
    assert sum(ticker.sleeps) == pytest.approx(3 / 0.85)
    assert wire.seen[0].query == [("subaccount", "0")]


def test_transfers_are_centicents_on_the_way_and_need_an_identity(wire, client, reply):
    wire.script(reply(200, {"transfer_id": "t1"}))
    moved = client.transfer(Decimal("12.34"), source_shard=0, destination_shard=2, client_transfer_id="u")
    assert moved == "t1"
    assert b'"amount":123400' in wire.seen[0].body
    for amount in ("0", "-1", "0.00001", "NaN"):
        with pytest.raises(ConfigError, match="nothing was sent"):
            client.transfer(Decimal(amount), source_shard=0, destination_shard=1, client_transfer_id="u")
    with pytest.raises(ConfigError, match="client_transfer_id"):
        client.transfer(Decimal(1), source_shard=0, destination_shard=1, client_transfer_id="")
    assert len(wire.seen) == 1


def test_netting_and_allocation_writes(wire, client, reply):
    wire.script(reply(200, b""))
    client.set_netting(subaccount=0, enabled=True)
    client.set_target_allocation({0: 60, 2: 40})
    assert [seen.method for seen in wire.seen] == ["PUT", "POST"]
    assert b'"percent":40' in wire.seen[1].body
    with pytest.raises(ConfigError, match="add up to 90"):
        client.set_target_allocation({0: 90})


def test_order_groups(wire, client, reply):
    wire.script(reply(200, {}))
    assert client.order_groups() == []
    wire.script(reply(201, {"order_group_id": "g1", "subaccount": 0}))
    assert client.create_order_group(Decimal(50), exchange_index=0).order_group_id == "g1"
    assert b'"contracts_limit_fp":"50.00"' in wire.seen[0].body
    wire.script(reply(200, {}))
    client.reset_order_group("g1", exchange_index=2)
    client.trigger_order_group("g1", exchange_index=2)
    client.limit_order_group("g1", Decimal(9), exchange_index=2)
    client.delete_order_group("g1", exchange_index=2)
    assert [seen.method for seen in wire.seen] == ["PUT", "PUT", "PUT", "DELETE"]
    assert all(dict(seen.query)["exchange_index"] == "2" for seen in wire.seen)
    wire.script(reply(503))
    with pytest.raises(OutcomeUnknown):
        client.trigger_order_group("g1", exchange_index=0)
    assert len(wire.seen) == 1
