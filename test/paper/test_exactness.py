"""No cent is made or lost, whatever happens; and a second, simple-minded engine agrees fill by fill."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

D = Decimal
TICKER = "KXTSAW-26OCT11-A2.50"
ORDERS = "/portfolio/events/orders"
NAMES = ("alice", "bob", "carol")
GTC, IOC, FOK = "good_till_canceled", "immediate_or_cancel", "fill_or_kill"

_spec = importlib.util.spec_from_file_location("paper_parts", Path(__file__).with_name("conftest.py"))
assert _spec is not None and _spec.loader is not None
parts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(parts)

cents = st.integers(1, 99).map(lambda n: f"{D(n) / 100:.2f}")
near_cents = st.integers(45, 55).map(lambda n: f"{D(n) / 100:.2f}")
counts = st.integers(1, 2000).map(lambda n: f"{D(n) / 100:.2f}")
levels = st.lists(st.tuples(near_cents, counts), max_size=3, unique_by=lambda level: level[0])
sides = st.sampled_from(["bid", "ask"])
kinds = st.sampled_from([GTC, GTC, GTC, IOC, FOK])
preventions = st.sampled_from(["taker_at_cross", "maker"])


def uncrossed(bids, asks):
    """A displayed book never crosses itself: drop the asks that would."""
    best = max((D(price) for price, _ in bids), default=D(0))
    return bids, [(price, count) for price, count in asks if D(price) > best]


class Conservation(RuleBasedStateMachine):
    """Random members, orders, books, pauses and results; the books of the exchange always add up."""

    def __init__(self) -> None:
        super().__init__()
        self.house = parts.House(None)
        self.series = parts.series_of(fee_type="quadratic_with_maker_fees")
        self.members = {name: self.house.member(name, "40") for name in NAMES}
        self.groups = {
            name: member.call("POST", "/portfolio/order_groups/create", {"contracts_limit": 3})[1]["order_group_id"]
            for name, member in self.members.items()
        }
        self.settled = False
        self.house.show(series=self.series)

    @rule(
        name=st.sampled_from(NAMES),
        side=sides,
        price=cents,
        count=counts,
        kind=kinds,
        stp=preventions,
        flags=st.sampled_from([{}, {}, {"post_only": True}, {"reduce_only": True}]),
    )
    def order(self, name, side, price, count, kind, stp, flags):
        status, answer = self.members[name].order(side, price, count, tif=kind, stp=stp, **flags)
        assert status in (201, 400, 409), answer

    @rule(name=st.sampled_from(NAMES), side=sides, price=near_cents, count=counts, kind=kinds)
    def grouped_order(self, name, side, price, count, kind):
        flags = {"order_group_id": self.groups[name]}
        status, answer = self.members[name].order(side, price, count, tif=kind, **flags)
        assert status in (201, 400, 409), answer

    @rule(name=st.sampled_from(NAMES))
    def reset_group(self, name):
        assert self.members[name].call("PUT", f"/portfolio/order_groups/{self.groups[name]}/reset")[0] == 200

    @rule(name=st.sampled_from(NAMES), there=st.booleans(), centicents=st.integers(1, 300_000), wait=st.integers(0, 3))
    def transfer(self, name, there, centicents, wait):
        body = {"source": "event_contract", "destination": "event_contract", "amount": centicents}
        body["destination_exchange_shard" if there else "source_exchange_shard"] = 2
        path = "/portfolio/intra_exchange_instance_transfer"
        assert self.members[name].call("POST", path, body)[0] in (200, 400)
        self.house.wait(seconds=wait)

    @rule(name=st.sampled_from(NAMES), pick=st.integers(0, 20), price=cents, count=counts)
    def amend(self, name, pick, price, count):
        if order := self.pick(name, pick):
            body = {"ticker": TICKER, "side": order["book_side"], "price": price, "count": count}
            status, answer = self.members[name].call("POST", f"{ORDERS}/{order['order_id']}/amend", body)
            assert status in (200, 400, 409), answer

    @rule(name=st.sampled_from(NAMES), pick=st.integers(0, 20), count=counts)
    def decrease(self, name, pick, count):
        if order := self.pick(name, pick):
            body = {"reduce_by": count, "market_ticker": TICKER}
            self.members[name].call("POST", f"{ORDERS}/{order['order_id']}/decrease", body)

    @rule(name=st.sampled_from(NAMES), pick=st.integers(0, 20))
    def cancel(self, name, pick):
        if order := self.pick(name, pick):
            path = f"{ORDERS}/{order['order_id']}"
            status, answer = self.members[name].call("DELETE", path, market_ticker=TICKER)
            assert (status, answer["reduced_by"]) == (200, order["remaining_count_fp"])

    @rule(bids=levels, asks=levels, paused=st.sampled_from([False, False, False, True]))
    def mirror(self, bids, asks, paused):
        self.house.wait(seconds=1)
        bids, asks = uncrossed(bids, asks)
        market = parts.market_of(status="inactive" if paused else "active")
        self.house.show(bids, asks, series=self.series, market=market)

    @precondition(lambda self: not self.settled)
    @rule(result=st.sampled_from([("yes", None), ("no", None), ("scalar", D("0.3333"))]), chance=st.integers(0, 9))
    def settle(self, result, chance):
        if chance == 0:
            self.house.exchange.settle(TICKER, *result)
            self.settled = True

    def pick(self, name, index):
        rows = self.members[name].call("GET", "/portfolio/orders", status="resting")[1]["orders"]
        return rows[index % len(rows)] if rows and not self.settled else None

    @invariant()
    def nothing_is_made_or_lost(self):
        assert self.house.money() == 0
        with self.house.exchange.view() as world:
            assert sum(one.quantity for one in world.positions.values()) == 0
            for name in NAMES:
                # A fill rounds at most a ten-thousandth against the account beyond what was reserved.
                assert world.available(name, 0) >= D("-0.01")
                assert world.available(name, 0) == world.accounts[name].cash[0] - self.kept(world, name)

    @staticmethod
    def kept(world, name):
        """What resting orders keep, computed again from the orders alone."""
        from kalshi.paper.funds import closings_of, resting_cost

        held = world.quantity(name, TICKER)
        total = D(0)
        for side in ("bid", "ask"):
            by_price: dict[Decimal, Decimal] = {}
            for order in world.orders.values():
                if (order.account_id, order.side, order.status) == (name, side, "resting"):
                    by_price[order.price] = by_price.get(order.price, D(0)) + order.remaining
            total += resting_cost(side, closings_of(side, held), by_price, D("0.0175"))
        return total

    @invariant()
    def the_book_never_crosses(self):
        book = self.house.get(f"/markets/{TICKER}/orderbook")["orderbook_fp"]
        if book["yes_dollars"] and book["no_dollars"]:
            assert D(book["yes_dollars"][-1][0]) + D(book["no_dollars"][-1][0]) < 1


TestConservation = Conservation.TestCase
TestConservation.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@dataclass
class NaiveOrder:
    who: str
    side: str
    price: Decimal
    left: Decimal
    born: int
    seen: Decimal = Decimal(0)  # what an order of "outside" had by its own account


@dataclass
class NaiveEngine:
    """Price-time matching by sorting one list for every single execution. Slow, and easy to believe.

    An order of "outside" is displayed liquidity: it stands in front at its price. What it lost here it has lost
    for as long as its price is displayed; only what is added outside comes to it.
    """

    resting: list[NaiveOrder] = field(default_factory=list)
    fills: list[tuple[str, str, Decimal, Decimal]] = field(default_factory=list)
    clock: int = 0

    def candidates(self, side: str, price: Decimal) -> list[NaiveOrder]:
        good = [
            one
            for one in self.resting
            if one.side != side and one.left > 0 and (one.price <= price if side == "bid" else one.price >= price)
        ]
        sign = 1 if side == "bid" else -1
        return sorted(good, key=lambda one: (sign * one.price, one.who != "outside", one.born))

    def submit(self, who: str, side: str, price: Decimal, count: Decimal, kind: str, stp: str) -> None:
        self.clock += 1
        if kind == FOK:
            queue = self.candidates(side, price)
            before_self = list(queue[: next((i for i, one in enumerate(queue) if one.who == who), len(queue))])
            if sum((one.left for one in before_self), D(0)) < count and len(before_self) == len(queue):
                return
        while count > 0 and (queue := self.candidates(side, price)):
            best = queue[0]
            if best.who == who:
                if stp == "taker_at_cross":
                    return
                self.resting.remove(best)
                continue
            size = min(count, best.left)
            self.fills.append((who, best.who, best.price, size))
            best.left -= size
            count -= size
        if count > 0 and kind == GTC:
            self.resting.append(NaiveOrder(who, side, price, count, self.clock))

    def display(self, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> None:
        self.clock += 1
        before = {(one.side, one.price): one for one in self.resting if one.who == "outside"}
        self.resting = [one for one in self.resting if one.who != "outside" and one.left > 0]
        shown = [NaiveOrder("outside", "bid", D(price), D(count), 0, D(count)) for price, count in bids]
        shown += [NaiveOrder("outside", "ask", D(price), D(count), 0, D(count)) for price, count in asks]
        for level in shown:
            old = before.get((level.side, level.price))
            if old is not None:
                added = max(D(0), level.seen - old.seen)
                level.left = min(old.left + added, level.seen)
        # Offers come first, best first; then bids, best first: each hits the resting orders it reaches.
        asks_first = sorted(shown, key=lambda one: (one.side == "bid", one.price if one.side == "ask" else -one.price))
        for level in asks_first:
            while level.left > 0:
                queue = [one for one in self.candidates(level.side, level.price) if one.who != "outside"]
                if not queue:
                    break
                size = min(level.left, queue[0].left)
                self.fills.append(("outside", queue[0].who, queue[0].price, size))
                queue[0].left -= size
                level.left -= size
        self.resting += shown


steps = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.sampled_from(NAMES), sides, near_cents, counts, kinds, preventions),
        st.tuples(st.just("show"), levels, levels),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_a_naive_engine_agrees_fill_by_fill(flow):
    house, naive = parts.House(None), NaiveEngine()
    members = {name: house.member(name, "100000") for name in NAMES}
    house.show()
    for step in flow:
        if step[0] == "show":
            house.wait(seconds=1)
            bids, asks = uncrossed(step[1], step[2])
            house.show(bids, asks)
            naive.display(bids, asks)
        else:
            _, who, side, price, count, kind, stp = step
            members[who].order(side, price, count, tif=kind, stp=stp)
            naive.submit(who, side, D(price), D(count), kind, stp)
    with house.exchange.view() as world:
        ours = engine_fills(world)
        resting = sorted(
            (order.account_id, order.side, order.price, order.remaining)
            for order in world.orders.values()
            if order.status == "resting"
        )
    assert ours == naive.fills
    assert resting == sorted(
        (one.who, one.side, one.price, one.left) for one in naive.resting if one.who != "outside" and one.left > 0
    )


def engine_fills(world):
    """The engine's executions as (taker, maker, price, count), in the order of the tape."""
    sides_of = {}
    for fills in world.fills.values():
        for fill in fills:
            sides_of[fill.fill_id, fill.is_taker] = fill.account_id
    return [
        (
            sides_of.get((trade.trade_id, True), "outside"),
            sides_of.get((trade.trade_id, False), "outside"),
            trade.price,
            trade.count,
        )
        for trade in world.tape
    ]


def test_many_tiny_fills_cost_no_more_than_one_large_one(house):
    house.show()
    alice, bob = house.member("alice"), house.member("bob")
    alice_id = alice.order("bid", "0.37", "1")[1]["order_id"]
    for _ in range(100):
        bob.order("ask", "0.37", "0.01", tif=IOC)
    order = alice.call("GET", f"/portfolio/orders/{alice_id}")[1]["order"]
    assert (order["fill_count_fp"], order["maker_fees_dollars"]) == ("1.00", "0.0000")
    assert house.money() == 0
