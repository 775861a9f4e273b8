"""The most an event can still cost: exact where strikes are numbers or outcomes exclude each other.

Every outcome that can be told apart is tried: a settlement value on each strike, between each pair of
neighbours, below all and above all; and where strikes are no numbers but the event is mutually exclusive, each
market as the winner, and none of them. Anything else is taken to lose. What is filled counts as it is; of what
rests, whatever hurts most in that outcome is taken to fill. So the bound holds for any partial fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise, product

from kalshi.pricing.fees import cent_ceiling
from kalshi.store.rows import OrderRow

ZERO, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)


def worst_loss(rows: Iterable[OrderRow]) -> Decimal:
    """Return the largest possible loss in dollars over all outcomes, fees included; 0 where none can lose.

    rows: orders of ONE event that can cost money. An order whose outcome is unknown counts as resting.
    """
    held = list(rows)
    # Orders that win and lose together are added up first: outcomes are many, orders more.
    groups: dict[object, tuple[OrderRow, Decimal, Decimal]] = {}
    for row in held:
        like = (row.ticker, row.side, row.strike_type, row.floor_strike, row.cap_strike, row.exclusive)
        first, lost, won = groups.get(like, (row, ZERO, ZERO))
        groups[like] = first, lost + _result(row, False), won + _result(row, True)
    worst = min(
        sum((won if _wins(row, value, winner) else lost for row, lost, won in groups.values()), ZERO)
        for value, winner in product(_values(held), _winners(held))
    )
    return max(ZERO, -worst)


def most_contracts(row: OrderRow, fits: Callable[[OrderRow], bool]) -> Decimal:
    """Return the largest whole number of contracts, below the row's count, with which *fits* holds; else 0."""
    if not row.count.is_finite() or row.count <= 1:
        return ZERO
    low, high = 0, int(row.count.to_integral_value(ROUND_FLOOR)) + 1
    while high - low > 1:
        middle = (low + high) // 2
        fee = cent_ceiling(row.fee_bound * middle / row.count)
        smaller = row.replace(count=Decimal(middle), remaining=Decimal(middle), fee_bound=fee)
        low, high = (middle, high) if fits(smaller) else (low, middle)
    return Decimal(low)


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


def _values(rows: list[OrderRow]) -> list[Decimal]:
    strikes = sorted({s for row in rows for s in (row.floor_strike, row.cap_strike) if s is not None})
    if not strikes:
        return [ZERO]
    between = [(low + high) / TWO for low, high in pairwise(strikes)]
    return [strikes[0] - ONE, *strikes, *between, strikes[-1] + ONE]


def _winners(rows: list[OrderRow]) -> list[str]:
    """Return the markets without a numeric strike of which one may win, and the empty name for none of them."""
    return ["", *sorted({row.ticker for row in rows if row.exclusive and pays_yes(row, ZERO) is None})]


def _wins(row: OrderRow, value: Decimal, winner: str) -> bool:
    """Return whether the order is paid at a settlement value, or where *winner* wins; an unknown strike is not."""
    yes = pays_yes(row, value)
    if yes is None and row.exclusive:
        yes = row.ticker == winner
    return yes is not None and yes == (row.side == "yes")


def _result(row: OrderRow, wins: bool) -> Decimal:
    """Return the worst result in dollars of one order that is paid or not."""
    payout = ONE if wins else ZERO
    price = row.average_price if row.average_price is not None else row.price
    fee = row.fee if row.fee is not None else row.fee_bound
    filled = row.filled * (payout - price) - (fee if row.filled else ZERO)
    if row.reduces:
        # It closes a position: what it sells was counted when it was bought.
        return min(ZERO, filled)
    return filled + min(ZERO, *_resting(row, payout))


def _resting(row: OrderRow, payout: Decimal) -> list[Decimal]:
    """Return the result of what is open should all of it fill: as it is, and as a change on its way makes it."""
    open_count = row.count if row.state in ("", "sending", "unknown") else row.remaining
    results = [open_count * (payout - row.price) - row.fee_bound * open_count / row.count]
    if row.amend_price is not None and row.amend_count is not None:
        wanted = max(ZERO, row.amend_count - row.filled)
        results.append(wanted * (payout - row.amend_price) - row.fee_bound * wanted / row.amend_count)
    return results
