"""The simulated feed: a week is lived through, everybody is paid, and chance is the seed's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kalshi.paper.feed import NOISE, SimulatedFeed
from kalshi.paper.feed_ladders import INDEX, TSA, current_day, day_of, ladder_of

D = Decimal


def live_through(house, feed, until, **step):
    while house.now < until:
        feed.step()
        house.wait(**step)
    feed.step()


def test_a_day_of_an_index_event_from_opening_to_payment(durable_house):
    house = durable_house
    house.now = datetime(2026, 10, 6, 13, 0, tzinfo=UTC)  # 09:00 in New York
    feed = SimulatedFeed(house.exchange, lambda: house.now, seed=7, kinds=[INDEX])
    feed.step()
    tickers = [row["ticker"] for row in house.get("/markets")["markets"]]
    assert {row["status"] for row in house.get("/markets")["markets"]} == {"initialized"}
    house.now = datetime(2026, 10, 6, 13, 30, tzinfo=UTC)
    feed.step()
    alice = house.member("alice", "10000")
    middle = tickers[len(tickers) // 2]
    answer = alice.order("bid", "0.99", "5", ticker=middle, tif="immediate_or_cancel")[1]
    assert answer["fill_count"] == "5.00"
    live_through(house, feed, datetime(2026, 10, 6, 15, tzinfo=UTC), minutes=5)
    bids = [D(row["yes_bid_dollars"]) for row in house.get("/markets", status="open")["markets"]]
    assert len(bids) == len(tickers) and len(set(bids)) > 3
    assert house.get("/markets/trades")["trades"]
    for until, status in [(20, "closed"), (20.6, "determined"), (22.1, "finalized")]:
        house.now = datetime(2026, 10, 6, tzinfo=UTC) + timedelta(hours=until)
        feed.step()
        rows = house.get("/markets", tickers=",".join(tickers))["markets"]
        assert {row["status"] for row in rows} == {status}
    results = [row["result"] for row in sorted(rows, key=lambda row: row["floor_strike"])]
    assert set(results) <= {"yes", "no"} and results == sorted(results, reverse=True)
    assert alice.position(middle) == 0
    assert len(alice.call("GET", "/portfolio/settlements")[1]["settlements"]) == 1
    assert house.money() == 0
    with house.exchange.view() as world:
        assert world.positions[NOISE, middle].settled


def test_events_that_ended_while_nobody_looked_are_paid(house):
    house.now = datetime(2026, 10, 7, 15, tzinfo=UTC)
    feed = SimulatedFeed(house.exchange, lambda: house.now, seed=3)
    feed.step()
    alice = house.member("alice")
    ticker = house.get("/markets", series_ticker="KXTSAW")["markets"][4]["ticker"]
    alice.order("bid", "0.99", "5", ticker=ticker, tif="immediate_or_cancel")
    house.wait(days=21)
    feed.step()
    assert alice.position(ticker) == 0 and house.money() == 0
    assert {row["status"] for row in house.get("/markets", status="settled")["markets"]} == {"finalized"}
    assert {row["series_ticker"] for row in house.get("/events", status="open")["events"]} == {"KXTSAW", "KXINXU"}


def test_the_same_seed_gives_the_same_day(parts):
    def day(seed):
        house = parts.house(None)
        feed = SimulatedFeed(house.exchange, lambda: house.now, seed=seed)
        live_through(house, feed, house.now + timedelta(hours=1), minutes=5)
        return house.get("/markets/trades", limit=1000)["trades"], house.get("/markets")["markets"]

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_the_fair_price_ends_at_the_result():
    for seed in range(30):
        ladder = ladder_of(TSA, day_of("KXTSAW-26OCT11SIM"), seed)
        for strike in ladder.strikes:
            certain = ladder.fair(strike, ladder.closes)
            assert ladder.result(strike) == ("yes" if certain > 0.5 else "no")
        fairs = [ladder.fair(strike, ladder.opens) for strike in ladder.strikes]
        assert fairs == sorted(fairs, reverse=True)


@pytest.mark.parametrize(
    "kind, at, day",
    [
        (TSA, "2026-10-05T00:00-04:00", "2026-10-11"),
        (TSA, "2026-10-11T23:58-04:00", "2026-10-11"),
        (INDEX, "2026-10-05T15:59-04:00", "2026-10-05"),
        (INDEX, "2026-10-05T16:00-04:00", "2026-10-06"),
        (INDEX, "2026-10-09T16:00-04:00", "2026-10-12"),
        (INDEX, "2026-10-10T12:00-04:00", "2026-10-12"),
    ],
)
def test_the_current_event_of_each_kind(kind, at, day):
    assert current_day(kind, datetime.fromisoformat(at)).isoformat() == day
