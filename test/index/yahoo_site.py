"""Yahoo's hosts on loopback: a proxy that ends the TLS tunnel itself and answers the chart from a script."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Answer = tuple[int, bytes]


@dataclass
class Site:
    """answers: what the next charts are, the last one for ever. asked: the paths of the charts."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def ticker(self, symbol: str) -> Any:
        """Return yfinance's own object, whose every request goes through this site."""
        import yfinance
        from curl_cffi import requests

        proxies = {"https": f"http://127.0.0.1:{self.port}", "http": f"http://127.0.0.1:{self.port}"}
        return yfinance.Ticker(symbol, session=requests.Session(verify=False, impersonate="chrome", proxies=proxies))


@contextmanager
def yahoo_site(folder: Path) -> Iterator[Site]:
    """Serve Yahoo's hosts until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response_only(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False

        def do_GET(self) -> None:
            status, body = self.chart() if "/chart/" in self.path else (200, b"crumb")
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", "A3=x; Domain=.yahoo.com; Path=/; Max-Age=3000")
            self.end_headers()
            self.wfile.write(body)

        def chart(self) -> Answer:
            if "range=1d&interval=1d" in self.path:  # asks for the time zone only
                return 200, chart([datetime(2026, 11, 24, 14, 30, tzinfo=UTC)], [6000.0])
            site.asked.append(self.path)
            return site.answers.pop(0) if len(site.answers) > 1 else site.answers[0]

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def chart(moments: list[datetime], closes: list[float | None], *, zone: str = "America/New_York") -> bytes:
    """Return a chart answer in the shape Yahoo gives it."""
    stamps = [int(moment.timestamp()) for moment in moments]
    period = {"timezone": "EST", "start": stamps[0] - 60, "end": stamps[-1] + 60, "gmtoffset": -18000}
    meta = {
        "currency": "USD", "symbol": "^GSPC", "exchangeName": "SNP", "instrumentType": "INDEX",
        "gmtoffset": -18000, "timezone": "EST", "exchangeTimezoneName": zone, "regularMarketPrice": 6000.0,
        "regularMarketTime": stamps[-1], "priceHint": 2, "dataGranularity": "1m", "range": "1d",
        "currentTradingPeriod": {"pre": period, "regular": period, "post": period}, "tradingPeriods": [[period]],
        "validRanges": ["1d", "5d"], "firstTradeDate": -1325583000, "hasPrePostMarketData": False,
    }  # fmt: skip
    high, low = ([None if close is None else close + by for close in closes] for by in (1.0, -1.0))
    quote = {"open": closes, "close": closes, "high": high, "low": low, "volume": [0] * len(closes)}
    result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote], "adjclose": [{"adjclose": closes}]}}
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


EMPTY = json.dumps({"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}).encode()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path
