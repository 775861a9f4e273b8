"""A model of trading against the served fault exchange: random faults, restarts and prices; the promises after each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kalshi.errors import ExchangeError
from kalshi.exchange.models_orders import FILL_OR_KILL, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.paper.faults import Rule
from kalshi.trading.desk import Desk
from kalshi.trading.intents import Side, client_order_id
from torture import examine
from torture.served_hall import ServedHall
from trading.harness import EVENT, HIGH, LOW, SMALL, D, intent

LIMIT = D(12)
LIMITS = replace(SMALL, event_cost=LIMIT, order_cost=D(8), orders_per_run=1000)
CREATE, CANCEL = ("POST", "/portfolio/events/orders"), ("DELETE", "/portfolio/events/orders/*")
READS, ORDERS = ("GET", "/portfolio/*"), ("GET", "/portfolio/orders")
WRITES_BREAK = [
    dict(do="lose_answer"), dict(do="cut"), dict(do="delay", seconds=0.6), dict(do="status", status=429),
    dict(do="status", status=500), dict(do="status", status=503), dict(do="status", status=504),
]  # fmt: skip
READS_BREAK = [
    dict(do="status", status=500), dict(do="status", status=429), dict(do="cut"), dict(do="lose_answer"),
    dict(do="stale"), dict(do="same_cursor"), dict(do="malformed_row"),
]  # fmt: skip


ORDER = st.fixed_dictionaries(dict(
    number=st.integers(1, 6), side=st.sampled_from(list(Side)), price=st.sampled_from(["0.30", "0.44", "0.62"]),
    count=st.integers(1, 5), ticker=st.sampled_from([LOW, HIGH]),
    force=st.sampled_from([GOOD_TILL_CANCELED, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL, FILL_OR_KILL]),
    broken=st.lists(st.sampled_from(WRITES_BREAK), max_size=2),
    unread=st.sampled_from([None, None, None, *READS_BREAK]),
))  # fmt: skip


class Trading(RuleBasedStateMachine):
    """One account, traded over a socket by runs that fail and start again."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.hall = ServedHall(Path(self.folder.name))
        self.wanted: dict[str, Decimal] = {}
        self.hand = 0
        self.start()

    def start(self) -> None:
        self.desk: Desk = self.hall.desk(limits=LIMITS, exchange=self.hall.new_client())

    def run(self, action: Callable[[], object]) -> None:
        try:
            action()
        except ExchangeError:  # what a run ends with; the next one goes on
            self.start()

    def stage(self, what: tuple[str, str], how: dict[str, Any], times: int) -> None:
        self.hall.faults.stage(Rule(method=what[0], path=what[1], times=times, **how))

    @rule(how=st.sampled_from(READS_BREAK), times=st.integers(1, 4))
    def break_reads(self, how: dict[str, Any], times: int) -> None:
        self.stage(READS, how, times)

    @rule(what=st.sampled_from(["pause_market", "resume_market"]), on=st.sampled_from([CREATE, CANCEL, READS]))
    def pause(self, what: str, on: tuple[str, str]) -> None:
        self.stage(on, dict(do=what, ticker=LOW), 1)

    @rule(orders=st.lists(ORDER, min_size=1, max_size=4))
    def trade(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            self.submit(**order)

    def submit(
        self, number: int, side: Side, price: str, count: int, ticker: str, force: str,
        broken: list[dict[str, Any]], unread: dict[str, Any] | None,
    ) -> None:  # fmt: skip
        for how in broken:
            self.stage(CREATE, how, 1)
        if unread and broken:  # what is asked about the lost answer is broken too
            self.stage(ORDERS, unread, 2)
        wanted = intent(
            purpose=str(number), side=side, price=D(price), count=D(count), ticker=ticker, time_in_force=force
        )
        name = client_order_id(wanted)
        self.wanted[name] = max(self.wanted.get(name, D(0)), D(count))
        self.run(lambda: self.desk.submit(wanted, self.hall.market(ticker)))

    @precondition(lambda self: self.hall.store.resting_orders())
    @rule(count=st.integers(1, 9), price=st.sampled_from(["0.30", "0.25"]))
    def amend(self, count: int, price: str) -> None:
        row = self.hall.store.resting_orders()[0]
        self.wanted[row.client_order_id] = max(self.wanted[row.client_order_id], D(count))
        self.run(
            lambda: self.desk.amend(row.order_id or "", self.hall.market(row.ticker), price=D(price), count=D(count))
        )

    @rule(broken=st.lists(st.sampled_from([*WRITES_BREAK, dict(do="refuse")]), max_size=2))
    def cancel(self, broken: list[dict[str, Any]]) -> None:
        for how in broken:
            self.stage(CANCEL, how, 1)
        self.run(lambda: self.desk.cancel_resting(EVENT))

    @rule()
    def flatten(self) -> None:
        def act() -> None:
            report = self.desk.flatten(self.hall.market(LOW), D("0.30"), 2)
            self.wanted[report.client_order_id] = D(1000)

        self.run(act)

    @rule()
    def reconcile(self) -> None:
        self.run(self.desk.reconcile)

    @rule(seconds=st.sampled_from([1, 30, 120]))
    def wait(self, seconds: int) -> None:
        self.hall.sleep(seconds)

    @rule()
    def start_again(self) -> None:
        self.start()

    @rule(size=st.sampled_from(["3", "1000"]))
    def the_market_moves(self, size: str) -> None:
        self.hand += 1
        bid, ask = [("0.40", "0.44"), ("0.28", "0.30"), ("0.55", "0.60")][self.hand % 3]
        self.hall.show(bid=bid, ask=ask, size=size)

    @invariant()
    def nothing_is_doubled_lost_or_above_the_limit(self) -> None:
        if not hasattr(self, "hall"):
            return
        with self.hall.exchange.view() as world:
            found = examine.while_trading(world, "trader", self.hall.store, {EVENT: LIMIT}, LIMIT, "no index event")
            orders = [(order.client_order_id, order.filled + order.remaining) for order in world.orders.values()]
        assert not found, found
        for name, size in orders:
            assert self.hall.store.order(name).purpose == "flatten" or size <= self.wanted[name]  # type: ignore[union-attr]

    def teardown(self) -> None:
        if not hasattr(self, "hall"):
            return
        self.hall.faults._rules.clear()
        for ticker in (LOW, HIGH):
            self.hall.exchange.pause_market(ticker, False)
        self.hall.sleep(600)
        self.start()
        assert self.desk.reconcile() == []
        with self.hall.exchange.view() as world:
            found = examine.when_settled(world, "trader", self.hall.store, [])
        assert not found, found
        self.hall.close()
        self.folder.cleanup()


TestTrading = Trading.TestCase
TestTrading.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
