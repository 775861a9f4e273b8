"""The desk against random faults, crashes and restarts; after each step the promises are checked."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kalshi.errors import ExchangeError
from kalshi.exchange.models_orders import FILL_OR_KILL, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.store.schema import COUNTED
from kalshi.trading.desk import Desk, OrderOutcome
from kalshi.trading.intents import Side, client_order_id
from trading.harness import (
    CANCEL,
    CREATE,
    EVENT,
    FRESHNESS,
    HIGH,
    LOW,
    ORDERS,
    SMALL,
    D,
    Hall,
    answer,
    intent,
    late,
    lost_answer,
    lost_request,
    not_connected,
)

LIMITS = replace(SMALL, event_cost=D(12), order_cost=D(8), orders_per_run=1000)


class PowerCut(BaseException):
    """The process ends here."""


def dies_before(network: Any, request: Any, forward: Any) -> Any:
    raise PowerCut


def dies_after(network: Any, request: Any, forward: Any) -> Any:
    forward()
    raise PowerCut


ON_CREATE = {
    "lost answer": lost_answer, "lost request": lost_request, "late": late, "not connected": not_connected,
    "500": answer(500), "500 done": answer(500, acts=True), "503 done": answer(503, acts=True),
    "429": answer(429, {"error": "too many requests"}), "cut": answer(201, b'{"order_', acts=True),
    "paused": answer(409, {"error": {"code": "trading_is_paused"}}),
    "dies before": dies_before, "dies after": dies_after,
}
ON_READ = {
    "no list": (ORDERS, answer(500)), "no freshness": (FRESHNESS, answer(503)),
    "no positions": (("GET", "/portfolio/positions"), answer(503)),
    "no fills": (("GET", "/portfolio/fills"), answer(200, {"fills": [], "cursor": ""})),
}


class Trading(RuleBasedStateMachine):
    """One account traded by runs that fail, die and are started again."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.hall = Hall(Path(self.folder.name))
        self.wanted: dict[str, Decimal] = {}
        self.hand = 0
        self.start()

    def start(self) -> None:
        self.desk: Desk = self.hall.desk(limits=LIMITS)

    def teardown(self) -> None:
        if not hasattr(self, "hall"):
            return
        self.hall.network.faults.clear()
        self.hall.network.deliver()
        self.hall.sleep(600)
        self.start()
        assert self.desk.reconcile() == []
        assert self.hall.store.unresolved_orders() == []
        self.everything_on_the_exchange_is_in_the_store()
        for order in self.hall.orders_there():
            row = self.hall.store.order(order.client_order_id)
            assert row is not None and row.state == "accepted"
            assert row.filled == order.filled
            assert row.remaining == (order.remaining if order.status == "resting" else 0)
        self.hall.close()
        self.folder.cleanup()

    def run(self, action: Any) -> None:
        try:
            action()
        except PowerCut:
            self.start()
        except ExchangeError:  # what a run ends with; the next one goes on
            self.start()

    @rule(fault=st.sampled_from(sorted(ON_CREATE)))
    def break_the_next_order(self, fault: str) -> None:
        self.hall.network.fail(CREATE, ON_CREATE[fault])

    @rule(fault=st.sampled_from(sorted(ON_READ)), times=st.integers(1, 7))
    def break_reads(self, fault: str, times: int) -> None:
        what, how = ON_READ[fault]
        self.hall.network.fail(what, *[how] * times)

    @rule(seconds=st.sampled_from([1, 5, 100]))
    def reads_lag(self, seconds: int) -> None:
        self.hall.network.lag(seconds)

    @rule(fault=st.sampled_from([lost_answer, lost_request, answer(429), answer(503)]))
    def break_the_next_cancel(self, fault: Any) -> None:
        self.hall.network.fail(CANCEL, fault)

    @rule(
        number=st.integers(1, 6), side=st.sampled_from(list(Side)), price=st.sampled_from(["0.30", "0.44", "0.62"]),
        count=st.integers(1, 9), ticker=st.sampled_from([LOW, HIGH]),
        force=st.sampled_from([GOOD_TILL_CANCELED, GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL, FILL_OR_KILL]),
    )
    def submit(self, number: int, side: Side, price: str, count: int, ticker: str, force: str) -> None:
        wanted = intent(
            purpose=str(number), side=side, price=D(price), count=D(count), ticker=ticker, time_in_force=force
        )
        name = client_order_id(wanted)
        self.wanted[name] = max(self.wanted.get(name, D(0)), D(count))
        self.run(lambda: self.desk.submit(wanted, self.hall.market(ticker)))

    @rule()
    def cancel(self) -> None:
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

    @precondition(lambda self: self.hall.network.in_flight)
    @rule()
    def what_was_on_its_way_arrives(self) -> None:
        self.hall.network.deliver()

    @rule(size=st.sampled_from(["3", "1000"]))
    def the_market_moves(self, size: str) -> None:
        self.hand += 1
        bid, ask = [("0.40", "0.44"), ("0.28", "0.30"), ("0.55", "0.60")][self.hand % 3]
        self.hall.show(bid=bid, ask=ask, size=size)

    @invariant()
    def everything_on_the_exchange_is_in_the_store(self) -> None:
        if not hasattr(self, "hall"):
            return
        there = self.hall.orders_there()
        assert len({order.client_order_id for order in there}) == len(there)
        for order in there:
            row = self.hall.store.order(order.client_order_id)
            assert row is not None, "an order that no row knows"
            if row.purpose != "flatten":
                assert order.filled + order.remaining <= self.wanted[order.client_order_id]

    @invariant()
    def limits_hold_on_the_exchange(self) -> None:
        if not hasattr(self, "hall"):
            return
        rows = [row for row in self.hall.store.orders() if row.state in COUNTED and not row.reduces]
        known = {row.client_order_id for row in rows}
        flat = {row.client_order_id for row in self.hall.store.orders() if row.reduces}
        for order in self.hall.orders_there():
            assert order.client_order_id in known | flat, "an order that no limit counts"

    @invariant()
    def reports_are_one_of_four(self) -> None:
        if hasattr(self, "hall"):
            assert all(isinstance(report.outcome, OrderOutcome) for report in self.desk.reports)


TestTrading = Trading.TestCase
TestTrading.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
