"""The valuation rule: past moves against prices, both sides, with an edge above fee and model error.

Ladders are nearly calibrated and the model's own error is larger than most edges, so few rows ever buy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.index.plan import ONE, ZERO, EventState, Plan, Style, Wanted
from kalshi.pricing.fees import break_even, fee_bound
from kalshi.pricing.likelihood import Estimate, to_decimal
from kalshi.pricing.sizing import fixed_dollars, kelly_contracts

HEADERS = ("market", "range", "k", "p", "95 %", "error", "side", "price", "ratio", "edge", "decision", "reason")
PURPOSE = "likelihood"
LEAST_BUDGET = ONE  # what is left over of a budget is not spent on single contracts
UNDER, FAIR, OVER = "under", "fair", "over"
# (price below, underpriced up to this ratio, fair up to this ratio), cheapest first
BANDS = (
    (Decimal("0.10"), Decimal("0.5"), Decimal(3)),
    (Decimal("0.60"), Decimal("0.6"), Decimal(2)),
    (Decimal(1), Decimal("0.8"), Decimal("1.5")),
)


@dataclass(frozen=True)
class LikelihoodRules:
    """budget: dollars per market, fee included; an event gets three of it. min_edge: dollars a contract.

    max_contracts: the desk's limit of one order. kelly: share of Kelly (0..1) of the free balance to stake at
    most, beside the budget; None: the budget alone.
    """

    budget: Decimal = Decimal(10)
    min_edge: Decimal = Decimal("0.03")
    p_floor: Decimal = Decimal("0.01")
    event_budgets: int = 3
    max_contracts: Decimal | None = None
    kelly: Decimal | None = None

    def __post_init__(self) -> None:
        if self.kelly is not None and not 0 < self.kelly <= 1:
            raise ConfigError(f"--kelly must lie above 0 and at most at 1, not {self.kelly}")


@dataclass(frozen=True)
class SideValue:
    """One side of one market: its price, probability (unfloored), and what both say."""

    side: str
    price: Decimal
    probability: Decimal
    ratio: Decimal
    word: str
    edge: Decimal
    reason: str

    @property
    def buys(self) -> bool:
        """Whether every test of a purchase is passed."""
        return not self.reason


def classify(price: Decimal, probability: Decimal) -> tuple[Decimal, str]:
    """Return price / probability and whether the price is under, fair or over, by the band it lies in."""
    ratio = price / probability
    low, high = next((low, high) for below, low, high in BANDS if price < below)
    return ratio, UNDER if ratio <= low else FAIR if ratio <= high else OVER


def value_side(
    side: str,
    price: Decimal,
    probability: Decimal,
    error: Decimal,
    rules: LikelihoodRules,
    multiplier: Decimal,
) -> SideValue:
    """Return what *side* at *price* is worth. probability: of that side. error: what the edge must exceed."""
    floored = min(max(probability, rules.p_floor), ONE - rules.p_floor)
    ratio, word = classify(price, floored)
    cost = break_even(price, multiplier)
    edge = probability - cost
    if word != UNDER:
        reason = f"{word} price"
    elif edge < rules.min_edge:
        reason = f"edge {edge:.4f} after the fee is below {rules.min_edge}"
    elif edge <= error:
        reason = f"edge {edge:.4f} is within the model's own error ({error:.4f})"
    else:
        reason = ""
    return SideValue(side, price, probability, ratio, word, edge, reason)


def plan(state: EventState, estimates: Sequence[Estimate], rules: LikelihoodRules) -> Plan:
    """Return the valuation of every market and what it would buy. estimates: one per rung, in its order."""
    rows: list[tuple[object, ...]] = []
    wanted = []
    room = rules.budget * rules.event_budgets
    for rung, estimate in zip(state.ladder.rungs, estimates, strict=True):
        top = state.top(rung.ticker)
        p, error = to_decimal(estimate.probability), to_decimal(estimate.error)
        values = []
        if top.yes_ask is not None and not top.problem.startswith("crossed"):
            values.append(value_side("yes", top.yes_ask, p, error, rules, state.terms.multiplier))
        if top.no_ask is not None and not top.problem.startswith("crossed"):
            values.append(value_side("no", top.no_ask, ONE - p, error, rules, state.terms.multiplier))
        low, high = estimate.interval
        head = (rung.ticker, rung.label, estimate.count, f"{p:.3f}", f"{low:.3f}-{high:.3f}", f"{error:.3f}")
        if not values:
            rows.append((*head, None, None, None, None, "skip", top.problem))
            continue
        buying = [value for value in values if value.buys]
        if len(buying) > 1:  # needs ask + (1 - bid) far below 1: impossible on an uncrossed book
            raise AssertionError(f"market {rung.ticker} can not be cheap on both sides")
        shown = buying[0] if buying else max(values, key=lambda value: value.edge)
        order = _order(state, rung.ticker, shown, room, rules) if buying else None
        if order is not None:
            room -= order.cost + fee_bound(order.price, order.count, state.terms.multiplier)
            wanted.append(order)
        bought = f"underpriced: {order.count} contracts" if order else "the budget or Kelly's share is used up"
        reason = shown.reason or bought
        if shown.word == OVER:
            reason = "overpriced: logged only"
        rows.append(
            (
                *head,
                shown.side,
                shown.price,
                f"{shown.ratio:.2f}",
                f"{shown.edge:.3f}",
                "buy" if order else "skip",
                reason,
            )
        )
    asks = [state.top(rung.ticker).yes_ask for rung in state.ladder.rungs]
    bids = [state.top(rung.ticker).yes_bid for rung in state.ladder.rungs]
    n, h = (estimates[0].samples, estimates[0].sessions) if estimates else (0, 0)
    notes = (
        f"{n} samples of {h}-session moves; asks add to {sum((a or ZERO for a in asks), ZERO)}, "
        f"bids to {sum((b or ZERO for b in bids), ZERO)}",
    )
    return Plan(HEADERS, tuple(rows), tuple(wanted), notes)


def _order(state: EventState, ticker: str, value: SideValue, room: Decimal, rules: LikelihoodRules) -> Wanted | None:
    top = state.top(ticker)
    offered = top.ask_size if value.side == "yes" else top.bid_size
    if rules.max_contracts is not None:
        offered = min(offered, rules.max_contracts)
    budget = min(rules.budget, room)
    if budget < LEAST_BUDGET:
        return None
    count = fixed_dollars(budget, value.price, multiplier=state.terms.multiplier, offered=offered)
    if rules.kelly is not None:
        bankroll, multiplier = state.balance or ZERO, state.terms.multiplier
        staked = kelly_contracts(
            value.probability, value.price, bankroll, fraction=rules.kelly, multiplier=multiplier, offered=offered
        )
        count = min(count, staked)
    return Wanted(ticker, value.side, value.price, Decimal(count), Style.TAKE, PURPOSE) if count else None
