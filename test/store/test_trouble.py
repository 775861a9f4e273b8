"""Full disks, files that can only be read, servers that die: told before an order leaves, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from databases import execute, needs_postgresql, new_place
from kalshi.errors import StoreError
from kalshi.store import Store
from kalshi.store.place import Place
from store.made import NOW, row

SRC = Path(__file__).resolve().parents[2] / "src"


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, timeout=60,
        check=False,
    )


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this was a database once" * 100)
    with pytest.raises(StoreError, match=r"store\.db.*not a database"):
        Store.open(path)
    assert path.read_bytes().startswith(b"this was")


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Store.open(tmp_path / "nowhere" / "store.db")


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_can_only_be_read_is_refused_before_anything_is_decided(what: str) -> None:
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
        path.chmod(0o444 if what == "file" else 0o666)
        path.parent.chmod(0o777 if what == "file" else 0o555)
        try:
            done = python(code, str(path))
        finally:
            path.parent.chmod(0o755)
    assert "readonly" in done.stdout or "unable to open" in done.stdout, done
    assert "check its permissions" in done.stdout


FILL_UP = (
    "import resource, signal, sys\n"
    "from datetime import datetime, UTC\n"
    "from kalshi.errors import StoreError\n"
    "from kalshi.store import Store\n"
    "sys.path.insert(0, sys.argv[2])\n"
    "from store.made import NOW, row\n"
    "store = Store.open(sys.argv[1])\n"
    "if len(sys.argv) > 3:\n"
    "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    "try:\n"
    "    for n in range(2000):\n"
    "        told = store.reserve(row(client_order_id=str(n), strategy='x' * 2000), lambda o: None, since=NOW)\n"
    "        print(n, flush=True)\n"
    "except StoreError as error: print(error)\n"
)


def test_a_file_that_may_not_grow_takes_no_order(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    done = python(FILL_UP, str(path), str(SRC.parent / "test"), "limited")
    assert "database" in done.stdout and "disk" in done.stdout, done
    store = Store.open(path)
    assert store.orders() == []
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_takes_no_order_and_keeps_those_before_it(small_disk: Path) -> None:
    path = small_disk / "store.db"
    Store.open(path).close()
    done = python(FILL_UP, str(path), str(SRC.parent / "test"))
    *told, error = done.stdout.splitlines()
    assert "database or disk is full" in error and "check its permissions, the disk" in error, done
    assert 0 < len(told) < 2000
    assert len(execute(Place.of(path), "SELECT client_order_id FROM orders")) == len(told)


# --- PostgreSQL

postgresql_only = pytest.mark.parametrize("kind", [pytest.param("postgresql", marks=needs_postgresql)])


@pytest.fixture
def server_place(kind: str, tmp_path: Path, postgresql_database: str) -> Place:
    return new_place(kind, tmp_path, postgresql_database)


def cut(place: Place) -> None:
    """Let the server end every other connection to the database, as a restart or a broken line does."""
    execute(place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kalshi'")


@postgresql_only
def test_a_line_lost_before_the_commit_means_not_recorded(server_place: Place) -> None:
    store = Store.open(server_place)

    def judge(others: object) -> None:
        cut(server_place)

    with pytest.raises(StoreError, match="check that the server runs"):
        store.reserve(row(), judge, since=NOW)
    assert store.orders() == []  # and the next transaction finds a connection again
    store.close()


@postgresql_only
@pytest.mark.parametrize("done", [False, True])
def test_a_line_lost_during_the_commit_counts_as_not_recorded(server_place: Place, done: bool) -> None:
    """Whether the server had committed when the line broke can not be known: the caller must not send."""
    store = Store.open(server_place)

    def lose(connection: object) -> None:
        if done:
            line = connection.connection.driver_connection  # type: ignore[attr-defined]
            line.commit()
            line.execute("SELECT 1")  # so that the commit that follows has something to ask of the dead line
        cut(server_place)

    event.listen(store._database.engine, "commit", lose)
    with pytest.raises(StoreError):
        store.reserve(row(), lambda others: None, since=NOW)
    event.remove(store._database.engine, "commit", lose)
    assert [one.state for one in store.orders()] == (["sending"] if done else [])  # looked up by the next run
    store.close()


@postgresql_only
def test_commits_wait_for_the_disk_and_readers_see_one_state(server_place: Place) -> None:
    store = Store.open(server_place)
    with store._writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    with store._reading() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
        other = Store.open(server_place)
        assert other.reserve(row(), lambda others: None, since=NOW).ours
        other.close()
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    assert len(store.orders()) == 1
    store.close()


@postgresql_only
def test_a_server_that_only_lets_read_is_refused(server_place: Place) -> None:
    Store.open(server_place).close()
    url = server_place.url.update_query_dict({"options": "-c default_transaction_read_only=on"})
    with pytest.raises(StoreError, match="read-only transaction"):
        Store.open(Place(url, server_place.schema))


@postgresql_only
def test_modes_never_meet(server_place: Place) -> None:
    paper, live = Store.open(server_place), Store.open(Place(server_place.url, f"{server_place.schema}_live"))
    paper.reserve(row(), lambda others: None, since=NOW)
    paper.lock("all", "paper only", set_at=NOW)
    assert live.orders() == [] and live.locks(NOW) == {} and len(paper.orders()) == 1
    paper.close()
    live.close()


def test_the_file_is_written_through_and_readers_keep_no_writer_waiting(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store.db")
    with store._reading() as reader:
        assert reader.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert reader.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
        other = Store.open(tmp_path / "store.db")
        assert other.reserve(row(), lambda others: None, since=NOW).ours
        other.close()
        assert reader.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
    assert len(store.orders()) == 1
    store.close()


# --- places and passwords


def test_odd_paths_and_urls_work(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100% #1.db"
    Store.open(odd).close()
    assert odd.exists()
    store = Store.open(f"sqlite:///{tmp_path}/other.db")
    assert store.path == tmp_path / "other.db"
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:topsecret@h/d", "postgresql://u:topsecret@127.0.0.1:x/d", "sqlite://u:topsecret@host:port/store.db",
        "postgresql://u:topsecret@127.0.0.1:1/d?bad_option=topsecret", "postgresql://u:topsecret@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password=topsecret",
    ],
)  # fmt: skip
def test_no_error_and_no_text_shows_a_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        place = Place.of(url, "kalshi_paper")
        assert "topsecret" not in f"{place} {place!r}"
        Store.open(place)
    assert "topsecret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert "\n" not in str(caught.value)


def test_all_spellings_of_postgresql_lead_to_the_same_driver() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        place = Place.of(f"{scheme}://u:p@h:5/d", "kalshi_live")
        assert place.url == make_url("postgresql+psycopg://u:p@h:5/d") and place.path is None
        assert str(place) == "PostgreSQL h:5/d, schema kalshi_live"
    with pytest.raises(StoreError, match="no schema"):
        Place.of("postgresql://h/d")


def test_it_is_imported_without_heavy_libraries() -> None:
    done = python(
        "import sys, kalshi.store, kalshi.trading.desk\n"
        "kalshi.store.Store.open(':memory:').close()\n"
        "print(sorted({'pandas', 'boto3', 'numpy', 'matplotlib', 'alembic', 'psycopg'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done


def test_a_stranger_is_told_so_without_the_password() -> None:
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        pytest.skip("TEST_POSTGRES_URL is not set: no PostgreSQL server to test on")
    url = make_url(server).set(drivername="postgresql", username="nobody-here", password="topsecret")
    with pytest.raises(StoreError) as caught:
        Store.open(Place.of(url.render_as_string(hide_password=False), "kalshi_paper"))
    assert "topsecret" not in str(caught.value) and "check that the server runs" in str(caught.value)
