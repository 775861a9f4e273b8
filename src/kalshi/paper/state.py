"""The state file: every record a row, every answer written to disk before it is given.

SQLite in WAL mode with full synchronisation. A change runs inside one write transaction, which is also the
lock between processes: whoever gets it first reads what the others wrote, decides, writes and lets go. A
process that is killed leaves either the whole change or none of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kalshi.errors import StoreError
from kalshi.paper.listed import ListedEvent, ListedSeries, Listing, Record, key_of
from kalshi.paper.records import (
    Account,
    Bar,
    CollateralReturn,
    Displayed,
    FeeChange,
    Fill,
    Key,
    Ledger,
    Order,
    OrderGroup,
    Position,
    Settlement,
    ShardTransfer,
    SpentId,
    SubaccountTransfer,
    TapeTrade,
)
from kalshi.paper.world import World

FORMAT = 3
READABLE = (0, 1, 2, FORMAT)  # what the later formats added has a default
LOCK_WAIT_S = 30.0
KINDS = (
    Ledger,
    Account,
    Key,
    ListedSeries,
    ListedEvent,
    Listing,
    Position,
    CollateralReturn,
    FeeChange,
    OrderGroup,
    Order,
    SpentId,
    Fill,
    Settlement,
    TapeTrade,
    ShardTransfer,
    SubaccountTransfer,
    Bar,
)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in (*KINDS, Displayed)
}
_ENCODER = msgspec.json.Encoder()


class StateFile:
    """The records of one paper exchange, in a file or (path None) in memory only."""

    def __init__(self, path: Path | None, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.path = path
        self._lock_wait_s = lock_wait_s
        self._version = -1
        self._inside = False
        self._world = World()
        self._connection = self._open(path) if path is not None else None

    @property
    def world(self) -> World:
        """The world as of the last `reading` or `changing`."""
        return self._world

    @contextmanager
    def reading(self) -> Iterator[World]:
        """Give the newest committed world; do not change it."""
        if self._inside:
            yield self._world
            return
        with self._translated():
            self._refresh()
        yield self._world

    @contextmanager
    def changing(self) -> Iterator[World]:
        """Give the world inside a write transaction; leaving it commits, an exception undoes everything."""
        if self._inside:  # whoever began commits
            yield self._world
            return
        if self._connection is None:
            yield self._world
            self._world.take_changes()
            return
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            with self._translated():
                self._refresh()
            yield self._world
            with self._translated():
                self._save(self._connection)
                self._connection.execute("COMMIT")
        except BaseException:
            self._version = -1  # what memory holds was never written: read it all again next time
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def together(self) -> Iterator[None]:
        """Put every change inside into one transaction, which waits for the disk once; an exception undoes all."""
        if self._inside:
            yield
            return
        with self.changing():
            self._inside = True
            try:
                yield
            finally:
                self._inside = False

    def close(self) -> None:
        """Close the file; the state stays in it."""
        if self._connection is not None:
            self._connection.close()

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=self._lock_wait_s, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS records "
                "(kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)) "
                "WITHOUT ROWID"
            )
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found not in READABLE:
                raise StoreError(f"paper state {path} has format {found}, this version reads {FORMAT}: move it away")
            if found != FORMAT:
                connection.execute(f"PRAGMA user_version={FORMAT}")
            return connection
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"paper state {path} can not be opened ({error}): move it away or free it") from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"paper state {self.path} can not be used ({error}): move it away or free it") from None

    def _refresh(self) -> None:
        # data_version changes when another connection has committed; our own commits leave it alone.
        if self._connection is None:
            return
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        world = World()
        displayed: list[Displayed] = []
        rows: dict[str, list[bytes]] = {}
        for kind, body in self._connection.execute("SELECT kind, body FROM records ORDER BY kind, key"):
            rows.setdefault(kind, []).append(body)
        for record_type in KINDS:
            decoder = _DECODERS[record_type.__name__]
            for body in rows.get(record_type.__name__, ()):
                world.load(decoder.decode(body))
        for body in rows.get("Displayed", ()):
            displayed.append(_DECODERS["Displayed"].decode(body))
        world.settle_indexes(displayed)
        self._world, self._version = world, version

    def _save(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO records (kind, key, body) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            [row_of(record) for record in self._world.take_changes()],
        )


def row_of(record: Record) -> tuple[str, str, bytes]:
    """Return (kind, key, JSON) of one record."""
    return type(record).__name__, key_of(record), _ENCODER.encode(record)
