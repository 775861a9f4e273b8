"""Orders that rest here among those that rest outside: their place in the queue, and trades that reach them.

Nobody outside sees our orders, so what would have happened to them is estimated on the careful side. An order
stands behind everything that was displayed at its price when it came. Trades outside and a shrinking display
bring it forward; nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kalshi.paper.market_states import market_status, resting_in
from kalshi.paper.matching import trade
from kalshi.paper.records import ASK, BID, ONE, ZERO, Order
from kalshi.paper.world import World


@dataclass(frozen=True)
class OutsideTrade:
    """A trade of the real exchange. price: YES dollars; taker_side: bid or ask; traded_at: aware UTC.

    through_only: fills only orders with a better limit; for trades whose place in the queue nobody knows.
    """

    ticker: str
    price: Decimal
    count: Decimal
    taker_side: str
    traded_at: datetime
    through_only: bool = False


def take_place(world: World, order: Order) -> None:
    """Put *order* behind what is displayed at its price; call it before it rests."""
    order.ahead = world.books[order.ticker].sides[order.side].shown_at(order.own_price)
    order.rested_at = order.updated_at


def move_up(world: World, ticker: str) -> None:
    """Bring orders forward where less is displayed at their price than stood in front of them."""
    for order in resting_in(world, ticker):
        shown = world.books[ticker].sides[order.side].shown_at(order.own_price)
        if shown < order.ahead:
            order.ahead = shown
            world.keep(order)


def reach(world: World, outside: OutsideTrade, now: datetime) -> None:
    """Let one outside trade use up the queue and fill the orders it reaches, at their own limit price.

    A trade at a worse price for the taker than an order's limit went through it: that taker would have met the
    order first. A trade at the limit fills what is left of it behind the queue. Trades from before an order took
    its place do not count, and no trade fills more contracts than it had.
    """
    listing = world.listings.get(outside.ticker)
    if listing is None or market_status(listing, now) != "active":
        return
    side = BID if outside.taker_side == ASK else ASK
    price = outside.price if side == BID else ONE - outside.price
    left = outside.count
    for level in list(world.books[outside.ticker].sides[side].best_first()):
        if level.own_price < price or (level.own_price == price and outside.through_only):
            break
        for order in list(level.orders.values()):
            if left <= 0:
                return
            if order.rested_at is None or outside.traded_at <= order.rested_at:
                continue
            reached = left
            if level.own_price == price:
                reached = max(ZERO, left - order.ahead)
                order.ahead = max(ZERO, order.ahead - outside.count)
                world.keep(order)
            count = min(order.remaining, reached)
            if count > 0:
                left -= count
                trade(world, listing, order.price, count, now, taker=None, maker=order, taker_side=outside.taker_side)
