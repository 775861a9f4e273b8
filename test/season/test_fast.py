"""The array arithmetic of a season, against the same rules written out market by market."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from kalshi.pricing.fees import charge, taker_fee
from kalshi.runtime.registry import CRONTAB
from kalshi.season.fast import UNITS, taker_units, trade
from kalshi.season.market import FAIR, Bias, Session, fair, walks, winners, yes_bids
from kalshi.season.rules import CheapYesRule, PairRule, all_rules

SESSION = Session(step_s=60)


def written_out(rule: PairRule, session: Session, shown: list[list[int]], won: int) -> tuple[int, Decimal]:
    """Trade one day market by market with plain Python numbers; return contracts bought and dollars.

    shown: the best YES bids, cents, by step and market.
    """
    plan = rule.schedule
    ask: dict[int, int] = {}
    held: dict[int, int] = {}
    cash = fees = Decimal(0)
    bought = 0

    def may_rest(bid: int, market: int, price: int) -> bool:
        if bid >= price:
            return False
        return not plan.needs_quotes or 1 <= bid <= 98 or ask.get(market) == price

    def at(minute: float | None, step: int) -> bool:
        return minute is not None and step == session.step_of(minute)

    for step, bids in enumerate(shown):
        if at(plan.last_bid, step):
            ask = {}
        filled = [market for market, price in ask.items() if bids[market] >= price]
        for market in filled:
            cash += Decimal(ask.pop(market)) / 100
            held[market] = 1
            bought += 1
        if at(plan.blanket, step):
            price = 100 - rule.blanket
            ask = {m: price for m, bid in enumerate(bids) if may_rest(bid, m, price)}
        elif (filled and plan.passes is None) or (
            plan.passes is not None and held and any(at(minute, step) for minute in plan.passes)
        ):
            guarantee = cash - 1
            if len(held) >= 2 and guarantee >= 0:
                if rule.free_roll is not None:
                    price = 100 - rule.free_roll
                    order = sorted((m for m in range(len(bids)) if m not in held), key=lambda m: (-bids[m], m))
                    fitting = [m for m in order if may_rest(bids[m], m, price)]
                    ask = dict.fromkeys(fitting[: max(0, 5 - len(held))], price)
                elif rule.complete:
                    ask = {}
            elif rule.complete:
                no_price = min(85, int(100 * (1 + guarantee)) - 1)
                price = 100 - no_price
                free = [m for m in range(len(bids)) if m not in held and no_price >= 1]
                ask = {m: price for m in free if may_rest(bids[m], m, price)}
        if at(plan.stand_aside, step) and not bought:
            ask = {}
        if at(plan.flatten, step):
            ask = {}
            for market in list(held):
                if bids[market] < 99:
                    price_paid = Decimal(bids[market] + 1) / 100
                    cash -= price_paid
                    fees += charge(-price_paid, taker_fee(price_paid, Decimal(1))).fee
                    del held[market]
    return bought, cash - fees - (1 if won in held else 0)


@pytest.mark.parametrize("bias", [FAIR, Bias(0.034), Bias(flat=0.02)], ids=lambda b: b.name)
def test_every_pair_rule_is_the_one_written_out(bias: Bias) -> None:
    index = walks(SESSION, 11, range(20))
    won = winners(SESSION, index[:, -1])
    steps = [yes_bids(fair(SESSION, index[:, step], step), bias).tolist() for step in range(SESSION.steps)]
    rules = [rule for rule in all_rules(CRONTAB) if isinstance(rule, PairRule)]
    early = replace(rules[-1], key="early", blanket=80)  # fills before noon, so that midday, loop and flatten all act
    for outcome in trade(SESSION, [bias], [*rules, early], index)[0]:
        assert isinstance(outcome.rule, PairRule)
        for day in range(index.shape[0]):
            expected = written_out(outcome.rule, SESSION, [bids[day] for bids in steps], int(won[day]))
            found = (outcome.fills[day], Decimal(int(outcome.pnl[day])) / UNITS)
            assert found == expected, (outcome.rule.key, day)


def test_more_days_or_rules_do_not_change_a_day() -> None:
    rules = all_rules(CRONTAB)
    whole = trade(SESSION, [FAIR], rules, walks(SESSION, 2, range(12)))[0]
    for rule, outcome in zip(rules, whole, strict=True):
        alone = trade(SESSION, [Bias(0.1), FAIR], [rule], walks(SESSION, 2, range(4, 7)))[1][0]
        assert alone.pnl.tolist() == outcome.pnl[4:7].tolist()
        assert alone.fills.tolist() == outcome.fills[4:7].tolist()


def test_fees_are_the_exchanges() -> None:
    cents = np.arange(1, 100)
    for count in (1, 3, 100):
        for price, units in zip(cents, taker_units(cents, count), strict=True):
            dollars = Decimal(int(price)) / 100
            exact = charge(-count * dollars, taker_fee(dollars, Decimal(count))).fee
            assert Decimal(int(units)) / UNITS == exact


def test_cheap_yes_is_bought_once_near_the_money_at_the_ask() -> None:
    session = Session(sigma=3.1, step_s=60)
    rule = CheapYesRule(passes=(350, 360))
    index = np.zeros((1, session.steps + 1))  # the index stands on the lower edge of the bracket above the middle
    index[:, -1] = 2.5
    outcome = trade(session, [FAIR], [rule], index)[0][0]
    seen: dict[int, int] = {}
    for minute in rule.passes:
        bids = yes_bids(fair(session, np.zeros(1), session.step_of(minute)))[0]
        for market, (low, high) in enumerate(zip(session.edges[:-1], session.edges[1:], strict=True), start=1):
            if low <= 2.92 and high > -2.92 and bids[market] + 1 < 3 and market not in seen:
                seen[market] = int(bids[market]) + 1
    assert outcome.fills.tolist() == [len(seen)]
    paid = sum(100 * ask * 100 + int(taker_units(np.array([ask]), 100)[0]) for ask in seen.values())
    won = 17 in seen  # the bracket from 2 to 3: 14 below the middle, the lower tail, and two above
    assert outcome.pnl.tolist() == [round((UNITS * 100 * won - paid) / 100)]
