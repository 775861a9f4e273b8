"""Recording a real exchange (another paper one, over sockets), and living through the recording again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from index.served import served as behind_a_socket
from kalshi.errors import AlreadyRunning, ConfigError, DataError, StoreError
from kalshi.exchange.candles import OHLC, Candle, Price
from kalshi.history.candle_store import StoredEvent, StoredMarket
from kalshi.paper.feed_public import public_client
from kalshi.paper.feed_recorded import RecordedFeed, first_moment
from kalshi.paper.market_clock import StepClock
from kalshi.paper.record import Recorder
from kalshi.paper.record_files import RecordFiles
from kalshi.tsa.candle_store import TsaCandleStore

from .conftest import SRC, House, Served

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
IOC = "immediate_or_cancel"


class Studio:
    """A real exchange with members, and a recorder that looks at it."""

    def __init__(self, stack: ExitStack, out: Path) -> None:
        self.real = House(None)
        self.base, self.seen = stack.enter_context(behind_a_socket(self.real.exchange))
        self.files = RecordFiles(out)
        stack.enter_context(self.files.alone())
        self.maker, self.other = self.real.member("maker", "100000"), self.real.member("other", "100000")
        self.real.show()
        self.real.wait(seconds=1)

    def recorder(self, most_bytes=10**9) -> Recorder:
        source = public_client(self.base, timeout_s=(1, 1), budget_s=1)
        one = Recorder(source, self.files, lambda: self.real.now, series=["KXTSAW"], most_bytes=most_bytes)
        one.start()
        return one

    def day(self, recorder: Recorder) -> None:
        """Quotes and trades, a reading after each, and the end."""
        for member, side, price, count, kind in [
            (self.maker, "bid", "0.40", "30", "good_till_canceled"),
            (self.maker, "ask", "0.45", "10", "good_till_canceled"),
            (self.other, "ask", "0.40", "12", IOC),
            (self.maker, "bid", "0.40", "20", "good_till_canceled"),
            (self.other, "ask", "0.40", "25", IOC),
            (self.other, "bid", "0.45", "11", IOC),
        ]:
            self.real.wait(seconds=3)
            assert member.order(side, price, count, tif=kind)[0] == 201
            self.real.wait(seconds=2)
            assert recorder.step() == ""
        self.real.wait(days=8)
        recorder.step()
        self.real.exchange.settle(TICKER, "yes")
        self.real.wait(minutes=1)
        recorder.step()
        recorder.flush()


@pytest.fixture
def studio(tmp_path):
    with ExitStack() as stack:
        yield Studio(stack, tmp_path / "recording")


ORDERS = [(6, "bid", "0.40", "9"), (11, "bid", "0.45", "4"), (27, "ask", "0.46", "3"), (27, "bid", "0.42", "1")]


def lived(out, *, look_every=None):
    """Live through a recording with fixed orders; return all fills and the money that is missing."""
    house = House(None)
    house.now = first_moment(out)
    clock = StepClock(house.now)
    house.exchange._clock = clock  # the house's own clock gives way to the recording's
    feed = RecordedFeed(house.exchange, out, clock)
    house.exchange.follow(feed)
    alice = house.member("alice", "1000")
    origin = House(None).now + timedelta(seconds=1)
    for seconds, *order in ORDERS:
        moment = origin + timedelta(seconds=seconds, milliseconds=500)
        while look_every and clock() + look_every < moment:
            clock.advance(look_every)
            feed.step()
        clock.move_to(moment)
        house.now = moment
        alice.order(*order)
    for _ in feed.play(clock):
        pass
    house.now = clock()
    fills = alice.call("GET", "/portfolio/fills")[1]["fills"]
    return fills, alice.dollars(), house.money(), house.get(f"/markets/{TICKER}")["market"]


def test_a_recording_lives_again_the_same_whoever_looks_when(studio):
    studio.day(studio.recorder())
    fills, cash, missing, market = lived(studio.files.root)
    assert (market["status"], market["result"], missing) == ("finalized", "yes", 0)
    told = {(fill["yes_price_dollars"], fill["count_fp"], fill["is_taker"]) for fill in fills}
    # behind 30: 12 trades leave 18, of 25 more seven reach us; the offer at 45 cents is taken at once
    assert told == {("0.4000", "7.00", False), ("0.4500", "4.00", True)}
    assert (fills, cash, missing, market) == lived(studio.files.root, look_every=timedelta(milliseconds=700))


def test_what_is_kept_is_what_was_shown_and_every_trade_once(studio):
    recorder = studio.recorder()
    studio.day(recorder)
    trades = list(studio.files.read("trades"))
    real = {row["trade_id"]: D(row["count_fp"]) for row in studio.real.get("/markets/trades")["trades"]}
    assert {row["trade_id"]: row["count"] for row in trades} == real and len(trades) == len(real) == 4
    books = list(studio.files.read("books"))
    assert [row["yes_counts"] for row in books] == [[D(size)] for size in (30, 30, 18, 38, 13, 13)]
    assert [row["no_prices"] for row in books] == [[], *[[D("0.55")]] * 4, []]
    ladders = list(studio.files.read("ladders"))
    assert len(ladders) == 3 and recorder.kept == len(trades) + len(books) + len(ladders)
    assert not list(studio.files.root.glob("*/.*"))


def test_a_recording_goes_on_where_it_stopped(studio):
    first = studio.recorder()
    studio.maker.order("bid", "0.40", "30")
    studio.other.order("ask", "0.40", "5", tif=IOC)
    studio.real.wait(seconds=1)
    first.step()
    first.flush()
    studio.real.wait(seconds=5)
    studio.other.order("ask", "0.40", "6", tif=IOC)  # nobody records
    studio.real.wait(seconds=5)
    second = studio.recorder()
    second.step()
    studio.other.order("ask", "0.40", "7", tif=IOC)
    studio.real.wait(seconds=1)
    second.step()
    second.step()
    second.flush()
    assert [row["count"] for row in studio.files.read("trades")] == [5, 6, 7]
    studio.real.wait(days=8)
    studio.real.exchange.settle(TICKER, "no")
    third = studio.recorder()  # knows of the event from the files only
    third.step()
    third.flush()
    assert b'"finalized"' in list(studio.files.read("ladders"))[-1]["body"]


def test_a_reading_that_fails_is_left_out_and_said(studio):
    recorder = studio.recorder()
    studio.real.exchange.handle, handle = lambda *_: (503, {}, b""), studio.real.exchange.handle
    assert "503" in recorder.step() and recorder.failures == 1
    studio.real.exchange.handle = handle
    assert recorder.step() == "" and recorder.readings == 1


def test_limits_and_damage_are_one_line(studio, tmp_path):
    with pytest.raises(AlreadyRunning, match="another recorder"), studio.files.alone():
        pass
    recorder = studio.recorder(most_bytes=10)
    recorder.step()
    with pytest.raises(StoreError, match="--most-mb"):
        recorder.flush()
    kept = next((studio.files.root / "ladders").glob("*.parquet"))
    kept.write_bytes(kept.read_bytes()[:-20])
    with pytest.raises(DataError, match="move it away"):
        first_moment(studio.files.root)
    with pytest.raises(ConfigError, match="holds no recording"):
        first_moment(tmp_path)
    (tmp_path / "ladders").mkdir()
    with pytest.raises(ConfigError, match="empty recording"):
        first_moment(tmp_path)


def command(folder, *words):
    (folder / "none.env").touch()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), "KALSHI_ENV_FILE": str(folder / "none.env")}
    return subprocess.Popen(
        [sys.executable, "-m", "kalshi.paper", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def test_the_command_records_until_it_is_stopped_and_what_it_kept_can_be_served(served, tmp_path):
    server = served(bids=[("0.35", "20")], asks=[("0.40", "10")])
    out = tmp_path / "recording"
    words = ("record", "--series", "KXTSAW", "--out", str(out), "--source", server.base, "--every", "0.2")
    recorder = command(tmp_path, *words)
    assert recorder.stdout.readline().startswith("recording KXTSAW from ")
    second = command(tmp_path, *words)
    assert second.wait(60) == 4 and "another recorder" in second.communicate()[1]
    recorder.send_signal(signal.SIGTERM)
    said, trouble = recorder.communicate(timeout=60)
    assert (recorder.returncode, trouble) == (0, "") and "0 failed" in said
    short = command(tmp_path, *words, "--for", "0.5")
    assert short.communicate(timeout=60)[1] == "" and short.returncode == 0

    (tmp_path / "replay").mkdir()
    replay = Served(tmp_path / "replay", "--feed", "recorded", str(out), "--clock", "stepped", "--tier", "none")
    replay.start()
    try:
        client = replay.client()
        control = replay.base.removesuffix("/trade-api/v2") + "/control"
        body = json.dumps({"do": "clock", "advance_s": 3600}).encode()
        request = urllib.request.Request(control, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert datetime.fromisoformat(json.load(answer)["now"]) > first_moment(out)
        assert [market.ticker for market in client.markets()] == [TICKER]
    finally:
        replay.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["record", "--series", "KXTSAW", "--out", "{}", "--every", "0"], 2, "--every"),
        (["record", "--series", " , ", "--out", "{}"], 2, "--series"),
        (["record", "--series", "KXTSAW", "--out", "{}", "--source", "http://example.com"], 2, "not allowed"),
        (["--feed", "recorded"], 2, "recorded DIR"),
        (["--feed", "recorded", "{}"], 2, "holds no recording"),
        (["--feed", "sometimes"], 2, "simulated, live, recorded DIR"),
        (["--feed", "live", "--scale", "5"], 2, "real clock"),
        (["--feed", "live", "--latency", "-1"], 2, "--latency"),
    ],
)
def test_bad_options_are_one_line(tmp_path, words, code, said):
    words = [word.replace("{}", str(tmp_path)) for word in words]
    if words[0] != "record":
        words = ["--state", str(tmp_path / "p.sqlite"), "--port", "0", *words]
    run = command(tmp_path, *words)
    _, trouble = run.communicate(timeout=60)
    assert (run.returncode, len(trouble.splitlines()), said in trouble) == (code, 1, True), trouble


def quote(bid, ask):
    return OHLC(open=D(bid), high=D(bid), low=D(bid), close=D(bid)), OHLC(
        open=D(ask), high=D(ask), low=D(ask), close=D(ask)
    )


def test_fetched_candles_can_be_lived_through(tmp_path):
    store = TsaCandleStore(tmp_path)
    opens, closes = datetime(2026, 10, 5, 14, tzinfo=UTC), datetime(2026, 10, 12, 3, 59, tzinfo=UTC)
    market = StoredMarket(TICKER, "yes", "finalized", opens, closes)
    event = StoredEvent("KXTSAW-26OCT11", "KXTSAW", (market,), True)
    store.save_event(event)
    candles = []
    for hours, bid, ask, low, high, volume in [
        (1, "0.40", "0.44", None, None, "0"),
        (2, "0.38", "0.44", "0.38", "0.41", "9"),
        (3, "0.38", "0.39", "0.37", "0.37", "20"),
    ]:
        yes_bid, yes_ask = quote(bid, ask)
        price = Price(low=D(low), high=D(high)) if low else Price()
        ends = int((opens + timedelta(hours=hours)).timestamp())
        candles.append(Candle(ends, yes_bid, yes_ask, price, D(volume), D(0)))
    store.save_candles(event.request(market, 60), candles, final=True)
    assert store.event_tickers(date(2026, 10, 1), date(2026, 10, 31)) == ["KXTSAW-26OCT11"]

    assert first_moment(tmp_path) == opens
    clock = StepClock(opens)
    house = House(None)
    house.exchange._clock = clock
    feed = RecordedFeed(house.exchange, tmp_path, clock)
    house.exchange.follow(feed)
    alice = house.member("alice", "1000")
    seen = []
    for now in feed.play(clock):
        house.now = now
        if now == opens + timedelta(hours=1):
            assert alice.order("bid", "0.44", "25", tif=IOC)[1]["fill_count"] == "10.00"  # all that stands there
            alice.order("bid", "0.38", "50")
            alice.order("bid", "0.40", "50")
        seen.append(now)
    fills = alice.call("GET", "/portfolio/fills")[1]["fills"][::-1]
    told = [(fill["yes_price_dollars"], fill["count_fp"], fill["is_taker"]) for fill in fills]
    assert told == [
        ("0.4400", "10.00", True),
        ("0.4000", "4.50", False),  # a trade at 38 went through 40, but not through 38
        ("0.4000", "10.00", False),  # one at 37 with half of 20
        ("0.4000", "10.00", False),  # and the offer of 10 at 39
    ]
    assert alice.position() == 0 and house.money() == 0 and len(seen) == 5
    assert alice.dollars() > 1000
