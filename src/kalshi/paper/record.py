"""python -m kalshi.paper record: keep the public data of the real exchange as Parquet, to replay it later.

A reading every few seconds: the open events of the series, their books, and the tape where volume has grown. Only
what changed is kept. A recording goes on where it stopped; trades of the time between are fetched from the tape. A
reading that fails is left out and counted, the next one comes.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from kalshi.clients import ExchangeClient
from kalshi.errors import ConfigError, DataError, ExchangeError, KalshiError, NotFound, StoreError
from kalshi.exchange.hosts import LIVE_BASE
from kalshi.exchange.models import Market, OrderBook, Series, Trade
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper import feed_public
from kalshi.paper.record_files import SAME_SECOND, RecordFiles, Row

FLUSH_ROWS, FLUSH_EVERY = 5_000, timedelta(seconds=60)
MEGABYTE = 1_000_000


class Recorder:
    """Reads *series* from *source* into *files*. clock: aware UTC, that of the source."""

    def __init__(
        self,
        source: ExchangeClient,
        files: RecordFiles,
        clock: Callable[[], datetime],
        *,
        series: Sequence[str],
        most_bytes: int,
    ) -> None:
        self.readings = self.failures = self.kept = 0
        self._source, self._files, self._clock = source, files, clock
        self._series = dict.fromkeys(series)
        self._most_bytes = most_bytes
        self._began = self._flushed_at = clock()
        self._known: dict[str, Series] = {}
        self._lives: dict[str, tuple[object, ...]] = {}
        self._open: dict[str, datetime] = {}  # events that are not final yet, and when they close
        self._books: dict[str, OrderBook] = {}
        self._volumes: dict[str, Decimal] = {}
        self._tapes = files.newest_trades()
        self._rows: dict[str, list[Row]] = {"ladders": [], "books": [], "trades": []}
        for body in {row["event_ticker"]: row["body"] for row in files.read("ladders")}.values():
            self._note_life(LadderSnapshot.from_json(body))

    def start(self) -> None:
        """Ask for the series. Raises ConfigError for one that the exchange does not know."""
        for name in self._series:
            try:
                self._known[name] = self._source.series(name)
            except NotFound:
                raise ConfigError(f"the exchange at {self._source.base_url} knows no series {name}") from None

    def step(self) -> str:
        """Take one reading; return what went wrong, "" when nothing did. Raises StoreError, also when DIR is full."""
        problem = ""
        try:
            for series in self._known.values():
                for shown in feed_public.open_ladders(self._source, series, self._clock):
                    self._note(shown)
            self._note_ended()
            self.readings += 1
        except (ExchangeError, DataError) as error:
            problem = str(error)
            self.failures += 1
        rows = sum(map(len, self._rows.values()))
        if rows >= FLUSH_ROWS or (rows and self._clock() - self._flushed_at >= FLUSH_EVERY):
            self.flush()
        return problem

    def flush(self) -> None:
        """Write what was kept in memory."""
        self._flushed_at = self._clock()
        for table, rows in self._rows.items():
            if rows:
                self._files.write(table, rows, self._flushed_at)
                self.kept += len(rows)
                self._rows[table] = []
        if self._files.size() > self._most_bytes:
            most = self._most_bytes // MEGABYTE
            raise StoreError(f"{self._files.root} has reached {most} MB: give another --out, or more --most-mb")

    def _note(self, shown: LadderSnapshot) -> None:
        if self._note_life(shown):
            bare = LadderSnapshot(shown.source, shown.as_of, shown.series, shown.event, shown.markets, {})
            row: Row = {"as_of": shown.as_of, "event_ticker": shown.event.event_ticker, "body": bare.to_json()}
            self._rows["ladders"].append(row)
        for ticker, book in shown.books.items():
            if self._books.get(ticker) != book:
                self._books[ticker] = book
                self._rows["books"].append(_book_row(shown.as_of, ticker, book))
        for market in shown.markets:
            self._note_tape(market)

    def _note_life(self, shown: LadderSnapshot) -> bool:
        """Return whether anything but quotes and volumes is new about an event."""
        name = shown.event.event_ticker
        life = tuple((one.ticker, one.status, one.result, one.open_time, one.close_time) for one in shown.markets)
        new = self._lives.get(name) != life
        self._lives[name] = life
        if all(market.status == "finalized" for market in shown.markets):
            self._open.pop(name, None)
        else:
            self._open[name] = max(market.close_time for market in shown.markets)
        return new

    def _note_tape(self, market: Market) -> None:
        volume = market.volume_fp or Decimal(0)
        if self._volumes.get(market.ticker) == volume:
            return
        newest, ids = self._tapes.get(market.ticker, (self._began, set()))
        told = feed_public.trades_since(self._source, market.ticker, newest)
        self._rows["trades"] += [_trade_row(trade) for trade in told if trade.trade_id not in ids]
        newest = max([newest, *(trade.created_time for trade in told)])
        recent = {trade.trade_id for trade in told if trade.created_time >= newest - SAME_SECOND}
        self._tapes[market.ticker] = newest, recent or ids
        self._volumes[market.ticker] = volume

    def _note_ended(self) -> None:
        now = self._clock()
        for name in [name for name, closes in self._open.items() if closes <= now]:
            event = self._source.event(name)
            self._note(feed_public.snapshot(self._known[event.series_ticker], event, self._clock(), {}))


def _book_row(as_of: datetime, ticker: str, book: OrderBook) -> Row:
    row: Row = {"as_of": as_of, "ticker": ticker}
    for side, levels in (("yes", book.yes_dollars), ("no", book.no_dollars)):
        row[f"{side}_prices"] = [level.price for level in levels]
        row[f"{side}_counts"] = [level.count for level in levels]
    return row


def _trade_row(trade: Trade) -> Row:
    return {
        "traded_at": trade.created_time,
        "trade_id": trade.trade_id,
        "ticker": trade.ticker,
        "price": trade.yes_price_dollars,
        "count": trade.count_fp,
        "taker_side": trade.taker_book_side,
    }


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    build = argparse.ArgumentParser(prog="python -m kalshi.paper record", description=__doc__, allow_abbrev=False)
    build.add_argument("--series", required=True, metavar="LIST", help="series to record, such as KXTSAW,KXINX")
    build.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the recording is, or goes on")
    build.add_argument("--every", type=float, default=5.0, metavar="S", help="seconds between readings; default 5")
    build.add_argument("--for", type=float, dest="seconds", metavar="S", help="stop after so many; default: Ctrl-C")
    build.add_argument("--most-mb", type=int, default=2000, metavar="N", help="stop at this size of DIR; default 2000")
    build.add_argument("--source", default=LIVE_BASE, metavar="URL", help="the exchange to read; default Kalshi")
    return build


def main(argv: list[str]) -> int:
    """Record until the time is over, SIGTERM or SIGINT; return the exit code."""
    arguments = parser().parse_args(argv)
    try:
        _run(arguments)
    except KalshiError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _run(arguments: argparse.Namespace) -> None:
    series = [name.strip() for name in arguments.series.split(",") if name.strip()]
    if not series or arguments.every <= 0 or arguments.most_mb <= 0 or (arguments.seconds or 1) <= 0:
        raise ConfigError("--series names at least one; --every, --for and --most-mb are above 0")
    files, stop = RecordFiles(arguments.out), threading.Event()
    source = feed_public.public_client(arguments.source, timeout_s=(3.0, 10.0), budget_s=20.0)
    with files.alone():
        recorder = Recorder(
            source, files, _utc_now, series=series, most_bytes=arguments.most_mb * MEGABYTE
        )
        recorder.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        print(f"recording {', '.join(series)} from {source.base_url} into {arguments.out}", flush=True)
        end = time.monotonic() + (arguments.seconds or float("inf"))
        problem = ""
        while not stop.is_set() and time.monotonic() < end:
            due, was = time.monotonic() + arguments.every, problem
            problem = recorder.step()
            if problem and not was:
                print(f"warning: a reading failed: {problem}", file=sys.stderr, flush=True)
            stop.wait(max(0.0, min(due, end) - time.monotonic()))
        recorder.flush()
        print(f"{recorder.readings} readings, {recorder.failures} failed, {recorder.kept} rows kept in {arguments.out}")


def _utc_now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
