"""Control of a served exchange, and snapshots of its state: what tests in any language need."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kalshi.errors import ExchangeError, StoreError
from kalshi.exchange.models import CreateOrder
from kalshi.paper.snapshots import load_snapshot, save_snapshot

D = Decimal
SRC = Path(__file__).resolve().parents[2] / "src"
TICKER = "KXTSAW-26OCT11-A2.50"


def ask(server, body=None, **headers):
    connection = http.client.HTTPConnection(urlsplit(server.base).netloc, timeout=10)
    headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("GET" if body is None else "POST", "/control", None if body is None else content, headers)
    answer = connection.getresponse()
    read = answer.status, json.loads(answer.read())
    connection.close()
    return read


def buy(client, name="one", price="0.40"):
    return client.create_order(
        CreateOrder(
            ticker=TICKER,
            side="bid",
            count=D(5),
            price=D(price),
            time_in_force="good_till_canceled",
            self_trade_prevention_type="maker",
            client_order_id=name,
        )
    )


def test_a_whole_life_is_stepped_through(served):
    server = served("--clock", "stepped")
    client = server.client()
    assert ask(server) == (200, {"now": "2026-10-05T14:00:00+00:00"})
    assert buy(client).fill_count == 5
    assert ask(server, {"do": "pause", "what": "trading"})[0] == 200
    with pytest.raises(ExchangeError, match="trading_is_paused"):
        buy(client, "two")
    assert ask(server, {"do": "pause", "what": ""})[0] == 200
    assert ask(server, {"do": "market", "ticker": TICKER, "paused": True})[0] == 200
    assert client.market(TICKER).status == "inactive"
    assert ask(server, {"do": "market", "ticker": TICKER, "paused": False})[0] == 200
    fees = {"do": "fees", "ticker": "KXTSAW", "fee_type": "quadratic", "multiplier": "0.5"}
    assert ask(server, fees | {"at": "2026-10-06T00:00:00Z"})[0] == 200
    assert ask(server, {"do": "clock", "to": "2026-10-12T04:00:00Z"}) == (200, {"now": "2026-10-12T04:00:00+00:00"})
    assert client.market(TICKER).status == "closed"
    for what, status in (("determine", "determined"), ("dispute", "disputed"), ("determine", "determined")):
        body = {"do": what, "ticker": TICKER} | ({"result": "yes"} if what == "determine" else {})
        assert ask(server, body)[0] == 200
        assert client.market(TICKER).status == status
    assert ask(server, {"do": "clock", "advance_s": 3600})[0] == 200
    assert client.market(TICKER).status == "finalized"
    assert client.balance().balance_dollars == D("997.916") + 5
    assert server.stop() == (0, "")


WRONG = [
    (b"nonsense", {}, 400),
    ({"do": "nothing"}, {}, 400),
    ({"do": "clock"}, {}, 400),
    ({"do": "clock", "to": "2026-10-05T14:00:00"}, {}, 400),  # no zone
    ({"do": "clock", "to": "2020-01-01T00:00:00Z"}, {}, 400),  # back
    ({"do": "dispute", "ticker": "KXNOPE"}, {}, 400),
    ({"do": "settle", "ticker": TICKER, "result": "maybe"}, {}, 400),
    ({"do": "clock", "advance_s": 1}, {"Content_Type": "text/plain"}, 403),
    ({"do": "clock", "advance_s": 1}, {"Host": "evil.example:80"}, 403),
    (b" " * 20_000, {}, 413),
]


def test_what_is_wrong_is_said_and_changes_nothing(served):
    server = served("--clock", "stepped")
    for body, headers, status in WRONG:
        got, answer = ask(server, body, **headers)
        assert (got, "error" in answer) == (status, True), body
        assert ask(server)[1] == {"now": "2026-10-05T14:00:00+00:00"}


def test_without_the_option_there_is_no_control(served):
    server = served()
    assert ask(server, {"do": "pause", "what": "exchange"})[0] == 404
    assert server.client().exchange_status().exchange_active


def command(folder, *words):
    (folder / "none.env").touch()
    environment = {"PYTHONPATH": str(SRC), "KALSHI_DATA_DIR": str(folder), "KALSHI_ENV_FILE": str(folder / "none.env")}
    whole = [sys.executable, "-m", "kalshi.paper", "snapshot", *words]
    done = subprocess.run(whole, capture_output=True, text=True, env=environment, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_served_state_is_saved_and_loaded_while_it_trades(served, tmp_path):
    server = served()
    client = server.client()
    buy(client, "kept", "0.20")
    kept = str(tmp_path / "kept.snapshot")
    assert command(tmp_path, "save", kept)[0] == 0
    buy(client, "forgotten", "0.10")
    assert len(list(client.orders())) == 2
    assert command(tmp_path, "load", kept)[0] == 0
    assert [one.client_order_id for one in client.orders()] == ["kept"]
    assert buy(client, "forgotten", "0.10").remaining_count == 5
    again = f"error: snapshot {kept} exists already: choose another name or move it away\n"
    assert command(tmp_path, "save", kept) == (3, "", again)
    assert server.stop() == (0, "")


def test_a_snapshot_makes_a_new_state(durable_house, parts, tmp_path):
    house = durable_house
    house.show(asks=[("0.40", "5")])
    alice = house.member()
    alice.order("bid", "0.40", "2")
    save_snapshot(house.state, tmp_path / "kept")
    load_snapshot(tmp_path / "kept", tmp_path / "new" / "paper.sqlite")
    other = parts.house(tmp_path / "new" / "paper.sqlite")
    alice.house = other
    assert (alice.position(), other.money()) == (2, 0)


def test_a_file_that_is_no_state_is_refused_and_left_alone(durable_house, tmp_path):
    house = durable_house
    alice = house.member()
    (tmp_path / "odd").write_bytes(b"not a database, but long enough to be read as one" * 50)
    for what in (tmp_path / "odd", tmp_path / "missing"):
        with pytest.raises(StoreError, match="state file"):
            load_snapshot(what, house.state)
        with pytest.raises(StoreError, match="state file"):
            save_snapshot(what, tmp_path / "copy")
    assert (alice.dollars(), (tmp_path / "copy").exists()) == (1000, False)
    code, said, problem = command(tmp_path, "load", str(tmp_path / "missing"))
    assert (code, said, len(problem.splitlines())) == (3, "", 1)
    code, said, problem = command(tmp_path, "load", str(house.state))
    assert (code, said, len(problem.splitlines())) == (2, "", 1)
