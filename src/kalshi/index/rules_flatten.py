"""The afternoon rule: sell every position of the event before the close, each at a bounded worst price.

With scope "unlocked" a set whose guarantee is not negative is kept, because settlement pays for free what a
sale pays fee and spread for; and a set is sold whole or not at all, because selling one leg breaks a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.index.plan import ONE, ZERO, EventState, Plan, Style, Wanted

HEADERS = ("market", "range", "held", "bid", "ask", "worst price", "decision", "reason")
PURPOSE = "flatten"
ALL, UNLOCKED = "all", "unlocked"


@dataclass(frozen=True)
class FlattenRules:
    """slippage: dollars beyond the best price that are accepted. min_price: least dollars per contract."""

    scope: str = ALL
    slippage: Decimal = Decimal("0.02")
    min_price: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        if self.scope not in (ALL, UNLOCKED):
            raise ConfigError(f"--scope must be {ALL} or {UNLOCKED}, not {self.scope!r}")
        if not 0 < self.min_price < 1:
            raise ConfigError(f"--min-price must lie between 0 and 1 dollar, not {self.min_price}")


def plan(state: EventState, rules: FlattenRules) -> Plan:
    """Return one closing order per position, and why a position is kept.

    The side of a closing order is the side held and its price is the least that is accepted for it.
    """
    held = {ticker: count for ticker, count in state.positions.items() if count}
    found = state.guarantee()
    notes = [f"{len(held)} positions; at the floor the event ends at ${found.floor:.4f}"] if held else []
    wanted, rows, unsold = [], [], 0
    for rung in state.ladder.rungs:
        count = held.get(rung.ticker, ZERO)
        if not count:
            continue
        top = state.top(rung.ticker)
        price = worst_price(state, rung.ticker, count, rules)
        row = (rung.ticker, rung.label, count, top.yes_bid, top.yes_ask, price)
        if price is None:
            unsold += 1
            rows.append((*row, "settle", "nobody buys this side: left to settlement"))
        else:
            side = "yes" if count > 0 else "no"
            wanted.append(Wanted(rung.ticker, side, price, abs(count), Style.CLOSE, PURPOSE))
            rows.append((*row, "sell", f"{abs(count)} {side.upper()} at {price} or better"))
    keep = _keep_reason(found.is_locked(), unsold, rules) if held else ""
    if keep:
        rows = [(*row[:-3], None, "hold", keep) for row in rows]
        wanted = []
    return Plan(HEADERS, tuple(rows), tuple(wanted), (*notes, *([keep] if keep else [])))


def worst_price(state: EventState, ticker: str, count: Decimal, rules: FlattenRules) -> Decimal | None:
    """Return the least dollars per contract accepted for the side held, on the grid; None: no buyer.

    YES sells at the YES bid, NO at the NO bid, each less the slippage and never below the minimum.
    """
    top = state.top(ticker)
    best = top.yes_bid if count > 0 else top.no_bid
    if best is None:
        return None
    least = max(best - rules.slippage, rules.min_price)
    grid = list(state.prices.get(ticker, ())) if count > 0 else state.no_prices(ticker)
    allowed = [price for price in grid if least <= price < ONE]
    return min(allowed) if allowed and min(allowed) <= best else None


def _keep_reason(locked: bool, unsold: int, rules: FlattenRules) -> str:
    if rules.scope == ALL:
        return ""
    if locked:
        return "the guarantee is not negative: settlement pays it without fee and spread"
    if unsold:
        return f"{unsold} legs have no buyer, and selling the others would leave them alone"
    return ""
