"""The simulated feed: days and weeks are lived through, everybody is paid, and chance is the seed's alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from kalshi.errors import ConfigError
from kalshi.exchange.models import Event
from kalshi.index.discovery import event_closing, open_events
from kalshi.index.ladder import Ladder as IndexLadder
from kalshi.index.ladder import to_cents
from kalshi.index.quotes import ladder_median
from kalshi.index.top_of_book import TopOfBook
from kalshi.paper import feed_index
from kalshi.paper.feed import NOISE, SimulatedFeed, kinds_of
from kalshi.paper.feed_ladders import KINDS, day_of, ladder_of
from kalshi.paper.feed_quotes import snapshot_of
from kalshi.paper.feed_sessions import closing_after, session_on, sessions_to
from kalshi.paper.feed_source import IndexSource
from kalshi.tsa.weeks import parse_event_ticker

D = Decimal
OPEN = datetime(2026, 10, 6, 13, 30, tzinfo=UTC)  # a Tuesday, 09:30 in New York


def feed_of(house, names="inx", *, seed=7, **more):
    feed = SimulatedFeed(house.exchange, lambda: house.now, seed=seed, kinds=kinds_of(names), **more)
    house.exchange.follow(feed)
    return feed


def test_a_day_of_a_range_ladder_from_opening_to_payment(durable_house):
    house = durable_house
    house.now = datetime(2026, 10, 6, 1, 0, tzinfo=UTC)  # 21:00 in New York: listed, opens at 22:30
    feed = feed_of(house, every=timedelta(minutes=5))
    feed.step()
    rows = house.get("/markets")["markets"]
    assert len(rows) == 30 and {row["status"] for row in rows} == {"initialized"}
    event = house.get(f"/events/{rows[0]['event_ticker']}")["event"]
    assert (event["event_ticker"], event["mutually_exclusive"]) == ("KXINX-26OCT06H1600SIM", True)
    house.now = OPEN
    assert {row["status"] for row in house.get("/markets")["markets"]} == {"active"}
    alice = house.member("alice", "10000")
    near = max(house.get("/markets")["markets"], key=lambda row: D(row["yes_bid_dollars"]))["ticker"]
    answer = alice.order("bid", "0.99", "5", ticker=near, tif="immediate_or_cancel")[1]
    assert answer["fill_count"] == "5.00"
    house.now = OPEN + timedelta(hours=2)
    bids = [D(row["yes_bid_dollars"]) for row in house.get("/markets", status="open")["markets"]]
    assert len(set(bids)) > 3 and D("0.7") < sum(bids) < 1
    assert house.get("/markets/trades")["trades"]
    for minutes, status in [(390, "closed"), (395, "determined"), (420, "finalized")]:
        house.now = OPEN + timedelta(minutes=minutes)
        markets = house.get("/markets", event_ticker=event["event_ticker"])["markets"]
        assert {row["status"] for row in markets} == {status}
    assert sorted(row["result"] for row in markets) == ["no"] * 29 + ["yes"]
    assert alice.position(near) == 0 and len(alice.call("GET", "/portfolio/settlements")[1]["settlements"]) == 1
    assert house.money() == 0
    with house.exchange.view() as world:
        assert world.positions[NOISE, near].settled


def test_events_that_ended_while_nobody_looked_are_paid(house):
    house.now = datetime(2026, 10, 7, 15, tzinfo=UTC)
    feed = feed_of(house, "tsa,inxu", seed=3)
    feed.step()
    alice = house.member("alice")
    ticker = house.get("/markets", series_ticker="KXTSAW")["markets"][4]["ticker"]
    alice.order("bid", "0.99", "5", ticker=ticker, tif="immediate_or_cancel")
    house.wait(days=21)
    assert alice.position(ticker) == 0 and house.money() == 0
    assert {row["series_ticker"] for row in house.get("/events", status="settled")["events"]} == {"KXTSAW", "KXINXU"}
    assert {row["series_ticker"] for row in house.get("/events", status="open")["events"]} == {"KXTSAW", "KXINXU"}


def lived(parts, waits, *, seed=1, steps=True):
    """One hour with a member's orders at fixed times; *waits*: seconds between looks in between."""
    house = parts.house(None)
    house.now = OPEN
    feed = feed_of(house, "inxu", seed=seed)
    feed.step()
    alice = house.member("alice", "5000")
    tickers = sorted(row["ticker"] for row in house.get("/markets")["markets"])[10:15]
    told = []
    for number, ticker in enumerate(tickers):
        moment = OPEN + timedelta(minutes=11 * number, seconds=17)
        while house.now < moment:
            house.now = min(moment, house.now + timedelta(seconds=next(waits)))
            if steps:
                feed.step()
        quote = house.get(f"/markets/{ticker}")["market"]
        for side, price in [("bid", quote["yes_ask_dollars"]), ("bid", quote["yes_bid_dollars"])]:
            told.append(alice.order(side, price, "300", ticker=ticker)[1]["fill_count"])
    house.now = OPEN + timedelta(hours=1)
    trades = house.get("/markets/trades", limit=1000)["trades"]
    return told, trades, house.get("/markets")["markets"], alice.call("GET", "/portfolio/fills")[1], house.money()


def test_the_same_seed_gives_the_same_day_whenever_somebody_looks(parts):
    def every(seconds):
        while True:
            yield from seconds

    first = lived(parts, every([60.0]))
    assert first == lived(parts, every([7.3, 41.9, 0.2, 130.0]))
    assert first == lived(parts, every([3600.0]), steps=False)
    assert first != lived(parts, every([60.0]), seed=2)
    assert {fill["is_taker"] for fill in first[3]["fills"]} == {True, False} and first[4] == 0


@pytest.mark.parametrize("name", list(KINDS))
def test_the_fair_price_ends_at_the_result(name):
    day = day_of("KXTSAW-26OCT11SIM") if name == "tsa" else day_of("KXINX-26OCT09H1600SIM")
    for seed in range(10):
        ladder = ladder_of(KINDS[name], day, seed)
        for strike in ladder.strikes:
            certain = ladder.fair(strike, ladder.closes)
            assert ladder.result(strike) == ("yes" if certain > 0.5 else "no")
        fairs = [ladder.fair(strike, ladder.opens) for strike in ladder.strikes]
        if ladder.exclusive:
            assert sum(fairs) == pytest.approx(1, abs=1e-3)
        else:
            assert fairs == sorted(fairs, reverse=True)


@pytest.mark.parametrize("name", ["inx", "tsa"])
def test_fair_prices_have_no_drift(name):
    """Over many seeds the share of YES is what the opening's and the middle's fair prices promised."""
    day = day_of("KXTSAW-26OCT11SIM") if name == "tsa" else day_of("KXINX-26OCT09H1600SIM")
    misses = {"opens": [], "middle": []}
    for seed in range(200):
        ladder = ladder_of(KINDS[name], day, seed)
        for when, at in [("opens", ladder.opens), ("middle", ladder.closes - timedelta(hours=3))]:
            for strike in ladder.strikes[len(ladder.strikes) // 2 :: 3]:
                misses[when].append((ladder.result(strike) == "yes") - ladder.fair(strike, at))
    for found in misses.values():
        assert abs(sum(found) / len(found)) < 0.03


def test_what_the_index_room_finds_in_a_range_ladder_agrees_with_the_index(house):
    house.now = OPEN
    feed = feed_of(house, "inx,ndx")
    feed.step()
    source = IndexSource(lambda: house.now, seed=7, kinds=feed.kinds)
    for minutes in (1, 90, 180, 270):
        house.now = OPEN + timedelta(minutes=minutes)
        for series, symbol, session in [("KXINX", "^GSPC", 16), ("KXNASDAQ100", "^NDX", 16)]:
            rows = house.get("/events", series_ticker=series, with_nested_markets=True, status="open")["events"]
            (event,) = [json_event(row) for row in rows]
            found = event_closing([event], datetime(2026, 10, 6, session + 4, tzinfo=UTC))
            assert found is not None and found.ladder.gaps() == [] and len(found.markets) == 30
            tops = {ticker: TopOfBook.of(market) for ticker, market in found.markets.items()}
            median, why = ladder_median(found.ladder, tops)
            value = source.last(symbol)["value"]
            assert why == "" and abs(float(median) / value - 1) < 0.002, (series, minutes, median, value, why)


def json_event(row):
    import msgspec

    return msgspec.convert(row, Event, strict=False)


def test_ladders_pay_as_their_listed_strikes_say():
    for name in ("inx", "ndx", "inxu"):
        for seed in range(8):
            ladder = ladder_of(KINDS[name], day_of("KXINX-26NOV27H1300SIM"), seed)
            snapshot = snapshot_of(ladder, ladder.closes + timedelta(hours=1), None)
            rungs = IndexLadder.of(ladder.event_ticker, ladder.exclusive, snapshot.markets).rungs
            won = {rung.ticker for rung in rungs if rung.range.contains(to_cents(ladder.final))}
            assert {market.ticker for market in snapshot.markets if market.result == "yes"} == won
            assert ladder.closes.isoformat() == "2026-11-27T18:00:00+00:00" and "H1300" in ladder.event_ticker


def test_closes_and_minutes_of_the_index_tell_the_same_story():
    session, previous = session_on(datetime(2026, 10, 6).date())
    known = feed_index.closes(feed_index.SP500, 5, session.day)
    assert known[-1] == (session, feed_index.minutes_of(feed_index.SP500, 5, session)[-1])
    assert known[-2][0] == previous and len(feed_index.minutes_of(feed_index.SP500, 5, session)) == 391
    moves = [abs(later[1] / sooner[1] - 1) for sooner, later in pairwise(known)]
    assert 0.003 < sum(moves) / len(moves) < 0.02 and max(moves) < 0.15
    before, after = session.opens_at - timedelta(seconds=1), session.closes_at + timedelta(days=1)
    assert feed_index.value_at(feed_index.SP500, 5, session, previous, before) == known[-2][1]
    assert feed_index.value_at(feed_index.SP500, 5, session, previous, after) == known[-1][1]


def test_the_index_source_never_tells_the_future():
    now = [OPEN - timedelta(hours=1)]
    source = IndexSource(lambda: now[0], seed=4, kinds=kinds_of("inx"))
    day = OPEN.date()
    early = source.last("^GSPC")
    assert early["as_of"] == "2026-10-05T20:00:00+00:00"
    assert [early["as_of"][:10], early["value"]] == source.closes("^GSPC")["closes"][-1]
    now[0] = OPEN + timedelta(minutes=90, seconds=59)
    told = source.last("^GSPC")
    assert told["as_of"] == (OPEN + timedelta(minutes=90)).isoformat() and len(told["minutes"]) == 91
    assert told["prior_close"] == early["value"] and told["source"] == "SIMULATED"
    assert source.closes("^GSPC")["closes"][-1][0] == "2026-10-05"
    now[0] = OPEN + timedelta(hours=6, minutes=30)
    assert source.closes("^GSPC")["closes"][-1] == [day.isoformat(), source.last("^GSPC")["value"]]
    assert source.answer("/simulated/index/%5EGSPC") == (200, source.last("^GSPC"))
    for path in ("/simulated/index/^NDX", "/simulated/index/", "/simulated/x/^GSPC"):
        assert source.answer(path)[0] == 404


def test_a_served_feed_offers_the_chosen_events_and_their_index(served):
    server = served("--feed", "simulated", "--events", "inx,ndx", "--seed", "5", "--scale", "60")
    client = server.client()
    assert [event.event_ticker for event in open_events(client, "KXINX")] == ["KXINX-26OCT05H1600SIM"]
    assert [event.event_ticker for event in open_events(client, "KXNASDAQ100")] == ["KXNASDAQ100-26OCT05H1600SIM"]
    assert not list(client.events(series_ticker="KXINXU"))
    place = server.base.removesuffix("/trade-api/v2") + "/simulated/index/%5ENDX"
    with urllib.request.urlopen(place, timeout=10) as answer:
        told = json.load(answer)
    assert told["symbol"] == "^NDX" and told["value"] > 0 and len(told["minutes"]) >= 31
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(place.replace("NDX", "RUT"), timeout=10)


def test_a_simulated_week_bears_a_ticker_the_tsa_room_reads():
    assert parse_event_ticker("KXTSAW-26OCT11SIM") == parse_event_ticker("KXTSAW-26OCT11SIM-A2.50")
    with pytest.raises(Exception, match="not of the TSA"):
        parse_event_ticker("KXTSAW-26OCT11SIMS")


@pytest.mark.parametrize("names, said", [("inx,spx", "'spx'"), ("", None)])
def test_unknown_events_are_refused_by_name(names, said):
    if said is None:
        assert kinds_of(names) == ()
    else:
        with pytest.raises(ConfigError, match=said):
            kinds_of(names)


@pytest.mark.parametrize(
    "name, at, day",
    [
        ("tsa", "2026-10-05T00:00-04:00", "2026-10-11"),
        ("tsa", "2026-10-11T23:58-04:00", "2026-10-11"),
        ("inx", "2026-10-05T15:59-04:00", "2026-10-05"),
        ("inx", "2026-10-05T16:00-04:00", "2026-10-06"),
        ("inx", "2026-10-09T16:00-04:00", "2026-10-12"),
        ("ndx", "2026-10-10T12:00-04:00", "2026-10-12"),
        ("inxu", "2026-11-26T12:00-05:00", "2026-11-27"),  # Thanksgiving
        ("inxu", "2026-11-27T13:00-05:00", "2026-11-30"),  # a half day, over
    ],
)
def test_the_current_event_of_each_kind(name, at, day):
    assert KINDS[name].current_day(datetime.fromisoformat(at)).isoformat() == day


def test_the_calendar_has_two_ends():
    with pytest.raises(ConfigError, match="begin in 2020"):
        sessions_to(2019)
    with pytest.raises(ConfigError, match="no sessions are known"):
        closing_after(datetime(2300, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="no session"):
        session_on(datetime(2026, 11, 26).date())
