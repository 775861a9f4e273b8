"""Cash, collateral and positions: pure arithmetic of one account in one market.

Buying YES at p costs p; buying NO (an ask) costs 1 - p. A YES and a NO of one account cancel each other for
$1, so closing gives back what the other side pays. A short YES position (that is, NO) is backed by $1 a
contract, which the exchange holds; the pool of these dollars pays the winners at settlement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kalshi.paper.records import ASK, BID, ONE, ZERO, Position
from kalshi.pricing.fees import cent_ceiling, model_fee

COST_STEP = Decimal("0.000001")


def signed_count(side: str, count: Decimal) -> Decimal:
    """Return the change of the YES position: + for a bid, - for an ask."""
    return count if side == BID else -count


def revenue(quantity: Decimal, side: str, price: Decimal, count: Decimal) -> Decimal:
    """Return the signed dollars of one fill before fees, collateral included.

    quantity: YES position before the fill. price: YES price.
    """
    change = signed_count(side, count)
    backing = max(ZERO, -(quantity + change)) - max(ZERO, -quantity)
    return -price * change - backing


def closing_count(quantity: Decimal, side: str, count: Decimal) -> Decimal:
    """Return how many of *count* contracts would close an open position instead of opening one."""
    held = max(ZERO, quantity) if side == ASK else max(ZERO, -quantity)
    return min(held, count)


@dataclass(frozen=True)
class Closing:
    """Held contracts that an order would close. saved: dollars a contract that closing costs less than opening."""

    count: Decimal
    saved: Decimal


def closings_of(side: str, quantity: Decimal) -> list[Closing]:
    """Return what an order of *side* would close of a position without collateral return; closing costs nothing."""
    held = closing_count(quantity, side, abs(quantity))
    return [Closing(held, ONE)] if held else []


def resting_cost(
    side: str, closings: Sequence[Closing], levels: Mapping[Decimal, Decimal], fee_rate: Decimal
) -> Decimal:
    """Return the dollars one account must keep for its orders of *side* in one market.

    closings: what the orders close, in the order in which it is closed. levels: YES price -> resting contracts.
    fee_rate: what a fill of a resting order may cost in fees.
    The orders that are served first (highest bid, lowest ask) are taken to close the position, the rest to
    open a new one at its own price.
    """
    total, fees = ZERO, ZERO
    left = [[closing.count, closing.saved] for closing in closings]
    ordered = sorted(levels.items(), reverse=side == BID) if left else levels.items()
    for price, count in ordered:
        own_price, opening = price if side == BID else ONE - price, count
        for closing in left:
            closed = min(closing[0], opening)
            closing[0] -= closed
            opening -= closed
            total += closed * max(ZERO, own_price - closing[1])
        total += opening * own_price
        if fee_rate:
            fees += model_fee(price, count, fee_rate)
    return total + cent_ceiling(fees)


def returnable(counts: Sequence[Decimal], paid: Decimal = ZERO) -> Decimal:
    """Return the dollars that NO contracts of mutually exclusive markets are sure to bring together.

    counts: NO contracts by market, of those that are not settled. paid: what one YES contract of each settled
    market brought, summed. All YES contracts of such an event bring at most $1, so the dearest that can happen
    is that the market with the most NO contracts takes what is left of it.
    """
    return sum(counts, ZERO) - max(ZERO, ONE - paid) * max(counts, default=ZERO)


def book_fill(position: Position, side: str, price: Decimal, count: Decimal, fee: Decimal, at: datetime) -> None:
    """Change *position* by one fill: contracts, cost of the open part, realised result, fees.

    Closing takes the average cost; what is left over after closing everything opens the other way.
    """
    own_price = price if side == BID else ONE - price
    closing = closing_count(position.quantity, side, count)
    if closing:
        held = abs(position.quantity)
        cost = position.cost if closing == held else (position.cost * closing / held).quantize(COST_STEP)
        position.realized += closing * (ONE - own_price) - cost
        position.cost -= cost
    position.cost += (count - closing) * own_price
    position.quantity += signed_count(side, count)
    position.traded += count * own_price
    position.fees += fee
    position.updated_at = at


def payout(quantity: Decimal, yes_value: Decimal) -> Decimal:
    """Return what a position is paid when one YES contract is worth *yes_value* dollars (0 to 1)."""
    return quantity * yes_value if quantity > 0 else -quantity * (ONE - yes_value)
