"""Groups, subaccounts, shards, keys, pauses, candles and the archive: what surrounds orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kalshi.errors import ConfigError
from kalshi.exchange.signing import Credentials
from kalshi.paper.pauses import window_after, window_before
from kalshi.paper.rate_limits import Limiter, check_tier
from kalshi.paper.refusals import Refused

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"
GROUPS = "/portfolio/order_groups"
SHARDS = "/portfolio/intra_exchange_instance_transfer"
ID = "11111111-1111-4111-8111-111111111111"


def group_of(member, limit):
    return member.call("POST", f"{GROUPS}/create", {"contracts_limit": limit})[1]["order_group_id"]


def statuses(member):
    return [row["status"] for row in member.call("GET", "/portfolio/orders")[1]["orders"]][::-1]


def in_transit(house):
    with house.exchange.view() as world:
        return sum((one.dollars for one in world.shard_transfers.values() if not one.complete), D(0))


def test_a_group_cancels_its_orders_when_more_than_its_limit_is_matched(durable_house):
    house = durable_house
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    group = group_of(alice, 5)
    for price in ("0.40", "0.39", "0.38"):
        alice.order("bid", price, "4", order_group_id=group)
    alice.order("bid", "0.20", "1")
    bob.order("ask", "0.40", "4", tif="immediate_or_cancel")
    assert statuses(alice) == ["executed", "resting", "resting", "resting"]
    house.wait(seconds=16)  # the first four are out of the window
    bob.order("ask", "0.39", "4", tif="immediate_or_cancel")
    assert statuses(alice) == ["executed", "executed", "resting", "resting"]
    house.reopen()
    bob.order("ask", "0.38", "2", tif="immediate_or_cancel")
    assert statuses(alice) == ["executed", "executed", "canceled", "resting"]
    assert alice.position() == 10
    status, answer = alice.order("bid", "0.30", "1", order_group_id=group)
    assert (status, answer["error"]["code"]) == (400, "invalid_order")
    assert alice.call("PUT", f"{GROUPS}/{group}/reset")[0] == 200
    assert alice.order("bid", "0.30", "1", order_group_id=group)[0] == 201
    assert bob.call("GET", f"{GROUPS}/{group}")[0] == 404
    assert alice.call("DELETE", f"{GROUPS}/{group}")[0] == 200
    assert statuses(alice)[-1] == "canceled"
    assert (alice.call("GET", GROUPS)[1], house.money()) == ({"order_groups": []}, 0)


def test_a_taker_stops_where_its_group_is_triggered(house):
    house.show(asks=[("0.40", "3"), ("0.41", "10")])
    alice = house.member()
    answer = alice.order("bid", "0.45", "10", order_group_id=group_of(alice, 2))[1]
    assert (answer["fill_count"], answer["remaining_count"], house.money()) == ("3.00", "0.00", 0)


def test_subaccounts_have_their_own_money_orders_and_positions(durable_house):
    house = durable_house
    house.show(asks=[("0.40", "100")])
    alice = house.member("alice", "100")
    assert alice.call("POST", "/portfolio/subaccounts", {})[1] == {"subaccount_number": 1}
    body = dict(client_transfer_id=ID, from_subaccount=0, to_subaccount=1, amount_cents=2500)
    assert alice.call("POST", "/portfolio/subaccounts/transfer", body)[0] == 200
    assert alice.call("POST", "/portfolio/subaccounts/transfer", body)[0] == 409
    assert (alice.dollars(), alice.call("GET", "/portfolio/balance", subaccount=1)[1]["balance"]) == (75, 2500)
    order = alice.order("bid", "0.30", "10", subaccount=1)[1]["order_id"]
    alice.order("bid", "0.40", "5", tif="immediate_or_cancel", subaccount=1)
    assert alice.position() == 0
    rows = alice.call("GET", "/portfolio/positions", subaccount=1)[1]["market_positions"]
    assert [row["position_fp"] for row in rows] == ["5.00"]
    fills = alice.call("GET", "/portfolio/fills")[1]["fills"]
    assert [row["subaccount_number"] for row in fills] == [1]
    assert alice.call("GET", "/portfolio/fills", subaccount=0)[1]["fills"] == []
    assert alice.call("DELETE", f"{ORDERS}/{order}")[0] == 404
    house.reopen()
    assert alice.call("DELETE", f"{ORDERS}/{order}", subaccount=1)[0] == 200
    assert alice.call("GET", "/portfolio/balance", subaccount=2)[0] == 400
    assert house.money() == 0


def test_a_transfer_between_shards_takes_a_while_and_moves_once(durable_house):
    house = durable_house
    alice = house.member("alice", "100")
    body = dict(source="event_contract", destination="event_contract", amount=250_000, destination_exchange_shard=2)
    body["client_transfer_id"] = ID
    sent = alice.call("POST", SHARDS, body)[1]["transfer_id"]
    assert alice.call("POST", SHARDS, body)[0] == 409
    assert (alice.dollars(), in_transit(house)) == (75, 25)
    house.reopen()
    house.wait(seconds=2)
    breakdown = alice.call("GET", "/portfolio/balance")[1]["balance_breakdown"]
    assert breakdown == [{"exchange_index": 0, "balance": "75.0000"}, {"exchange_index": 2, "balance": "25.0000"}]
    assert alice.call("GET", f"{SHARDS}s/{sent}")[1]["transfer"]["status"] == "complete"
    assert (in_transit(house), house.money()) == (0, 0)
    too_much = body | {"amount": 10**9, "client_transfer_id": ID[:-1] + "2"}
    assert alice.call("POST", SHARDS, too_much)[1]["error"]["code"] == "available_balance_too_low"
    assert alice.call("POST", SHARDS, body | {"source": "margined"})[0] == 400
    assert alice.call("POST", SHARDS, body | {"source_subaccount": 1})[0] == 400


def test_a_generated_key_signs_and_a_deleted_one_does_not(house):
    house.show()
    alice = house.member()
    alice.call("POST", "/portfolio/subaccounts")
    made = alice.call("POST", "/api_keys/generate", {"name": "bot", "scopes": ["read"], "subaccount": 1})[1]
    first, alice.credentials = (
        alice.credentials,
        Credentials(made["api_key_id"], load_pem_private_key(made["private_key"].encode(), None)),
    )
    assert alice.call("GET", "/portfolio/balance")[1]["balance"] == 0  # it is locked to subaccount 1
    assert alice.call("GET", "/portfolio/balance", subaccount=0)[0] == 403
    assert alice.order("bid", "0.10", "1")[0] == 403
    second, alice.credentials = alice.credentials, first
    assert alice.call("DELETE", f"/api_keys/{made['api_key_id']}")[0] == 204
    assert len(alice.call("GET", "/api_keys")[1]["api_keys"]) == 1
    alice.credentials = second
    assert alice.call("GET", "/portfolio/balance")[0] == 401


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "scopes": ["write"]}, {"name": "x", "scopes": ["?"]}])
def test_a_bad_key_request_is_refused(house, body):
    assert house.member().call("POST", "/api_keys/generate", body)[0] == 400


def test_pauses_refuse_what_they_should(durable_house):
    house = durable_house
    house.show()
    alice = house.member()
    kept, gone = alice.order("bid", "0.30", "1")[1], alice.order("bid", "0.30", "1", cancel_order_on_pause=True)[1]
    house.exchange.pause("trading")
    house.reopen()
    assert alice.order("bid", "0.30", "1")[1]["error"]["code"] == "trading_is_paused"
    assert statuses(alice) == ["resting", "canceled"]
    assert not house.get("/exchange/status")["trading_active"]
    house.exchange.pause("exchange")
    assert alice.call("DELETE", f"{ORDERS}/{kept['order_id']}")[1]["error"]["code"] == "exchange_is_paused"
    house.exchange.pause("")
    assert alice.call("DELETE", f"{ORDERS}/{kept['order_id']}")[0] == 200
    assert alice.call("DELETE", f"{ORDERS}/{gone['order_id']}")[0] == 404
    rest = alice.order("bid", "0.30", "1")[1]["order_id"]
    house.exchange.pause_market(TICKER, True)
    assert alice.order("bid", "0.30", "1")[1]["error"]["code"] == "trading_is_paused"
    house.exchange.pause_market(TICKER, False)
    assert alice.call("DELETE", f"{ORDERS}/{rest}")[0] == 404  # coming back from a pause cancels


def test_the_maintenance_window_is_kept_from_its_first_to_its_last_second(durable_house, parts):
    house = durable_house
    house.show(market=parts.market(close_time="2026-11-12T03:59:00Z"))
    alice = house.member()
    house.exchange.set_maintenance(True)
    alice.order("bid", "0.30", "1")
    alice.order("bid", "0.30", "1", cancel_order_on_pause=True)
    house.reopen()
    start = datetime(2026, 10, 8, 7, tzinfo=UTC)  # Thursday 03:00 in New York
    for at, status in [(-1, 201), (0, 409), (2 * 3600 - 1, 409), (2 * 3600, 201)]:
        house.now = start + timedelta(seconds=at)
        assert alice.order("bid", "0.10", "1")[0] == status, at
    assert statuses(alice) == ["resting", "canceled", "resting", "resting"]
    house.now = datetime(2026, 11, 5, 8, 30, tzinfo=UTC)  # the same hour after daylight saving ended
    assert alice.order("bid", "0.10", "1")[0] == 409
    assert house.get("/exchange/status")["exchange_estimated_resume_time"] == "2026-11-05T10:00:00Z"


def test_windows_are_a_week_apart_in_new_york_time():
    before, after = window_before(datetime(2026, 11, 1, tzinfo=UTC)), window_after(datetime(2026, 11, 1, tzinfo=UTC))
    assert before[0] == datetime(2026, 10, 29, 7, tzinfo=UTC)
    assert after[0] == datetime(2026, 11, 5, 8, tzinfo=UTC)
    assert window_before(after[0]) == after


def test_candles_come_from_the_book_and_the_tape(durable_house):
    house = durable_house
    at = int(house.now.timestamp())
    house.show(bids=[("0.30", "5")], asks=[("0.40", "10"), ("0.45", "10")])
    alice = house.member()
    alice.order("bid", "0.40", "10", tif="immediate_or_cancel")
    house.wait(seconds=20)
    alice.order("bid", "0.45", "5", tif="immediate_or_cancel")
    house.reopen()
    house.wait(minutes=2)
    house.show(bids=[("0.35", "5")], asks=[("0.50", "10")])
    path = f"/series/KXTSAW/markets/{TICKER}/candlesticks"
    first, second = house.get(path, start_ts=at, end_ts=at + 600, period_interval=1)["candlesticks"]
    assert (first["end_period_ts"], second["end_period_ts"]) == (at + 60, at + 180)
    assert first["price"] == {
        "open_dollars": "0.4000",
        "high_dollars": "0.4500",
        "low_dollars": "0.4000",
        "close_dollars": "0.4500",
        "mean_dollars": "0.416667",
    }
    assert (first["volume_fp"], first["open_interest_fp"]) == ("15.00", "15.00")
    assert first["yes_ask"]["close_dollars"] == "0.4500"
    assert second["price"] == {"previous_dollars": "0.4500"}
    assert (second["yes_bid"]["open_dollars"], second["yes_bid"]["close_dollars"]) == ("0.3000", "0.3500")
    hour = house.get(path, start_ts=at, end_ts=at + 3600, period_interval=60)["candlesticks"]
    assert [(row["volume_fp"], row["yes_bid"]["close_dollars"]) for row in hour] == [("15.00", "0.3500")]
    later = dict(start_ts=at + 7200, end_ts=at + 9000, period_interval=60, include_latest_before_start="true")
    synthetic = house.get(path, **later)["candlesticks"]
    assert [(row["end_period_ts"], row["price"]) for row in synthetic] == [(at + 7200, {"previous_dollars": "0.4500"})]
    day = house.get(path, start_ts=at, end_ts=at + 86400, period_interval=1440)["candlesticks"][0]
    assert datetime.fromtimestamp(day["end_period_ts"], UTC).hour == 4  # midnight in New York
    market = house.get(f"/markets/{TICKER}")["market"]
    assert (market["last_price_dollars"], market["volume_fp"]) == ("0.4500", "15.00")


@pytest.mark.parametrize("change", [{"period_interval": 5}, {"end_ts": 0}, {"start_ts": ""}, {"period_interval": ""}])
def test_a_bad_candle_range_is_refused(house, change):
    house.show()
    query = dict(start_ts=1_700_000_000, end_ts=1_700_003_600, period_interval=1) | change
    assert house.send("GET", f"/series/KXTSAW/markets/{TICKER}/candlesticks", {}, **query)[0] == 400


def test_the_archive_takes_over_where_the_live_lists_end(house):
    house.show(asks=[("0.40", "10")])
    alice = house.member()
    alice.order("bid", "0.40", "1", tif="immediate_or_cancel")
    house.exchange.settle(TICKER, "yes")
    lists = ("orders", "fills")
    for days, archived in [(13, ()), (15, ("orders",)), (61, ("orders", "fills"))]:
        house.now = datetime(2026, 10, 5, 14, tzinfo=UTC) + timedelta(days=days)
        for name in lists:
            live = alice.call("GET", f"/portfolio/{name}")[1][name]
            old = alice.call("GET", f"/historical/{name}")[1][name]
            assert (len(live), len(old)) == ((0, 1) if name in archived else (1, 0)), (days, name)
    assert house.get("/historical/markets")["markets"][0]["ticker"] == TICKER
    assert house.get("/markets")["markets"] == []
    assert house.get("/historical/trades")["trades"] and not house.get("/markets/trades")["trades"]
    assert len(alice.call("GET", "/portfolio/settlements")[1]["settlements"]) == 1


class TestLimiter:
    def setup_method(self):
        self.now = 0.0
        self.limiter = Limiter(lambda: self.now)

    def admit(self, method, path, body=b"", shards=(0, 1), named="", tier="basic"):
        try:
            self.limiter.admit("me", tier, method, path, body=body, exchange_index=named, shards=list(shards))
        except Refused as refusal:
            assert (refusal.status, refusal.body) == (429, {"error": "too many requests"})
            return False
        return True

    def test_ten_orders_empty_the_basic_bucket_and_it_refills_continuously(self):
        body = b'{"exchange_index": 0}'
        assert [self.admit("POST", ORDERS, body) for _ in range(11)] == [True] * 10 + [False]
        self.now += 0.1
        assert [self.admit("POST", ORDERS, body) for _ in range(2)] == [True, False]

    def test_an_order_with_a_named_shard_draws_on_that_shard_only(self):
        for _ in range(10):
            assert self.admit("POST", ORDERS, b'{"exchange_index": 1}')
        assert not self.admit("POST", ORDERS, b'{"exchange_index": 1}')
        assert self.admit("POST", ORDERS, b'{"exchange_index": 0}')
        assert not self.admit("POST", ORDERS, b"{}")  # routed by ticker: every bucket pays

    def test_a_batch_is_taken_or_refused_as_a_whole(self):
        path = f"{ORDERS}/batched"
        assert not self.admit("POST", path, b'{"orders": [' + b",".join([b"{}"] * 11) + b"]}")
        assert self.admit("POST", path, b'{"orders": [' + b",".join([b"{}"] * 10) + b"]}")

    def test_the_balance_has_its_own_bucket(self):
        assert [self.admit("GET", "/portfolio/balance") for _ in range(2)] == [True, False]
        assert self.admit("GET", "/portfolio/orders")
        self.now += 1
        assert self.admit("GET", "/portfolio/balance")

    def test_cancels_are_cheap(self):
        path = f"{ORDERS}/{{order_id}}"
        assert [self.admit("DELETE", path, named="0") for _ in range(51)] == [True] * 50 + [False]

    def test_an_unknown_tier_is_an_error(self):
        assert (check_tier("none"), check_tier("prime")) == ("", "prime")
        with pytest.raises(ConfigError, match="tier 'gold' is unknown"):
            check_tier("gold")
