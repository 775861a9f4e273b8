"""A paper exchange with a clock that the test moves, members with real keys, and ladders with chosen books."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi.clients import ExchangeClient
from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.models import Event, Market, OrderBook, Series
from kalshi.exchange.signing import Credentials, signed_headers
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.keys import paper_credentials

SRC = Path(__file__).resolve().parents[2] / "src"
START = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)
CLOSE = datetime(2026, 10, 12, 3, 59, tzinfo=UTC)
ORDERS = "/portfolio/events/orders"


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def series_of(**changes: Any) -> Series:
    wire: dict[str, Any] = {
        "ticker": "KXTSAW",
        "frequency": "weekly",
        "title": "TSA check-ins",
        "category": "Transportation",
        "categories": ["Transportation"],
        "tags": None,
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": "quadratic",
        "fee_multiplier": 1,
        "additional_prohibitions": [],
        "exchange_index": 0,
    }
    return msgspec.convert({**wire, **changes}, Series, strict=False)


def event_of(**changes: Any) -> Event:
    wire: dict[str, Any] = {
        "event_ticker": "KXTSAW-26OCT11",
        "series_ticker": "KXTSAW",
        "title": "Check-ins this week",
        "sub_title": "",
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "settlement_sources": [],
        "exchange_index": 0,
    }
    return msgspec.convert({**wire, **changes}, Event, strict=False)


def market_of(ticker: str = "KXTSAW-26OCT11-A2.50", **changes: Any) -> Market:
    money = [
        "yes_bid_dollars",
        "yes_ask_dollars",
        "no_bid_dollars",
        "no_ask_dollars",
        "last_price_dollars",
        "previous_yes_bid_dollars",
        "previous_yes_ask_dollars",
        "previous_price_dollars",
    ]
    wire: dict[str, Any] = dict(
        ticker=ticker,
        event_ticker="KXTSAW-26OCT11",
        market_type="binary",
        yes_sub_title="",
        no_sub_title="",
        rules_primary="",
        rules_secondary="",
        expiration_value="",
        price_level_structure="linear_cent",
        settlement_bounds_type="default",
        result="",
        status="active",
        created_time=iso(START - timedelta(1)),
        updated_time=iso(START),
        open_time=iso(START - timedelta(hours=1)),
        close_time=iso(CLOSE),
        latest_expiration_time=iso(CLOSE),
        settlement_timer_seconds=3600,
        can_close_early=True,
        notional_value_dollars="1.0000",
        **dict.fromkeys(money, "0.0000"),
        yes_bid_size_fp="0.00",
        yes_ask_size_fp="0.00",
        volume_fp="0.00",
        volume_24h_fp="0.00",
        open_interest_fp="0.00",
        price_ranges=[{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        strike_type="greater",
        floor_strike=2500000,
        exchange_index=0,
    )
    return msgspec.convert({**wire, **changes}, Market, strict=False)


def book_of(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> OrderBook:
    """A book from YES bids and YES asks; on the wire the asks are NO bids."""
    no_side = [(str(1 - Decimal(price)), count) for price, count in asks]
    return msgspec.convert({"yes_dollars": bids, "no_dollars": no_side}, OrderBook, strict=False)


class Member:
    """One account with its key; `call` signs for real and reads the answer as JSON."""

    def __init__(self, house: House, key_id: str, balance: str, **options: Any) -> None:
        self.house = house
        key = Ed25519PrivateKey.generate()
        self.credentials = Credentials(key_id, key)
        house.exchange.add_account(key_id, key.public_key(), Decimal(balance), **options)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        headers = signed_headers(self.credentials, int(self.house.now.timestamp() * 1000), method, API_PATH + path)
        return self.house.send(method, path, headers, body, **query)

    def order(
        self,
        side: str,
        price: str,
        count: str,
        *,
        tif: str = "good_till_canceled",
        ticker: str = "KXTSAW-26OCT11-A2.50",
        stp: str = "taker_at_cross",
        **more: Any,
    ) -> tuple[int, Any]:
        return self.call(
            "POST",
            ORDERS,
            dict(
                ticker=ticker,
                side=side,
                price=price,
                count=count,
                time_in_force=tif,
                self_trade_prevention_type=stp,
                client_order_id=more.pop("client_order_id", self.house.next_id()),
                **more,
            ),
        )

    def dollars(self) -> Decimal:
        return Decimal(self.call("GET", "/portfolio/balance")[1]["balance_dollars"])

    def position(self, ticker: str = "KXTSAW-26OCT11-A2.50") -> Decimal:
        rows = self.call("GET", "/portfolio/positions", settlement_status="all")[1]["market_positions"]
        return Decimal(next((row["position_fp"] for row in rows if row["ticker"] == ticker), "0"))


class House:
    """The exchange under test and the time it lives in."""

    def __init__(self, state: Path | None) -> None:
        self.now = START
        self.state = state
        self.counter = 0
        self.exchange = PaperExchange(state, lambda: self.now)

    def next_id(self) -> str:
        self.counter += 1
        return f"order-{self.counter}"

    def reopen(self) -> None:
        self.exchange.close()
        self.exchange = PaperExchange(self.state, lambda: self.now)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def member(self, key_id: str = "alice", balance: str = "1000", **options: Any) -> Member:
        return Member(self, key_id, balance, **options)

    def send(self, method: str, path: str, headers: dict[str, str], body: Any = None, **query: Any) -> tuple[int, Any]:
        target = API_PATH + path + ("?" + urlencode(query, doseq=True) if query else "")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        status, _, content = self.exchange.handle(method, target, headers, data)
        return status, json.loads(content) if content else None

    def get(self, path: str, **query: Any) -> Any:
        status, answer = self.send("GET", path, {}, **query)
        assert status == 200, answer
        return answer

    def show(
        self,
        bids: list[tuple[str, str]] = (),
        asks: list[tuple[str, str]] = (),
        *,  # type: ignore[assignment]
        market: Market | None = None,
        series: Series | None = None,
        event: Event | None = None,
        as_of: datetime | None = None,
    ) -> None:
        market = market or market_of()
        self.exchange.mirror(
            LadderSnapshot(
                source="test",
                as_of=as_of or self.now,
                series=series or series_of(),
                event=event or event_of(),
                markets=(market,),
                books={market.ticker: book_of(list(bids), list(asks))},
            )
        )

    def show_event(self, tickers: list[str], books: dict[str, Any] | None = None, **event: Any) -> None:
        """Show an event with several markets; books: ticker -> (bids, asks)."""
        shown = {ticker: book_of(*(books or {}).get(ticker, ([], []))) for ticker in tickers}
        markets = tuple(market_of(ticker) for ticker in tickers)
        self.exchange.mirror(LadderSnapshot("test", self.now, series_of(), event_of(**event), markets, shown))

    def money(self) -> Decimal:
        """Cash of everybody and on its way, the dollars behind open contracts, fees, less what was paid in.

        Collateral that was returned is cash already and no longer behind a contract.
        """
        with self.exchange.view() as world:
            cash = sum((sum(one.cash.values()) for one in world.accounts.values()), Decimal(0))
            paid_in = sum((one.deposited for one in world.accounts.values()), Decimal(0))
            pool = sum((max(Decimal(0), -one.quantity) for one in world.positions.values()), Decimal(0))
            sent = sum((one.dollars for one in world.shard_transfers.values() if not one.complete), Decimal(0))
            returned = sum((one.dollars for owner in world.returns.values() for one in owner.values()), Decimal(0))
            return cash + pool - returned + sent + world.ledger.fees - paid_in


@pytest.fixture
def house() -> House:
    return House(None)


@pytest.fixture
def durable_house(tmp_path: Path) -> House:
    return House(tmp_path / "paper.sqlite")


@pytest.fixture
def parts() -> Any:
    """The builders of this file, for tests that need odd markets."""

    class Parts:
        market, series, event, book = (
            staticmethod(market_of),
            staticmethod(series_of),
            staticmethod(event_of),
            staticmethod(book_of),
        )
        house, start, close, orders = House, START, CLOSE, ORDERS

    return Parts


class Served:
    """A served paper exchange as its own process, on a state file that the test may prepare."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.state = folder / "paper.sqlite"
        self.process: subprocess.Popen[str] | None = None
        self.base = ""

    def start(self) -> Served:
        (self.folder / "none.env").touch()
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), "KALSHI_MODE": "paper"}
        environment |= {"KALSHI_DATA_DIR": str(self.folder), "KALSHI_ENV_FILE": str(self.folder / "none.env")}
        command = [sys.executable, "-m", "kalshi.paper", "--state", str(self.state), "--port", "0", *self.options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        lines = [self.process.stdout.readline() for _ in range(6)]
        assert lines[0].startswith("base URL: "), self.process.stderr.read()
        self.base = lines[0].split()[-1]
        return self

    def client(self, **options: Any) -> ExchangeClient:
        return ExchangeClient(self.base, paper_credentials(self.state), sleep=lambda seconds: None, **options)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit code and what was said on stderr."""
        assert self.process is not None
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        code, self.process = self.process.returncode, None
        return code, said


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Any]:
    """Prepare a state file with one open market and serve it at 10:00 New York of the START day."""
    running: list[Served] = []

    def start(*options: str, bids: Any = (), asks: Any = (("0.40", "10"),)) -> Served:
        house = House(tmp_path / "paper.sqlite")
        house.show(list(bids), list(asks))
        house.exchange.close()
        one = Served(tmp_path, "--date", "2026-10-05T10:00", "--tier", "none", *options)
        running.append(one)
        return one.start()

    yield start
    for one in running:
        if one.process is not None:
            one.stop(signal.SIGKILL)
