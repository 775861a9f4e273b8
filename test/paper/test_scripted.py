"""Market events by the clock: pauses, outages and fills that happen at their time, whoever asks when."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest

from kalshi.errors import ConfigError, ExchangeError
from kalshi.paper.faults import load_scenario
from kalshi.paper.scripted import MarketEvent, Scripted

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
# the house starts at 10:00 in New York


def script(house, *events):
    read = [msgspec.convert(event, MarketEvent, strict=False) for event in events]
    scripted = Scripted(house.exchange, lambda: house.now, read)
    house.exchange.follow(scripted)
    return scripted


def test_a_market_pauses_at_its_time_and_trades_again(house):
    house.show(asks=[("0.40", "50")])
    alice = house.member()
    script(house, {"at": "10:30", "do": "pause_market", "ticker": TICKER, "for_s": 300})
    rests = alice.order("bid", "0.30", "1")[1]["order_id"]
    house.wait(minutes=29, seconds=59)
    assert alice.order("bid", "0.40", "1")[1]["fill_count"] == "1.00"
    house.wait(seconds=1)
    assert alice.order("bid", "0.40", "1")[1]["error"]["code"] == "trading_is_paused"
    house.wait(minutes=5)
    assert alice.order("bid", "0.40", "1")[1]["fill_count"] == "1.00"
    order = alice.call("GET", f"/portfolio/orders/{rests}")[1]["order"]
    assert order["status"] == "canceled" and order["last_update_time"].startswith("2026-10-05T14:35:00")


def test_trading_and_the_exchange_pause_and_outages_do_nothing(house):
    house.show(asks=[("0.40", "50")])
    alice = house.member()
    script(
        house,
        {"at": "10:10", "do": "pause_trading", "for_s": 60},
        {"at": "10:20:30", "do": "pause_exchange", "for_s": 60},
        {"at": "2026-10-05T14:30:00Z", "do": "outage", "for_s": 60},
    )
    for minutes, seconds, expected in [(5, 0, 201), (5, 0, 409), (1, 0, 201), (9, 30, 409), (1, 0, 201), (8, 30, 503)]:
        house.wait(minutes=minutes, seconds=seconds)
        assert alice.order("bid", "0.40", "1", tif="immediate_or_cancel")[0] == expected, house.now
    assert alice.call("GET", "/portfolio/balance")[0] == 503
    house.wait(minutes=1)
    assert alice.call("GET", "/portfolio/positions")[0] == 200 and alice.position() == 3


def test_a_resting_order_is_filled_in_part(house):
    house.show(bids=[("0.40", "99")], asks=[("0.60", "99")])
    alice = house.member()
    scripted = script(
        house,
        {"at": "10:05", "do": "fill", "ticker": TICKER, "count": "3"},
        {"at": "10:06", "do": "fill", "ticker": TICKER, "side": "ask", "count": "0.5"},
    )
    bid = alice.order("bid", "0.40", "10")[1]["order_id"]
    ask = alice.order("ask", "0.60", "10")[1]["order_id"]
    house.wait(minutes=10)
    scripted.step()
    filled = {row["order_id"]: row["fill_count_fp"] for row in alice.call("GET", "/portfolio/orders")[1]["orders"]}
    assert filled == {bid: "3.00", ask: "0.50"} and house.money() == 0
    assert {row["yes_price_dollars"] for row in alice.call("GET", "/portfolio/fills")[1]["fills"]} == {
        "0.4000",
        "0.6000",
    }


def test_what_is_over_at_the_start_does_not_happen(house):
    house.show(asks=[("0.40", "5")])
    script(
        house,
        {"at": "09:00", "do": "pause_trading", "for_s": 60},
        {"at": "09:59", "do": "pause_market", "ticker": TICKER, "for_s": 120},
    )
    alice = house.member()
    assert alice.order("bid", "0.40", "1")[1]["error"]["code"] == "trading_is_paused"  # this one still lasts
    house.wait(minutes=2)
    assert alice.order("bid", "0.40", "1")[1]["fill_count"] == "1.00"


@pytest.mark.parametrize(
    "event, said",
    [
        ({"at": "half past ten", "do": "outage"}, "half past ten"),
        ({"at": "2026-10-05T14:30:00", "do": "outage"}, "HH:MM"),
        ({"at": "10:30", "do": "fill"}, "names no ticker"),
    ],
)
def test_unreadable_events_are_one_line(house, event, said):
    with pytest.raises(ConfigError, match=said):
        script(house, event)


def test_a_served_scenario_file_holds_rules_and_events(served, tmp_path):
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"events": [{"at": "10:00", "do": "outage", "for_s": 3600}]}))
    server = served("--scenario", str(scenario))
    with pytest.raises(ExchangeError, match="503"):
        server.client(read_budget_s=0.5).balance()
    for bad in ({"do": "nothing"}, {"do": "fill", "count": 0}, {"do": "outage", "for_s": 0}):
        scenario.write_text(json.dumps({"events": [{"at": "10:00", **bad}]}))
        with pytest.raises(ConfigError, match="can not be used"):
            load_scenario(scenario)
