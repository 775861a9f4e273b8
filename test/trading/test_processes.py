"""Real processes on one store and one exchange: racing for the last dollar, and killed around the send."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from databases import place_arguments
from kalshi.config import load_config
from kalshi.connect import PaperClient, connect
from kalshi.exchange.models import Order
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.store import Store
from kalshi.store.place import Place as DatabasePlace
from kalshi.store.schema import COUNTED
from trading import worker
from trading.harness import EVENT_ROW, SERIES, START, market_of

HERE = Path(__file__).parent
SRC = HERE.parents[1] / "src"


class Place:
    """A folder with an exchange, in which workers are started."""

    def __init__(self, folder: Path, store_place: DatabasePlace) -> None:
        self.folder, self.store_place = folder, store_place
        (folder / "place").write_text("\n".join(place_arguments(store_place)))
        (folder / "now").write_text(START.isoformat())
        config = replace(load_config({"KALSHI_MODE": "paper"}), data_dir=folder)
        client = connect(config, clock=lambda: START)
        assert isinstance(client, PaperClient)
        self.client = client
        market = market_of(worker.TICKER)
        self.client.paper.mirror(LadderSnapshot(
            source="test", as_of=START, series=SERIES, event=EVENT_ROW, markets=(market,), books={},
        ))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), str(self.folder), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(SRC), "KALSHI_ENV_FILE": ""},
        )

    def orders(self) -> list[Order]:
        return list(self.client.orders())

    def store(self) -> Store:
        return Store.open(self.store_place)


@pytest.fixture
def place(tmp_path: Path, store_place: DatabasePlace) -> Iterator[Place]:
    place = Place(tmp_path, store_place)
    yield place
    place.client.close()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.split()


def at_risk(orders: list[Order]) -> Decimal:
    return sum((order.yes_price_dollars * order.remaining_count_fp for order in orders), Decimal(0))


def test_two_processes_racing_for_the_last_dollar_never_exceed_the_limit(place: Place) -> None:
    racers = [place.start(name, "25") for name in ("a", "b")]
    for racer in racers:
        go(racer)
    ended = [finish(racer) for racer in racers]
    assert [code for code, _ in ended] == [0, 0]
    there = place.orders()
    outcomes = [word for _, words in ended for word in words]
    assert outcomes.count("accepted") == len(there) and outcomes.count("refused") == 50 - len(there)
    one = Decimal("0.90") + Decimal("0.05")  # 3 at 0.30, and the fee rounded up
    assert at_risk(there) <= worker.EVENT_COST
    assert len(there) == worker.EVENT_COST // one


def test_the_same_tick_started_twice_at_once_is_one_set_of_orders(place: Place) -> None:
    twins = [place.start("same", "12") for _ in range(2)]
    for twin in twins:
        go(twin)
    for twin in twins:
        code, words = finish(twin)
        assert code == 0 and words == ["accepted"] * 12
    there = place.orders()
    assert len(there) == 12 and len({order.client_order_id for order in there}) == 12


@pytest.mark.parametrize("moment", ["stored", "before", "after"])
def test_a_process_killed_around_the_send_never_doubles_and_never_forgets(place: Place, moment: str) -> None:
    victim = place.start("tick", "3", moment)
    go(victim)
    code, words = finish(victim)
    assert (code, words) == (-9, [])
    store = place.store()
    (row,) = store.orders()
    assert row.state == "sending"
    store.close()
    assert len(place.orders()) == (1 if moment == "after" else 0)

    restarted = place.start("tick", "3")
    go(restarted)
    assert finish(restarted) == (0, ["accepted"] * 3)
    there = place.orders()
    assert len(there) == 3 and len({order.client_order_id for order in there}) == 3
    store = place.store()
    counted: dict[str, Any] = {r.client_order_id: r for r in store.orders() if r.state in COUNTED}
    store.close()
    assert {order.client_order_id: order.order_id for order in there} == {
        name: row.order_id for name, row in counted.items()
    }
