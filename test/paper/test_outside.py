"""Resting orders among the outside's: behind the displayed queue, filled by trades that reach or pass them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi.paper.outside import OutsideTrade

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"


def resting(house, member, side="bid", price="0.40", count="10"):
    return member.order(side, price, count)[1]["order_id"]


def trades(house, *rows, ticker=TICKER, late=1.0):
    house.wait(seconds=late)
    at = house.now
    house.exchange.outside_trades([OutsideTrade(ticker, D(price), D(count), side, at) for price, count, side in rows])


def filled(member, order_id):
    return D(member.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["fill_count_fp"])


def test_an_order_waits_behind_what_was_displayed_when_it_came(durable_house):
    house = durable_house
    house.show(bids=[("0.40", "30")], asks=[("0.45", "5")])
    alice = house.member()
    order_id = resting(house, alice)
    trades(house, ("0.40", "20", "ask"))
    assert filled(alice, order_id) == 0
    house.reopen()
    trades(house, ("0.40", "14", "ask"))  # ten were still in front
    assert filled(alice, order_id) == 4
    fill = alice.call("GET", "/portfolio/fills")[1]["fills"][0]
    assert (fill["yes_price_dollars"], fill["is_taker"]) == ("0.4000", False)
    trades(house, ("0.40", "99", "ask"))
    assert filled(alice, order_id) == 10 and house.money() == 0


def test_who_leaves_the_display_is_no_longer_in_front(house):
    house.show(bids=[("0.40", "30")])
    alice = house.member()
    order_id = resting(house, alice)
    for size in ("12", "50"):  # those who came back stand behind
        house.wait(seconds=1)
        house.show(bids=[("0.40", size)])
    trades(house, ("0.40", "15", "ask"))
    assert filled(alice, order_id) == 3


def test_a_trade_through_the_limit_needs_no_queue_but_has_its_size(house):
    house.show(bids=[("0.40", "30")])
    alice = house.member()
    order_id = resting(house, alice)
    trades(house, ("0.39", "4", "ask"))
    assert filled(alice, order_id) == 4
    assert {fill["yes_price_dollars"] for fill in alice.call("GET", "/portfolio/fills")[1]["fills"]} == {"0.4000"}


@pytest.mark.parametrize("price, side", [("0.40", "bid"), ("0.41", "ask"), ("0.39", "bid")])
def test_other_trades_do_not_reach_a_bid(house, price, side):
    house.show(bids=[("0.40", "1")])
    alice = house.member()
    order_id = resting(house, alice)
    trades(house, (price, "99", side))
    assert filled(alice, order_id) == 0


def test_asks_are_reached_by_buyers(house):
    house.show(asks=[("0.60", "5")])
    alice = house.member()
    order_id = resting(house, alice, "ask", "0.60", "10")
    trades(house, ("0.59", "50", "bid"), ("0.60", "50", "ask"), ("0.60", "6", "bid"))
    assert filled(alice, order_id) == 1
    trades(house, ("0.61", "3", "bid"))
    assert filled(alice, order_id) == 4


def test_trades_from_before_an_order_do_not_reach_it(house):
    house.show(bids=[("0.40", "1")])
    alice = house.member()
    order_id = resting(house, alice)
    early = [OutsideTrade(TICKER, D("0.30"), D(50), "ask", at) for at in (house.now, house.now - timedelta(1))]
    house.wait(seconds=5)
    house.exchange.outside_trades(early)
    assert filled(alice, order_id) == 0
    moved = alice.call(
        "POST",
        f"/portfolio/events/orders/{order_id}/amend",
        {"ticker": TICKER, "side": "bid", "price": "0.39", "count": "10"},
    )
    assert moved[0] == 200, moved
    house.exchange.outside_trades([OutsideTrade(TICKER, D("0.30"), D(50), "ask", house.now - timedelta(seconds=1))])
    assert filled(alice, order_id) == 0


def test_unknown_and_closed_markets_are_left_alone(house):
    house.show(bids=[("0.40", "1")])
    alice = house.member()
    order_id = resting(house, alice)
    trades(house, ("0.30", "5", "ask"), ticker="NO-SUCH-MARKET")
    house.exchange.pause_market(TICKER, True)
    trades(house, ("0.30", "5", "ask"))
    assert filled(alice, order_id) == 0


cents = st.integers(30, 45).map(lambda number: f"0.{number}")
sizes = st.integers(1, 40).map(str)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("order"), cents, sizes),
        st.tuples(st.just("show"), st.dictionaries(cents, sizes, max_size=4)),
        st.tuples(st.just("trade"), cents, sizes),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_no_more_is_filled_than_traded_and_never_out_of_turn(parts_flow):
    from .conftest import House  # hypothesis functions take no function-scoped fixture

    house = House(None)
    house.show()
    alice, traded = house.member("alice", "100000"), D(0)
    for step in parts_flow:
        before = house.now
        house.wait(seconds=1)
        if step[0] == "order":
            alice.order("bid", step[1], step[2])
        elif step[0] == "show":
            house.show(bids=sorted(step[1].items(), reverse=True))
        else:
            trades(house, (step[1], step[2], "ask"))
            traded += D(step[2])
            with house.exchange.view() as world:
                now_filled = [fill for fill in world.fills["alice"] if fill.created_at > before]
                assert sum(fill.count for fill in now_filled) <= D(step[2])
                assert all(fill.price >= D(step[1]) for fill in now_filled)
                assert [fill.price for fill in now_filled] == sorted((f.price for f in now_filled), reverse=True)
                ahead = [(-one.price, one.priority, one.ahead) for one in world.orders.values() if one.remaining]
                for _, level in _by_price(sorted(ahead)):
                    assert [one[2] for one in level] == sorted(one[2] for one in level)
    with house.exchange.view() as world:
        assert sum(fill.count for fill in world.fills["alice"]) <= traded
    assert house.money() == 0


def _by_price(rows):
    prices = sorted({row[0] for row in rows})
    return [(price, [row for row in rows if row[0] == price]) for price in prices]
