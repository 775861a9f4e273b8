"""Which version a database has, and bringing it to today's, inside the caller's transaction.

An empty database gets the tables of today, an earlier one Alembic's steps; a test holds the two results together. So
Alembic is imported only where there are steps to take.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Column, Connection, Dialect, MetaData, String, Table, create_mock_engine, inspect, text, update
from sqlalchemy.schema import SetColumnComment, SetTableComment

from kalshi.errors import StoreError
from kalshi.store.place import Place
from kalshi.store.schema import META_VERSION, SCHEMA_REVISION, meta, metadata

VERSION_TABLE = "alembic_version"
version_table = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
MIGRATIONS = Path(__file__).parent / "migrations"
# Versions of before Alembic, as table `meta` has them.
BEFORE_ALEMBIC = {"1": "0001", "2": "0002", "3": "0003"}
# Alembic's context belongs to the process: one thread at a time.
_one_at_a_time = Lock()


def bring_up_to_date(connection: Connection, place: Place) -> None:
    """Create the tables, or change those of an earlier version; a database of today is left as it is.

    connection: inside a transaction that holds the write lock, so that of two processes one finds it done.
    Raises StoreError for a newer version, a database of somebody else, and a server that only lets read.
    """
    found = _revision(connection, place)
    if found == SCHEMA_REVISION:
        _try_to_write(connection)
        return
    if found is not None and not found.isdigit():
        raise StoreError(f"database {place} is not one of ours (version {found}): move it away")
    if found is not None and int(found) > int(SCHEMA_REVISION):
        raise StoreError(
            f"database {place} has version {int(found)}, this program knows {int(SCHEMA_REVISION)}: "
            "update the program"
        )
    if found is None:
        _create(connection, place)
        return
    _upgrade(connection, found)
    if not place.is_file:
        _write_comments(connection)


def _revision(connection: Connection, place: Place) -> str | None:
    """Return the version of the tables that are there, None where there are none."""
    tables = set(inspect(connection).get_table_names(schema=place.schema or None))
    if VERSION_TABLE in tables:
        return str(connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")))
    if "meta" in tables:
        found = connection.scalar(text("SELECT value FROM meta WHERE key = 'schema_version'"))
        # A newer number without Alembic's table is no version of ours either; it is told as it stands.
        return BEFORE_ALEMBIC.get(str(found), str(found) if str(found).isdigit() and found != "0" else f"{found!r}")
    if tables:
        raise StoreError(
            f"database {place} is not one of ours (it has table {min(tables)}, no version): move it away"
        )
    return None


def _create(connection: Connection, place: Place) -> None:
    if place.is_file:
        metadata.create_all(connection, checkfirst=False)
    else:
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{place.schema}"'))
        connection.exec_driver_sql(";\n".join(_statements(connection.dialect)))  # a hundred, in one round trip
    version_table.create(connection)
    connection.execute(version_table.insert().values(version_num=SCHEMA_REVISION))
    connection.execute(meta.insert().values(key="schema_version", value=META_VERSION))


def _statements(dialect: Dialect) -> list[str]:
    """Return what makes tables, indexes and comments."""
    made: list[str] = []

    def keep(ddl: Any, *_: Any) -> None:
        made.append(str(ddl.compile(dialect=dialect)))

    metadata.create_all(create_mock_engine("postgresql+psycopg://", keep), checkfirst=False)
    return made


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(MIGRATIONS / "versions").replace("%", "%%"))
    config.attributes["connection"] = connection
    with _one_at_a_time:
        if not inspect(connection).has_table(VERSION_TABLE):
            command.stamp(config, found)
        command.upgrade(config, "head")


def _try_to_write(connection: Connection) -> None:
    """Change a row and take it back: SQLite gives its write lock even where the file can only be read."""
    attempt = connection.begin_nested()
    connection.execute(update(meta).values(value=meta.c.value))
    attempt.rollback()


def _write_comments(connection: Connection) -> None:
    """Let the database itself say what its tables and columns hold."""
    for table in metadata.sorted_tables:
        connection.execute(SetTableComment(table))
        for column in table.columns:
            connection.execute(SetColumnComment(column))
