"""What happens to orders: fills, rests, refusals, priorities; seen through signed requests only."""

from __future__ import annotations

from decimal import Decimal

import pytest

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"


def code_of(answer):
    return answer.get("error", answer).get("code")


def test_taker_takes_displayed_size_and_no_more(house):
    house.show(asks=[("0.40", "10"), ("0.42", "5"), ("0.50", "100")])
    alice = house.member()
    status, answer = alice.order("bid", "0.42", "40", tif="immediate_or_cancel")
    assert (status, answer["fill_count"], answer["remaining_count"]) == (201, "15.00", "0.00")
    # 10*0.40 + 5*0.42 = 6.10 over 15 contracts
    assert D(answer["average_fill_price"]) == D("0.406667")
    # 0.07*10*0.4*0.6 = 0.168 and 0.07*5*0.42*0.58 = 0.08526 -> floored to 0.0853
    assert alice.dollars() == D(1000) - D("6.10") - D("0.168") - D("0.0853")
    assert house.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]["no_dollars"] == [["0.5000", "100.00"]]
    assert house.money() == 0


def test_what_was_taken_stays_taken_while_it_is_displayed(durable_house):
    house = durable_house
    house.show(asks=[("0.40", "10")])
    alice = house.member()

    def take(count="99"):
        return alice.order("bid", "0.40", count, tif="immediate_or_cancel")[1]["fill_count"]

    assert take("7") == "7.00"
    for shown, left in [
        (("0.40", "10"), "3.00"),
        (("0.40", "10"), "0.00"),  # every new snapshot shows what we took long ago
        (("0.40", "14"), "4.00"),  # what was added is new
        (("0.40", "6"), "0.00"),  # others took eight of those that we took
        (("0.40", "8"), "2.00"),
        (("0.41", "8"), "0.00"),  # nobody there any more
        (("0.40", "8"), "8.00"),  # and somebody else
    ]:
        house.wait(seconds=1)
        house.show(asks=[shown])
        house.reopen()
        assert take() == left, shown


def test_an_offer_that_stays_fills_a_resting_order_once(house):
    house.show(asks=[("0.45", "5")])
    alice = house.member()
    order_id = alice.order("bid", "0.40", "10")[1]["order_id"]
    for filled, size in [("3.00", "3"), ("3.00", "3"), ("3.00", "2"), ("5.00", "4")]:
        house.wait(seconds=1)
        house.show(asks=[("0.40", size)])
        assert alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["fill_count_fp"] == filled


def test_a_snapshot_without_a_book_shows_the_best_quote(house, parts):
    market = parts.market(
        yes_bid_dollars="0.3000",
        yes_ask_dollars="0.3500",
        yes_bid_size_fp="7.00",
        yes_ask_size_fp="9.00",
        no_bid_dollars="0.6500",
        no_ask_dollars="0.7000",
    )
    from kalshi.exchange.snapshot import LadderSnapshot

    house.exchange.mirror(LadderSnapshot("test", house.now, parts.series(), parts.event(), (market,), {}))
    assert house.member().order("bid", "0.35", "20", tif="immediate_or_cancel")[1]["fill_count"] == "9.00"


def test_resting_order_fills_at_its_own_price_when_a_later_book_reaches_it(house):
    house.show(bids=[("0.30", "5")], asks=[("0.45", "5")])
    alice = house.member()
    order_id = alice.order("bid", "0.40", "10")[1]["order_id"]
    assert alice.dollars() == D(996)
    house.wait(minutes=5)
    house.show(bids=[("0.30", "5")], asks=[("0.38", "4"), ("0.41", "9")])
    order = alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]
    assert (order["fill_count_fp"], order["remaining_count_fp"], order["status"]) == ("4.00", "6.00", "resting")
    assert (order["maker_fill_cost_dollars"], order["maker_fees_dollars"]) == ("1.6000", "0.0000")
    fill = alice.call("GET", "/portfolio/fills")[1]["fills"][0]
    assert (fill["yes_price_dollars"], fill["is_taker"], fill["fee_cost"]) == ("0.4000", False, "0.0000")
    # what crossed is used up: nobody can take it a second time
    assert house.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]["no_dollars"] == [["0.5900", "9.00"]]
    assert house.money() == 0


def test_resting_ask_fills_when_a_later_bid_reaches_it_and_makers_pay_where_the_series_says(house, parts):
    series = parts.series(fee_type="quadratic_with_maker_fees")
    house.show(series=series)
    alice = house.member()
    alice.order("ask", "0.60", "10")
    assert alice.dollars() == D("995.95")  # 10*0.40 collateral, and 0.042 of fee rounded up to 0.05
    house.wait(minutes=1)
    house.show(bids=[("0.70", "100")], series=series)
    # 0.07*0.25*10*0.6*0.4 = 0.042
    assert alice.dollars() == D("1000") - D("4") - D("0.042")
    assert alice.position() == -10


def test_price_then_time_priority_between_members(house):
    house.show()
    alice, bob, carol, dora = (house.member(name) for name in ("alice", "bob", "carol", "dora"))
    first = alice.order("bid", "0.40", "5")[1]["order_id"]
    second = bob.order("bid", "0.40", "5")[1]["order_id"]
    third = carol.order("bid", "0.41", "5")[1]["order_id"]
    queue = {
        who: member.call("GET", f"/portfolio/orders/{order}/queue_position")[1]["queue_position_fp"]
        for who, member, order in (("alice", alice, first), ("bob", bob, second), ("carol", carol, third))
    }
    assert queue == {"alice": "5.00", "bob": "10.00", "carol": "0.00"}
    answer = dora.order("ask", "0.40", "12", tif="immediate_or_cancel")[1]
    assert answer["fill_count"] == "12.00"
    assert [carol.position(), alice.position(), bob.position(), dora.position()] == [5, 5, 2, -12]
    tape = house.get("/markets/trades", ticker=TICKER)["trades"]
    assert [(row["yes_price_dollars"], row["count_fp"]) for row in tape] == [
        ("0.4000", "2.00"),
        ("0.4000", "5.00"),
        ("0.4100", "5.00"),
    ]
    assert house.money() == 0


def test_the_displayed_queue_stands_in_front(house):
    house.show(bids=[("0.40", "8")])
    alice, bob = house.member("alice"), house.member("bob")
    order_id = alice.order("bid", "0.40", "5")[1]["order_id"]
    assert alice.call("GET", f"/portfolio/orders/{order_id}/queue_position")[1] == {"queue_position_fp": "8.00"}
    bob.order("ask", "0.40", "10", tif="immediate_or_cancel")
    assert alice.position() == 2
    rows = alice.call("GET", "/portfolio/orders/queue_positions", market_tickers=TICKER)[1]["queue_positions"]
    assert rows == [{"order_id": order_id, "market_ticker": TICKER, "queue_position_fp": "0.00"}]


def test_fill_or_kill_is_409_and_its_id_stays_spent(house):
    house.show(asks=[("0.40", "10")])
    alice = house.member()
    status, answer = alice.order("bid", "0.40", "11", tif="fill_or_kill", client_order_id="fok-1")
    assert (status, code_of(answer)) == (409, "fill_or_kill_insufficient_resting_volume")
    assert alice.dollars() == 1000
    status, answer = alice.order("bid", "0.40", "10", tif="fill_or_kill", client_order_id="fok-1")
    assert (status, code_of(answer)) == (409, "order_already_exists")
    status, answer = alice.order("bid", "0.40", "10", tif="fill_or_kill")
    assert (status, answer["fill_count"]) == (201, "10.00")


def test_fill_or_kill_that_meets_its_own_account_becomes_immediate_or_cancel(house):
    house.show(asks=[("0.40", "3")])
    alice = house.member()
    alice.order("ask", "0.41", "5")
    status, answer = alice.order("bid", "0.45", "6", tif="fill_or_kill")
    assert (status, answer["fill_count"], answer["remaining_count"]) == (201, "3.00", "0.00")


def test_self_trade_prevention_of_both_kinds(house):
    house.show(asks=[("0.43", "5")])
    alice = house.member()
    own = alice.order("ask", "0.42", "5")[1]["order_id"]
    status, answer = alice.order("bid", "0.43", "5", stp="taker_at_cross")
    assert (status, answer["fill_count"], answer["remaining_count"]) == (201, "0.00", "0.00")
    assert alice.call("GET", f"/portfolio/orders/{own}")[1]["order"]["status"] == "resting"
    answer = alice.order("bid", "0.43", "5", stp="maker")[1]
    assert answer["fill_count"] == "5.00"
    assert alice.call("GET", f"/portfolio/orders/{own}")[1]["order"]["status"] == "canceled"
    assert house.money() == 0


def test_post_only_rests_or_is_refused_and_leaves_its_id_free(house):
    house.show(asks=[("0.40", "10")])
    alice = house.member()
    status, answer = alice.order("bid", "0.40", "1", post_only=True, client_order_id="p-1")
    assert (status, code_of(answer), answer["error"]["details"]) == (400, "invalid_order", "post only cross")
    status, answer = alice.order("bid", "0.39", "1", post_only=True, client_order_id="p-1")
    assert (status, answer["remaining_count"]) == (201, "1.00")


def test_reduce_only_is_capped_to_the_position(house):
    house.show(bids=[("0.38", "50")], asks=[("0.40", "10")])
    alice = house.member()
    status, answer = alice.order("ask", "0.38", "5", tif="immediate_or_cancel", reduce_only=True)
    assert (status, answer["fill_count"]) == (201, "0.00")
    order = alice.call("GET", f"/portfolio/orders/{answer['order_id']}")[1]["order"]
    assert order["status"] == "canceled"
    alice.order("bid", "0.40", "10", tif="immediate_or_cancel")
    answer = alice.order("ask", "0.38", "25", tif="immediate_or_cancel", reduce_only=True)[1]
    assert answer["fill_count"] == "10.00"
    assert alice.position() == 0
    status, answer = alice.order("ask", "0.38", "5", reduce_only=True)
    assert (status, code_of(answer)) == (400, "invalid_parameters")


def test_expiring_order_is_cancelled_at_its_second(house):
    house.show()
    alice = house.member()
    expires = int(house.now.timestamp()) + 60
    order_id = alice.order("bid", "0.40", "10", expiration_time=expires)[1]["order_id"]
    house.wait(seconds=59.9)
    assert alice.dollars() == 996
    house.wait(seconds=0.1)
    assert alice.dollars() == 1000
    order = alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]
    assert (order["status"], order["remaining_count_fp"], order["initial_count_fp"]) == ("canceled", "0.00", "10.00")


def test_money_walks_in_and_out_of_a_no_position(house):
    house.show(bids=[("0.80", "10")], asks=[("0.85", "20")])
    alice = house.member()
    alice.order("ask", "0.80", "10", tif="immediate_or_cancel")  # buys NO at 0.20
    fee = D("0.112")  # 0.07*10*0.8*0.2
    assert alice.dollars() == D("998") - fee
    row = alice.call("GET", "/portfolio/positions")[1]["market_positions"][0]
    assert (row["position_fp"], row["market_exposure_dollars"]) == ("-10.00", "2.0000")
    alice.order("bid", "0.85", "15", tif="immediate_or_cancel")  # closes NO at 0.15, opens 5 YES at 0.85
    second = D("0.1339")  # 0.07*15*0.85*0.15 = 0.133875
    assert alice.dollars() == D("998") - fee + D("1.50") - D("4.25") - second
    row = alice.call("GET", "/portfolio/positions")[1]["market_positions"][0]
    assert (row["position_fp"], row["realized_pnl_dollars"]) == ("5.00", "-0.5000")
    assert house.money() == 0


def test_collateral_is_checked_before_and_given_back_after(house):
    house.show()
    alice = house.member(balance="10")
    order_id = alice.order("bid", "0.50", "19")[1]["order_id"]
    assert alice.dollars() == D("0.50")
    status, answer = alice.order("ask", "0.60", "2")
    assert (status, code_of(answer)) == (400, "available_balance_too_low")
    status, answer = alice.call("DELETE", f"{ORDERS}/{order_id}", market_ticker=TICKER)
    assert (status, answer["reduced_by"]) == (200, "19.00")
    assert alice.dollars() == 10
    assert alice.call("DELETE", f"{ORDERS}/{order_id}", market_ticker=TICKER)[0] == 404


def test_taker_fee_counts_against_the_balance(house):
    house.show(asks=[("0.50", "100")])
    alice = house.member(balance="10")
    assert alice.order("bid", "0.50", "20")[0] == 400  # 10.00 + 0.35 fee
    assert alice.order("bid", "0.50", "19")[0] == 201
    assert alice.dollars() == D("10") - D("9.5") - D("0.3325")


def test_selling_what_is_held_needs_no_collateral(house):
    house.show(asks=[("0.90", "10")])
    alice = house.member(balance="10")
    alice.order("bid", "0.90", "10", tif="immediate_or_cancel")
    before = alice.dollars()
    assert alice.order("ask", "0.95", "10")[0] == 201
    assert alice.dollars() == before
    # a second sale of the same contracts would open a NO position and needs 10*0.03
    assert alice.order("ask", "0.97", "10")[0] == 201
    assert alice.dollars() == before - D("0.30")
    assert alice.order("ask", "0.99", "70")[0] == 400  # 70*0.01 is more than the 0.637 left


def test_duplicate_client_order_id_is_409_for_ever_but_only_for_its_owner(house):
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    order_id = alice.order("bid", "0.40", "1", client_order_id="same")[1]["order_id"]
    alice.call("DELETE", f"{ORDERS}/{order_id}", market_ticker=TICKER)
    house.wait(days=2)
    status, answer = alice.order("bid", "0.40", "1", client_order_id="same")
    assert (status, code_of(answer)) == (409, "order_already_exists")
    assert bob.order("bid", "0.40", "1", client_order_id="same")[0] == 201


def test_others_orders_can_not_be_seen_or_touched(house):
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    order_id = alice.order("bid", "0.40", "5")[1]["order_id"]
    body = {"ticker": TICKER, "side": "bid", "price": "0.41", "count": "5"}
    assert bob.call("GET", f"/portfolio/orders/{order_id}")[0] == 404
    assert bob.call("DELETE", f"{ORDERS}/{order_id}", market_ticker=TICKER)[0] == 404
    assert bob.call("POST", f"{ORDERS}/{order_id}/amend", body)[0] == 404
    assert bob.call("POST", f"{ORDERS}/{order_id}/decrease", {"reduce_by": "1", "market_ticker": TICKER})[0] == 404
    assert bob.call("GET", "/portfolio/orders")[1]["orders"] == []
    assert bob.call("DELETE", ORDERS)[0] == 204
    assert alice.call("GET", "/portfolio/orders", status="resting")[1]["orders"][0]["order_id"] == order_id


@pytest.mark.parametrize(
    "body, keeps_place",
    [
        ({"price": "0.40", "count": "3"}, True),
        ({"price": "0.40", "count": "9"}, False),
        ({"price": "0.40", "count": "5", "expiration_time": 1_800_000_000}, True),
    ],
)
def test_amend_keeps_the_place_for_less_and_loses_it_for_more(house, body, keeps_place):
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    order_id = alice.order("bid", "0.40", "5")[1]["order_id"]
    bob.order("bid", "0.40", "5")
    status, answer = alice.call("POST", f"{ORDERS}/{order_id}/amend", {"ticker": TICKER, "side": "bid", **body})
    assert (status, answer["order_id"], answer["fill_count"]) == (200, order_id, None)
    assert D(answer["remaining_count"]) == D(body["count"])
    ahead = alice.call("GET", f"/portfolio/orders/{order_id}/queue_position")[1]["queue_position_fp"]
    assert ahead == ("0.00" if keeps_place else "5.00")
    assert alice.dollars() == 1000 - D("0.40") * D(body["count"])


def test_amend_to_a_price_that_crosses_trades(house):
    house.show(asks=[("0.45", "2")])
    alice = house.member()
    order_id = alice.order("bid", "0.40", "5", client_order_id="a-1")[1]["order_id"]
    body = {"ticker": TICKER, "side": "bid", "price": "0.45", "count": "5", "updated_client_order_id": "a-2"}
    answer = alice.call("POST", f"{ORDERS}/{order_id}/amend", body)[1]
    assert (answer["fill_count"], answer["remaining_count"], answer["client_order_id"]) == ("2.00", "3.00", "a-2")
    # total below or at what is filled is refused, and so is a reused id
    again = {**body, "count": "2", "updated_client_order_id": None}
    assert alice.call("POST", f"{ORDERS}/{order_id}/amend", again)[1]["error"]["code"] == "invalid_order_size"
    for spent in ("a-1", "a-2"):
        assert alice.order("bid", "0.10", "1", client_order_id=spent)[0] == 409


@pytest.mark.parametrize(
    "change, code",
    [
        ({"ticker": "KXTSAW-OTHER"}, "order_ticker_mismatch"),
        ({"side": "ask"}, "order_side_mismatch"),
        ({"client_order_id": "other"}, "order_id_and_client_order_id_mismatch"),
        ({"price": "0.405"}, "invalid_order"),
        ({"count": "0"}, "invalid_order_size"),
        ({"count": "900000"}, "available_balance_too_low"),
        ({"expiration_time": 5}, "invalid_parameters"),
    ],
)
def test_amend_refusals_change_nothing(house, change, code):
    house.show()
    alice = house.member()
    order_id = alice.order("bid", "0.40", "5")[1]["order_id"]
    before = alice.call("GET", f"/portfolio/orders/{order_id}")[1]
    body = {"ticker": TICKER, "side": "bid", "price": "0.41", "count": "5", **change}
    status, answer = alice.call("POST", f"{ORDERS}/{order_id}/amend", body)
    assert (status, code_of(answer)) == (400, code)
    assert alice.call("GET", f"/portfolio/orders/{order_id}")[1] == before
    assert alice.dollars() == 998


def test_decrease(house):
    house.show()
    alice = house.member()
    order_id = alice.order("bid", "0.40", "10")[1]["order_id"]
    path = f"{ORDERS}/{order_id}/decrease"
    assert alice.call("POST", path, {"reduce_by": "3", "market_ticker": TICKER})[1]["remaining_count"] == "7.00"
    assert alice.call("POST", path, {"reduce_to": "2.5", "market_ticker": TICKER})[1]["remaining_count"] == "2.50"
    assert alice.dollars() == 999
    for bad in ({}, {"reduce_by": "1", "reduce_to": "1"}, {"reduce_to": "3"}, {"reduce_by": "0"}):
        assert alice.call("POST", path, {**bad, "market_ticker": TICKER})[0] == 400
    assert alice.call("POST", path, {"reduce_to": "0", "market_ticker": TICKER})[1]["remaining_count"] == "0.00"
    assert alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["status"] == "canceled"


def test_batches_fail_item_by_item(house):
    house.show()
    alice = house.member()
    good = {
        "ticker": TICKER,
        "side": "bid",
        "price": "0.40",
        "count": "1",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "maker",
        "client_order_id": "b-1",
    }
    items = [
        good,
        {**good},
        {**good, "client_order_id": "b-2", "price": "0.405"},
        {**good, "client_order_id": "b-3", "price": 0.4},
        {**good, "client_order_id": "b-4", "side": "ask", "price": "0.9"},
    ]
    status, answer = alice.call("POST", f"{ORDERS}/batched", {"orders": items})
    assert status == 201
    codes = [row.get("error", {}).get("code") for row in answer["orders"]]
    assert codes == [None, "order_already_exists", "invalid_order", "bad_request", None]
    ids = [answer["orders"][0]["order_id"], "unknown"]
    status, answer = alice.call(
        "DELETE", f"{ORDERS}/batched", {"orders": [{"order_id": one, "market_ticker": TICKER} for one in ids]}
    )
    assert (status, answer["orders"][0]["reduced_by"]) == (200, "1.00")
    assert answer["orders"][1]["error"]["code"] == "not_found"


def test_cancel_all(house):
    house.show()
    alice = house.member()
    for price in ("0.10", "0.20", "0.30"):
        alice.order("bid", price, "1")
    assert alice.call("DELETE", ORDERS) == (204, None)
    assert alice.call("GET", "/portfolio/orders", status="resting")[1]["orders"] == []
    assert alice.dollars() == 1000


def test_cancel_goes_to_shard_0_unless_it_says_where(house, parts):
    market = parts.market(exchange_index=2)
    house.show(market=market, event=parts.event(exchange_index=2))
    alice = house.member()
    status, answer = alice.order("bid", "0.40", "1")
    assert (status, code_of(answer)) == (400, "available_balance_too_low")  # the money is on shard 0
    with house.exchange.view() as world:
        world.accounts["alice"].cash[2] = D(50)
        world.accounts["alice"].deposited += 50
    assert alice.order("bid", "0.40", "1", exchange_index=0)[0] == 404
    order_id = alice.order("bid", "0.40", "1", exchange_index=2)[1]["order_id"]
    rows = alice.call("GET", "/portfolio/balance")[1]["balance_breakdown"]
    assert rows == [{"exchange_index": 0, "balance": "1000.0000"}, {"exchange_index": 2, "balance": "49.6000"}]
    assert alice.call("DELETE", f"{ORDERS}/{order_id}")[0] == 404
    assert alice.call("DELETE", f"{ORDERS}/{order_id}", exchange_index=1)[0] == 404
    assert alice.call("DELETE", f"{ORDERS}/{order_id}", exchange_index=-1, market_ticker=TICKER)[0] == 200


def test_an_order_of_a_flat_fee_series_is_refused(house, parts):
    house.show(series=parts.series(fee_type="flat"), asks=[("0.40", "5")])
    status, answer = house.member().order("bid", "0.40", "1")
    assert (status, code_of(answer)) == (400, "invalid_order")
    assert "flat" in answer["error"]["details"]


def test_event_override_and_waiver_decide_the_fee(house, parts):
    house.show(asks=[("0.50", "10")], event=parts.event(fee_multiplier_override=2, fee_type_override="quadratic"))
    alice = house.member()
    alice.order("bid", "0.50", "1", tif="immediate_or_cancel")
    assert alice.call("GET", "/portfolio/fills")[1]["fills"][0]["fee_cost"] == "0.0350"
    house.wait(seconds=1)
    waived = parts.market(fee_waiver_expiration_time="2026-10-06T00:00:00Z")
    house.show(asks=[("0.50", "10")], market=waived)
    alice.order("bid", "0.50", "1", tif="immediate_or_cancel")
    assert alice.call("GET", "/portfolio/fills")[1]["fills"][0]["fee_cost"] == "0.0000"


def test_f13_three_fills_of_one_order_share_one_rounding(house):
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    for _ in range(3):
        bob.order("ask", "0.45", "1")
    order_id = alice.order("bid", "0.45", "3")[1]["order_id"]
    fees = [row["fee_cost"] for row in alice.call("GET", "/portfolio/fills", order_id=order_id)[1]["fills"]]
    assert fees == ["0.0173", "0.0173", "0.0174"]  # newest first
    assert alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["taker_fees_dollars"] == "0.0520"
    assert alice.dollars() == D(1000) - D("1.35") - D("0.0520")
