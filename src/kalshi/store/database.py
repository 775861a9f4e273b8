"""Opening the database: durable commits and one writer at a time, on SQLite and on PostgreSQL alike.

SQLite: write-ahead log, full sync, and `BEGIN IMMEDIATE` for whoever writes. PostgreSQL: an advisory lock of the schema
for whoever writes, and a commit that waits for the disk of the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import SQLAlchemyError

from kalshi.errors import StoreError
from kalshi.store.place import Place
from kalshi.store.versions import VERSION_TABLE, bring_up_to_date

BUSY_TIMEOUT_S = 15
FILE_FIX = "check its permissions, the disk and who else uses it"
SERVER_FIX = "check that the server runs and lets this user in, and DATABASE_URL"
# An answer that does not come is an error and not a wait for ever.
SERVER_WAITS: dict[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000, "application_name": "kalshi",
}  # fmt: skip


class Database:
    """One open database and where it is. Every trouble with it is a StoreError that names the place and the fix."""

    def __init__(self, place: Place) -> None:
        """Open or create it, and bring it up to date.

        Raises StoreError with the reason where it can not be used: read-only, damaged, or of a newer version.
        """
        self.place = place
        self.engine = _engine(place)
        try:
            # Taking the write lock proves at once that it can be written, before a run decides anything.
            with self.writing() as connection:
                bring_up_to_date(connection, place)
        except StoreError:
            self.engine.dispose()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction that holds the write lock from its start.

        Whatever was read inside stays true until the commit: two processes never pass the same limit twice.
        A commit whose answer is lost raises, too: what was to be written counts as not written.
        """
        with _troubles(self.place), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state and keeps no writer waiting."""
        with _troubles(self.place), self.engine.execution_options(reads_only=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of it."""
        self.engine.dispose()


def exists(place: Place) -> bool:
    """Return whether there is a store at *place*, without making one. Raises StoreError for a dead server."""
    if place.path is not None:
        return place.path.exists()
    engine = _engine(place)
    try:
        with _troubles(place), engine.connect() as connection:
            return inspect(connection).has_table(VERSION_TABLE, schema=place.schema)
    finally:
        engine.dispose()


def _engine(place: Place) -> Engine:
    if place.is_file:
        engine = create_engine(place.url, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _on_connect_to_file)
        event.listen(engine, "begin", _on_begin_of_file)
        return engine
    # The first statement on a connection of the pool finds out whether the server is still there.
    engine = create_engine(place.url, connect_args=SERVER_WAITS, pool_pre_ping=True)
    schema = place.schema.replace("'", "''")
    event.listen(engine, "begin", lambda connection: _on_begin_at_server(connection, schema))
    return engine


def _on_connect_to_file(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin_of_file, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _reads_only(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("reads_only", False))


def _on_begin_of_file(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _reads_only(connection) else "BEGIN IMMEDIATE")


def _on_begin_at_server(connection: Connection, schema: str) -> None:
    """Set up one transaction; what is set ends with it, so that a pooler in front of the server does no harm."""
    search = f"set_config('search_path', '{schema}', true)"
    if _reads_only(connection):
        connection.exec_driver_sql(
            f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT {search}"
        )
        return
    # Whatever the server's default is: under a stricter one, what waited for the lock would see what was before it.
    connection.exec_driver_sql(
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
        f"SELECT {search}, set_config('synchronous_commit', 'on', true), "
        f"set_config('lock_timeout', '{BUSY_TIMEOUT_S}s', true)"
    )
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(hashtext('kalshi store'), hashtext('{schema}'))")


@contextmanager
def _troubles(place: Place) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        fix = FILE_FIX if place.is_file else SERVER_FIX
        raise StoreError(f"database {place}: {_plain(error)}: {fix}") from None


def _plain(error: SQLAlchemyError) -> str:
    """Return what the driver said, in one line; SQL and values, which SQLAlchemy would show, are left out."""
    original = getattr(error, "orig", None) or error
    said = getattr(getattr(original, "diag", None), "message_primary", None) or str(original)
    return " ".join(str(said).split())[:300]
