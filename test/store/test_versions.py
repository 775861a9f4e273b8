"""Databases of earlier versions are taken over, later and foreign ones refused; two processes at once are safe."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from databases import execute, place_arguments
from kalshi.errors import StoreError
from kalshi.store import Store
from kalshi.store.database import Database
from kalshi.store.place import Place
from kalshi.store.schema import SCHEMA_REVISION, metadata
from kalshi.store.versions import MIGRATIONS, version_table
from store.made import NOW, D, row

SRC = Path(__file__).resolve().parents[2] / "src"

# What the programs of these versions wrote into an empty file, word for word.
ORDERS_1 = """
CREATE TABLE orders (
 client_order_id VARCHAR NOT NULL, run_id VARCHAR NOT NULL, strategy VARCHAR NOT NULL, run_date VARCHAR NOT NULL,
 event_ticker VARCHAR NOT NULL, ticker VARCHAR NOT NULL, side VARCHAR NOT NULL, price VARCHAR NOT NULL,
 count VARCHAR NOT NULL, purpose VARCHAR NOT NULL, generation INTEGER NOT NULL, reduces BOOLEAN NOT NULL,
 strike_type VARCHAR, floor_strike VARCHAR, cap_strike VARCHAR, exchange_index INTEGER NOT NULL,
 fee_bound VARCHAR NOT NULL, state VARCHAR NOT NULL, reason TEXT NOT NULL, code VARCHAR NOT NULL, order_id VARCHAR,
 filled VARCHAR NOT NULL, remaining VARCHAR NOT NULL, average_price VARCHAR, fee VARCHAR,
 created_at VARCHAR NOT NULL, sent_at VARCHAR, updated_at VARCHAR NOT NULL, PRIMARY KEY (client_order_id))"""
COMMON = (
    "CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (key))",
    "CREATE TABLE runs (run_id VARCHAR NOT NULL, job VARCHAR NOT NULL, mode VARCHAR NOT NULL,"
    " dry_run BOOLEAN NOT NULL, pid INTEGER NOT NULL, started_at VARCHAR NOT NULL, ended_at VARCHAR,"
    " status VARCHAR NOT NULL, exit_code INTEGER, summary TEXT NOT NULL, PRIMARY KEY (run_id))",
    "CREATE INDEX ix_runs_job ON runs (job)",
    ORDERS_1,
    "CREATE INDEX ix_orders_event_ticker ON orders (event_ticker)",
    "CREATE INDEX ix_orders_state ON orders (state)",
    "CREATE INDEX ix_orders_order_id ON orders (order_id)",
    "CREATE INDEX ix_orders_created_at ON orders (created_at)",
    "CREATE TABLE fills (fill_id VARCHAR NOT NULL, order_id VARCHAR NOT NULL, ticker VARCHAR NOT NULL,"
    " book_side VARCHAR NOT NULL, count VARCHAR NOT NULL, yes_price VARCHAR NOT NULL, fee VARCHAR NOT NULL,"
    " is_taker BOOLEAN NOT NULL, created_at VARCHAR, PRIMARY KEY (fill_id))",
    "CREATE INDEX ix_fills_order_id ON fills (order_id)",
    "CREATE INDEX ix_fills_ticker ON fills (ticker)",
)
LOCKS_1 = (
    "CREATE TABLE locks (scope VARCHAR NOT NULL, reason TEXT NOT NULL, until VARCHAR, set_at VARCHAR NOT NULL,"
    " PRIMARY KEY (scope))"
)
VERSION_3 = (
    *(f"ALTER TABLE orders ADD COLUMN {column} VARCHAR" for column in ("amend_price", "amend_count", "amend_sent_at")),
    "ALTER TABLE orders ADD COLUMN exclusive BOOLEAN DEFAULT {false} NOT NULL",
    "ALTER TABLE locks ADD COLUMN mode VARCHAR DEFAULT 'stop' NOT NULL",
    "CREATE TABLE notices (key VARCHAR NOT NULL, sent_at VARCHAR NOT NULL, PRIMARY KEY (key))",
)
VERSION_2 = (
    "CREATE TABLE locks (scope VARCHAR NOT NULL, set_by VARCHAR NOT NULL, reason TEXT NOT NULL, until VARCHAR,"
    " set_at VARCHAR NOT NULL, PRIMARY KEY (scope, set_by))",
    "CREATE TABLE settlements (ticker VARCHAR NOT NULL, event_ticker VARCHAR NOT NULL, result VARCHAR NOT NULL,"
    " yes_count VARCHAR NOT NULL, no_count VARCHAR NOT NULL, revenue VARCHAR NOT NULL, fee VARCHAR NOT NULL,"
    " settled_at VARCHAR NOT NULL, PRIMARY KEY (ticker))",
    "CREATE INDEX ix_settlements_event_ticker ON settlements (event_ticker)",
)
AT = "'2026-10-05T14:00:00.123456Z'"
ROWS = (
    *(
        f"INSERT INTO orders VALUES ('{name}', 'run-1', 'tsa', '2026-10-05', 'E-1', 'E-1-A2.50', 'yes', '0.3001',"
        f" '10.00', 'entry', {number}, {{false}}, 'greater', '2500000', NULL, 0, '0.15', '{state}', '', '', {order},"
        f" '{filled}', '{remaining}', NULL, NULL, {AT}, {AT}, {AT})"
        for number, (name, state, order, filled, remaining) in enumerate(
            [
                ("done", "accepted", "'there-1'", "10.00", "0"),
                ("rests", "accepted", "'there-2'", "0", "10.00"),
                ("unbooked", "accepted", "'there-3'", "10.00", "0.00"),
                ("sending", "sending", "NULL", "0", "10.00"),
                ("refused", "refused", "NULL", "0", "10.00"),
            ],
            1,
        )
    ),
    f"INSERT INTO fills VALUES ('f-1', 'there-1', 'E-1-A2.50', 'bid', '4.00', '0.30', '0.01', {{true}}, {AT})",
    f"INSERT INTO fills VALUES ('f-2', 'there-1', 'E-1-A2.50', 'bid', '6.00', '0.30', '0.01', {{true}}, {AT})",
)  # fmt: skip


def make_old(place: Place, version: int) -> None:
    """Write a database of an earlier version, with rows in it."""
    if place.schema:
        execute(place, f'CREATE SCHEMA "{place.schema}"')
    words = {"false": "false", "true": "true"} if place.schema else {"false": "0", "true": "1"}
    lock = f"('all', 'holiday', NULL, {AT})" if version == 1 else f"('all', 'person', 'holiday', NULL, {AT})"
    columns = "scope, reason, until, set_at" if version == 1 else "scope, set_by, reason, until, set_at"
    execute(
        place,
        *COMMON,
        *([LOCKS_1] if version == 1 else VERSION_2),
        *(text.format(**words) for text in ROWS),
        *(text.format(**words) for text in VERSION_3 if version == 3),
        f"INSERT INTO locks ({columns}) VALUES {lock}",
        f"INSERT INTO meta VALUES ('schema_version', '{version}')",
    )
    if version > 1:
        execute(
            place,
            *(
                f"INSERT INTO settlements VALUES ('M-{result}', 'E-0', '{result}', '1', '0', '0.33', '0', {AT})"
                for result in ("yes", "no", "scalar")
            ),
        )


def shape(connection: Connection, schema: str) -> dict[str, Any]:
    """Return tables, columns, keys and indexes as the database itself tells them."""
    found = inspect(connection)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in found.get_columns(table)),
            found.get_pk_constraint(table)["constrained_columns"],
            sorted((str(i["name"]), tuple(i["column_names"])) for i in found.get_indexes(table)),
        )
        for table in found.get_table_names(schema=schema or None)
    }


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_database_of_an_earlier_version_is_taken_over(store_place: Place, version: int) -> None:
    make_old(store_place, version)
    store = Store.open(store_place)
    assert store.locks(NOW) == {"all": "holiday"}
    assert sorted(r.client_order_id for r in store.open_orders()) == ["rests", "sending", "unbooked"]
    done = store.order("done")
    assert done is not None and (done.booked, done.price, done.created_at) == (D(10), D("0.3001"), NOW)
    assert store.net_contracts() == {"E-1-A2.50": D(10)}
    values = {ticker: one.yes_value for ticker, one in store.settlements().items()}
    assert values == ({} if version == 1 else {"M-yes": D(1), "M-no": D(0), "M-scalar": None})
    assert store.lock("tsa", "two owners", set_at=NOW, set_by="reconciliation")
    store.close()
    Store.open(store_place).close()
    assert execute(store_place, "SELECT version_num FROM alembic_version") == [(SCHEMA_REVISION,)]


def test_a_program_from_before_alembic_still_sees_that_the_database_is_newer(store_place: Place) -> None:
    """It reads `meta`, and takes a database without it for an empty one."""
    Store.open(store_place).close()
    assert execute(store_place, "SELECT value FROM meta WHERE key = 'schema_version'") == [("4",)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_migrated_database_is_the_same_as_a_new_one(
    store_place: Place, postgresql_or_file: Place, version: int
) -> None:
    make_old(store_place, version)
    shapes = []
    for place in (store_place, postgresql_or_file):
        database = Database(place)
        with database.reading() as connection:
            shapes.append(shape(connection, place.schema))
        with database.writing() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found = compare_metadata(context, metadata)
            assert [d for d in found if version_table.name not in str(d)] == []
        database.close()
    assert shapes[0] == shapes[1]


@pytest.fixture
def postgresql_or_file(store_place: Place, tmp_path: Path) -> Place:
    """A second empty place beside the first."""
    if store_place.is_file:
        return Place.of(tmp_path / "second.db")
    return Place(store_place.url, f"{store_place.schema}_second")


def test_the_revision_of_the_code_is_the_newest_step() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_REVISION


@pytest.mark.parametrize(
    ("version", "words"), [("0099", "version 99, this program knows 5: update"), ("x'y", "not one of ours")]
)
def test_a_newer_or_foreign_version_is_refused_and_left_alone(store_place: Place, version: str, words: str) -> None:
    Store.open(store_place).close()
    quoted = version.replace("'", "''")
    execute(store_place, f"UPDATE alembic_version SET version_num = '{quoted}'")
    with pytest.raises(StoreError, match=words):
        Store.open(store_place)
    assert execute(store_place, "SELECT version_num FROM alembic_version") == [(version,)]


@pytest.mark.parametrize(("version", "words"), [("99", "update the program"), ("0", "not one"), ("x", "not one")])
def test_an_old_style_version_that_nobody_knows_is_refused(store_place: Place, version: str, words: str) -> None:
    make_old(store_place, 2)
    execute(store_place, f"UPDATE meta SET value = '{version}'")
    with pytest.raises(StoreError, match=words):
        Store.open(store_place)


def test_tables_of_another_program_are_left_alone(store_place: Place) -> None:
    if store_place.schema:
        execute(store_place, f'CREATE SCHEMA "{store_place.schema}"')
    execute(store_place, "CREATE TABLE customers (name VARCHAR)")
    with pytest.raises(StoreError, match=r"not one of ours.*customers"):
        Store.open(store_place)


def test_a_failed_step_leaves_the_old_version_whole(store_place: Place) -> None:
    make_old(store_place, 2)
    execute(store_place, "CREATE INDEX ix_fills_created_at ON fills (created_at)")  # the last step stumbles over it
    with pytest.raises(StoreError, match="ix_fills_created_at"):
        Store.open(store_place)
    assert execute(store_place, "SELECT value FROM meta") == [("2",)]
    assert "booked" not in str(execute(store_place, "SELECT * FROM orders LIMIT 0"))
    execute(store_place, "DROP INDEX ix_fills_created_at")
    Store.open(store_place).close()


OPENER = (
    "import sys\n"
    "from kalshi.store import Store\n"
    "from kalshi.store.place import Place\n"
    "print('ready', flush=True)\n"
    "sys.stdin.readline()\n"
    "store = Store.open(Place.of(sys.argv[1], sys.argv[2]))\n"
    "print(len(store.orders()))\n"
)


@pytest.mark.parametrize("old", [False, True])
def test_processes_that_open_at_once_find_one_whole_database(store_place: Place, old: bool, tmp_path: Path) -> None:
    if old:
        make_old(store_place, 1)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, *place_arguments(store_place)], cwd=tmp_path, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"PYTHONPATH": str(SRC), "PATH": ""},
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert ended == [("5\n" if old else "0\n", "")] * 4
    store = Store.open(store_place)
    assert store.reserve(row(), lambda others: None, since=NOW).ours
    store.close()


def test_an_old_file_that_is_read_by_somebody_is_migrated_all_the_same(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "store.db")
    make_old(place, 2)
    with sqlite3.connect(tmp_path / "store.db") as reader:
        assert reader.execute("SELECT count(*) FROM orders").fetchone() == (5,)
        Store.open(place).close()
    reader.close()


def test_every_table_and_column_is_in_the_reference_as_it_is_in_the_schema() -> None:
    text = (SRC.parent / "reference" / "store.md").read_text(encoding="utf-8")
    for table in metadata.sorted_tables:
        section = text.partition(f"\n### {table.name}\n")[2].partition("\n### ")[0]
        assert section.splitlines()[0] == table.comment
        told = [line for line in section.splitlines() if line.startswith("| `")]
        assert told == [f"| `{column.name}` | {column.comment} |" for column in table.columns]


def test_postgresql_keeps_the_words_too(store_place: Place) -> None:
    if store_place.is_file:
        return  # SQLite has no comments
    make_old(store_place, 2)
    database = Database(store_place)
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            found = inspect(connection).get_columns(table.name)
            assert {c["name"]: c["comment"] for c in found} == {c.name: c.comment for c in table.columns}
    database.close()
