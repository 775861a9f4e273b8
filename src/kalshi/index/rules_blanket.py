"""The morning rule: rest one equal NO bid in every quoted market of a mutually exclusive ladder.

At most one market of the event resolves YES, so two filled legs below 50 cents lock a profit; one filled leg
alone can lose its whole price. The whole blanket rests, or nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Protocol

from kalshi.errors import ConfigError
from kalshi.index.ladder import Rung
from kalshi.index.plan import ONE, ZERO, EventState, Plan, Style, Wanted
from kalshi.pricing.fees import affordable_count, break_even, fee_bound
from kalshi.pricing.negative_risk import worst_case_of_blanket

HEADERS = ("market", "range", "bid", "ask", "held", "NO bid", "decision", "reason")
PURPOSE = "blanket"
DEFAULT_COUNT = Decimal(100)


class DeskLimits(Protocol):
    """The desk's limits that a whole blanket must fit into; they are the settings of the same names."""

    @property
    def max_order_contracts(self) -> Decimal: ...
    @property
    def max_order_cost(self) -> Decimal: ...
    @property
    def max_event_cost(self) -> Decimal: ...
    @property
    def max_day_cost(self) -> Decimal: ...
    @property
    def max_orders_per_run(self) -> int: ...


@dataclass(frozen=True)
class BlanketRules:
    """no_price: dollars of NO. count: contracts per market. max_gross, max_event_loss: dollars."""

    no_price: Decimal = Decimal("0.45")
    count: Decimal = DEFAULT_COUNT
    max_gross: Decimal = Decimal(1350)
    max_event_loss: Decimal = Decimal(45)

    def __post_init__(self) -> None:
        if not 0 < self.no_price < 1:
            raise ConfigError(f"--no-price must lie above 0 and below 1 dollar, not {self.no_price}")
        if self.count < 1 or self.count != self.count.to_integral_value():
            raise ConfigError(f"--count must be a whole number of contracts of at least 1, not {self.count}")


def within_limits(rules: BlanketRules, limits: DeskLimits, *, later_price: Decimal = Decimal("0.85")) -> BlanketRules:
    """Return *rules* with the largest count up to their own that the desk's limits allow, at least 1.

    later_price: the dearest bid that will complete the set; it must pass the limit of one order as well,
    else a filled leg could not be hedged.
    """
    fits = min(
        int(rules.count),
        int(limits.max_order_contracts),
        affordable_count(limits.max_order_cost, max(rules.no_price, later_price)),
        affordable_count(min(limits.max_event_cost, limits.max_day_cost), rules.no_price),
    )
    return replace(rules, count=Decimal(max(1, fits)))


def plan(state: EventState, rules: BlanketRules, limits: DeskLimits | None = None) -> Plan:
    """Return the blanket for *state*; with a refusal and nothing wanted when it may not be placed whole."""
    rows, wanted = [], []
    for rung in state.ladder.rungs:
        order, decision, reason = _of_market(state, rules, rung)
        if order is not None:
            wanted.append(order)
        top = state.top(rung.ticker)
        bid = order.price if order else None
        held = state.held(rung.ticker)
        rows.append((rung.ticker, rung.label, top.yes_bid, top.yes_ask, held, bid, decision, reason))
    gross = sum((order.cost for order in wanted), ZERO)
    worst = worst_case_of_blanket(rules.no_price, rules.count, len(wanted), fee=state.maker_fee)
    refusal = _refusal(state, rules, wanted, gross, worst, limits)
    notes = (f"{len(wanted)} NO bids: gross cash ${gross:.2f}, worst case if one leg fills ${worst:.2f}",)
    if refusal:
        rows = [(*row[:-3], None, "refused", row[-1]) if row[-2] == "bid" else row for row in rows]
        return Plan(HEADERS, tuple(rows), None, notes, refusal)
    return Plan(HEADERS, tuple(rows), tuple(wanted), notes)


def _of_market(state: EventState, rules: BlanketRules, rung: Rung) -> tuple[Wanted | None, str, str]:
    top, held = state.top(rung.ticker), state.held(rung.ticker)
    rest = rules.count - abs(held)
    if held > 0:
        return None, "skip", f"{held} YES are held here"
    if rest <= 0:
        return None, "skip", f"{abs(held)} NO are held already"
    rests = state.rests(rung.ticker, "no", rules.no_price)
    if top.problem and not rests:
        return None, "skip", top.problem
    if top.yes_bid is not None and top.yes_bid >= ONE - rules.no_price:
        return None, "skip", f"would cross: YES bid {top.yes_bid} is at or above {ONE - rules.no_price}"
    if rules.no_price not in state.no_prices(rung.ticker):
        return None, "skip", f"{rules.no_price} is not on the market's price grid"
    return (
        Wanted(rung.ticker, "no", rules.no_price, rest, Style.REST, PURPOSE),
        "bid",
        "rests already" if rests else "quoted on both sides",
    )


def _refusal(
    state: EventState,
    rules: BlanketRules,
    wanted: list[Wanted],
    gross: Decimal,
    worst: Decimal,
    limits: DeskLimits | None,
) -> str:
    if not state.ladder.is_exclusive:
        return f"the ladder of {state.ladder.event_ticker} is nested: one leg does not protect another"
    if len(wanted) + sum(1 for held in state.positions.values() if held < 0) < 2:
        return f"{len(wanted)} market fit for a bid: a blanket needs two legs"
    # Our own resting blanket is part of the wanted one, so its cash is free for it.
    free = None if state.balance is None else state.balance + sum((o.cost for o in state.resting), ZERO)
    markets = rules.no_price * len(wanted)
    checks = [
        ("the loss if one leg fills", -worst, rules.max_event_loss, "--max-event-loss", rules.no_price),
        ("gross cash", gross, rules.max_gross, "--max-gross", markets),
        ("gross cash", gross, free, "the balance on the event's shard", markets),
    ]
    if limits is not None:
        fee = fee_bound(rules.no_price, rules.count, state.terms.multiplier)
        each = break_even(rules.no_price, state.terms.multiplier)
        cost = rules.count * rules.no_price + fee
        checks += [
            ("one order of", rules.count, limits.max_order_contracts, "KALSHI_MAX_ORDER_CONTRACTS", ONE),
            ("one order at", cost, limits.max_order_cost, "KALSHI_MAX_ORDER_COST", each),
            ("the loss if one leg fills", cost, limits.max_event_cost, "KALSHI_MAX_EVENT_COST", each),
            ("the loss if one leg fills", cost, limits.max_day_cost, "KALSHI_MAX_DAY_COST", each),
        ]
        if len(wanted) > limits.max_orders_per_run:
            return f"{len(wanted)} orders are more than KALSHI_MAX_ORDERS_PER_RUN {limits.max_orders_per_run}"
    broken = [c for c in checks if c[2] is not None and c[1] > c[2]]
    if not broken:
        return ""
    fits = min(
        int((limit / each).to_integral_value(rounding=ROUND_FLOOR))
        for _, _, limit, _, each in checks
        if limit is not None
    )
    named = "; ".join(f"{what} {need:.2f} is above {name} {limit:.2f}" for what, need, limit, name, _ in broken)
    return f"{named}. " + (f"It fits with --count {fits}" if fits >= 1 else "Not even --count 1 fits")
