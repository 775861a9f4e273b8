"""A real HTTP server on loopback that follows a script, and a clock that moves only by sleeping."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi.clients import ExchangeClient
from kalshi.exchange.signing import Credentials, verify

PREFIX = "/trade-api/v2"


@dataclass
class Seen:
    """One request as the server received it."""

    method: str
    path: str  # below the prefix, without the query
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """One answer of the script. cut: bytes of the body that are sent before the connection is closed."""

    status: int = 200
    body: bytes | str | dict[str, Any] = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: bool = False  # read the request and never answer

    def content(self) -> bytes:
        if isinstance(self.body, dict):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body


class Wire:
    """The scripted server. Each request takes the next reply; the last one is used again and again."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.replies: list[Reply | Callable[[Seen], Reply]] = []
        self.date: float | None = None
        self.released = threading.Event()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                assert parts.path.startswith(PREFIX), parts.path
                path, query = parts.path.removeprefix(PREFIX), parse_qsl(parts.query, keep_blank_values=True)
                seen = Seen(self.command, path, query, dict(self.headers), self.rfile.read(length))
                wire.seen.append(seen)
                step = wire.replies[min(len(wire.seen), len(wire.replies)) - 1] if wire.replies else Reply()
                reply = step(seen) if callable(step) else step
                if reply.hang:
                    wire.released.wait(20)
                    self.close_connection = True
                    return
                body = reply.content()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if reply.cut is None else body[: reply.cut])
                if reply.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_DELETE = do_PUT = answer

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(wire.date, usegmt=True)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}{PREFIX}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def script(self, *replies: Reply | Callable[[Seen], Reply]) -> None:
        """Begin a new script and forget what was seen."""
        self.replies = list(replies)
        self.seen.clear()

    def count(self, method: str, path: str = "") -> int:
        return sum(seen.method == method and path in ("", seen.path) for seen in self.seen)

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class Ticker:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


KEY = Ed25519PrivateKey.generate()


def signature_is_good(seen: Seen) -> bool:
    """Whether the request carries a signature of our key over its own timestamp, method and path."""
    headers = seen.headers
    return verify(
        KEY.public_key(),
        headers["KALSHI-ACCESS-SIGNATURE"],
        int(headers["KALSHI-ACCESS-TIMESTAMP"]),
        seen.method,
        PREFIX + seen.path,
    )


@pytest.fixture
def signed() -> Callable[[Seen], bool]:
    return signature_is_good


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    yield server
    server.close()


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
def make_client(wire: Wire, ticker: Ticker) -> Iterator[Callable[..., ExchangeClient]]:
    made: list[ExchangeClient] = []

    def make(**changes: Any) -> ExchangeClient:
        settings: dict[str, Any] = {
            "credentials": Credentials("key-one", KEY),
            "clock": ticker,
            "monotonic": ticker,
            "sleep": ticker.sleep,
            "random": lambda: 0.5,
            "timeout_s": (5.0, 15.0),  # a busy machine must not look like a silent exchange
        }
        client = ExchangeClient(wire.base_url, **(settings | changes))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., ExchangeClient]) -> ExchangeClient:
    return make_client()
