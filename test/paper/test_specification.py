"""Every operation answers as the exchange's own specification says, in a state where there is something to tell."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from kalshi.paper.operations import NOT_MODELLED
from kalshi.paper.routes import ROUTES
from paper import specification

needs_specification = pytest.mark.skipif(
    not specification.where().exists(), reason=f"{specification.where()} is not on this machine"
)
TICKER, EVENT, SERIES = "KXTSAW-26OCT11-A2.50", "KXTSAW-26OCT11", "KXTSAW"
ORDERS = "/portfolio/events/orders"
OTHER = "11111111-1111-4111-8111-111111111111"


def plain(template):
    return re.sub(r"\{\w+\}", "{}", template)


class Walk:
    """Calls operations as a member and holds every answer to the specification."""

    def __init__(self, house, member):
        self.house, self.member = house, member
        self.seen, self.problems = set(), []

    def __call__(self, method, template, body=None, *, expect=None, names=(), **query):
        path = template
        for name in names:
            path = re.sub(r"\{\w+\}", name, path, count=1)
        status, answer = self.member.call(method, path, body, **query)
        assert status == expect if expect else 200 <= status < 300, (method, path, status, answer)
        self.seen.add((method, plain(template)))
        found = specification.problems_of(method, template, status, answer)
        self.problems += [f"{method} {template} {status}: {one}" for one in found]
        return answer


@needs_specification
def test_every_operation_answers_as_specified(house, parts):
    house.show(bids=[("0.30", "5")], asks=[("0.40", "10")], event=parts.event(exchange_index=0))
    alice, bob = house.member("alice"), house.member("bob")
    alice.order("bid", "0.40", "2", tif="immediate_or_cancel")
    walk = Walk(house, alice)
    for path in ("/exchange/status", "/exchange/schedule", "/exchange/user_data_timestamp", "/historical/cutoff"):
        walk("GET", path)
    house.exchange.set_maintenance(True)
    house.exchange.pause("trading")
    walk("GET", "/exchange/status")
    walk("GET", "/exchange/schedule")
    house.exchange.pause("")
    for path in ("/series", "/series/fee_changes", "/events/fee_changes", "/markets", "/markets/trades"):
        walk("GET", path)
    walk("GET", "/events", with_nested_markets="true")
    walk("GET", "/events/multivariate")
    walk("GET", "/events/{event_ticker}/metadata", names=[EVENT])
    later = house.now + timedelta(days=1)
    house.exchange.schedule_fee_change(SERIES, "quadratic_with_maker_fees", Decimal("0.5"), later)
    house.exchange.schedule_fee_change(EVENT, None, None, later)
    assert len(walk("GET", "/series/fee_changes")["series_fee_change_arr"]) == 1
    assert len(walk("GET", "/events/fee_changes")["event_fee_changes"]) == 1
    walk("GET", "/series/{series_ticker}", names=[SERIES])
    walk("GET", "/events/{event_ticker}", names=[EVENT])
    walk("GET", "/markets/{ticker}", names=[TICKER])
    walk("GET", "/markets/{ticker}/orderbook", names=[TICKER])
    walk("GET", "/markets/orderbooks", tickers=TICKER)
    now = int(house.now.timestamp())
    span = dict(start_ts=now - 86400, end_ts=now + 86400)
    forecast = "/series/{series_ticker}/events/{ticker}/forecast_percentile_history"
    asked = span | {"period_interval": 60, "percentiles": [1000, 5000]}
    assert walk("GET", forecast, names=[SERIES, EVENT], **asked)["forecast_history"]
    for minutes in (1, 60, 1440):
        more = span | {"period_interval": minutes}
        candles = walk("GET", "/series/{series_ticker}/markets/{ticker}/candlesticks", names=[SERIES, TICKER], **more)
        assert candles["candlesticks"]
        walk("GET", "/series/{series_ticker}/events/{ticker}/candlesticks", names=[SERIES, EVENT], **more)
        walk("GET", "/markets/candlesticks", market_tickers=TICKER, include_latest_before_start="true", **more)
    walk("GET", "/account/endpoint_costs")
    walk("GET", "/account/limits")
    walk("GET", "/api_keys")
    walk_keys(walk)
    walk_orders(walk, bob)
    walk_money(walk)
    house.exchange.settle(TICKER, "yes")
    for path in ("settlements", "positions", "fills", "orders", "balance"):
        walk("GET", f"/portfolio/{path}")
    walk("GET", "/markets/{ticker}", names=[TICKER])
    house.now += timedelta(days=90)
    for path in ("markets", "trades", "fills", "orders", "positions"):
        answer = walk("GET", f"/historical/{path}")
        assert any(answer.values()), path
    walk("GET", "/historical/markets/{ticker}", names=[TICKER])
    names = dict(names=[TICKER], start_ts=now - 3600, end_ts=now + 3600, period_interval=1)
    assert walk("GET", "/historical/markets/{ticker}/candlesticks", **names)["candlesticks"]
    assert alice.call("GET", f"/markets/{TICKER}")[0] == 404
    assert not walk.problems, "\n".join(walk.problems)
    assert {(route.method, plain(route.path)) for route in ROUTES} == walk.seen


def walk_keys(walk):
    made = walk("POST", "/api_keys/generate", {"name": "second", "key_type": "ed25519"})
    assert made["private_key"].startswith("-----BEGIN PRIVATE KEY")
    assert "BEGIN RSA" in walk("POST", "/api_keys/generate", {"name": "third"})["private_key"]
    walk("POST", "/api_keys", {"name": "own", "public_key": "?"}, expect=403)
    walk("DELETE", "/api_keys/{api_key}", names=[made["api_key_id"]])
    walk("POST", "/account/api_usage_level/upgrade")


def walk_orders(walk, bob):
    group = walk("POST", "/portfolio/order_groups/create", {"contracts_limit": 5})["order_group_id"]
    body = dict(
        ticker=TICKER,
        side="bid",
        price="0.20",
        count="3",
        time_in_force="good_till_canceled",
        self_trade_prevention_type="maker",
        expiration_time=int(walk.house.now.timestamp()) + 9999,
    )
    order = walk("POST", ORDERS, body | {"order_group_id": group, "client_order_id": "grouped"})["order_id"]
    bad = walk("POST", f"{ORDERS}/batched", {"orders": [body, body | {"ticker": "NOPE"}]})["orders"]
    assert "error" in bad[1]
    for path in ("/portfolio/orders", "/portfolio/orders/queue_positions", "/portfolio/fills", "/portfolio/positions"):
        assert any(walk("GET", path).values())
    walk("GET", "/portfolio/orders/{order_id}", names=[order])
    walk("GET", "/portfolio/orders/{order_id}/queue_position", names=[order])
    walk("GET", "/portfolio/summary/total_resting_order_value")
    amended = dict(ticker=TICKER, side="bid", price="0.25", count="4")
    walk("POST", f"{ORDERS}/{{order_id}}/amend", amended, names=[order])
    bob.order("ask", "0.25", "1", tif="immediate_or_cancel")
    walk("POST", f"{ORDERS}/{{order_id}}/decrease", {"reduce_by": "1"}, names=[order])
    one = "/portfolio/order_groups/{order_group_id}"
    assert walk("GET", one, names=[group])["orders"] == [order]
    walk("GET", "/portfolio/order_groups")
    walk("PUT", f"{one}/limit", {"contracts_limit_fp": "7.00"}, names=[group])
    walk("PUT", f"{one}/trigger", names=[group])
    walk("PUT", f"{one}/reset", names=[group])
    walk("DELETE", one, names=[group])
    walk("DELETE", f"{ORDERS}/batched", {"orders": [{"order_id": bad[0]["order_id"]}, {"order_id": "no"}]})
    again = walk("POST", ORDERS, body)["order_id"]
    walk("DELETE", f"{ORDERS}/{{order_id}}", names=[again])
    walk("DELETE", f"{ORDERS}/{{order_id}}", names=[again], expect=404)
    walk("DELETE", ORDERS)


def walk_money(walk):
    assert walk("POST", "/portfolio/subaccounts") == {"subaccount_number": 1}
    move = dict(client_transfer_id=OTHER, from_subaccount=0, to_subaccount=1, amount_cents=1000)
    walk("POST", "/portfolio/subaccounts/transfer", move)
    shards = "/portfolio/intra_exchange_instance_transfer"
    body = dict(source="event_contract", destination="event_contract", amount=20000, destination_exchange_shard=2)
    sent = walk("POST", shards, body | {"client_transfer_id": OTHER})["transfer_id"]
    assert walk("GET", f"{shards}s/{{transfer_id}}", names=[sent])["transfer"]["status"] == "pending"
    walk.house.wait(seconds=3)
    assert walk("GET", f"{shards}s")["transfers"][0]["status"] == "complete"
    walk("PUT", "/portfolio/subaccounts/netting", {"subaccount_number": 1, "enabled": True})
    for path in ("netting", "balances", "transfers"):
        walk("GET", f"/portfolio/subaccounts/{path}")
    walk("GET", "/portfolio/balance")
    shares = [{"exchange_index": 0, "percent": 75}, {"exchange_index": 2, "percent": 25}]
    walk("POST", "/portfolio/target_balance_allocation", {"allocations": shares})
    assert walk("GET", "/portfolio/target_balance_allocation")["allocations"] == shares
    walk("POST", "/portfolio/target_balance_allocation", {"allocations": []})
    assert len(walk("GET", "/portfolio/deposits")["deposits"]) == 1
    walk("GET", "/portfolio/withdrawals")
    walk("GET", "/account/api_usage_level/volume_progress")


@needs_specification
def test_the_rest_of_the_specification_is_answered_501_with_its_name(house):
    alice = house.member("alice")
    listed = {(method, plain(path)): name for method, path, name in NOT_MODELLED}
    ours = {(route.method, plain(route.path)) for route in ROUTES}
    verbs = ("get", "post", "put", "delete", "patch")
    for path, operations in specification.document()["paths"].items():
        for verb in operations:
            here = verb.upper(), plain(path)
            if verb in verbs and here not in ours:
                status, answer = alice.call(verb.upper(), path.replace("{", "x").replace("}", ""))
                assert (status, operations[verb]["operationId"]) == (501, listed[here])
                assert listed[here] in answer["error"]["message"]
    assert not ours & set(listed)


def test_a_path_that_no_specification_knows_is_not_found(house):
    assert house.member("alice").call("GET", "/no/such/path")[0] == 404
