"""A paper exchange behind an adapter that breaks what is asked for, and desks that trade through it.

Everything is real: signed requests, the paper engine, a database. Only the network between them is bad.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi.clients import ExchangeClient
from kalshi.exchange.hosts import PAPER_BASE
from kalshi.exchange.models import Event, Market, OrderBook, Series
from kalshi.exchange.signing import Credentials
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.exchange import PaperExchange
from kalshi.store import Store
from kalshi.store.place import Place
from kalshi.trading.desk import Desk
from kalshi.trading.intents import Intent, Side
from kalshi.trading.limits import Limits

D = Decimal
START = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)
CLOSE = datetime(2026, 10, 12, 3, 59, tzinfo=UTC)
EVENT = "KXTSAW-26OCT11"
LOW, HIGH = f"{EVENT}-A2.50", f"{EVENT}-A2.60"
CREATE = ("POST", "/portfolio/events/orders")
CANCEL = ("DELETE", "/portfolio/events/orders/")
ORDERS = ("GET", "/portfolio/orders")
FRESHNESS = ("GET", "/exchange/user_data_timestamp")
SMALL = Limits(
    order_contracts=D(100), order_cost=D(50), event_cost=D(100), day_cost=D(200), orders_per_run=40
)

Fault = Callable[["Network", requests.PreparedRequest, Callable[[], requests.Response]], requests.Response]


def lost_answer(network: Network, request: Any, forward: Callable[[], requests.Response]) -> requests.Response:
    """The exchange acts, the answer never comes back."""
    forward()
    raise requests.ReadTimeout("no answer")


def lost_request(network: Network, request: Any, forward: Any) -> requests.Response:
    """The connection breaks before the exchange reads anything; the sender can not know that."""
    raise requests.ConnectionError("connection reset")


def late(network: Network, request: Any, forward: Any) -> requests.Response:
    """The answer times out, and the request arrives at the exchange only later (`network.deliver`)."""
    network.in_flight.append(forward)
    raise requests.ReadTimeout("no answer")


def not_connected(network: Network, request: Any, forward: Any) -> requests.Response:
    """No connection is made: certainly nothing was sent."""
    raise requests.ConnectTimeout("no connection")


def answer(status: int, body: object = b"", *, acts: bool = False) -> Fault:
    """A status instead of the real answer; acts: the exchange did the work all the same."""

    def fault(network: Network, request: requests.PreparedRequest, forward: Any) -> requests.Response:
        if acts:
            forward()
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, request.url or ""
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return response

    return fault


class Network(PaperAdapter):
    """Forwards to the paper exchange, except where a fault was asked for; keeps a list of what was asked.

    lag_until: up to then the list of orders lacks those after lag_from, and the exchange says that it is so old.
    """

    def __init__(self, exchange: PaperExchange, now: Callable[[], datetime]) -> None:
        super().__init__(exchange)
        self.now = now
        self.lag_from = self.lag_until = START - timedelta(days=1)
        self.asked: list[tuple[str, str]] = []
        self.faults: list[tuple[tuple[str, str], Fault]] = []
        self.always: dict[tuple[str, str], Fault] = {}
        self.in_flight: list[Callable[[], requests.Response]] = []

    def fail(self, what: tuple[str, str], *faults: Fault) -> None:
        """Let the next requests that match *what* meet *faults*, one each."""
        self.faults += [(what, fault) for fault in faults]

    def lag(self, seconds: float) -> None:
        """Let new orders not be listed for so long."""
        if self.now() >= self.lag_until:
            self.lag_from = self.now()
        self.lag_until = max(self.lag_until, self.now() + timedelta(seconds=seconds))

    def deliver(self) -> None:
        """Let what is on its way arrive."""
        for forward in self.in_flight:
            forward()
        self.in_flight.clear()

    def count(self, what: tuple[str, str]) -> int:
        """Return how many requests matched."""
        return sum(_matches(what, asked) for asked in self.asked)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        path = (request.path_url or "").partition("?")[0].removeprefix("/trade-api/v2")
        asked = (request.method or "", path)
        self.asked.append(asked)

        def forward() -> requests.Response:
            return PaperAdapter.send(self, request, *args, **kwargs)

        if self.now() < self.lag_until and asked == ORDERS:
            page = forward().json()
            listed = [
                order for order in page["orders"] if datetime.fromisoformat(order["created_time"]) < self.lag_from
            ]
            return answer(200, {**page, "orders": listed})(self, request, forward)
        if self.now() < self.lag_until and asked == FRESHNESS:
            return answer(200, {"as_of_time": self.lag_from.isoformat()})(self, request, forward)
        for index, (what, fault) in enumerate(self.faults):
            if _matches(what, asked):
                del self.faults[index]
                return fault(self, request, forward)
        for what, fault in self.always.items():
            if _matches(what, asked):
                return fault(self, request, forward)
        return forward()


def _matches(what: tuple[str, str], asked: tuple[str, str]) -> bool:
    method, path = what
    return asked[0] == method and (asked[1].startswith(path) if path.endswith("/") else asked[1] == path)


class Hall:
    """One exchange, one account, one store, and a clock that moves when somebody sleeps.

    place: of the store; default an SQLite file in *folder*.
    """

    def __init__(self, folder: Path, place: Place | None = None, *, balance: str = "1000") -> None:
        self.now = START - timedelta(seconds=1)
        self.folder = folder
        self.place = place or Place.of(folder / "store.db")
        self.exchange = PaperExchange(folder / "paper.sqlite", lambda: self.now)
        key = Ed25519PrivateKey.generate()
        self.credentials = Credentials("trader", key)
        self.exchange.add_account("trader", key.public_key(), D(balance))
        self.network = Network(self.exchange, lambda: self.now)
        self.client = self.new_client()
        self.store = Store.open(self.place)
        self.show()

    def close(self) -> None:
        self.store.close()
        self.client.close()
        self.exchange.close()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def new_client(self) -> ExchangeClient:
        session = requests.Session()
        session.mount("https://paper.invalid", self.network)
        seconds = lambda: self.now.timestamp()  # noqa: E731
        return ExchangeClient(
            PAPER_BASE, self.credentials, session=session, clock=seconds, monotonic=seconds,
            sleep=self.sleep, random=lambda: 0.5,
        )

    def desk(self, *, limits: Limits = SMALL, dry_run: bool = False, **more: Any) -> Desk:
        return Desk(
            more.pop("exchange", self.client), more.pop("store", self.store), limits, clock=lambda: self.now,
            dry_run=dry_run, run_id=more.pop("run_id", "run-1"), sleep=self.sleep,
            stop_dir=more.pop("stop_dir", self.folder), **more,
        )

    def show(
        self, *, bid: str = "0.40", ask: str = "0.44", size: str = "1000", tickers: tuple[str, ...] = (LOW, HIGH),
        **changes: Any,
    ) -> None:
        """Let outsiders quote these prices in all markets of the event, from a second later on."""
        self.sleep(1)
        book = msgspec.convert(
            {"yes_dollars": [(bid, size)], "no_dollars": [(str(1 - D(ask)), size)]}, OrderBook, strict=False
        )
        markets = tuple(market_of(ticker, bid=bid, ask=ask, **changes) for ticker in tickers)
        self.exchange.mirror(LadderSnapshot(
            source="test", as_of=self.now, series=SERIES, event=EVENT_ROW, markets=markets,
            books={market.ticker: book for market in markets},
        ), renewed=True)

    def market(self, ticker: str = LOW) -> Market:
        return self.new_client().market(ticker)

    def orders_there(self) -> list[Any]:
        """The orders as the exchange holds them."""
        with self.exchange.view() as world:
            return list(world.orders.values())

    def position(self, ticker: str = LOW) -> Decimal:
        with self.exchange.view() as world:
            return world.quantity("trader", ticker)


def intent(**changes: Any) -> Intent:
    values: dict[str, Any] = dict(
        strategy="tsa", run_date=date(2026, 10, 5), event_ticker=EVENT, ticker=LOW, side=Side.YES,
        price=D("0.30"), count=D(10), purpose="entry",
    )
    return Intent(**{**values, **changes})


SERIES = msgspec.convert(
    dict(ticker="KXTSAW", title="TSA", category="Transportation", fee_type="quadratic", fee_multiplier=1), Series
)
EVENT_ROW = msgspec.convert(
    dict(event_ticker=EVENT, series_ticker="KXTSAW", title="", sub_title="", mutually_exclusive=False,
         collateral_return_type=""), Event,
)


def market_of(ticker: str = LOW, *, bid: str = "0.40", ask: str = "0.44", **changes: Any) -> Market:
    strike = int(D(ticker.rpartition("-A")[2]) * 1_000_000)
    wire: dict[str, Any] = dict(
        ticker=ticker, event_ticker=EVENT, market_type="binary", status="active", result="",
        created_time=START - timedelta(days=1), updated_time=START - timedelta(hours=1),
        open_time=START - timedelta(hours=1), close_time=CLOSE, latest_expiration_time=CLOSE,
        settlement_timer_seconds=60, can_close_early=True, expiration_value="",
        yes_bid_dollars=bid, yes_ask_dollars=ask, no_bid_dollars=str(1 - D(ask)), no_ask_dollars=str(1 - D(bid)),
        last_price_dollars="0", yes_bid_size_fp="1000", yes_ask_size_fp="1000", volume_fp="0", volume_24h_fp="0",
        open_interest_fp="0", notional_value_dollars="1", price_level_structure="linear_cent",
        price_ranges=[{"start": "0.00", "end": "1.00", "step": "0.01"}], strike_type="greater",
        floor_strike=strike,
    )
    return msgspec.convert({**wire, **changes}, Market, strict=False)
