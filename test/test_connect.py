"""Connecting: each mode gets its host and its key, and nothing leaves for live unless it was said."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi.config import load_config
from kalshi.connect import PaperClient, connect, connect_public, paper_credentials
from kalshi.errors import AuthenticationError, ConfigError, NotFound, StoreError
from kalshi.exchange.hosts import DEMO_BASE, LIVE_BASE
from kalshi.exchange.models import CreateOrder, Event, Market, OrderBook, PriceRange, Series
from kalshi.exchange.models_market import Level
from kalshi.exchange.signing import load_private_key
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.exchange import PaperExchange

D = Decimal
NOW = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)
CLOSE = datetime(2026, 10, 12, 3, 59, tzinfo=UTC)
TICKER = "KXTSAW-26OCT11-A2.50"


def settings(tmp_path, **variables):
    return load_config({"KALSHI_DATA_DIR": str(tmp_path / "data"), **variables})


def key_file(tmp_path, key=None):
    path = tmp_path / "key.pem"
    pem = (key or Ed25519PrivateKey.generate()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return path


def ladder():
    zero = D(0)
    market = Market(
        ticker=TICKER,
        event_ticker="KXTSAW-26OCT11",
        market_type="binary",
        status="active",
        result="",
        open_time=NOW.replace(hour=13),
        close_time=CLOSE,
        latest_expiration_time=CLOSE,
        settlement_timer_seconds=0,
        can_close_early=True,
        expiration_value="",
        yes_bid_dollars=zero,
        yes_ask_dollars=zero,
        no_bid_dollars=zero,
        no_ask_dollars=zero,
        last_price_dollars=zero,
        yes_bid_size_fp=zero,
        yes_ask_size_fp=zero,
        volume_fp=zero,
        volume_24h_fp=zero,
        open_interest_fp=zero,
        notional_value_dollars=D(1),
        price_level_structure="linear_cent",
        price_ranges=[PriceRange(start=zero, end=D(1), step=D("0.01"))],
        floor_strike=D(2_500_000),
    )
    return LadderSnapshot(
        source="test",
        as_of=NOW,
        series=Series(ticker="KXTSAW", title="", category="", fee_type="quadratic", fee_multiplier=D(1)),
        event=Event(
            event_ticker="KXTSAW-26OCT11",
            series_ticker="KXTSAW",
            title="",
            sub_title="",
            mutually_exclusive=False,
            collateral_return_type="",
        ),
        markets=(market,),
        books={TICKER: OrderBook(yes_dollars=[], no_dollars=[Level(D("0.60"), D(10))])},
    )


def order(number="1", count="4"):
    return CreateOrder(
        ticker=TICKER,
        side="bid",
        count=D(count),
        price=D("0.40"),
        time_in_force="immediate_or_cancel",
        self_trade_prevention_type="taker_at_cross",
        client_order_id=f"order-{number}",
    )


def test_paper_makes_its_account_and_key_once(tmp_path):
    config = settings(tmp_path, KALSHI_MODE="paper", KALSHI_PAPER_BALANCE="250")
    first = connect(config, clock=lambda: NOW)
    assert isinstance(first, PaperClient)
    first.paper.mirror(ladder())
    assert first.create_order(order()).fill_count == 4
    left = first.balance().balance_dollars
    assert left == D("250") - D("1.60") - D("0.0672")  # 0.07*4*0.4*0.6
    first.close()
    second = connect(config, clock=lambda: NOW)
    assert second.balance().balance_dollars == left
    assert [fill.count_fp for fill in second.fills()] == [4]
    key = tmp_path / "data" / "paper.key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in key.parent.iterdir() if "sqlite" not in path.name) == ["paper.key.pem"]


def test_paper_signs_with_the_wall_clock_whatever_the_market_time_is(tmp_path):
    config = settings(tmp_path, KALSHI_MODE="paper")
    client = connect(config, clock=lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert client.user_data_timestamp().as_of_time == datetime(2020, 1, 1, tzinfo=UTC)
    assert client.balance().balance == 100_000


def test_another_state_file_is_another_account(tmp_path):
    config = settings(tmp_path, KALSHI_MODE="paper")
    sample = tmp_path / "sample.sqlite"
    client = connect(config, clock=lambda: NOW, paper_state=sample)
    client.paper.mirror(ladder())
    client.create_order(order())
    assert list(connect(config, clock=lambda: NOW).fills()) == []
    assert sample.exists() and (tmp_path / "sample.key.pem").exists()


def test_a_key_of_another_state_file_is_not_let_in(tmp_path):
    config = settings(tmp_path, KALSHI_MODE="paper")
    client = connect(config, clock=lambda: NOW)
    client.close()
    (tmp_path / "data" / "paper.key.pem").unlink()
    fresh = connect(config, clock=lambda: NOW)  # the old account stays in the file, the new key opens a new one
    assert fresh.balance().balance == 100_000


def test_errors_of_the_paper_exchange_come_as_the_clients_own(tmp_path):
    client = connect(settings(tmp_path, KALSHI_MODE="paper"), clock=lambda: NOW)
    with pytest.raises(NotFound, match="market not found"):
        client.market("KXNOPE")


def test_paper_key_that_is_damaged_or_unreachable(tmp_path):
    state = tmp_path / "paper.sqlite"
    (tmp_path / "paper.key.pem").write_text("nonsense")
    with pytest.raises(ConfigError, match=r"paper\.key\.pem"):
        paper_credentials(state)
    key_file(tmp_path, generate_private_key(65537, 2048)).rename(tmp_path / "paper.key.pem")
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        paper_credentials(state)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can not be used"):
        paper_credentials(tmp_path / "file" / "paper.sqlite")


@pytest.mark.parametrize("mode, base", [("live", LIVE_BASE), ("demo", DEMO_BASE)])
def test_the_host_follows_the_mode(tmp_path, mode, base):
    config = settings(tmp_path, KALSHI_MODE=mode, KALSHI_KEY_ID="k", KALSHI_PRIVATE_KEY_PATH=str(key_file(tmp_path)))
    client = connect(config)
    assert (client.base_url, client.can_sign) == (base, True)
    assert "k'" not in repr(client)


def test_live_refuses_writes_until_it_is_said(tmp_path):
    variables = {"KALSHI_MODE": "live", "KALSHI_KEY_ID": "k", "KALSHI_PRIVATE_KEY_PATH": str(key_file(tmp_path))}
    with pytest.raises(ConfigError, match="KALSHI_LIVE_TRADING"):
        connect(settings(tmp_path, **variables)).create_order(order())
    assert connect(settings(tmp_path, **variables, KALSHI_LIVE_TRADING="true")).writes_allowed
    demo = {**variables, "KALSHI_MODE": "demo"}
    assert connect(settings(tmp_path, **demo)).writes_allowed


def test_live_and_demo_need_a_key(tmp_path):
    for mode in ("live", "demo"):
        with pytest.raises(ConfigError, match="KALSHI_KEY_ID"):
            connect(settings(tmp_path, KALSHI_MODE=mode))


@pytest.fixture
def served(tmp_path) -> Iterator[tuple[str, PaperExchange]]:
    """The paper exchange behind a real socket on loopback."""
    exchange = PaperExchange(tmp_path / "served.sqlite", lambda: datetime.now(UTC))

    class Face(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = exchange.handle(self.command, self.path, dict(self.headers), body)
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PUT = answer

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/trade-api/v2", exchange
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", ["paper", "demo", "live"])
def test_a_loopback_base_is_respected_in_every_mode(tmp_path, served, mode):
    base, exchange = served
    path = key_file(tmp_path)
    config = settings(
        tmp_path,
        KALSHI_MODE=mode,
        KALSHI_API_BASE=base,
        KALSHI_KEY_ID="me",
        KALSHI_PRIVATE_KEY_PATH=str(path),
        KALSHI_LIVE_TRADING="true",
    )
    client = connect(config)
    assert client.base_url == base
    with pytest.raises(AuthenticationError, match="authentication_error"):
        client.balance()
    exchange.add_account("me", load_private_key(path.read_bytes()).public_key(), D(50))
    assert client.balance().balance == 5000
    assert connect_public(config).base_url == base


def test_paper_over_a_socket_without_a_key_uses_the_paper_key(tmp_path, served):
    base, exchange = served
    config = settings(tmp_path, KALSHI_MODE="paper", KALSHI_API_BASE=base)
    credentials = paper_credentials(config.data_dir / "paper.sqlite")
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), D(7))
    assert connect(config).balance().balance == 700


def test_the_same_orders_in_process_and_over_a_socket_fill_alike(tmp_path, served):
    base, exchange = served
    inside = connect(settings(tmp_path, KALSHI_MODE="paper"), clock=lambda: NOW)
    inside.paper.mirror(ladder())
    exchange.mirror(ladder_open_now())
    config = settings(tmp_path, KALSHI_MODE="paper", KALSHI_API_BASE=base)
    credentials = paper_credentials(config.data_dir / "paper.sqlite")
    exchange.add_account(credentials.key_id, credentials.private_key.public_key(), D(1000))
    outside = connect(config)
    results = []
    for client in (inside, outside):
        answers = [client.create_order(order(str(number), "3")) for number in range(5)]
        results.append([(one.fill_count, one.remaining_count, one.average_fee_paid) for one in answers])
    assert results[0] == results[1]
    assert inside.balance().balance_dollars == outside.balance().balance_dollars


def ladder_open_now():
    """The same ladder, open whatever the clock of this machine says."""
    snapshot = ladder()
    always = {"open_time": datetime(2000, 1, 1, tzinfo=UTC), "close_time": datetime(2999, 1, 1, tzinfo=UTC)}
    markets = tuple(msgspec.structs.replace(one, **always) for one in snapshot.markets)
    return msgspec.structs.replace(snapshot, markets=markets)


def test_public_is_unsigned_and_can_not_write(tmp_path):
    client = connect_public(settings(tmp_path, KALSHI_MODE="paper"))
    assert (client.base_url, client.can_sign, client.writes_allowed) == (LIVE_BASE, False, False)
    with pytest.raises(ConfigError):
        client.create_order(order())
