"""The state file: what was answered is there after a restart, a kill, and beside another process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from kalshi.errors import StoreError
from kalshi.paper.exchange import PaperExchange

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
SRC = Path(__file__).resolve().parents[2] / "src"

# Places orders through the client and its adapter, and says each acknowledged one.
TRADER = """
import sys
from datetime import datetime
from decimal import Decimal
from kalshi.config import load_config
from kalshi.connect import connect
from kalshi.exchange.models import CreateOrder

folder, name, count, now = sys.argv[1], sys.argv[2], int(sys.argv[3]), datetime.fromisoformat(sys.argv[4])
config = load_config({"KALSHI_MODE": "paper", "KALSHI_DATA_DIR": folder})
client = connect(config, clock=lambda: now)
print("ready", flush=True)
for number in range(count):
    kind = "immediate_or_cancel" if name.startswith("taker") else "good_till_canceled"
    answer = client.create_order(CreateOrder(
        ticker="KXTSAW-26OCT11-A2.50", side="bid", count=Decimal(1), price=Decimal("0.40"), time_in_force=kind,
        self_trade_prevention_type="maker", client_order_id=f"{name}-{number}"))
    print(answer.order_id, answer.fill_count, flush=True)
"""


def trader(folder, name, count, now):
    return subprocess.Popen(
        [sys.executable, "-c", TRADER, str(folder), name, str(count), now.isoformat()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC)},
    )


def test_everything_is_there_after_a_restart(durable_house):
    house = durable_house
    house.show(bids=[("0.30", "5")], asks=[("0.40", "10"), ("0.42", "7")])
    alice, bob = house.member("alice"), house.member("bob")
    alice.order("bid", "0.40", "12", client_order_id="kept")
    bob.order("bid", "0.40", "3")
    expires = int(house.now.timestamp()) + 600
    alice.order("ask", "0.80", "4", expiration_time=expires)
    paths = (
        "/portfolio/balance",
        "/portfolio/orders",
        "/portfolio/fills",
        "/portfolio/positions",
        "/portfolio/orders/queue_positions",
        "/api_keys",
    )

    def everything():
        public = [
            house.get(path)
            for path in ("/markets", "/events", "/series", "/markets/trades", f"/markets/{TICKER}/orderbook")
        ]
        return public, [member.call("GET", path) for member in (alice, bob) for path in paths]

    before = everything()
    house.reopen()
    assert everything() == before
    assert alice.order("bid", "0.10", "1", client_order_id="kept")[0] == 409
    # time priority survives: alice's rest stands before bob's order
    carol = house.member("carol")
    carol.order("ask", "0.40", "3", tif="immediate_or_cancel")
    assert (alice.position(), bob.position()) == (12, 1)
    house.wait(seconds=601)
    house.reopen()
    asks = [row for row in alice.call("GET", "/portfolio/orders")[1]["orders"] if row["book_side"] == "ask"]
    assert [row["status"] for row in asks] == ["canceled"]
    house.exchange.settle(TICKER, "yes")
    house.reopen()
    assert (alice.position(), house.money()) == (0, 0)
    assert len(alice.call("GET", "/portfolio/settlements")[1]["settlements"]) == 1


def test_two_open_exchanges_see_each_others_orders(durable_house):
    durable_house.show(asks=[("0.40", "10")])
    alice = durable_house.member("alice")
    other = PaperExchange(durable_house.state, lambda: durable_house.now)
    first, durable_house.exchange = durable_house.exchange, other
    assert alice.order("bid", "0.40", "6", tif="immediate_or_cancel")[1]["fill_count"] == "6.00"
    durable_house.exchange = first
    assert alice.position() == 6
    assert alice.order("bid", "0.40", "6", tif="immediate_or_cancel")[1]["fill_count"] == "4.00"
    durable_house.exchange = other
    assert alice.position() == 10
    assert durable_house.money() == 0


def test_two_processes_share_the_file_without_taking_anything_twice(durable_house):
    durable_house.show(asks=[("0.40", "25")])
    folder = durable_house.state.parent
    durable_house.exchange.close()
    processes = [trader(folder, name, 20, durable_house.now) for name in ("taker-a", "taker-b")]
    filled = []
    for process in processes:
        out, problem = process.communicate(timeout=60)
        assert process.returncode == 0, problem
        filled += [D(line.split()[1]) for line in out.splitlines()[1:]]
    assert (len(filled), sum(filled)) == (40, 25)
    durable_house.reopen()
    assert durable_house.money() == 0
    with durable_house.exchange.view() as world:
        assert len(world.orders) == 40


def test_a_killed_process_loses_no_acknowledged_order(durable_house):
    durable_house.show()
    folder = durable_house.state.parent
    durable_house.exchange.close()
    process = trader(folder, "maker", 100_000, durable_house.now)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(40)]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    acknowledged = {line.split()[0] for line in [*lines[1:], *rest.splitlines()] if len(line.split()) == 2}
    assert len(acknowledged) >= 39
    durable_house.reopen()
    with durable_house.exchange.view() as world:
        assert acknowledged <= set(world.orders)
        assert len(world.orders) <= len(acknowledged) + 1  # at most the one whose answer was lost
        assert {world.orders[one].status for one in acknowledged} == {"resting"}
    assert durable_house.money() == 0
    # and the next process goes on with the same account
    after = trader(folder, "next", 1, durable_house.now)
    out, problem = after.communicate(timeout=60)
    assert after.returncode == 0, problem
    assert len(out.splitlines()) == 2


def test_what_is_handled_together_is_there_together_or_not_at_all(durable_house):
    durable_house.show(asks=[("0.40", "5")])
    alice = durable_house.member("alice")
    other = PaperExchange(durable_house.state, lambda: durable_house.now)
    with durable_house.exchange.together():
        assert alice.order("bid", "0.40", "2")[1]["fill_count"] == "2.00"
        assert alice.order("bid", "0.20", "1")[0] == 201
        assert alice.position() == 2
        with other.view() as world:
            assert not world.orders
    with other.view() as world:
        assert len(world.orders) == 2
    with pytest.raises(ZeroDivisionError), durable_house.exchange.together():
        alice.order("bid", "0.40", "2")
        raise ZeroDivisionError
    assert (alice.position(), durable_house.money()) == (2, 0)
    assert alice.order("bid", "0.40", "2")[1]["fill_count"] == "2.00"


def test_a_file_of_the_format_before_is_read_on(durable_house):
    durable_house.show(asks=[("0.40", "5")])
    alice = durable_house.member("alice")
    alice.order("bid", "0.40", "2")
    durable_house.exchange.close()
    connection = sqlite3.connect(durable_house.state)
    connection.execute("DELETE FROM records WHERE kind = 'Bar'")
    for key, body in connection.execute("SELECT key, body FROM records WHERE kind = 'Account'").fetchall():
        before = {k: v for k, v in json.loads(body).items() if k not in ("number", "member", "tier", "netting")}
        change = "UPDATE records SET body = ? WHERE kind = 'Account' AND key = ?"
        connection.execute(change, (json.dumps(before).encode(), key))
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    durable_house.reopen()
    assert (alice.position(), durable_house.money()) == (2, 0)
    assert alice.call("GET", "/account/limits")[1]["usage_tier"] == "basic"


def test_an_error_in_the_middle_leaves_nothing_behind(durable_house):
    durable_house.show(asks=[("0.40", "5")])
    alice = durable_house.member("alice")
    before = (alice.dollars(), alice.position())
    # Another process holds the write lock of the file and will not let go: the request fails as a whole.
    durable_house.exchange = PaperExchange(durable_house.state, lambda: durable_house.now, lock_wait_s=0.05)
    blocker = sqlite3.connect(durable_house.state, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"paper\.sqlite"):
        alice.order("bid", "0.40", "5", tif="immediate_or_cancel", client_order_id="again")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (alice.dollars(), alice.position()) == before
    assert alice.order("bid", "0.40", "5", tif="immediate_or_cancel", client_order_id="again")[0] == 201


def test_a_change_that_breaks_half_way_is_undone_in_memory_too(durable_house):
    durable_house.member("alice")
    with pytest.raises(AttributeError):
        durable_house.exchange.add_account("broken", "not a key", D(5))
    with durable_house.exchange.view() as world:
        assert set(world.accounts) == {"alice"}


def test_an_amended_order_keeps_its_new_place_after_a_restart(durable_house):
    durable_house.show()
    alice, bob = durable_house.member("alice"), durable_house.member("bob")
    order_id = alice.order("bid", "0.40", "5")[1]["order_id"]
    bob.order("bid", "0.40", "5")
    body = {"ticker": TICKER, "side": "bid", "price": "0.40", "count": "6"}
    alice.call("POST", f"/portfolio/events/orders/{order_id}/amend", body)
    durable_house.reopen()
    ahead = alice.call("GET", f"/portfolio/orders/{order_id}/queue_position")[1]
    assert ahead == {"queue_position_fp": "5.00"}


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 50])
def test_a_damaged_file_is_one_clear_line(tmp_path, content):
    path = tmp_path / "paper.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"paper\.sqlite .*move it away"):
        PaperExchange(path, lambda: None)
    assert path.read_bytes() == content


def test_a_file_of_a_later_format_is_refused(durable_house):
    durable_house.exchange.close()
    connection = sqlite3.connect(durable_house.state)
    connection.execute("PRAGMA user_version=99")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="format 99"):
        PaperExchange(durable_house.state, lambda: durable_house.now)


def test_a_row_that_can_not_be_read_names_the_file(durable_house):
    durable_house.member("alice")
    durable_house.exchange.close()
    connection = sqlite3.connect(durable_house.state)
    connection.execute("UPDATE records SET body = '{' WHERE kind = 'Account'")
    connection.commit()
    connection.close()
    broken = PaperExchange(durable_house.state, lambda: durable_house.now)
    with pytest.raises(StoreError, match=r"paper\.sqlite"):
        broken.handle("GET", "/trade-api/v2/markets", {}, b"")


def test_the_folder_is_made_and_an_unusable_one_is_named(tmp_path):
    PaperExchange(tmp_path / "new" / "deep" / "paper.sqlite", lambda: None).close()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can not be opened"):
        PaperExchange(tmp_path / "file" / "paper.sqlite", lambda: None)
