"""How an order ends without a fill: it leaves the book for good and its collateral is free."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kalshi.paper.records import RESTING, ZERO, Order
from kalshi.paper.world import World


def finish(world: World, order: Order, status: str, now: datetime) -> Decimal:
    """Take a resting order out of the book for good; return the contracts that were taken off."""
    left = order.remaining
    if order.status == RESTING:
        world.unrest(order)
    order.reduced += left
    order.remaining = ZERO
    order.status = status
    order.updated_at = now
    world.keep(order)
    return left
