"""A small exchange on loopback that knows past weekly TSA events, in the shapes of recorded answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kalshi.tsa.weeks import event_ticker, market_window, new_york, week_days

PREFIX = "/trade-api/v2"
STRIKES = ("2.20", "2.25", "2.30")
CUTOFF = date(2026, 3, 1)  # weeks that end before are in the archive


def market(event: str, strike: str, result: str) -> dict[str, Any]:
    """Return one market as `/markets` gives it."""
    sunday = datetime.strptime(event.split("-")[1], "%y%b%d").replace(tzinfo=UTC).date()
    opened, closes = market_window(sunday)
    zero = {f"{side}_{kind}_dollars": "0.0000" for side in ("yes", "no") for kind in ("bid", "ask")}
    return {
        **zero,
        "ticker": f"{event}-A{strike}", "event_ticker": event, "market_type": "binary", "title": "made up",
        "status": "finalized" if result else "active", "result": result, "open_time": opened.isoformat(),
        "close_time": closes.isoformat(), "latest_expiration_time": (closes + timedelta(days=7)).isoformat(),
        "settlement_timer_seconds": 3600, "can_close_early": True, "expiration_value": "2,260,000",
        "last_price_dollars": "0.0000", "yes_bid_size_fp": "0.00", "yes_ask_size_fp": "0.00", "volume_fp": "10.00",
        "volume_24h_fp": "0.00", "open_interest_fp": "0.00", "notional_value_dollars": "1.0000",
        "price_level_structure": "linear_cent", "strike_type": "greater", "a_new_field": {"passes": True},
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        "floor_strike": str(round(float(strike) * 1e6)),
    }  # fmt: skip


class HistoryExchange:
    """Answers by what is put into it; counts what it was asked."""

    def __init__(self) -> None:
        self.markets: dict[str, list[dict[str, Any]]] = {}
        self.unknown: set[str] = set()  # tickers whose candles are a 404
        self.idle: set[str] = set()  # tickers without candles
        self.paths: list[str] = []
        self.hold_after: int | None = None  # candle requests that are answered before one hangs
        self.held = threading.Event()
        self.base = ""
        self._release = threading.Event()

    def add_week(self, sunday: date, results: tuple[str, ...] = ("yes", "yes", "no")) -> list[str]:
        """Make the event of a week known, and return its market tickers."""
        event = event_ticker(sunday)
        self.markets[event] = [market(event, *pair) for pair in zip(STRIKES, results, strict=True)]
        return [one["ticker"] for one in self.markets[event]]

    def candle_paths(self) -> list[str]:
        """Return the candle requests so far."""
        return [path for path in self.paths if path.endswith("candlesticks")]

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return the status and body of one read."""
        self.paths.append(path)
        if path == "/historical/cutoff":
            moment = datetime(CUTOFF.year, CUTOFF.month, CUTOFF.day, tzinfo=UTC).isoformat()
            return 200, dict.fromkeys(("market_settled_ts", "trades_created_ts", "orders_updated_ts"), moment)
        if path == "/events":
            return 200, {"events": [self._event(name) for name in self._of(query["series_ticker"])], "cursor": ""}
        if path in ("/markets", "/historical/markets"):
            archive = path.startswith("/historical")
            names = [query["event_ticker"]] if "event_ticker" in query else list(self.markets)
            found = [m for name in names for m in self.markets.get(name, []) if self._archived(m) == archive]
            return 200, {"markets": found, "cursor": ""}
        if path.endswith("/candlesticks"):
            return self._candles(path, query)
        return 404, {"error": {"code": "not_found", "message": "not found"}}

    def _of(self, series: str) -> list[str]:
        return [name for name in self.markets if series == "KXTSAW" or name.startswith(f"{series}-")]

    def _event(self, name: str) -> dict[str, Any]:
        return {
            "event_ticker": name, "series_ticker": "KXTSAW", "title": "made up", "sub_title": "",
            "mutually_exclusive": False, "collateral_return_type": "",
        }  # fmt: skip

    @staticmethod
    def _archived(one: dict[str, Any]) -> bool:
        return bool(one["result"]) and datetime.fromisoformat(one["close_time"]).date() < CUTOFF

    def _candles(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.hold_after is not None and len(self.candle_paths()) > self.hold_after:
            self.held.set()
            self._release.wait(30)
        archive = path.startswith("/historical")
        ticker = path.split("/")[-2]
        known = next((m for ms in self.markets.values() for m in ms if m["ticker"] == ticker), None)
        if known is None or ticker in self.unknown or self._archived(known) != archive:
            return 404, {"error": {"code": "not_found", "message": "not found"}}
        sunday = datetime.strptime(ticker.split("-")[1], "%y%b%d").replace(tzinfo=UTC).date()
        ends = [int(new_york(day + timedelta(days=1), 0).timestamp()) for day in week_days(sunday)]
        wanted = [end for end in ends if int(query["start_ts"]) <= end <= int(query["end_ts"])]
        made = [candle(end, "0.40", "0.44", archive=archive) for end in wanted]
        return 200, {"ticker": ticker, "candlesticks": [] if ticker in self.idle else made}

    @contextmanager
    def serve(self) -> Iterator[HistoryExchange]:
        """Listen on loopback; `base` is the address for KALSHI_API_BASE."""
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                status, body = exchange.answer(parts.path.removeprefix(PREFIX), dict(parse_qsl(parts.query)))
                content = json.dumps(body).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    return  # the client was killed

            def log_message(self, format: str, *args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.base = f"http://127.0.0.1:{server.server_port}{PREFIX}"
        try:
            yield self
        finally:
            self._release.set()
            server.shutdown()
            server.server_close()


def candle(end_ts: int, bid: str, ask: str, *, archive: bool) -> dict[str, Any]:
    """Return one candle in the live or the archived shape, whose field names differ."""
    dollars = "" if archive else "_dollars"
    quotes = ("open", "low", "high", "close")
    return {
        "end_period_ts": end_ts,
        "yes_bid": {f"{name}{dollars}": bid for name in quotes},
        "yes_ask": {f"{name}{dollars}": ask for name in quotes},
        "price": {f"{name}{dollars}": None for name in (*quotes, "mean", "previous")},
        "volume" if archive else "volume_fp": "3.50",
        "open_interest" if archive else "open_interest_fp": "7.00",
    }
