"""A recording on disk: Parquet files of ladders, books and trades below one directory.

    ladders/*.parquet   as_of, event_ticker, body: an event with its series and markets as JSON, when its life changed
    books/*.parquet     as_of, ticker, and prices and counts of YES and NO bids, best last: when a book changed
    trades/*.parquet    traded_at, trade_id, ticker, price (YES), count, taker_side: every trade once

A file is written under a temporary name, flushed to disk and renamed: it is there whole or not at all. Prices and
counts are decimals, times UTC.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kalshi.errors import AlreadyRunning, DataError, StoreError

PRICE, COUNT, MOMENT = pa.decimal128(8, 6), pa.decimal128(18, 2), pa.timestamp("us", tz="UTC")
SIDES = [
    (f"{side}_{what}", pa.list_(kind))
    for side in ("yes", "no")
    for what, kind in (("prices", PRICE), ("counts", COUNT))
]
SCHEMAS = {
    "ladders": pa.schema([("as_of", MOMENT), ("event_ticker", pa.string()), ("body", pa.binary())]),
    "books": pa.schema([("as_of", MOMENT), ("ticker", pa.string()), *SIDES]),
    "trades": pa.schema(
        [
            ("traded_at", MOMENT),
            ("trade_id", pa.string()),
            ("ticker", pa.string()),
            ("price", PRICE),
            ("count", COUNT),
            ("taker_side", pa.string()),
        ]
    ),
}
Row = dict[str, Any]
SAME_SECOND = timedelta(seconds=2)


class RecordFiles:
    """The files below *root*."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make sure that nobody else records into the directory. Raises AlreadyRunning or StoreError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / "recording.lock").open("a")
        except OSError as error:
            raise StoreError(f"{self.root} can not be written ({error.strerror}): choose another --out") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(f"another recorder writes to {self.root}: choose another --out") from None
            for left_over in self.root.glob("*/.*.tmp"):
                left_over.unlink(missing_ok=True)
            yield

    def write(self, table: str, rows: list[Row], at: datetime) -> None:
        """Add one file with *rows* to *table*, named by the time. Raises StoreError."""
        folder = self.root / table
        name = f"{at:%Y%m%dT%H%M%S.%fZ}.parquet"
        temporary = folder / f".{name}.tmp"
        try:
            folder.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[table]), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / name)
        except (OSError, pa.ArrowException) as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"{folder / name} can not be written ({error})") from None

    def read(self, table: str, columns: list[str] | None = None) -> Iterator[Row]:
        """Yield the rows of all files of *table*, oldest file first. Raises DataError naming a damaged file."""
        for path in sorted((self.root / table).glob("*.parquet")):
            if path.name.startswith("."):
                continue
            try:
                rows = pq.read_table(path, columns=columns, partitioning=None).to_pylist()
            except (OSError, pa.ArrowException, KeyError, ValueError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise DataError(f"{path} is damaged ({reason}): move it away") from None
            yield from rows

    def newest_trades(self) -> dict[str, tuple[datetime, set[str]]]:
        """Return, by ticker, the time of the newest recorded trade and the ids of those about that time."""
        newest: dict[str, tuple[datetime, set[str]]] = {}
        rows = list(self.read("trades", ["traded_at", "trade_id", "ticker"]))
        for row in rows:
            at, _ = newest.get(row["ticker"], (row["traded_at"], set()))
            newest[row["ticker"]] = max(at, row["traded_at"]), set()
        for row in rows:
            at, ids = newest[row["ticker"]]
            if row["traded_at"] >= at - SAME_SECOND:
                ids.add(row["trade_id"])
        return newest

    def size(self) -> int:
        """Return the bytes on disk."""
        return sum(path.stat().st_size for path in self.root.glob("*/*.parquet"))
