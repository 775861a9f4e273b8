"""What state a market is in, and how its trading ends."""

from __future__ import annotations

from datetime import datetime

from kalshi.paper.endings import finish
from kalshi.paper.listed import Listing
from kalshi.paper.records import CANCELED, Displayed, Order
from kalshi.paper.world import World

AFTER_TRADING = ("determined", "disputed", "amended", "finalized")


def market_status(listing: Listing, now: datetime) -> str:
    """Return the status word of a market at *now*; opening and closing are by the clock."""
    if listing.settled_at is not None:
        return "finalized"
    if listing.stage:
        return listing.stage
    if listing.market.status in AFTER_TRADING:
        return listing.market.status
    if listing.closed or now >= listing.market.close_time or listing.market.status == "closed":
        return "closed"
    if now < listing.market.open_time:
        return "initialized"
    return "inactive" if listing.paused else "active"


def close(world: World, listing: Listing, now: datetime) -> None:
    """End trading in a market: resting orders are cancelled, the displayed book is gone."""
    for order in resting_in(world, listing.ticker):
        finish(world, order, CANCELED, now)
    world.show(Displayed(listing.ticker, listing.as_of, [], []))
    world.keep(world.displayed(listing.ticker, listing.as_of))
    listing.closed = True
    world.keep(listing)


def resting_in(world: World, ticker: str) -> list[Order]:
    """Return the resting orders of one market."""
    sides = world.books[ticker].sides.values()
    return [order for side in sides for level in side.levels.values() for order in level.orders.values()]
