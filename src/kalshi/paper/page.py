"""The page at /: the local account's exchange for a person, in a browser on this machine.

The browser never sees a key. It holds a token made at each start, and the server signs with the local account's key
what comes back with it. A request counts only from a loopback address, to a loopback host name (so no other name was
made to point here), and, where it changes something, from this page's own origin and with the token. Other sites can
so neither read nor trade.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote

import msgspec

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import Credentials, signed_headers
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.page_data import state_of

ORDERS = f"{API_PATH}/portfolio/events/orders"
JSON = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Answered = tuple[int, dict[str, str], bytes]


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    ticker: str
    side: str
    price: str
    count: str
    time_in_force: str


class _Cancel(msgspec.Struct, forbid_unknown_fields=True):
    order_id: str
    ticker: str


class Page:
    """Answers what the page asks. *clock*: market time; *wall*: Unix seconds for signatures."""

    def __init__(
        self,
        exchange: PaperExchange,
        credentials: Credentials,
        *,
        clock: Callable[[], datetime],
        wall: Callable[[], float],
        feed: str = "",
    ) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._clock = clock
        self._wall = wall
        self._feed = feed
        self._token = secrets.token_urlsafe(32)

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes, peer: str) -> Answered:
        """Answer one request. headers: lower-case names. peer: address of the caller."""
        path, _, query = target.partition("?")
        if not (_is_loopback(peer) and _is_loopback(_host_of(headers.get("host", "")))):
            return _problem(403, "the page is for a browser on this machine: open it by its 127.0.0.1 address")
        if method == "GET" and path == "/":
            return self._html()
        if method == "GET" and path == "/page/state":
            return self._state(query)
        if method == "POST" and path in ("/page/order", "/page/cancel", "/page/cancel_all"):
            if not self._is_own(headers):
                return _problem(403, "this did not come from the page: reload it")
            return self._change(path.rpartition("/")[2], body)
        return _problem(404, "not found")

    def _is_own(self, headers: Mapping[str, str]) -> bool:
        origin, host = headers.get("origin", ""), headers.get("host", "")
        sent = headers.get("x-paper-token", "")
        return origin == f"http://{host}" and secrets.compare_digest(sent.encode(), self._token.encode())

    def _html(self) -> Answered:
        nonce = secrets.token_urlsafe(16)
        text = files("kalshi.paper").joinpath("page.html").read_text(encoding="utf-8")
        text = text.replace("{{nonce}}", nonce).replace("{{token}}", self._token).replace("{{feed}}", self._feed)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = JSON | {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
        }
        return 200, headers, text.encode()

    def _state(self, query: str) -> Answered:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        event, market = asked.get("event", ""), asked.get("market", "")
        with self._exchange.view() as world:
            state = state_of(world, self._credentials.key_id, self._clock(), event=event, market=market)
        return 200, JSON, msgspec.json.encode(state)

    def _change(self, what: str, body: bytes) -> Answered:
        try:
            if what == "order":
                order = msgspec.json.decode(body, type=_Order)
                wire = msgspec.to_builtins(order) | {
                    "self_trade_prevention_type": "taker_at_cross",
                    "client_order_id": f"page-{secrets.token_hex(8)}",
                }
                return self._signed("POST", ORDERS, msgspec.json.encode(wire))
            if what == "cancel":
                gone = msgspec.json.decode(body, type=_Cancel)
                path = f"{ORDERS}/{quote(gone.order_id, safe='')}"
                return self._signed("DELETE", path, b"", f"?market_ticker={quote(gone.ticker, safe='')}")
        except msgspec.MsgspecError as error:
            return _problem(400, str(error))
        return self._signed("DELETE", ORDERS, b"")

    def _signed(self, method: str, path: str, body: bytes, query: str = "") -> Answered:
        headers = signed_headers(self._credentials, int(self._wall() * 1000), method, path)
        status, _, answer = self._exchange.handle(method, path + query, headers, body)
        return status, JSON, answer


def _host_of(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(status: int, message: str) -> Answered:
    error: dict[str, Any] = {"error": {"code": "page", "message": message}}
    return status, JSON, msgspec.json.encode(error)
