"""The live feed over real sockets: one paper exchange is the real one, the other mirrors it."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal

import pytest

from index.served import served as behind_a_socket
from kalshi.errors import ConfigError
from kalshi.exchange.models import CreateOrder
from kalshi.paper.feed_live import LiveFeed, LiveRules
from kalshi.paper.feed_public import public_client

from .conftest import House

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
IOC = "immediate_or_cancel"


class Line:
    """The way to the real exchange; while it is `away`, requests hang."""

    def __init__(self, exchange):
        self.exchange, self.away = exchange, False

    def handle(self, *request):
        if self.away:
            time.sleep(1.5)
        return self.exchange.handle(*request)


class Mirror:
    """A real exchange with its own members behind a socket, and ours that lives on its public data."""

    def __init__(self, stack: ExitStack, **rules: float) -> None:
        self.real = House(None)
        self.line = Line(self.real.exchange)
        self.base, self.seen = stack.enter_context(behind_a_socket(self.line))
        self.ours = House(None)
        self.travelled: list[float] = []
        self.maker = self.real.member("maker", "100000")
        self.other = self.real.member("other", "100000")
        self.real.show()
        self.rules = LiveRules(**{"latency_s": 0.0, **rules})
        self.alice = self.ours.member("alice", "10000")
        self.feed = self.new_feed()

    def new_feed(self, series=("KXTSAW",)) -> LiveFeed:
        feed = LiveFeed(
            self.ours.exchange,
            lambda: public_client(self.base, timeout_s=(0.5, 0.5), budget_s=0.5),
            lambda: self.ours.now,
            series=series,
            monotonic=lambda: self.ours.now.timestamp(),
            sleep=self.travel,
            rules=self.rules,
        )
        self.ours.exchange.follow(feed)
        return feed

    def travel(self, seconds: float) -> None:
        self.travelled.append(seconds)
        self.wait(seconds)

    def wait(self, seconds: float = 1.0) -> None:
        for house in (self.real, self.ours):
            house.wait(seconds=seconds)

    def later(self) -> None:
        self.wait()
        self.feed.step()

    def quote(self, side, price, count):
        self.wait()
        return self.maker.order(side, price, count)[1]["order_id"]

    def take(self, side, price, count):
        self.wait()
        answer = self.other.order(side, price, count, tif=IOC)[1]
        self.wait()
        return D(answer["fill_count"])

    def filled(self, order_id):
        return D(self.alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["fill_count_fp"])


@pytest.fixture
def mirror():
    with ExitStack() as stack:
        one = Mirror(stack)
        one.quote("ask", "0.45", "10")
        one.quote("bid", "0.40", "30")
        one.wait()
        one.feed.start()
        yield one


def test_a_taker_gets_what_is_displayed_when_the_order_arrives_and_gets_it_once(mirror):
    book = mirror.ours.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]
    assert book == mirror.real.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]
    mirror.quote("ask", "0.44", "3")  # after the last reading, before the order
    mirror.wait()
    answer = mirror.alice.order("bid", "0.45", "50", tif=IOC)[1]
    assert (answer["fill_count"], mirror.alice.dollars() < 10000) == ("13.00", True)
    for _ in range(3):
        mirror.later()
        assert mirror.alice.order("bid", "0.45", "50", tif=IOC)[1]["fill_count"] == "0.00"
    mirror.quote("ask", "0.45", "4")
    mirror.wait()
    assert mirror.alice.order("bid", "0.45", "50", tif=IOC)[1]["fill_count"] == "4.00"


def test_an_order_that_is_too_late_finds_the_offer_gone(mirror):
    mirror.rules = LiveRules(latency_s=2.5)
    mirror.feed = mirror.new_feed()
    mirror.feed.start()
    whole_way = mirror.travel

    def somebody_is_faster(seconds):
        mirror.other.order("bid", "0.45", "10", tif=IOC)
        whole_way(seconds)

    mirror.travel = somebody_is_faster
    mirror.feed._sleep = mirror.travel
    before = mirror.ours.now
    answer = mirror.alice.order("bid", "0.45", "10", tif=IOC)[1]
    assert answer["fill_count"] == "0.00" and mirror.travelled[-1] == 2.5
    order = mirror.alice.call("GET", "/portfolio/orders")[1]["orders"][0]
    assert order["created_time"] >= (before + timedelta(seconds=2.5)).isoformat()[:23]


def test_a_resting_order_waits_behind_the_real_queue(mirror):
    order_id = mirror.alice.order("bid", "0.40", "10")[1]["order_id"]
    assert mirror.take("ask", "0.40", "25") == 25
    mirror.feed.step()
    assert mirror.filled(order_id) == 0
    mirror.quote("bid", "0.40", "100")  # who comes later stands behind us
    assert mirror.take("ask", "0.40", "9") == 9
    for _ in range(2):  # a trade counts once
        mirror.later()
        assert mirror.filled(order_id) == 4
    assert mirror.take("ask", "0.40", "96") == 96
    mirror.feed.step()
    assert mirror.filled(order_id) == 10 and mirror.ours.money() == 0


def test_a_real_book_that_passes_a_resting_order_fills_it(mirror):
    order_id = mirror.alice.order("bid", "0.43", "10")[1]["order_id"]
    mirror.quote("ask", "0.42", "4")
    mirror.later()
    assert mirror.filled(order_id) == 4
    fill = mirror.alice.call("GET", "/portfolio/fills")[1]["fills"][0]
    assert (fill["yes_price_dollars"], fill["is_taker"]) == ("0.4300", False)
    mirror.later()
    assert mirror.filled(order_id) == 4


def test_a_restart_counts_no_trade_twice(mirror):
    order_id = mirror.alice.order("bid", "0.40", "50")[1]["order_id"]
    mirror.take("ask", "0.40", "30")
    mirror.quote("bid", "0.40", "20")
    mirror.take("ask", "0.40", "5")
    mirror.feed.step()
    assert mirror.filled(order_id) == 5
    mirror.wait()
    mirror.feed = mirror.new_feed()
    mirror.feed.start()
    assert mirror.filled(order_id) == 5
    mirror.take("ask", "0.40", "2")
    mirror.feed.step()
    assert mirror.filled(order_id) == 7


def test_an_event_ends_as_the_real_one_does(mirror):
    mirror.alice.order("bid", "0.45", "5", tif=IOC)
    seconds = (mirror.real.get(f"/markets/{TICKER}")["market"]["close_time"], mirror.real.now)
    assert seconds
    mirror.wait(7 * 86400)
    mirror.feed.step()
    assert mirror.ours.get(f"/markets/{TICKER}")["market"]["status"] == "closed"
    mirror.real.exchange.settle(TICKER, "yes")
    mirror.later()
    market = mirror.ours.get(f"/markets/{TICKER}")["market"]
    assert (market["status"], market["result"]) == ("finalized", "yes")
    assert mirror.alice.position() == 0 and mirror.ours.money() == 0


def test_while_the_real_exchange_is_away_nothing_trades_and_orders_stay():
    with ExitStack() as stack:
        mirror = Mirror(stack, stale_s=10.0)
        mirror.quote("ask", "0.45", "10")
        mirror.wait()
        mirror.feed.start()
        order_id = mirror.alice.order("bid", "0.40", "10")[1]["order_id"]
        mirror.line.away = True
        status, answer = mirror.alice.order("bid", "0.45", "10", tif=IOC)
        assert (status, answer["error"]["code"]) == (409, "trading_is_paused")
        assert mirror.ours.get("/exchange/status")["trading_active"] is False
        waited = len(mirror.travelled)
        assert mirror.alice.order("bid", "0.45", "10", tif=IOC)[0] == 409 and len(mirror.travelled) == waited
        mirror.later()
        assert mirror.alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["status"] == "resting"
        mirror.line.away = False
        mirror.later()
        assert mirror.ours.get("/exchange/status")["trading_active"] is True
        assert mirror.alice.order("bid", "0.45", "10", tif=IOC)[1]["fill_count"] == "10.00"
        assert mirror.alice.call("GET", f"/portfolio/orders/{order_id}")[1]["order"]["status"] == "resting"
        stack.close()  # and now nobody listens there any more
        mirror.feed = mirror.new_feed()
        mirror.feed.start()
        assert mirror.ours.get("/exchange/status")["trading_active"] is False
        path = f"/portfolio/events/orders/{order_id}"
        assert mirror.alice.call("DELETE", path, market_ticker=TICKER)[0] == 200


def test_one_failed_reading_is_not_yet_the_end(mirror):
    mirror.line.away = True
    mirror.later()
    assert mirror.ours.get("/exchange/status")["trading_active"] is True
    mirror.wait(11)
    mirror.feed.step()
    assert mirror.ours.get("/exchange/status")["trading_active"] is False


def test_an_unknown_series_is_one_line(mirror):
    with pytest.raises(ConfigError, match="knows no series KXNOSUCH"):
        mirror.new_feed(("KXNOSUCH",)).start()


def test_served_from_one_process_to_the_next(served, tmp_path):
    real = served(bids=[("0.35", "20")], asks=[("0.40", "10")])
    from .conftest import Served

    (tmp_path / "ours").mkdir()
    options = ("--feed", "live", "--source", real.base, "--latency", "0", "--poll", "0.2", "--tier", "none")
    ours = Served(tmp_path / "ours", *options, "--date", "2026-10-05T10:00").start()
    try:
        client = ours.client()
        taken = client.create_order(
            CreateOrder(
                ticker=TICKER,
                side="bid",
                count=D(15),
                price=D("0.40"),
                time_in_force=IOC,
                self_trade_prevention_type="maker",
                client_order_id="one",
            )
        )
        assert taken.fill_count == 10
        assert [market.ticker for market in client.markets()] == [TICKER]
        assert ours.stop() == (0, "")
    finally:
        if ours.process is not None:
            ours.stop(signal.SIGKILL)
