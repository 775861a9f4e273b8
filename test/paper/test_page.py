"""The page at /: who may use it, what it says, and a person with a keyboard in a real browser."""

from __future__ import annotations

import http.client
import json
import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kalshi.exchange.signing import Credentials
from kalshi.paper.page import Page

from .browser import Browser, find_chromium

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
HOST = "127.0.0.1:8765"
ORDER = {"ticker": TICKER, "side": "bid", "price": "0.4", "count": "3", "time_in_force": "good_till_canceled"}


class Tab:
    """The page asked as a browser would ask it."""

    def __init__(self, house):
        self.house, self.member = house, house.member("alice")
        credentials = Credentials("alice", self.member.credentials.private_key)
        self.page = Page(
            house.exchange, credentials, clock=lambda: house.now, wall=lambda: house.now.timestamp(), feed="none"
        )
        self.token = re.search(r'name="paper-token" content="([^"]+)"', self.get("/")[2].decode()).group(1)

    def get(self, target, *, peer="127.0.0.1", host=HOST):
        return self.page.handle("GET", target, {"host": host}, b"", peer)

    def post(self, path, wire, *, peer="127.0.0.1", **headers):
        own = {"host": HOST, "origin": f"http://{HOST}", "x-paper-token": self.token} | headers
        body = wire if isinstance(wire, bytes) else json.dumps(wire).encode()
        status, _, content = self.page.handle("POST", path, own, body, peer)
        return status, json.loads(content) if content else None

    def state(self, **query):
        target = "/page/state?" + "&".join(f"{name}={value}" for name, value in query.items())
        return json.loads(self.get(target)[2])


@pytest.fixture
def tab(house):
    house.show(bids=[("0.35", "20")], asks=[("0.40", "2"), ("0.45", "50")])
    return Tab(house)


def test_a_person_places_sees_and_cancels(tab):
    status, told = tab.post("/page/order", ORDER)
    assert (status, told["fill_count"], told["remaining_count"]) == (201, "2.00", "1.00")
    state = tab.state()
    assert state["event"] == "KXTSAW-26OCT11" and state["market"] == TICKER
    assert state["book"]["bids"][0] == ["0.4", "1", "1"] and state["book"]["asks"] == [["0.45", "50", "0"]]
    (order,) = state["orders"]
    assert (order["side"], order["price"], order["left"], order["filled"]) == ("bid", "0.4", "1", "2")
    (position,) = state["positions"]
    assert (position["held"], D(position["cost"])) == ("2", D("0.8"))
    assert D(position["value"]) == D("0.8") and D(position["open"]) == 0  # our own bid is the best price
    assert [(fill["count"], fill["taker"]) for fill in state["fills"]] == [("2", True)]
    account = state["account"]
    fee = D(account["fees"])
    assert fee == D("0.0336") and D(account["result"]) == -fee and D(account["reserved"]) == D("0.4")
    assert tab.post("/page/cancel", {"order_id": order["id"], "ticker": TICKER})[0] == 200
    assert tab.state()["orders"] == []
    tab.post("/page/order", ORDER | {"price": "0.1"})
    assert tab.post("/page/cancel_all", {})[0] in (200, 204) and tab.state()["orders"] == []


def test_refusals_of_the_exchange_reach_the_person(tab):
    status, told = tab.post("/page/order", ORDER | {"price": "0.405"})
    assert (status, told["error"]["code"]) == (400, "invalid_order")
    for wire in (b"", b"[]", b"{}", ORDER | {"client_order_id": "mine"}, ORDER | {"price": 0.4}):
        assert tab.post("/page/order", wire)[0] == 400
    assert tab.post("/page/cancel", {"order_id": "../../balance", "ticker": TICKER})[0] == 404
    assert tab.state()["orders"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": ""},
        {"x-paper-token": ""},
        {"x-paper-token": "wrong"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "127.0.0.1.evil.example:8765", "origin": "http://127.0.0.1.evil.example:8765"},
    ],
)
def test_other_sites_can_not_trade(tab, headers):
    for path, wire in [("/page/order", ORDER), ("/page/cancel_all", {})]:
        assert tab.post(path, wire, **headers)[0] == 403
    assert tab.state()["orders"] == [] and tab.state()["fills"] == []


def test_other_machines_and_rebound_names_can_not_read(tab):
    assert tab.post("/page/order", ORDER, peer="192.0.2.7")[0] == 403
    for target in ("/", "/page/state"):
        assert tab.get(target, peer="192.0.2.7")[0] == 403
        assert tab.get(target, host="rebound.example:8765")[0] == 403
        assert tab.get(target, host="")[0] == 403
        for host in ("localhost:8765", "[::1]:8765", "127.0.0.1"):
            assert tab.get(target, host=host)[0] == 200
    assert tab.get("/page/order")[0] == 404
    assert tab.page.handle("POST", "/", {"host": HOST}, b"", "127.0.0.1")[0] == 404


def test_the_page_is_whole_in_itself_and_holds_no_key(tab):
    status, headers, content = tab.get("/")
    text = content.decode()
    policy = headers["Content-Security-Policy"]
    assert status == 200 and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store" and "{{" not in text
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", text) and "http" not in text.replace("http-equiv", "")
    assert "PRIVATE" not in text and "alice" not in text and tab.get("/")[2] != content  # a nonce of its own
    assert text.count("PAPER") >= 5


def test_events_are_listed_open_ones_first_and_odd_questions_get_the_first(tab, parts):
    later = parts.market("KXTSAW-26OCT18-A2.50", event_ticker="KXTSAW-26OCT18", close_time="2026-10-19T03:59:00Z")
    tab.house.show(market=later, event=parts.event(event_ticker="KXTSAW-26OCT18"))
    assert [row["ticker"] for row in tab.state()["events"]] == ["KXTSAW-26OCT11", "KXTSAW-26OCT18"]
    tab.house.exchange.settle(TICKER, "yes")
    state = tab.state(event="KXTSAW-26OCT11")
    assert [row["ticker"] for row in state["events"]] == ["KXTSAW-26OCT18", "KXTSAW-26OCT11"]
    assert state["markets"][0]["result"] == "yes" and state["markets"][0]["status"] == "finalized"
    assert tab.state(event="no-such", market="neither")["event"] == "KXTSAW-26OCT18"


def test_an_empty_exchange_has_a_page(house):
    state = Tab(house).state()
    assert (state["events"], state["market"], state["book"]) == ([], "", {"bids": [], "asks": []})


def test_the_served_page_is_guarded_too(served):
    base = urlsplit(served().base)

    def ask(method, path, body=b"", **headers):
        line = http.client.HTTPConnection(base.netloc, timeout=10)
        line.request(method, path, body, headers)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        return answer.status, content

    status, content = ask("GET", "/")
    assert status == 200 and b"PAPER" in content
    assert ask("GET", "/page/state")[0] == 200
    assert ask("GET", "/page/state", Host="rebound.example")[0] == 403
    assert ask("POST", "/page/order", json.dumps(ORDER).encode(), Origin="http://evil.example")[0] == 403
    assert ask("POST", "/page/order", b"x" * 1_100_000)[0] == 413
    assert ask("GET", "/page/nothing")[0] == 404


CHROMIUM = pytest.mark.skipif(find_chromium() is None, reason="chromium is not installed")
FOCUS = "document.activeElement.id || document.activeElement.innerText"


@CHROMIUM
def test_a_keyboard_is_enough_to_see_order_and_cancel(served, tmp_path: Path):
    server = served(bids=[("0.35", "20")], asks=[("0.40", "2"), ("0.45", "50")])
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(server.base.removesuffix("/trade-api/v2") + "/")
        browser.until("document.body?.dataset.shown")
        assert "PAPER" in browser.value("document.querySelector('header').innerText")
        ladder = browser.value("document.querySelector('#ladder tbody').innerText")
        assert "35¢" in ladder and "40¢" in ladder
        assert browser.value("[...document.querySelectorAll('#book button')].map(b => b.innerText).join()") == (
            "45¢,40¢,35¢"
        )

        browser.press("Tab")  # the first stop leads to order entry
        assert browser.value(FOCUS) == "Skip to order entry"
        browser.press("Enter")
        browser.press("Tab")
        browser.value("document.getElementById('price').focus()")
        browser.type("40")
        browser.press("Tab")
        assert browser.value(FOCUS) == "count"
        browser.type("5")
        assert "5 × 40¢ = $2.00" in browser.value("document.getElementById('sum').innerText")
        browser.press("Enter")
        browser.until("document.getElementById('said').innerText == 'Filled 2 at 40¢, 3 rest in the book.'")
        browser.until("document.querySelector('#positions').innerText.includes('2 YES')")
        assert "3 mine" in browser.value("document.getElementById('book').innerText")
        assert "taker" in browser.value("document.getElementById('fills').innerText")
        client = server.client()
        assert [order.remaining_count_fp for order in client.orders(status="resting")] == [3]

        browser.value("document.querySelector('#orders tbody button').focus()")
        browser.press("Enter")
        browser.until("document.getElementById('orders').innerText.includes('No open orders')")
        assert not list(client.orders(status="resting"))

        browser.value("document.querySelector('input[name=side]').focus()")
        browser.press("ArrowRight")  # the other side, with its price
        assert browser.value("document.querySelector('input[name=side]:checked').value") == "ask"
        browser.value("document.getElementById('price').focus()")
        browser.type("65.5")
        browser.press("Enter")
        browser.until("document.getElementById('said').innerText.includes('invalid_order')")
        assert browser.value("performance.getEntriesByType('resource').every(r => r.name.startsWith(location.origin))")
    finally:
        browser.close()


@CHROMIUM
def test_the_page_lives_on_and_fits_a_phone(served, tmp_path: Path):
    server = served("--feed", "simulated", "--events", "inx,tsa", "--scale", "600")
    browser = Browser(tmp_path / "profile", dark=True)
    try:
        browser.size(360, 740, mobile=True)
        browser.open(server.base.removesuffix("/trade-api/v2") + "/")
        first = browser.until("document.body?.dataset.shown")
        browser.until(f"document.body.dataset.shown > '{first}'")
        assert browser.value("document.documentElement.scrollWidth") == 360
        unnamed = "[...document.querySelectorAll('input,select')].filter(e => !e.labels.length).length"
        assert browser.value(unnamed) == 0
        browser.until("document.querySelectorAll('#ladder tbody tr').length > 1")
        browser.value("document.querySelectorAll('#ladder tbody button')[0].focus()")
        browser.press("ArrowDown")
        browser.until("document.querySelectorAll('#ladder tbody tr')[1].ariaSelected === 'true'")
        moved = browser.value("document.body.dataset.shown")
        browser.until(f"document.body.dataset.shown > '{moved}'")
        assert browser.value("document.activeElement === document.querySelectorAll('#ladder tbody button')[1]")
        server.stop()
        browser.until("!document.getElementById('trouble').hidden")
        assert "does not answer" in browser.value("document.getElementById('trouble').innerText")
    finally:
        browser.close()
