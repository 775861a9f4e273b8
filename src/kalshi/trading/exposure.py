"""The most an event can still cost: exact where strikes are numbers, else the sum of what was paid.

Every outcome that can be told apart is tried: a settlement value on each strike, between each pair of
neighbours, below all and above all. What is filled counts as it is; of what rests, whatever hurts most in
that outcome is taken to fill. So the bound holds for any partial fills.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from kalshi.store.rows import OrderRow

ZERO, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)


def worst_loss(rows: Iterable[OrderRow]) -> Decimal:
    """Return the largest possible loss in dollars over all outcomes, fees included; 0 where none can lose.

    rows: orders of ONE event that can cost money. An order whose outcome is unknown counts as resting.
    """
    held = list(rows)
    points = _outcomes(held)
    worst = min((sum((_result(row, point) for row in held), ZERO) for point in points), default=ZERO)
    return max(ZERO, -worst)


def full_cost(row: OrderRow) -> Decimal:
    """Return price times count plus the highest possible fee, dollars."""
    return row.price * row.count + row.fee_bound


def pays_yes(row: OrderRow, value: Decimal) -> bool | None:
    """Return whether YES of the row's market pays at a settlement *value*, None where the strike is unknown."""
    low, high = row.floor_strike, row.cap_strike
    match row.strike_type:
        case "greater" if low is not None:
            return value > low
        case "greater_or_equal" if low is not None:
            return value >= low
        case "less" if high is not None:
            return value < high
        case "less_or_equal" if high is not None:
            return value <= high
        case "between" if low is not None and high is not None:
            return low <= value <= high
    return None


def _outcomes(rows: list[OrderRow]) -> list[Decimal]:
    strikes = sorted({s for row in rows for s in (row.floor_strike, row.cap_strike) if s is not None})
    if not strikes:
        return [ZERO]
    between = [(low + high) / TWO for low, high in pairwise(strikes)]
    return [strikes[0] - ONE, *strikes, *between, strikes[-1] + ONE]


def _result(row: OrderRow, value: Decimal) -> Decimal:
    """Return the worst result in dollars of one order at a settlement value."""
    yes = pays_yes(row, value)
    wins = yes is not None and yes == (row.side == "yes")
    payout = ONE if wins else ZERO  # an unknown strike is taken to lose
    price = row.average_price if row.average_price is not None else row.price
    fee = row.fee if row.fee is not None else row.fee_bound
    filled = row.filled * (payout - price) - (fee if row.filled else ZERO)
    open_count = row.count if row.state in ("", "sending", "unknown") else row.remaining
    resting = open_count * (payout - row.price) - (row.fee_bound * open_count / row.count)
    if row.reduces:
        # It closes a position: what it sells was counted when it was bought.
        return min(ZERO, filled)
    return filled + min(ZERO, resting)
