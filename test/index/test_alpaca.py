"""The ETF as a second source, over a real socket: the ratio, its own time, and every answer that is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kalshi.config import load_config
from kalshi.errors import ConfigError, DataError
from kalshi.index.alpaca import AlpacaEtf
from kalshi.index.history import NASDAQ100, SP500
from kalshi.index.price_sources import LastClose, price_sources
from kalshi.index.quotes import spot

PRIOR = date(2026, 11, 23)
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
KEY, SECRET = "PKTESTKEYID", "a-secret-of-alpaca"


@dataclass
class Site:
    url: str = ""
    status: int = 200
    body: bytes = b""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def snapshot(**changes: Any) -> bytes:
    parts: dict[str, Any] = {
        "latestTrade": {"t": "2026-11-24T14:59:30.123456789Z", "p": 603.0, "s": 100, "x": "V"},
        "prevDailyBar": {"t": "2026-11-23T05:00:00Z", "c": 600.0, "o": 599.0},
    }
    for name, value in changes.items():
        part, _, key = name.partition("__")
        if key:
            parts[part] = {**parts[part], key: value}
        else:
            parts[part] = value
    return json.dumps(parts).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site(body=snapshot())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response_only(served.status)
            self.send_header("Content-Length", str(len(served.body)))
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


def source(site: Site, prior: float | None = 6000.0) -> AlpacaEtf:
    return AlpacaEtf(KEY, SECRET, site.url, prior_close=prior, prior_day=PRIOR)


def test_the_fund_times_the_ratio_of_the_last_closes(site: Site) -> None:
    found = source(site).last(SP500)
    # 603 of the fund, whose 600 were 6,000 of the index
    assert found.value == pytest.approx(6030.0) and found.source == "alpaca SPY"
    assert found.as_of == datetime(2026, 11, 24, 14, 59, 30, 123456, tzinfo=UTC)
    path, headers = site.asked[0]
    assert path == "/v2/stocks/SPY/snapshot?feed=iex"
    assert (headers["apca-api-key-id"], headers["apca-api-secret-key"]) == (KEY, SECRET)
    source(site).last(NASDAQ100)
    assert site.asked[1][0] == "/v2/stocks/QQQ/snapshot?feed=iex"


@pytest.mark.parametrize(
    "status, body, words",
    [
        (401, b"{}", "answered 401: check APCA_API_KEY_ID"),
        (429, b"{}", "answered 429: too many requests"),
        (500, b"", "answered 500"),
        (302, b"", "answered 302"),
        (200, b"<html>no</html>", "no JSON object"),
        (200, b"[]", "no JSON object"),
        (200, b" " * 1_000_001, "no JSON object"),
        (200, b"{}", "no latestTrade.p"),
        (200, snapshot(latestTrade=None), "no latestTrade.p"),
        (200, snapshot(latestTrade__p=0), "latestTrade.p is 0"),
        (200, snapshot(latestTrade__p="603"), "expected a positive number"),
        (200, snapshot(latestTrade__p=True), "expected a positive number"),
        (200, snapshot(latestTrade__t="yesterday"), "expected a time"),
        (200, snapshot(latestTrade__t="2026-11-24T14:59:30"), "with its zone"),
        (200, snapshot(prevDailyBar__c=-1), "prevDailyBar.c is -1"),
        (200, snapshot(prevDailyBar__t="2026-11-20T05:00:00Z"), "of 2026-11-20, not of 2026-11-23"),
    ],
)
def test_an_answer_that_is_none_is_one_line_without_the_keys(
    site: Site, status: int, body: bytes, words: str
) -> None:
    site.status, site.body = status, body
    with pytest.raises(DataError, match=words) as raised:
        source(site).last(SP500)
    assert KEY not in str(raised.value) and SECRET not in str(raised.value) and len(site.asked) == 1


def test_what_can_not_be_calibrated_is_not_asked(site: Site) -> None:
    with pytest.raises(DataError, match="SPY can not be calibrated"):
        source(site, prior=None).last(SP500)
    with pytest.raises(DataError, match="no ETF for"):
        source(site).last("^RUT")
    assert site.asked == []


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(DataError, match="alpaca gave no price of SPY: ConnectionError"):
        AlpacaEtf(KEY, SECRET, "http://127.0.0.1:9", prior_close=6000.0, prior_day=PRIOR).last(SP500)


@pytest.mark.parametrize("base", ["http://data.alpaca.markets", "https://example.com", "ftp://127.0.0.1"])
def test_keys_go_to_alpaca_only(base: str) -> None:
    with pytest.raises(ConfigError, match="KALSHI_ALPACA_URL"):
        AlpacaEtf(KEY, SECRET, base, prior_close=6000.0, prior_day=PRIOR)


def test_the_fund_must_be_fresh_and_agree_like_any_source(site: Site) -> None:
    assert spot([source(site)], SP500, NOW, ladder_value=None).quote is not None
    late = spot([source(site)], SP500, NOW + timedelta(seconds=100), ladder_value=None)
    assert late.quote is None and "alpaca SPY says 6030.00, but 129 s old" in late.reason


def test_it_is_a_source_only_with_both_keys_and_a_last_close(tmp_path: Path) -> None:
    def names(last: LastClose | None, offline: bool = False, **values: str) -> list[str]:
        config = load_config({"KALSHI_MODE": "paper", "KALSHI_DATA_DIR": str(tmp_path), **values})
        return [type(one).__name__ for one in price_sources(config, last, offline=offline)]

    keys, last = {"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET}, LastClose(PRIOR, 6000.0)
    assert names(last, **keys) == ["YahooMinutes", "AlpacaEtf"]
    assert names(None, **keys) == names(last, APCA_API_KEY_ID=KEY) == names(last) == ["YahooMinutes"]
    assert names(last, offline=True, **keys) == []


def test_the_keys_are_in_no_repr() -> None:
    config = load_config({"APCA_API_KEY_ID": KEY, "APCA_API_SECRET_KEY": SECRET})
    assert KEY not in repr(config) and SECRET not in repr(config)
