"""The record: exact, durable, versioned, and refusing early where it can not be kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from kalshi.errors import StoreError
from kalshi.store import Store
from kalshi.store.rows import OrderRow, Refusal
from kalshi.store.schema import SCHEMA_VERSION, metadata

D = Decimal
NOW = datetime(2026, 10, 5, 14, 0, 0, 123456, tzinfo=UTC)
SRC = Path(__file__).resolve().parents[2] / "src"


def row(**changes: Any) -> OrderRow:
    values: dict[str, Any] = dict(
        client_order_id="one", run_id="run-1", strategy="tsa", run_date=date(2026, 10, 5), event_ticker="E-1",
        ticker="E-1-A2.50", side="yes", price=D("0.3001"), count=D("10.00"), purpose="entry", generation=1,
        reduces=False, strike_type="greater", floor_strike=D(2500000), cap_strike=None, exchange_index=0,
        fee_bound=D("0.15"), created_at=NOW, updated_at=NOW, remaining=D("10.00"),
    )
    return OrderRow(**{**values, **changes})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store.db")
    yield store
    store.close()


def test_a_reserved_order_is_read_back_exactly(store: Store) -> None:
    reserved = store.reserve(row(), lambda others: None, since=NOW)
    assert reserved.ours and reserved.row.state == "sending" and reserved.row.sent_at == NOW
    assert store.order("one") == reserved.row
    assert str(reserved.row.price) == "0.3001"


@settings(max_examples=30, deadline=None)
@given(price=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=0, max_value=1))
def test_no_digit_is_lost(tmp_path_factory: pytest.TempPathFactory, price: Decimal) -> None:
    store = Store.open(tmp_path_factory.mktemp("digits") / "store.db")
    store.reserve(row(price=price), lambda others: None, since=NOW)
    found = store.order("one")
    store.close()
    assert found is not None and found.price == price


def test_what_was_or_may_have_been_sent_is_never_reserved_again(store: Store) -> None:
    first = store.reserve(row(), lambda others: None, since=NOW).row
    again = store.reserve(row(price=D("0.50"), run_id="run-2"), lambda others: None, since=NOW)
    assert not again.ours and again.row == first
    store.refuse(row(run_id="run-2"), Refusal("count", "too late to say so"))
    assert store.order("one") == first


def test_refused_and_rejected_orders_may_be_reserved_again(store: Store) -> None:
    assert not store.reserve(row(), lambda others: Refusal("cost", "too dear"), since=NOW).ours
    assert store.orders()[0].reason == "too dear"
    assert store.reserve(row(), lambda others: None, since=NOW).ours
    store.update_order("one", state="rejected", reason="paused")
    store.refuse(row(), Refusal("count", "a later refusal"))
    assert store.orders()[0].reason == "paused"
    assert store.reserve(row(), lambda others: None, since=NOW).ours


def test_the_judge_sees_what_can_cost_money_in_the_event_or_since_then(store: Store) -> None:
    old = NOW - timedelta(days=3)
    store.reserve(row(client_order_id="old-same-event", created_at=old), lambda others: None, since=NOW)
    elsewhere = {"event_ticker": "E-2", "ticker": "E-2-A2.50"}
    store.reserve(row(client_order_id="old-elsewhere", created_at=old, **elsewhere), lambda o: None, since=NOW)
    store.reserve(row(client_order_id="new-elsewhere", **elsewhere), lambda o: None, since=NOW)
    store.refuse(row(client_order_id="refused"), Refusal("count", "no"))
    seen: list[str] = []

    def judge(others: Any) -> None:
        seen.extend(other.client_order_id for other in others)

    store.reserve(row(client_order_id="this"), judge, since=NOW)
    assert sorted(seen) == ["new-elsewhere", "old-same-event"]


def test_threads_that_want_the_same_order_are_told_once_to_send_it(tmp_path: Path) -> None:
    Store.open(tmp_path / "store.db").close()
    told = []

    def want(name: str) -> None:
        mine = Store.open(tmp_path / "store.db")
        told.append(mine.reserve(row(run_id=name), lambda others: None, since=NOW).ours)
        mine.close()

    threads = [threading.Thread(target=want, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_a_failed_judge_leaves_nothing(store: Store) -> None:
    def judge(others: Any) -> None:
        raise RuntimeError("crashed")

    with pytest.raises(RuntimeError):
        store.reserve(row(), judge, since=NOW)
    assert store.orders() == []


def test_times_come_back_aware_and_naive_ones_are_refused(store: Store) -> None:
    new_york = timezone(timedelta(hours=-4))
    store.reserve(row(created_at=NOW.astimezone(new_york)), lambda others: None, since=NOW)
    found = store.order("one")
    assert found is not None and found.created_at == NOW and found.created_at.tzinfo == UTC
    with pytest.raises(StoreError, match="time zone"):
        store.reserve(row(client_order_id="two", created_at=NOW.replace(tzinfo=None)), lambda o: None, since=NOW)


def test_resting_and_unresolved_orders(store: Store) -> None:
    for name, state, remaining in [
        ("a", "accepted", "10"), ("b", "accepted", "0"), ("c", "unknown", "10"), ("d", "rejected", "10"),
    ]:
        store.reserve(row(client_order_id=name), lambda others: None, since=NOW)
        store.update_order(name, state=state, remaining=D(remaining), order_id=f"there-{name}")
    store.reserve(row(client_order_id="e"), lambda others: None, since=NOW)
    assert [r.client_order_id for r in store.resting_orders()] == ["a"]
    assert sorted(r.client_order_id for r in store.unresolved_orders()) == ["c", "e"]
    assert store.resting_orders("E-2") == []
    found = store.order_by_exchange_id("there-b")
    assert found is not None and found.client_order_id == "b"
    assert len(store.orders(limit=2)) == 2


def test_generations_are_counted_by_strategy_market_and_purpose(store: Store) -> None:
    assert store.generation("tsa", "E-1-A2.50", "entry") == 0
    store.refuse(row(generation=3), Refusal("count", "no"))
    assert store.generation("tsa", "E-1-A2.50", "entry") == 3
    assert store.generation("tsa", "E-1-A2.50", "flatten") == 0


def test_runs_open_close_and_crash(store: Store) -> None:
    for number in (1, 2):
        started = NOW + timedelta(minutes=number)
        store.open_run(f"run-{number}", job="tsa", mode="paper", dry_run=False, pid=1, started_at=started)
    ended = NOW + timedelta(hours=1)
    store.close_run("run-2", status="ok", exit_code=0, summary="fine", ended_at=ended)
    assert store.mark_crashed("tsa", ended_at=ended) == ["run-1"]
    assert store.mark_crashed("tsa", ended_at=ended) == []
    (last,) = store.last_runs()
    assert (last.run_id, last.status, last.exit_code, last.ended_at) == ("run-2", "ok", 0, ended)


def test_locks_of_a_person_and_of_the_reconciliation_are_two(store: Store) -> None:
    assert store.lock("E-1", "differs", set_at=NOW, set_by="reconciliation")
    assert store.lock("E-1", "hands off", set_at=NOW)
    assert not store.lock("E-1", "again", set_at=NOW)
    assert store.unlock("E-1", set_by="reconciliation")
    assert store.locks(NOW) == {"E-1": "hands off"}
    assert store.unlock("E-1") and not store.unlock("E-1")


def test_a_lock_ends_at_its_time_and_can_be_set_anew(store: Store) -> None:
    until = NOW + timedelta(hours=1)
    store.lock("tsa", "loss of the day", set_at=NOW, until=until)
    assert store.locks(until - timedelta(microseconds=1)) == {"tsa": "loss of the day"}
    assert store.locks(until) == {}
    assert store.lock("tsa", "again", set_at=until)


def test_a_database_of_version_1_is_migrated_with_its_locks_and_orders(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    with sqlite3.connect(path) as old:
        old.execute("DROP TABLE settlements")
        old.execute("DROP TABLE notices")
        for column in ("amend_price", "amend_count", "amend_sent_at", "exclusive"):
            old.execute(f"ALTER TABLE orders DROP COLUMN {column}")
        old.execute("DROP TABLE locks")
        old.execute(
            "CREATE TABLE locks "
            "(scope VARCHAR PRIMARY KEY, reason TEXT NOT NULL, until VARCHAR, set_at VARCHAR NOT NULL)"
        )
        old.execute("INSERT INTO locks VALUES ('all', 'holiday', NULL, '2026-10-05T14:00:00.000000Z')")
        old.execute("INSERT INTO meta VALUES ('schema_version', '1')")
    old.close()
    store = Store.open(path)
    assert store.locks(NOW) == {"all": "holiday"} and store.settled_tickers() == set()
    store.close()
    with sqlite3.connect(path) as new:
        assert new.execute("SELECT value FROM meta").fetchall() == [(str(SCHEMA_VERSION),)]
    new.close()
    Store.open(path).close()


@pytest.mark.parametrize(
    ("version", "words"), [("99", "update the program"), ("0", "not one of ours"), ("x", "not one of ours")]
)
def test_a_newer_or_foreign_database_is_refused(tmp_path: Path, version: str, words: str) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ?", (version,))
    connection.close()
    with pytest.raises(StoreError, match=words):
        Store.open(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this was a database once" * 100)
    with pytest.raises(StoreError, match=r"store\.db.*not a database"):
        Store.open(path)
    assert path.read_bytes().startswith(b"this was")


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Store.open(tmp_path / "nowhere" / "store.db")


def test_a_file_that_can_only_be_read_is_refused_before_anything_is_decided() -> None:
    code = (
        "import os, sys\n"
        "from kalshi.errors import StoreError\n"
        "from kalshi.store import Store\n"
        "Store.open(':memory:').close()\n"  # loads everything before the rights are given up
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "open(sys.argv[1], 'rb').close()\n"
        "try: Store.open(sys.argv[1])\n"
        "except StoreError as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        Store.open(path).close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        try:
            done = _python(code, str(path))
        finally:
            path.parent.chmod(0o755)
    assert "readonly" in done.stdout or "unable to open" in done.stdout, done


def test_a_full_disk_is_an_error_of_the_store_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    code = (
        "import resource, signal, sys\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from datetime import datetime, UTC\n"
        "from kalshi.errors import StoreError\n"
        "from kalshi.store import Store\n"
        "store = Store.open(sys.argv[1])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: store.lock('all', 'x' * 9000, set_at=datetime.now(UTC))\n"
        "except StoreError as error: print(error)\n"
    )
    done = _python(code, str(path), str(SRC))
    assert "database" in done.stdout and "disk" in done.stdout, done
    store = Store.open(path)
    assert store.locks(NOW) == {}
    store.close()


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, timeout=60,
        check=False,
    )


def test_odd_paths_and_urls_work(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100% #1.db"
    Store.open(odd).close()
    assert odd.exists()
    store = Store.open(f"sqlite:///{tmp_path}/other.db")
    assert store.path == tmp_path / "other.db"
    store.close()
    with pytest.raises(StoreError, match="not supported yet"):
        Store.open("postgresql://localhost/kalshi")
    with pytest.raises(StoreError, match="can not be read"):
        Store.open("sqlite://host:port/store.db")


def test_every_commit_is_durable_and_readers_keep_no_writer_waiting(store: Store) -> None:
    with store._reading() as reader:
        assert reader.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert reader.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
        other = Store.open(store.path)
        assert other.reserve(row(), lambda others: None, since=NOW).ours
        other.close()
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    assert len(store.orders()) == 1


def test_it_is_imported_without_heavy_libraries() -> None:
    done = _python(
        "import sys, kalshi.store, kalshi.trading.desk\n"
        "print(sorted({'pandas', 'boto3', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done


def test_replacing_a_row_keeps_the_rest() -> None:
    assert replace(row(), state="accepted") == row().replace(state="accepted")
