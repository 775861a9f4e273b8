"""Stores for tests, on both databases.

A test (or a fixture) that takes `store_place` runs twice, on SQLite and on PostgreSQL: `Store.open(store_place)`, as
often as it likes. `store` is such a store, opened. Without TEST_POSTGRES_URL (the URL of a server on which databases
may be made and dropped) the PostgreSQL half is skipped by name. Real processes get the place by `place_arguments`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from kalshi.store.place import Place
from kalshi.store.schema import metadata

URL_VARIABLE = "TEST_POSTGRES_URL"
SERVER = os.environ.get(URL_VARIABLE, "")
needs_postgresql = pytest.mark.skipif(
    not SERVER, reason=f"{URL_VARIABLE} is not set: no PostgreSQL server to test on"
)
BOTH = ("sqlite", pytest.param("postgresql", marks=needs_postgresql))
SCHEMA = "kalshi_test"


@contextmanager
def new_database() -> Iterator[str]:
    """Make a database on the server and yield its URL, as a person would put it into DATABASE_URL."""
    if not SERVER:
        pytest.skip(f"{URL_VARIABLE} is not set: no PostgreSQL server to test on")
    name = f"kalshi_test_{uuid.uuid4().hex}"
    with _administration(f'CREATE DATABASE "{name}"', f'DROP DATABASE "{name}" WITH (FORCE)'):
        url = make_url(SERVER).set(drivername="postgresql", database=name)
        yield url.render_as_string(hide_password=False)


@contextmanager
def _administration(before: str, after: str) -> Iterator[None]:
    engine = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(before))
        yield
        with engine.connect() as connection:
            connection.execute(text(after))
    finally:
        engine.dispose()


def erase(place: Place) -> None:
    """Lose the whole store, as when a disk is replaced; nobody may have it open."""
    if place.path is not None:
        place.path.unlink()
    else:
        execute(place, f'DROP SCHEMA "{place.schema}" CASCADE')


def execute(place: Place, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements behind the store's back, in one transaction; return the rows of the last one."""
    engine = create_engine(place.url)
    rows: list[tuple[Any, ...]] = []
    with engine.begin() as connection:
        if place.schema:
            connection.exec_driver_sql(f'SET search_path TO "{place.schema}"')
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def dump(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, to compare with a later dump."""
    return {name: sorted(execute(place, f"SELECT * FROM {name}"), key=repr) for name in sorted(metadata.tables)}


def new_place(kind: str, folder: Path, database: str = "") -> Place:
    """Return an empty place of its own: a file in *folder*, or a new schema of *database*."""
    if kind == "sqlite":
        return Place.of(folder / "store.db")
    return Place.of(database, f"{SCHEMA}_{uuid.uuid4().hex[:12]}")


def place_arguments(place: Place) -> list[str]:
    """Return what a child process hands to `Place.of`."""
    return [place.url.render_as_string(hide_password=False), place.schema]
