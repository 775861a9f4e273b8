"""Opening the database: durable commits, one writer at a time, and a version that is understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from kalshi.errors import StoreError
from kalshi.store.schema import SCHEMA_VERSION, meta, metadata

BUSY_TIMEOUT_S = 15
# version -> what brings a database of that version to the next one
MIGRATIONS: dict[int, Callable[[Connection], None]] = {}


def open_database(path: Path) -> Engine:
    """Return an engine on the SQLite file *path*, created or migrated as needed.

    Raises StoreError with the reason where it can not be used: read-only, damaged, or of a newer version.
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    with writing(engine, path) as connection:
        _bring_up_to_date(connection, path)
    return engine


@contextmanager
def writing(engine: Engine, path: Path) -> Iterator[Connection]:
    """Yield a connection inside one transaction that holds the write lock from its start.

    Whatever was read inside stays true until the commit: two processes never pass the same limit twice.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreError(
            f"database {path}: {_plain(error)}: check its permissions, the disk and who else uses it"
        ) from None


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _bring_up_to_date(connection: Connection, path: Path) -> None:
    if not inspect(connection).has_table("meta"):
        metadata.create_all(connection)
        connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))
        return
    found = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    version = int(found or 0)
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"database {path} has version {version}, this program knows {SCHEMA_VERSION}: update the program"
        )
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
    connection.execute(meta.update().where(meta.c.key == "schema_version").values(value=str(SCHEMA_VERSION)))


def _plain(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
