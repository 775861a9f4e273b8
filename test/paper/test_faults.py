"""Staged faults over real sockets, and what our own client makes of each."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest

from kalshi.errors import ConfigError, ExchangeError, NotFound, OrderRejected, OutcomeUnknown, RateLimited
from kalshi.exchange.models import CreateOrder
from kalshi.paper.faults import Faults, Rule, Scenario, load_scenario

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"
RULES = [
    {"method": "POST", "path": ORDERS, "times": 1, "do": "lose_answer"},
    {"method": "POST", "path": ORDERS, "skip": 1, "times": 1, "do": "cut"},
    {"method": "POST", "path": ORDERS, "skip": 2, "times": 1, "do": "status", "status": 429},
    {"method": "POST", "path": ORDERS, "skip": 3, "times": 1, "do": "status", "status": 503},
    {"method": "POST", "path": ORDERS, "skip": 5, "times": 1, "do": "pause_market", "ticker": TICKER},
    {"method": "POST", "path": ORDERS, "skip": 6, "times": 1, "do": "resume_market", "ticker": TICKER},
    {"method": "DELETE", "path": f"{ORDERS}/*", "times": 1, "do": "refuse"},
    {"method": "GET", "path": "/portfolio/balance", "times": 1, "do": "delay", "seconds": 3},
    {"method": "GET", "path": "/markets", "times": 1, "do": "status", "status": 504},
    {"method": "GET", "path": "/markets", "skip": 1, "times": 1, "do": "status", "status": 429},
    {"method": "GET", "path": "/markets", "skip": 2, "times": 1, "do": "cut"},
    {"method": "GET", "path": "/markets", "skip": 3, "times": 1, "do": "lose_answer"},
    {"method": "GET", "path": "/markets", "skip": 5, "times": 1, "do": "malformed_row"},
    {"method": "GET", "path": "/events", "times": 0, "do": "same_cursor"},
    {"method": "GET", "path": "/portfolio/fills", "skip": 1, "times": 1, "do": "stale"},
]


def order(name, price="0.40", count="2"):
    return CreateOrder(
        ticker=TICKER,
        side="bid",
        count=D(count),
        price=D(price),
        time_in_force="good_till_canceled",
        self_trade_prevention_type="maker",
        client_order_id=name,
    )


def test_every_fault_reaches_the_client_as_it_would_from_the_real_exchange(served, tmp_path):
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"rules": RULES}))
    server = served("--scenario", str(scenario))
    client = server.client()
    listed = lambda: {one.client_order_id: one for one in client.orders()}  # noqa: E731

    assert list(client.fills()) == []
    for name in ("lost", "cut"):  # done, but nobody is told
        with pytest.raises(OutcomeUnknown):
            client.create_order(order(name))
    assert {name: one.fill_count_fp for name, one in listed().items()} == {"lost": 2, "cut": 2}
    assert list(client.fills()) == []  # the stale read
    assert len(list(client.fills())) == 2

    with pytest.raises(RateLimited):
        client.create_order(order("limited"))
    with pytest.raises(OutcomeUnknown):
        client.create_order(order("unavailable"))
    assert set(listed()) == {"lost", "cut"}  # neither was done

    rest = client.create_order(order("rest", "0.20"))
    with pytest.raises(OrderRejected) as paused:
        client.create_order(order("paused"))
    assert paused.value.code == "trading_is_paused"
    kept = client.create_order(order("after", "0.20"))
    assert listed()["rest"].status == "canceled"  # coming back from a pause cancels what rests
    assert rest.order_id == listed()["rest"].order_id
    with pytest.raises(NotFound):
        client.cancel_order(kept.order_id, market_ticker=TICKER)
    assert listed()["after"].status == "resting"
    client.cancel_order(kept.order_id, market_ticker=TICKER)

    assert [one.ticker for one in client.markets()] == [TICKER]  # through 504, 429, half a body, no answer
    assert (list(client.markets()), len(client.bad_rows)) == ([], 1)
    with pytest.raises(ExchangeError, match="cursor"):
        list(client.events())
    impatient = server.client(timeout_s=(3.05, 0.5))
    assert impatient.balance().balance_dollars < 1000
    assert server.stop()[0] == 0


def test_rules_count_their_own_requests_and_the_first_that_hits_wins():
    class Answering:
        def handle(self, method, target, headers, body):
            return 200, {}, b"{}"

    rules = [Rule(do="status", status=500, path="/a", skip=1), Rule(do="status", status=503, times=0)]
    faults = Faults(Answering(), Scenario(rules))
    statuses = [faults.handle("GET", f"/trade-api/v2{path}", {}, b"").status for path in ("/a", "/a", "/a", "/b")]
    assert statuses == [503, 500, 503, 503]


@pytest.mark.parametrize("text", ["", "[]", '{"rules": [{"do": "explode"}]}', '{"rules": [{"do": "cut", "tims": 1}]}'])
def test_a_scenario_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "scenario.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="scenario"):
        load_scenario(path)


def test_a_scenario_is_json(tmp_path):
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"rules": RULES}))
    assert msgspec.to_builtins(load_scenario(path))["rules"][0]["do"] == "lose_answer"
