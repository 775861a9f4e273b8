"""The index of a simulated exchange over a real socket: read as it is, refused when it is not, never by accident."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kalshi.config import load_config
from kalshi.errors import ConfigError, DataError
from kalshi.index.price_sources import price_sources
from kalshi.index.served_index import ServedIndex, is_simulated

GOOD = json.dumps({"value": 6712.25, "as_of": "2026-10-06T14:00:00+00:00"})


@pytest.fixture
def vendor() -> Iterator[tuple[str, dict[str, tuple[int, str]]]]:
    """A URL, and what it answers by path."""
    answers: dict[str, tuple[int, str]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/simulated/index", answers
    server.shutdown()
    server.server_close()


def test_the_newest_minute_is_read_with_its_time_and_its_mark(vendor: tuple[str, dict[str, tuple[int, str]]]) -> None:
    url, answers = vendor
    answers["/simulated/index/%5EGSPC"] = (200, GOOD)
    quote = ServedIndex(url).last("^GSPC")
    assert (quote.value, quote.as_of, quote.source) == (6712.25, datetime(2026, 10, 6, 14, tzinfo=UTC), "SIMULATED")


@pytest.mark.parametrize(
    "answer",
    [(404, "{}"), (500, GOOD), (200, "no json"), (200, "[]"), (200, "{}"), (200, '{"value": "x", "as_of": "2026"}'),
     (200, '{"value": 1, "as_of": "2026-10-06T14:00:00"}')],
)  # fmt: skip
def test_a_broken_answer_is_no_price(answer: tuple[int, str], vendor: tuple[str, dict[str, tuple[int, str]]]) -> None:
    url, answers = vendor
    answers["/simulated/index/%5ENDX"] = answer
    with pytest.raises(DataError, match=r"KALSHI_INDEX_URL gave"):
        ServedIndex(url).last("^NDX")


def test_nobody_there_is_no_price() -> None:
    with pytest.raises(DataError, match="KALSHI_INDEX_URL gave no price"):
        ServedIndex("http://127.0.0.1:9/simulated/index").last("^NDX")


def test_it_stands_alone_where_it_is_set_and_is_never_used_elsewhere() -> None:
    paper = {"KALSHI_MODE": "paper", "KALSHI_INDEX_URL": "http://127.0.0.1:9/simulated/index"}
    sources = price_sources(load_config(paper), None, offline=False)
    assert [type(source) for source in sources] == [ServedIndex]
    plain = price_sources(load_config({"KALSHI_MODE": "paper"}), None, offline=False)
    assert not any(isinstance(source, ServedIndex) for source in plain)


@pytest.mark.parametrize(
    ("mode", "url"),
    [("live", "http://127.0.0.1:9/x"), ("demo", "http://127.0.0.1:9/x"), ("paper", "http://example.com/x")],
)
def test_a_simulated_index_stays_on_this_machine_and_in_paper_mode(mode: str, url: str) -> None:
    with pytest.raises(ConfigError, match="KALSHI_INDEX_URL names a simulated index"):
        load_config({"KALSHI_MODE": mode, "KALSHI_INDEX_URL": url})


def test_events_of_the_simulated_feed_are_known_by_their_name() -> None:
    assert is_simulated("KXINX-26OCT06H1600SIM")
    assert not is_simulated("KXINX-26OCT06H1600")
