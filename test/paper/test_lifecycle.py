"""A market's life: opened and closed by the clock, paused, settled, paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from kalshi.errors import KalshiError

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"


def status_of(house):
    return house.get(f"/markets/{TICKER}")["market"]["status"]


def test_opening_and_closing_are_by_the_clock(house, parts):
    opening = house.now + timedelta(hours=1)
    house.show(market=parts.market(open_time=opening.isoformat(), status="initialized"), asks=[("0.40", "5")])
    alice = house.member()
    status, answer = alice.order("bid", "0.40", "1")
    assert (status, answer["error"]["code"], status_of(house)) == (400, "MARKET_INACTIVE", "initialized")
    house.now = opening
    house.show(market=parts.market(open_time=opening.isoformat(), status="initialized"), asks=[("0.40", "5")])
    order_id = alice.order("bid", "0.30", "10")[1]["order_id"]
    house.now = parts.close - timedelta(seconds=1)
    assert (status_of(house), alice.dollars()) == ("active", 997)
    house.now = parts.close
    assert (status_of(house), alice.dollars()) == ("closed", 1000)
    assert alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["status"] == "canceled"
    for answer in (alice.order("bid", "0.30", "1"), alice.call("DELETE", f"{ORDERS}/{order_id}")):
        assert (answer[0], answer[1]["error"]["code"]) == (400, "MARKET_INACTIVE")
    assert house.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"] == {"yes_dollars": [], "no_dollars": []}


def test_filter_words_are_not_status_words(house, parts):
    house.show()

    def count(word):
        return len(house.get("/markets", status=word, event_ticker="KXTSAW-26OCT11")["markets"])

    assert [count(word) for word in ("unopened", "open", "paused", "closed", "settled")] == [0, 1, 0, 0, 0]
    house.now = parts.close
    assert [count(word) for word in ("open", "closed")] == [0, 1]
    house.exchange.settle(TICKER, "no")
    assert [count(word) for word in ("closed", "settled")] == [0, 1]
    assert [len(house.get("/events", status=word)["events"]) for word in ("open", "settled")] == [0, 1]


def test_a_pause_takes_no_orders_keeps_most_and_reopening_takes_all(house, parts):
    house.show()
    alice = house.member()
    kept = alice.order("bid", "0.10", "1")[1]["order_id"]
    fearful = alice.order("bid", "0.11", "1", cancel_order_on_pause=True)[1]["order_id"]

    def status(order_id):
        return alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["status"]

    house.wait(seconds=1)
    house.show(market=parts.market(status="inactive"))
    assert [status(kept), status(fearful), status_of(house)] == ["resting", "canceled", "inactive"]
    answer = alice.order("bid", "0.10", "1")
    assert (answer[0], answer[1]["error"]["code"]) == (409, "trading_is_paused")
    house.wait(seconds=1)
    house.show()
    assert [status(kept), status_of(house)] == ["canceled", "active"]


@pytest.mark.parametrize(
    "result, yes_value, paid",
    [
        ("yes", None, D(10)),
        ("no", None, D(4)),
        ("scalar", D("0.25"), D("5.5")),
    ],
)
def test_settlement_pays_both_sides_exactly(house, parts, result, yes_value, paid):
    house.show(asks=[("0.40", "10")])
    alice, bob = house.member("alice"), house.member("bob")
    alice.order("bid", "0.40", "10", tif="immediate_or_cancel")  # 4.00, fee 0.168
    alice.order("ask", "0.90", "8")
    bob.order("ask", "0.30", "4")
    bob.order("bid", "0.20", "4")
    with house.exchange.view() as world:
        quantity = world.quantity("outside", TICKER)
    assert quantity == -10
    house.now = parts.close
    house.exchange.settle(TICKER, result, yes_value)
    house.exchange.settle(TICKER, result, yes_value)  # paying twice changes nothing
    revenue = {"yes": D(10), "no": D(0), "scalar": D("2.5")}[result]
    assert alice.dollars() == D("1000") - D("4.168") + revenue
    assert bob.dollars() == 1000
    row = alice.call("GET", "/portfolio/settlements")[1]["settlements"][0]
    assert (
        row["market_result"],
        row["revenue"],
        row["yes_count_fp"],
        row["yes_total_cost_dollars"],
        row["fee_cost"],
    ) == (result, int(revenue * 100), "10.00", "4.0000", "0.1680")
    assert alice.call("GET", "/portfolio/positions")[1]["market_positions"] == []
    settled = alice.call("GET", "/portfolio/positions", settlement_status="settled")[1]["market_positions"][0]
    assert D(settled["realized_pnl_dollars"]) == revenue - 4
    market = house.get(f"/markets/{TICKER}")["market"]
    assert (market["status"], market["result"]) == ("finalized", result)
    assert house.money() == 0


def test_the_mirrored_result_pays_only_when_finalized(house, parts):
    house.show(bids=[("0.60", "10")])
    alice = house.member()
    alice.order("ask", "0.60", "10", tif="immediate_or_cancel")
    house.now = parts.close + timedelta(hours=2)
    house.show(market=parts.market(status="determined", result="no"))
    assert (status_of(house), alice.position()) == ("determined", -10)
    house.wait(hours=1)
    house.show(market=parts.market(status="finalized", result="no", settlement_value_dollars="0.0000"))
    assert status_of(house) == "finalized"
    assert alice.dollars() == D(1000) - D(4) - D("0.168") + D(10)
    house.wait(hours=1)
    house.show(market=parts.market(status="active"))  # a late, odd snapshot does not wake it
    assert status_of(house) == "finalized"


def test_odd_results_are_refused(house):
    house.show()
    for ticker, result in ((TICKER, "maybe"), (TICKER, "scalar"), ("KXNOPE", "yes")):
        with pytest.raises(KalshiError, match=ticker):
            house.exchange.settle(ticker, result)


def test_an_older_snapshot_is_ignored(house):
    house.show(asks=[("0.40", "5")])
    house.show(asks=[("0.10", "5")], as_of=house.now - timedelta(seconds=1))
    assert house.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]["no_dollars"] == [["0.6000", "5.00"]]


def test_the_market_shows_this_exchanges_own_quotes(house):
    house.show(bids=[("0.30", "5")])
    alice = house.member()
    alice.order("bid", "0.35", "2")
    alice.order("ask", "0.55", "3")
    market = house.get(f"/markets/{TICKER}")["market"]
    names = (
        "yes_bid_dollars",
        "yes_ask_dollars",
        "no_bid_dollars",
        "no_ask_dollars",
        "yes_bid_size_fp",
        "yes_ask_size_fp",
    )
    assert [market[name] for name in names] == ["0.3500", "0.5500", "0.4500", "0.6500", "2.00", "3.00"]
    assert market["floor_strike"] == 2500000


def test_a_snapshot_with_an_impossible_result_changes_nothing(house, parts):
    house.show(asks=[("0.40", "5")])
    house.wait(seconds=1)
    with pytest.raises(KalshiError, match="can not be mirrored"):
        house.show(market=parts.market(status="finalized", result="scalar"), series=parts.series(title="new"))
    assert (status_of(house), house.get("/series/KXTSAW")["series"]["title"]) == ("active", "TSA check-ins")
