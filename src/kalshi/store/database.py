"""Opening the database: durable commits, one writer at a time, and a version that is understood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from kalshi.errors import StoreError
from kalshi.store.migrations import MIGRATIONS
from kalshi.store.schema import SCHEMA_VERSION, meta, metadata

BUSY_TIMEOUT_S = 15
FIX = "check its permissions, the disk and who else uses it"


def database_url(place: Path | str) -> URL:
    """Return the URL of a file, or of a text that is one already. Raises StoreError for another database."""
    try:
        url = make_url(place) if isinstance(place, str) and "://" in place else None
    except (SQLAlchemyError, ValueError):
        raise StoreError("the database URL can not be read: use a path or sqlite:////absolute/path") from None
    if url is None:
        return URL.create("sqlite", database=str(place))
    if url.get_backend_name() != "sqlite":
        raise StoreError(f"database {url.get_backend_name()} is not supported yet: use sqlite")
    return url


def open_database(url: URL) -> Engine:
    """Return an engine on the database, created or migrated as needed.

    Raises StoreError with the reason where it can not be used: read-only, damaged, or of a newer version.
    """
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    try:
        # Taking the write lock proves at once that the file can be written, before a run decides anything.
        with writing(engine) as connection:
            _bring_up_to_date(connection, engine.url)
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection inside one transaction that holds the write lock from its start.

    Whatever was read inside stays true until the commit: two processes never pass the same limit twice.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreError(f"database {engine.url.database}: {_plain(error)}: {FIX}") from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees one state and keeps no writer waiting."""
    try:
        with engine.execution_options(reads_only=True).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreError(f"database {engine.url.database}: {_plain(error)}: {FIX}") from None


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _bring_up_to_date(connection: Connection, url: URL) -> None:
    if not inspect(connection).has_table("meta"):
        metadata.create_all(connection)
        connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))
        return
    found = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    version = int(found) if found is not None and found.isdigit() else 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"database {url.database} has version {version}, this program knows {SCHEMA_VERSION}: "
            "update the program"
        )
    if any(step not in MIGRATIONS for step in range(version, SCHEMA_VERSION)):
        raise StoreError(f"database {url.database} is not one of ours (version {found}): move it away")
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
    if version != SCHEMA_VERSION:
        newest = meta.update().where(meta.c.key == "schema_version").values(value=str(SCHEMA_VERSION))
        connection.execute(newest)


def _plain(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
