"""SIGKILL a served exchange under load, again and again: nothing that was acknowledged is lost."""

from __future__ import annotations

import http.client
import json
import random
import signal
import threading
import time
from decimal import Decimal
from urllib.parse import urlsplit

from kalshi.exchange.signing import signed_headers

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
PATH = "/trade-api/v2/portfolio/events/orders"
GROUPS = "/trade-api/v2/portfolio/order_groups"
SHARDS = "/trade-api/v2/portfolio/intra_exchange_instance_transfer"
KILLS = 20


class Trader(threading.Thread):
    """Places and cancels orders over one kept connection until the server is gone; keeps what it was told."""

    def __init__(self, base, credentials, side, name, seed):
        super().__init__()
        self.base, self.credentials, self.side = base, credentials, side
        self.label, self.chance = name, random.Random(seed)
        self.placed: dict[str, tuple[Decimal, Decimal]] = {}
        self.cancelled: set[str] = set()
        self.changed: dict[str, Decimal] = {}  # order -> what an amend or decrease left of it, its last word
        self.unsure: str | None = None  # the order whose last change was not answered
        self.groups: list[str] = []
        self.moved = D(0)
        self.refused: list[object] = []
        self.sent = 0

    def run(self):
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=10)
        try:
            while True:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            connection.close()

    def step(self, connection):
        known = list(self.placed)
        what = self.chance.random()
        if known and what < 0.5:
            self.change(connection, self.chance.choice(known[-5:]), what)
            return
        if what > 0.97:
            status, answer = self.send(connection, "POST", f"{GROUPS}/create", {"contracts_limit": 5})
            assert status == 201
            self.groups.append(answer["order_group_id"])
            return
        if what > 0.94:
            body = {"source": "event_contract", "destination": "event_contract", "amount": 1}
            assert self.send(connection, "POST", SHARDS, body | {"destination_exchange_shard": 2})[0] == 200
            self.moved += D("0.0001")
            return
        self.sent += 1
        body = dict(
            ticker=TICKER,
            side=self.side,
            price=f"0.{self.chance.randint(38, 42)}",
            count=f"{self.chance.randint(1, 300) / 100:.2f}",
            time_in_force=self.chance.choice(["good_till_canceled", "immediate_or_cancel"]),
            self_trade_prevention_type="maker",
            client_order_id=f"{self.label}-{self.sent}",
        )
        if self.groups and self.chance.random() < 0.3:
            body["order_group_id"] = self.groups[-1]
        status, answer = self.send(connection, "POST", PATH, body)
        if status == 400 and "triggered" in answer["error"].get("details", ""):
            self.groups.pop()
            return
        if status != 201:
            self.refused.append(answer)
            return
        self.placed[answer["order_id"]] = D(answer["fill_count"]), D(answer["remaining_count"])

    def change(self, connection, order_id, what):
        """Cancel, decrease or amend an order; it may be gone, for the other side trades too."""
        self.unsure = order_id
        if what < 0.2:
            status, _ = self.send(connection, "DELETE", f"{PATH}/{order_id}", None)
            if status == 200:
                self.cancelled.add(order_id)
        elif what < 0.35:
            status, answer = self.send(connection, "POST", f"{PATH}/{order_id}/decrease", {"reduce_by": "0.01"})
            if status == 200:
                self.changed[order_id] = D(answer["remaining_count"])
        else:
            price, count = f"0.{self.chance.randint(38, 42)}", f"{self.chance.randint(100, 500) / 100:.2f}"
            body = dict(ticker=TICKER, side=self.side, price=price, count=count)
            status, answer = self.send(connection, "POST", f"{PATH}/{order_id}/amend", body)
            if status == 200:
                self.changed[order_id] = D(answer["remaining_count"])
        assert status in (200, 400, 404), answer
        self.unsure = None

    def send(self, connection, method, path, body):
        headers = signed_headers(self.credentials, int(time.time() * 1000), method, path)
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content)


def check(world, trader, account):
    """Everything the trader was told is in the state, and at most one thing more."""
    mine = {one.client_order_id: one for one in world.account_orders[account]}
    for order_id, (filled, _) in trader.placed.items():
        order = world.orders[order_id]
        assert order.filled >= filled
        assert order.filled == sum((f.count for f in world.fills[account] if f.order_id == order_id), D(0))
    assert all(world.orders[order_id].status == "canceled" for order_id in trader.cancelled)
    for order_id, left in trader.changed.items():
        if order_id != trader.unsure:  # afterwards only fills and cancels can have made it smaller
            assert world.orders[order_id].remaining <= left
    assert all(group in world.groups for group in trader.groups)
    ours = [name for name in mine if name.rpartition("-")[0] == trader.label]
    assert len(trader.placed) <= len(ours) <= len(trader.placed) + 1


def test_no_acknowledged_order_fill_or_cent_is_lost(served, parts):
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    server = served(asks=[])
    server.stop()
    house = parts.house(server.state)
    bob = house.member("bob", "100000")
    house.exchange.close()
    acknowledged, changed = 0, 0
    moved = {"alice": D(0), "bob": D(0)}
    for number in range(KILLS):
        server.start()
        alice = server.client()._credentials
        pairs = [(alice, alice.key_id, "bid"), (bob.credentials, "bob", "ask")]
        traders = [
            (Trader(server.base, credentials, side, f"{number}-{side}", chance.random()), account)
            for credentials, account, side in pairs
        ]
        for trader, _ in traders:
            trader.start()
        time.sleep(chance.uniform(0.02, 0.3))
        server.stop(signal.SIGKILL)
        for trader, _ in traders:
            trader.join()
            assert not trader.refused
            acknowledged += len(trader.placed)
        house = parts.house(server.state)
        with house.exchange.view() as world:
            for (trader, account), name in zip(traders, moved, strict=True):
                check(world, trader, account)
                changed += len(trader.changed)
                transfers = [one for one in world.shard_transfers.values() if one.source_account == account]
                sent = sum((one.dollars for one in transfers), D(0))
                moved[name] += trader.moved
                assert moved[name] <= sent <= moved[name] + D("0.0001")  # one answer may have been lost
                moved[name] = sent
        assert house.money() == 0
        house.exchange.close()
    assert acknowledged > KILLS and changed > 0
    house = parts.house(server.state)
    with house.exchange.view() as world:
        fees = sum((one.fee for fills in world.fills.values() for one in fills), D(0))
        assert fees == world.ledger.fees
        assert sum(one.quantity for one in world.positions.values()) == 0
        assert any(world.fills.values())
