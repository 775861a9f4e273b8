"""Bad input: the exchange's own answers, and nothing changes."""

from __future__ import annotations

import json

import msgspec
import pytest

TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"
GOOD = {
    "ticker": TICKER,
    "side": "bid",
    "price": "0.40",
    "count": "5",
    "time_in_force": "good_till_canceled",
    "self_trade_prevention_type": "taker_at_cross",
    "client_order_id": "good",
}


def snapshot_of(member):
    """Everything the exchange knows, as text: a refused request must leave all of it as it was."""
    with member.house.exchange.view() as world:
        kept = [
            world.ledger,
            world.accounts,
            list(world.orders.items()),
            [
                (order.ticker, order.side, list(level.orders))
                for order in world.orders.values()
                for level in world.books[order.ticker].sides[order.side].best_first()
            ],
            list(world.spent.items()),
            list(world.positions.items()),
            world.fills,
            world.tape,
            world.groups,
            world.shard_transfers,
            world.subaccount_transfers,
            list(world.keys.items()),
            [(name, world.available(name, 0)) for name in world.accounts],
        ]
        return msgspec.json.encode(kept)


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"price": 0.40}, 400, "bad_request"),
        ({"count": 5}, 400, "bad_request"),
        ({"price": None}, 400, "bad_request"),
        ({"ticker": None}, 400, "bad_request"),
        ({"side": "yes"}, 400, "bad_request"),
        ({"time_in_force": "gtt"}, 400, "bad_request"),
        ({"price": "4e-1"}, 400, "bad_request"),
        ({"price": "-0.40"}, 400, "bad_request"),
        ({"price": "NaN"}, 400, "bad_request"),
        ({"count": "1e2"}, 400, "bad_request"),
        ({"count": "-5"}, 400, "bad_request"),
        ({"post_only": "yes"}, 400, "bad_request"),
        ({"expiration_time": "2026-10-06"}, 400, "bad_request"),
        ({"price": "0.405"}, 400, "invalid_order"),
        ({"price": "0"}, 400, "invalid_order"),
        ({"price": "1.00"}, 400, "invalid_order"),
        ({"price": "40"}, 400, "invalid_order"),
        ({"count": "0"}, 400, "invalid_order_size"),
        ({"count": "0.00"}, 400, "invalid_order_size"),
        ({"count": "1.005"}, 400, "invalid_order_size"),
        ({"client_order_id": "a.b"}, 400, "invalid_parameters"),
        ({"client_order_id": "x" * 65}, 400, "invalid_parameters"),
        ({"expiration_time": 1}, 400, "invalid_parameters"),
        ({"expiration_time": 10**15}, 400, "invalid_parameters"),
        ({"expiration_time": 1_900_000_000, "time_in_force": "immediate_or_cancel"}, 400, "invalid_parameters"),
        ({"post_only": True, "time_in_force": "fill_or_kill"}, 400, "invalid_parameters"),
        ({"reduce_only": True}, 400, "invalid_parameters"),
        ({"subaccount": 3}, 400, "invalid_parameters"),
        ({"order_group_id": "g"}, 400, "invalid_parameters"),
        ({"exchange_index": 101}, 400, "invalid_parameters"),
        ({"ticker": "KXNOPE-1"}, 404, "not_found"),
        ({"exchange_index": 1}, 404, "not_found"),
        ({"count": "100000"}, 400, "available_balance_too_low"),
    ],
)
def test_a_bad_order_is_refused_and_leaves_no_trace(house, change, status, code):
    house.show(asks=[("0.40", "10")])
    alice = house.member()
    before = snapshot_of(alice)
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    got, answer = alice.call("POST", ORDERS, body)
    assert (got, answer.get("error", answer)["code"]) == (status, code), answer
    assert snapshot_of(alice) == before
    assert alice.call("POST", ORDERS, GOOD)[0] == 201  # the id was not spent


def order_of(house, member, **more):
    return member.call("POST", ORDERS, GOOD | {"price": "0.20", "client_order_id": house.next_id()} | more)[1][
        "order_id"
    ]


AMEND = {"ticker": TICKER, "side": "bid", "price": "0.21", "count": "5"}
HERE = {"market_ticker": TICKER}
WRONG = [
    # (whose order, verb, path after the order id, body, query, status, code)
    ("bob", "DELETE", "", None, HERE, 404, "not_found"),
    ("bob", "POST", "/amend", AMEND, {}, 404, "not_found"),
    ("bob", "POST", "/decrease", {"reduce_by": "1", **HERE}, {}, 404, "not_found"),
    ("alice", "DELETE", "", None, {"exchange_index": 1}, 404, "not_found"),
    ("alice", "DELETE", "", None, {"exchange_index": 101}, 400, None),
    ("alice", "DELETE", "", None, {"exchange_index": -1}, 400, "invalid_parameters"),
    ("alice", "DELETE", "", None, {"market_ticker": "KXNOPE"}, 400, "order_ticker_mismatch"),
    ("alice", "DELETE", "", None, {"subaccount": 9}, 400, "invalid_parameters"),
    ("alice", "POST", "/amend", AMEND | {"exchange_index": 2}, {}, 404, "not_found"),
    ("alice", "POST", "/amend", AMEND | {"ticker": "KXNOPE"}, {}, 400, "order_ticker_mismatch"),
    ("alice", "POST", "/amend", AMEND | {"side": "ask"}, {}, 400, "order_side_mismatch"),
    ("alice", "POST", "/amend", AMEND | {"price": "0.215"}, {}, 400, "invalid_order"),
    ("alice", "POST", "/amend", AMEND | {"price": 0.21}, {}, 400, "bad_request"),
    ("alice", "POST", "/amend", AMEND | {"count": "0"}, {}, 400, "invalid_order_size"),
    ("alice", "POST", "/amend", AMEND | {"count": "5.001"}, {}, 400, "invalid_order_size"),
    ("alice", "POST", "/amend", AMEND | {"count": "9999999"}, {}, 400, "available_balance_too_low"),
    ("alice", "POST", "/amend", AMEND | {"expiration_time": 1}, {}, 400, "invalid_parameters"),
    ("alice", "POST", "/amend", AMEND | {"client_order_id": "x"}, {}, 400, "order_id_and_client_order_id_mismatch"),
    ("alice", "POST", "/decrease", HERE, {}, 400, "invalid_parameters"),
    ("alice", "POST", "/decrease", {"reduce_by": "1", "reduce_to": "1", **HERE}, {}, 400, "invalid_parameters"),
    ("alice", "POST", "/decrease", {"reduce_by": "-1", **HERE}, {}, 400, "bad_request"),
    ("alice", "POST", "/decrease", {"reduce_by": "0.001", **HERE}, {}, 400, "invalid_order_size"),
    ("alice", "POST", "/decrease", {"reduce_to": "6", **HERE}, {}, 400, "invalid_order_size"),
    ("alice", "POST", "/decrease", {"reduce_by": 1, **HERE}, {}, 400, "bad_request"),
]


def test_a_bad_change_of_an_order_is_refused_and_leaves_no_trace(house):
    house.show(asks=[("0.40", "10")])
    members = {name: house.member(name) for name in ("alice", "bob")}
    orders = {name: order_of(house, member) for name, member in members.items()}
    before = snapshot_of(members["alice"])
    for owner, verb, path, body, query, status, code in WRONG:
        got, answer = members["alice"].call(verb, f"{ORDERS}/{orders[owner]}{path}", body, **query)
        assert got == status, (path, body, query, answer)
        assert code is None or answer.get("error", answer)["code"] == code, (path, body, query, answer)
        assert snapshot_of(members["alice"]) == before


def test_a_batch_with_bad_items_does_the_good_ones_only(house):
    house.show(asks=[("0.40", "10")])
    alice, bob = house.member("alice"), house.member("bob")
    hers, his = order_of(house, alice), order_of(house, bob)
    items = [GOOD | {"client_order_id": house.next_id()}, GOOD | {"ticker": "KXNOPE"}, GOOD | {"count": 1}, {}]
    status, answer = alice.call("POST", f"{ORDERS}/batched", {"orders": items})
    assert (status, ["error" in row for row in answer["orders"]]) == (201, [False, True, True, True])
    items = [{"order_id": his, **HERE}, {"order_id": hers, "exchange_index": 3}, {"order_id": hers, **HERE}]
    status, answer = alice.call("DELETE", f"{ORDERS}/batched", {"orders": items})
    assert (status, [row["reduced_by"] for row in answer["orders"]]) == (200, ["0.00", "0.00", "5.00"])
    before = snapshot_of(alice)
    for bad in ({"orders": [{}]}, {"orders": [{"order_id": 7}]}, {}, {"orders": None}):
        assert alice.call("DELETE", f"{ORDERS}/batched", bad)[0] == 400
    assert snapshot_of(alice) == before


def test_after_the_close_nothing_is_taken_and_nothing_changes(house, parts):
    house.show(asks=[("0.40", "10")])
    alice = house.member()
    order = order_of(house, alice)
    house.now = parts.close
    house.get("/exchange/status")  # the close itself
    before = snapshot_of(alice)
    for verb, path, body in (
        ("POST", ORDERS, GOOD),
        ("DELETE", f"{ORDERS}/{order}", None),
        ("POST", f"{ORDERS}/{order}/amend", AMEND),
        ("POST", f"{ORDERS}/{order}/decrease", {"reduce_by": "1", **HERE}),
    ):
        status, answer = alice.call(verb, path, body)
        assert (status, answer["error"]["code"]) == (400, "MARKET_INACTIVE")
        assert snapshot_of(alice) == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"ticker": "a"}', b"[" * 5000])
def test_a_body_that_is_no_order_is_bad_request(house, body):
    house.show()
    status, answer = house.member().call("POST", ORDERS, body)
    assert (status, answer["code"]) == (400, "bad_request")


@pytest.mark.parametrize("missing", ["ticker", "side", "count", "price", "time_in_force", "self_trade_prevention_type"])
def test_every_required_field_is_required(house, missing):
    house.show()
    body = {name: value for name, value in GOOD.items() if name != missing}
    status, answer = house.member().call("POST", ORDERS, body)
    assert (status, answer["code"]) == (400, "bad_request")
    assert missing in answer["details"]


def test_an_oversized_body_or_batch_is_refused(house):
    house.show()
    alice = house.member()
    assert alice.call("POST", ORDERS, b" " * 1_000_001)[0] == 413
    assert alice.call("POST", f"{ORDERS}/batched", {"orders": [GOOD] * 101})[0] == 400
    assert alice.call("POST", f"{ORDERS}/batched", {"orders": []})[0] == 400


@pytest.mark.parametrize(
    "path, query",
    [
        ("/portfolio/orders", {"limit": 1001}),
        ("/portfolio/orders", {"limit": 0}),
        ("/portfolio/orders", {"limit": "ten"}),
        ("/portfolio/orders", {"status": "open"}),
        ("/portfolio/orders", {"min_ts": "yesterday"}),
        ("/portfolio/fills", {"limit": 2000}),
        ("/portfolio/positions", {"settlement_status": "maybe"}),
        ("/markets", {"limit": 1001}),
        ("/markets", {"status": "active"}),
        ("/events", {"limit": 201}),
        ("/markets/orderbooks", {}),
        (f"/markets/{TICKER}/orderbook", {"depth": 101}),
        ("/markets", {"min_close_ts": 10**13}),
        ("/portfolio/fills", {"ticker": ",".join("abc" * 34)}),
    ],
)
def test_a_parameter_out_of_range_is_400_in_its_own_shape(house, path, query):
    house.show()
    status, answer = house.member().call("GET", path, **query)
    assert status == 400 and list(answer) == ["msg"]


def test_a_garbage_cursor_is_accepted_and_the_last_cursor_is_empty(house):
    house.show()
    alice = house.member()
    for _ in range(5):
        alice.order("bid", "0.10", "1")
    assert len(alice.call("GET", "/portfolio/orders", cursor="no such cursor")[1]["orders"]) == 5
    seen, cursor = [], ""
    for _ in range(3):
        page = alice.call("GET", "/portfolio/orders", limit=2, cursor=cursor)[1]
        seen += [row["order_id"] for row in page["orders"]]
        cursor = page["cursor"]
    assert (len(set(seen)), cursor) == (5, "")


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/fcm/orders", 501),
        ("POST", "/communications/rfqs", 501),
        ("GET", "/milestones", 501),
        ("POST", "/portfolio/orders", 410),
        ("DELETE", "/portfolio/orders/1", 410),
        ("GET", "/markets/UNKNOWN", 404),
        ("GET", "/events/UNKNOWN", 404),
        ("GET", "/series/UNKNOWN", 404),
        ("GET", "/historical/markets/UNKNOWN", 404),
        ("GET", "/portfolio/orders/UNKNOWN", 404),
    ],
)
def test_what_is_not_here_says_so(house, method, path, status):
    house.show()
    assert house.member().call(method, path)[0] == status


def test_a_path_outside_the_api_is_404(house):
    status, _, body = house.exchange.handle("GET", "/", {}, b"")
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
