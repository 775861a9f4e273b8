"""Collateral return: what several NO positions of one exclusive event can not lose together is free at once."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

D = Decimal
TICKERS = ["KXTSAW-26OCT11-A", "KXTSAW-26OCT11-B", "KXTSAW-26OCT11-C"]
EXCLUSIVE = {"mutually_exclusive": True, "collateral_return_type": "MECNET"}
NAMES = ("alice", "bob")

_spec = importlib.util.spec_from_file_location("paper_parts", Path(__file__).with_name("conftest.py"))
assert _spec is not None and _spec.loader is not None
parts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(parts)


def switch(member, enabled=True, number=0):
    body = {"subaccount_number": number, "enabled": enabled}
    assert member.call("PUT", "/portfolio/subaccounts/netting", body)[0] == 200


def buy_no(member, ticker, count, price="0.60"):
    """Buy NO at 1 - price: an ask that takes the displayed bid."""
    status, answer = member.order("ask", price, count, tif="immediate_or_cancel", ticker=ticker)
    assert (status, D(answer["fill_count"])) == (201, D(count)), answer


@pytest.fixture
def event(house):
    def show(**kind):
        full = ([("0.60", "100")], [("0.61", "100")])
        house.show_event(TICKERS, dict.fromkeys(TICKERS, full), **(EXCLUSIVE | kind))
        return house.member("alice", "100")

    return show


def spent(member, fees):
    return 100 - member.dollars() - D(fees)


def test_netting_is_off_until_it_is_switched_on(event):
    alice = event()
    for ticker in TICKERS[:2]:
        buy_no(alice, ticker, "10")
    assert spent(alice, "0.336") == 8


def test_the_smaller_of_two_no_positions_is_returned(house, event):
    alice = event()
    switch(alice)
    buy_no(alice, TICKERS[0], "10")
    assert spent(alice, "0.168") == 4
    buy_no(alice, TICKERS[1], "4")  # 1.60, and 4 dollars come back
    assert spent(alice, "0.2352") == 4 + D("1.60") - 4
    buy_no(alice, TICKERS[2], "10")
    assert spent(alice, "0.4032") == 4 + D("1.60") - 4 + 4 - 10
    assert house.money() == 0


@pytest.mark.parametrize("kind", [{"collateral_return_type": ""}, {"collateral_return_type": "DIRECNET"}])
def test_other_events_return_nothing(event, kind):
    alice = event(**kind)
    switch(alice)
    for ticker in TICKERS[:2]:
        buy_no(alice, ticker, "10")
    assert spent(alice, "0.336") == 8


def test_only_later_positions_count_and_they_stay_when_the_switch_goes_off(house, event):
    alice = event()
    buy_no(alice, TICKERS[0], "10")
    switch(alice)
    buy_no(alice, TICKERS[1], "10")
    assert spent(alice, "0.336") == 8
    buy_no(alice, TICKERS[0], "3")  # the three later ones meet ten: three come back
    assert spent(alice, "0.3864") == 8 + D("1.20") - 3
    switch(alice, enabled=False)
    buy_no(alice, TICKERS[2], "5")
    assert spent(alice, "0.4704") == 8 + D("1.20") - 3 + 2
    assert house.money() == 0


def test_the_switch_belongs_to_one_subaccount(house, event):
    alice = event()
    number = alice.call("POST", "/portfolio/subaccounts")[1]["subaccount_number"]
    move = dict(client_transfer_id="11111111-1111-4111-8111-111111111111", from_subaccount=0, to_subaccount=number)
    assert alice.call("POST", "/portfolio/subaccounts/transfer", move | {"amount_cents": 5000})[0] == 200
    switch(alice, number=number)
    for ticker in TICKERS[:2]:
        buy_no(alice, ticker, "10")
        assert alice.order("ask", "0.60", "10", tif="immediate_or_cancel", ticker=ticker, subaccount=number)[0] == 201
    assert alice.dollars() == 50 - 8 - D("0.336")
    assert D(alice.call("GET", "/portfolio/balance", subaccount=number)[1]["balance_dollars"]) == 50 + 2 - D("0.336")
    assert house.money() == 0


def test_closing_gives_back_what_came_back_and_can_be_blocked(house, event):
    alice = event()
    switch(alice)
    for ticker in TICKERS[:2]:
        buy_no(alice, ticker, "10")
    kept = alice.dollars()
    assert kept == 102 - D("0.336")
    spare = house.member("bob", "1000")
    assert alice.order("bid", "0.10", "955", ticker=TICKERS[2])[0] == 201  # keeps 95.50 of it
    refused = alice.order("bid", "0.61", "10", tif="immediate_or_cancel", ticker=TICKERS[0])
    assert (refused[0], refused[1]["error"]["code"]) == (400, "available_balance_too_low")
    assert alice.order("bid", "0.61", "2", tif="immediate_or_cancel", ticker=TICKERS[0])[1]["fill_count"] == "2.00"
    assert alice.dollars() == kept - D("95.50") + 2 * D("0.39") - 2 - D("0.0334")
    assert (spare.dollars(), house.money()) == (1000, 0)


@pytest.mark.parametrize("results", [("yes", "no", "no"), ("no", "yes", "no"), ("no", "no", "no"), ("no", "no", "yes")])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_settlement_pays_only_what_was_not_returned_in_any_order(house, event, results, order):
    alice = event()
    switch(alice)
    counts = [D(10), D(4), D(7)]
    for ticker, count in zip(TICKERS, counts, strict=True):
        buy_no(alice, ticker, str(count))
    before = alice.dollars()
    assert before == 100 - D("0.40") * 21 + 11 - D("0.168") - D("0.0672") - D("0.1176")
    for number in order:
        house.exchange.settle(TICKERS[number], results[number])
        assert alice.dollars() >= before  # nobody is asked for money at settlement
        assert house.money() == 0
    paid = sum((count for count, result in zip(counts, results, strict=True) if result == "no"), D(0))
    assert alice.dollars() == before - 11 + paid


def test_once_another_market_is_yes_a_single_no_is_sure_and_free(house, event):
    alice = event()
    switch(alice)
    buy_no(alice, TICKERS[0], "10")
    before = alice.dollars()
    house.exchange.settle(TICKERS[2], "yes")
    assert alice.dollars() == before + 10
    house.exchange.settle(TICKERS[0], "no")
    assert (alice.dollars(), house.money()) == (before + 10, 0)


def test_it_is_all_there_after_a_restart(durable_house):
    house = durable_house
    full = ([("0.60", "100")], [("0.61", "100")])
    house.show_event(TICKERS, dict.fromkeys(TICKERS, full), **EXCLUSIVE)
    alice = house.member("alice", "100")
    switch(alice)
    for ticker in TICKERS[:2]:
        buy_no(alice, ticker, "10")
    before = alice.dollars()
    assert alice.order("bid", "0.50", "3", ticker=TICKERS[0])[0] == 201
    kept = before - alice.dollars()
    assert kept == D("1.50")
    house.reopen()
    assert (alice.dollars(), house.money()) == (before - kept, 0)
    house.exchange.settle(TICKERS[0], "yes")
    house.reopen()
    house.exchange.settle(TICKERS[1], "no")
    assert (alice.dollars(), house.money()) == (before, 0)


near = st.integers(40, 60).map(lambda n: f"{D(n) / 100:.2f}")
sizes = st.integers(1, 1500).map(lambda n: f"{D(n) / 100:.2f}")
tickers = st.sampled_from(TICKERS)


class Netting(RuleBasedStateMachine):
    """Two members with collateral return trade three exclusive markets until all are settled by one true result."""

    def __init__(self) -> None:
        super().__init__()
        self.house = parts.House(None)
        self.members = {name: self.house.member(name, "30") for name in NAMES}
        for member in self.members.values():
            switch(member)
        self.values: dict[str, Decimal] = {}
        self.show()

    def show(self, books=None):
        self.house.wait(seconds=1)
        self.house.show_event(TICKERS, books, **EXCLUSIVE)

    @rule(ticker=tickers, bid=near, size=sizes)
    def quote(self, ticker, bid, size):
        self.show({ticker: ([(bid, size)], [(f"{D(bid) + D('0.02'):.2f}", size)])})

    @rule(
        name=st.sampled_from(NAMES),
        side=st.sampled_from(["bid", "ask", "ask"]),
        ticker=tickers,
        price=near,
        count=sizes,
        tif=st.sampled_from(["good_till_canceled", "immediate_or_cancel"]),
    )
    def order(self, name, side, ticker, price, count, tif):
        status, answer = self.members[name].order(side, price, count, ticker=ticker, tif=tif, stp="maker")
        assert status in (201, 400), answer

    @rule(name=st.sampled_from(NAMES), enabled=st.booleans())
    def switch(self, name, enabled):
        switch(self.members[name], enabled)

    @rule(name=st.sampled_from(NAMES))
    def cancel_all(self, name):
        assert self.members[name].call("DELETE", "/portfolio/events/orders")[0] == 204

    @precondition(lambda self: len(self.values) < len(TICKERS))
    @rule(share=st.sampled_from([D(0), D(0), D(1), D("0.5"), D("0.3333")]), chance=st.integers(0, 4))
    def settle(self, share, chance):
        """All YES contracts of the event share one dollar at most."""
        if chance == 0:
            ticker = next(one for one in TICKERS if one not in self.values)
            value = min(share, 1 - sum(self.values.values(), D(0)))
            before = {name: member.dollars() for name, member in self.members.items()}
            result = {D(0): "no", D(1): "yes"}.get(value, "scalar")
            self.house.exchange.settle(ticker, result, value)
            self.values[ticker] = value
            for name, member in self.members.items():
                assert member.dollars() >= before[name] - D("0.0002")

    @invariant()
    def the_books_add_up(self):
        assert self.house.money() == 0
        with self.house.exchange.view() as world:
            for name in NAMES:
                assert world.available(name, 0) >= D("-0.01")
                returned = sum((owner[name].dollars for owner in world.returns.values() if name in owner), D(0))
                assert returned == self.guaranteed(world, name)

    def guaranteed(self, world, name):
        """The least that the marked NO contracts bring together, by trying every split of what is left to win."""
        open_counts = [
            world.positions[name, ticker].netted
            for ticker in TICKERS
            if ticker not in self.values and (name, ticker) in world.positions
        ]
        left = 1 - sum(self.values.values(), D(0))
        outcomes = chain([D(0)], (left * count for count in open_counts))
        return sum(open_counts, D(0)) - max(outcomes)


TestNetting = Netting.TestCase
TestNetting.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
