"""The first example of a rule: list the NO contracts that are offered below a price. It never trades."""

from __future__ import annotations

from decimal import Decimal

from kalshi.index.plan import EventState, Plan
from kalshi.pricing.fees import break_even, fee_bound

HEADERS = ("market", "range", "NO ask", "size", "fee of one", "needs", "decision", "reason")


def plan(state: EventState, max_no_ask: Decimal = Decimal("0.15")) -> Plan:
    """Return every market with a NO offer strictly below *max_no_ask* dollars, the cheapest first."""
    listed: list[tuple[Decimal, tuple[object, ...]]] = []
    others: list[tuple[object, ...]] = []
    for rung in state.ladder.rungs:
        top = state.top(rung.ticker)
        price, one = top.no_ask, Decimal(1)
        if price is None or top.problem.startswith("crossed"):
            why = top.problem if price is not None else "nobody sells NO"
            others.append((rung.ticker, rung.label, None, None, None, None, "skip", why))
        elif price >= max_no_ask:
            why = f"{price} is not below {max_no_ask}"
            others.append((rung.ticker, rung.label, price, top.bid_size, None, None, "skip", why))
        else:
            needs = round(break_even(price, state.terms.multiplier), 4)
            fee = fee_bound(price, one, state.terms.multiplier)
            row = (rung.ticker, rung.label, price, top.bid_size, fee, needs, "list", "cheap NO")
            listed.append((price, row))
    rows = [row for _, row in sorted(listed, key=lambda pair: pair[0])]
    return Plan(HEADERS, (*rows, *others), None, (f"{len(listed)} NO contracts below {max_no_ask}",))


def listed(plan: Plan) -> int:
    """Return how many contracts *plan* lists."""
    return sum(1 for row in plan.rows if row[-2] == "list")
