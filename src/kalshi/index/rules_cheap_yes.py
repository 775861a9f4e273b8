"""The Nasdaq rule: buy cheap YES near the money, once per market and within a budget for the event.

The published evidence is against it (contracts at or below 10 cents lose, and the fee alone is 6.8 % of the
stake at 3 cents), so it is off by default in live mode.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.index.ladder import CentRange, Rung, to_cents
from kalshi.index.plan import ONE, ZERO, EventState, Plan, Style, Wanted
from kalshi.pricing.fees import break_even, fee_bound
from kalshi.pricing.sizing import fixed_dollars

HEADERS = ("market", "range", "ask", "size", "stake", "fee %", "needs", "decision", "reason")
LAST_BUY = timedelta(minutes=20)
BUY, TAKE_PROFIT = "cheap yes", "take profit"
LEAST_BUDGET = ONE  # what is left over of a budget is not spent on single contracts


@dataclass(frozen=True)
class CheapYesRules:
    """window: share of spot to each side. max_yes_ask: dollars, exclusive. Budgets: dollars, fee included.

    take_profit: YES price at which what was bought is offered again, None: never.
    max_contracts: the desk's limit of one order.
    """

    window: Decimal = Decimal("0.01")
    max_yes_ask: Decimal = Decimal("0.03")
    budget_per_market: Decimal = Decimal(10)
    budget_per_event: Decimal = Decimal(30)
    take_profit: Decimal | None = None
    max_contracts: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 < self.window < 1:
            raise ConfigError(f"--window-pct must lie between 0 and 1 (0.01 is 1 %), not {self.window}")
        if self.take_profit is not None and not 0 < self.take_profit < 1:
            raise ConfigError(f"--take-profit must lie between 0 and 1 dollar, not {self.take_profit}")


def in_window(strikes: CentRange, spot: Decimal, window: Decimal) -> bool:
    """Return whether a market is near the money: spot x (1 - window) to spot x (1 + window), inclusive.

    A bracket counts when it touches the window anywhere, a tail when its one edge lies in it.
    """
    near = CentRange(to_cents(spot * (1 - window)), to_cents(spot * (1 + window)))
    if strikes.lowest is None:
        return near.contains((strikes.highest or 0) + 1)
    if strikes.highest is None:
        return near.contains(strikes.lowest)
    return near.overlaps(strikes)


def plan(
    state: EventState, spot: Decimal, rules: CheapYesRules, bought: Collection[str], spent: Decimal = ZERO
) -> Plan:
    """Return what to buy at the asks seen, nearest to *spot* first.

    bought: tickers with an intent, order or fill of today, whatever became of it. spent: dollars of them,
    fees included.
    """
    if state.now >= state.closes_at - LAST_BUY:
        return Plan(HEADERS, (), (), (), "the last 20 minutes: nothing is bought any more")
    room = rules.budget_per_event - spent
    rows: dict[str, tuple[object, ...]] = {}
    wanted: list[Wanted] = []
    for rung in sorted(state.ladder.rungs, key=lambda rung: _distance(rung, spot)):
        order, reason = _of_market(state, rung, spot, rules, bought, room)
        top = state.top(rung.ticker)
        stake = fee_share = needs = None
        if order is not None:
            stake = order.cost + fee_bound(order.price, order.count, state.terms.multiplier)
            fee_share = round(100 * (stake - order.cost) / order.cost, 1)
            needs = round(break_even(order.price, state.terms.multiplier), 4)
            room -= stake
            wanted.append(order)
        rows[rung.ticker] = (
            rung.ticker,
            rung.label,
            top.yes_ask,
            top.ask_size,
            stake,
            fee_share,
            needs,
            "buy" if order else "skip",
            reason,
        )
    resting = _take_profit(state, rules, bought)
    notes = (f"spot {spot}, budget left for the event ${max(ZERO, room):.2f} of ${rules.budget_per_event}",)
    ordered = tuple(rows[rung.ticker] for rung in state.ladder.rungs)
    return Plan(HEADERS, ordered, (*wanted, *resting), notes)


def _of_market(
    state: EventState,
    rung: Rung,
    spot: Decimal,
    rules: CheapYesRules,
    bought: Collection[str],
    room: Decimal,
) -> tuple[Wanted | None, str]:
    top = state.top(rung.ticker)
    if not in_window(rung.range, spot, rules.window):
        return None, "not near the money"
    if rung.ticker in bought:
        return None, "bought or tried today already"
    if top.yes_ask is None:
        return None, "nobody offers YES"
    if top.yes_bid is not None and top.yes_bid >= top.yes_ask:
        return None, top.problem
    if top.yes_ask >= rules.max_yes_ask:
        return None, f"ask {top.yes_ask} is not below {rules.max_yes_ask}"
    budget = min(rules.budget_per_market, room)
    if budget < LEAST_BUDGET:
        return None, f"the event's budget is used up, ${max(ZERO, room):.2f} are left"
    most = top.ask_size if rules.max_contracts is None else min(top.ask_size, rules.max_contracts)
    count = fixed_dollars(budget, top.yes_ask, multiplier=state.terms.multiplier, offered=most)
    if count < 1:
        return None, f"${budget:.2f} and a size of {top.ask_size} buy no contract"
    order = Wanted(rung.ticker, "yes", top.yes_ask, Decimal(count), Style.TAKE, BUY)
    cut = ", the most in one order" if count == rules.max_contracts else ""
    return order, f"{count} at {top.yes_ask}{cut}"


def _take_profit(state: EventState, rules: CheapYesRules, bought: Collection[str]) -> list[Wanted]:
    """Offer what this strategy holds at the wanted price: selling YES at p is bidding NO at 1 - p."""
    if rules.take_profit is None:
        return []
    return [
        Wanted(ticker, "no", ONE - rules.take_profit, held, Style.REST, TAKE_PROFIT)
        for ticker, held in sorted(state.positions.items())
        if held > 0 and ticker in bought
    ]


def _distance(rung: Rung, spot: Decimal) -> int:
    cents = to_cents(spot)
    low, high = rung.range.lowest, rung.range.highest
    if rung.range.contains(cents):
        return 0
    return low - cents if low is not None and low > cents else cents - (high or 0)
