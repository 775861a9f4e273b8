"""The order family: what leaves, and what each answer means."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from kalshi.errors import ConfigError, NotFound, OrderRejected, OutcomeUnknown
from kalshi.exchange.models import AmendOrder, CancelOrder, CreateOrder, DecreaseOrder

ORDERS = "/portfolio/events/orders"


def order(**changes) -> CreateOrder:
    fields = {
        "ticker": "KXTSAW-A",
        "side": "bid",
        "count": Decimal(10),
        "price": Decimal("0.43"),
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "11111111-1111-5111-8111-111111111111",
        "subaccount": 0,
    }
    return CreateOrder(**(fields | changes))


CREATED = {"order_id": "o1", "fill_count": "3.00", "remaining_count": "7.00", "ts_ms": 1}


def test_an_order_leaves_with_its_identity_its_market_and_strings_for_money(wire, client, reply, signed):
    wire.script(reply(201, CREATED))
    created = client.create_order(order())
    assert (created.order_id, created.fill_count, created.remaining_count) == ("o1", Decimal(3), Decimal(7))
    [seen] = wire.seen
    assert (seen.method, seen.path, seen.query) == ("POST", ORDERS, [])
    assert signed(seen)
    body = json.loads(seen.body)
    assert (body["price"], body["count"]) == ("0.4300", "10.00")
    assert body["client_order_id"] == "11111111-1111-5111-8111-111111111111"
    assert body["ticker"] == "KXTSAW-A" and body["subaccount"] == 0
    assert "reduce_only" not in body
    assert seen.headers["Content-Type"] == "application/json"


def test_an_order_without_identity_or_with_an_odd_count_does_not_leave(wire, client):
    with pytest.raises(ConfigError, match="KXTSAW-A has no client_order_id"):
        client.create_order(order(client_order_id=""))
    with pytest.raises(TypeError):
        CreateOrder(ticker="T", side="bid", count=Decimal(1), price=Decimal("0.5"))  # type: ignore[call-arg]
    for odd in (Decimal("1.005"), Decimal("NaN")):
        with pytest.raises(ConfigError, match="nothing was sent"):
            client.create_order(order(count=odd))
    assert wire.seen == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<html>ok</html>", b'{"order_id": "o1"}', b'{"order": {"order_id": "o1"}}', b"null"]
)
def test_a_2xx_that_names_no_order_is_unknown_not_a_success(wire, client, reply, body):
    wire.script(reply(201, body))
    with pytest.raises(OutcomeUnknown, match="look it up"):
        client.create_order(order())
    assert len(wire.seen) == 1


def test_an_answer_about_another_order_is_unknown(wire, client, reply):
    wire.script(reply(201, CREATED | {"client_order_id": "somebody else's"}))
    with pytest.raises(OutcomeUnknown, match="the answer describes") as caught:
        client.create_order(order())
    assert caught.value.code == "other_order"
    wire.script(reply(200, {"order_id": "o2", "reduced_by": "1.00", "ts_ms": 1}))
    with pytest.raises(OutcomeUnknown):
        client.cancel_order("o1", exchange_index=0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fill_count": "1000.00"}, r"1000\.00 contracts of 10 filled"),
        ({"fill_count": "1E+9999999"}, "fill_count"),
        ({"fill_count": "-5.00", "remaining_count": "15.00"}, r"-5\.00 contracts"),
        ({"fill_count": "8.00"}, r"8\.00 contracts of 10 filled and 7\.00 are left"),
        ({"remaining_count": "-1.00"}, r"-1\.00 are left"),
        ({"order_id": ""}, "no order_id"),
        ({"average_fill_price": "7.00"}, "a price of 7"),
    ],
)
def test_an_answer_that_can_not_be_true_is_unknown(wire, client, reply, changes, told):
    wire.script(reply(201, CREATED | changes))
    with pytest.raises(OutcomeUnknown, match=told):
        client.create_order(order())
    assert len(wire.seen) == 1


def test_the_two_409s_keep_their_codes(wire, client, reply):
    for code in ("order_already_exists", "fill_or_kill_insufficient_resting_volume"):
        wire.script(reply(409, {"error": {"code": code}}))
        with pytest.raises(OrderRejected) as caught:
            client.create_order(order())
        assert caught.value.code == code


def test_a_cancel_says_where_the_order_lives(wire, client, reply):
    wire.script(reply(200, {"order_id": "o1", "reduced_by": "7.00", "ts_ms": 1}))
    assert client.cancel_order("o1", market_ticker="KXTSAW-A").reduced_by == Decimal(7)
    client.cancel_order("o1", exchange_index=2, subaccount=3)
    assert [seen.query for seen in wire.seen] == [
        [("subaccount", "0"), ("market_ticker", "KXTSAW-A")],
        [("subaccount", "3"), ("exchange_index", "2")],
    ]
    assert {(seen.method, seen.path) for seen in wire.seen} == {("DELETE", ORDERS + "/o1")}
    with pytest.raises(ConfigError, match="needs market_ticker or the market's exchange_index"):
        client.cancel_order("o1")
    assert len(wire.seen) == 2


def test_a_cancel_that_finds_nothing_and_one_that_gets_no_answer(wire, client, reply):
    wire.script(reply(404, {"error": {"code": "not_found"}}))
    with pytest.raises(NotFound):
        client.cancel_order("o1", exchange_index=0)
    wire.script(reply(503))
    with pytest.raises(OutcomeUnknown):
        client.cancel_order("o1", exchange_index=0)
    assert wire.count("DELETE") == 1


def test_amend_and_decrease(wire, client, reply):
    wire.script(reply(200, {"order_id": "o1", "ts_ms": 1, "remaining_count": None}))
    change = AmendOrder(ticker="KXTSAW-A", side="bid", price=Decimal("0.4"), count=Decimal(5))
    assert client.amend_order("o1", change).remaining_count is None
    assert (wire.seen[0].path, wire.seen[0].query) == (ORDERS + "/o1/amend", [("subaccount", "0")])
    wire.script(reply(200, {"order_id": "o1", "ts_ms": 1, "remaining_count": "2.00"}))
    smaller = DecreaseOrder(reduce_to=Decimal(2), market_ticker="KXTSAW-A")
    assert client.decrease_order("o1", smaller).remaining_count == Decimal(2)
    assert json.loads(wire.seen[0].body) == {"reduce_to": "2.00", "market_ticker": "KXTSAW-A"}
    with pytest.raises(ConfigError, match="either by reduce_by or to reduce_to"):
        client.decrease_order("o1", DecreaseOrder(market_ticker="KXTSAW-A"))
    with pytest.raises(ConfigError, match="needs market_ticker"):
        client.decrease_order("o1", DecreaseOrder(reduce_to=Decimal(2)))
    assert len(wire.seen) == 1


def test_batches_report_each_item_and_fit_the_bucket(wire, client, reply):
    items = [{"order_id": "o1", "fill_count": "0.00", "remaining_count": "1.00", "ts_ms": 1},
             {"client_order_id": "x", "error": {"code": "invalid_order"}}]  # fmt: skip
    wire.script(reply(201, {"orders": items}))
    first, second = client.create_orders([order(client_order_id="w"), order(client_order_id="x")])
    assert first.order_id == "o1" and second.error is not None and second.error.code == "invalid_order"
    sent = json.loads(wire.seen[0].body)["orders"]
    assert [row["client_order_id"] for row in sent] == ["w", "x"] and sent[0]["price"] == "0.4300"
    with pytest.raises(ConfigError, match="send smaller batches"):
        client.create_orders([order(client_order_id=str(number)) for number in range(11)])
    assert len(wire.seen) == 1


def test_batch_cancels_carry_a_body_and_their_markets(wire, client, reply):
    items = [{"order_id": "o1", "reduced_by": "1.00"}, {"order_id": "o2", "reduced_by": "0.00"}]
    items[1]["error"] = {"code": "x"}
    wire.script(reply(200, {"orders": items}))
    answers = client.cancel_orders(
        [CancelOrder(order_id="o1", market_ticker="A"), CancelOrder(order_id="o2", exchange_index=1)]
    )
    assert [answer.error is None for answer in answers] == [True, False]
    assert (wire.seen[0].method, wire.seen[0].path) == ("DELETE", ORDERS + "/batched")
    assert json.loads(wire.seen[0].body) == {
        "orders": [{"order_id": "o1", "market_ticker": "A"}, {"order_id": "o2", "exchange_index": 1}]
    }
    with pytest.raises(ConfigError, match="needs market_ticker"):
        client.cancel_orders([CancelOrder(order_id="o1")])
    wire.script(reply(200, {"orders": items[:1]}))
    with pytest.raises(OutcomeUnknown, match="answered 1 of 2"):
        client.cancel_orders(
            [CancelOrder(order_id="o1", market_ticker="A"), CancelOrder(order_id="o2", market_ticker="A")]
        )


def test_cancel_all(wire, client, reply):
    wire.script(reply(204, b""))
    client.cancel_all_orders()
    client.cancel_all_orders(subaccount=None)
    assert [(seen.method, seen.path, seen.query) for seen in wire.seen] == [
        ("DELETE", ORDERS, [("subaccount", "0")]),
        ("DELETE", ORDERS, []),
    ]
