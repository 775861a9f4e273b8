"""The order book of one market: price-time priority on one YES book, NO the mirror.

Both sides are kept in the price of what the side buys (YES for bids, NO for asks), so that on each of them
"higher is better" and one class serves both. At one price the displayed liquidity stands in front of the
orders of this exchange: we cannot know our place in a queue that we never joined.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal

from kalshi.paper.records import ASK, BID, ONE, ZERO, Order


class Level:
    """All interest at one price. displayed: contracts of the mirrored book, first in the queue; resting: of orders."""

    __slots__ = ("displayed", "orders", "own_price", "resting")

    def __init__(self, own_price: Decimal) -> None:
        self.own_price = own_price
        self.displayed = ZERO
        self.resting = ZERO
        self.orders: OrderedDict[str, Order] = OrderedDict()  # oldest first; removal anywhere is O(1)

    @property
    def count(self) -> Decimal:
        """Contracts at this price."""
        return self.displayed + self.resting


class BookSide:
    """The bids of one side, best last."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.levels: dict[Decimal, Level] = {}
        self.taken: dict[Decimal, Decimal] = {}  # own price -> contracts gone from what the outside still displays
        self._prices: list[Decimal] = []

    def best(self) -> Level | None:
        """Return the level served first, None when nobody is there."""
        while self._prices:
            level = self.levels[self._prices[-1]]
            if level.displayed > 0 or level.orders:
                return level
            self._drop(level)
        return None

    def best_first(self) -> Iterator[Level]:
        """Yield the levels with interest, best first; the book must not change meanwhile."""
        for price in reversed(self._prices):
            level = self.levels[price]
            if level.displayed > 0 or level.orders:
                yield level

    def add(self, order: Order) -> None:
        """Put *order* at the end of the queue of its price."""
        self._level(order.own_price).orders[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take *order* out of its queue; it must be there."""
        level = self.levels[order.own_price]
        del level.orders[order.order_id]
        if not level.orders and level.displayed <= 0:
            self._drop(level)

    def change(self, own_price: Decimal, change: Decimal) -> None:
        """Note that *change* contracts more (or fewer) of orders rest at a price, if its level is still there."""
        level = self.levels.get(own_price)
        if level is not None:
            level.resting += change

    def take(self, level: Level, count: Decimal) -> None:
        """Use up *count* of the displayed contracts of a level."""
        level.displayed -= count
        self.taken[level.own_price] = self.taken.get(level.own_price, ZERO) + count

    def shown_at(self, own_price: Decimal) -> Decimal:
        """Return what the outside displays at a price, whether taken here or not."""
        level = self.levels.get(own_price)
        return (level.displayed if level else ZERO) + self.taken.get(own_price, ZERO)

    def refresh(self, levels: list[tuple[Decimal, Decimal]]) -> None:
        """Take over what the outside displays now: *levels* of (own price, count).

        At a price that was displayed before, only what was added can be taken anew, and what was taken here is
        not there again: the outside does not know that we took it.
        """
        shown: dict[Decimal, Decimal] = {}
        for own_price, count in levels:
            shown[own_price] = shown.get(own_price, ZERO) + count
        left = {}
        for own_price, count in shown.items():
            before, level = self.shown_at(own_price), self.levels.get(own_price)
            still = level.displayed if level else ZERO
            left[own_price] = still + count - before if count >= before else min(still, count)
        self.show(list(left.items()), {price: count - left[price] for price, count in shown.items()})

    def show(self, levels: list[tuple[Decimal, Decimal]], taken: dict[Decimal, Decimal] | None = None) -> None:
        """Replace the displayed liquidity by *levels* of (own price, count), and what was *taken* from it."""
        self.taken = {price: count for price, count in (taken or {}).items() if count > 0}
        for level in list(self.levels.values()):
            level.displayed = ZERO
            if not level.orders:
                self._drop(level)
        for own_price, count in levels:
            if count > 0:
                self._level(own_price).displayed += count

    def displayed(self) -> list[tuple[Decimal, Decimal]]:
        """Return what is left of the displayed liquidity as (own price, count), best first."""
        return [(level.own_price, level.displayed) for level in self.best_first() if level.displayed > 0]

    def ahead_of(self, order: Order) -> Decimal:
        """Return the contracts that are served before *order*: better prices and older at its own price."""
        ahead = ZERO
        for level in self.best_first():
            if level.own_price > order.own_price:
                ahead += level.count
                continue
            ahead += level.displayed
            for other in level.orders.values():
                if other.order_id == order.order_id:
                    break
                ahead += other.remaining
            break
        return ahead

    def _level(self, own_price: Decimal) -> Level:
        level = self.levels.get(own_price)
        if level is None:
            level = self.levels[own_price] = Level(own_price)
            insort(self._prices, own_price)
        return level

    def _drop(self, level: Level) -> None:
        del self.levels[level.own_price]
        del self._prices[bisect_left(self._prices, level.own_price)]


class Book:
    """Bids (buy YES) and asks (sell YES, that is buy NO) of one market."""

    def __init__(self) -> None:
        self.sides = {BID: BookSide(BID), ASK: BookSide(ASK)}

    def opposite(self, side: str) -> BookSide:
        """Return the side an incoming order of *side* trades with."""
        return self.sides[ASK if side == BID else BID]

    def best_yes_bid(self) -> Decimal | None:
        """Return the best price at which a YES contract can be sold."""
        level = self.sides[BID].best()
        return None if level is None else level.own_price

    def best_yes_ask(self) -> Decimal | None:
        """Return the best price at which a YES contract can be bought."""
        level = self.sides[ASK].best()
        return None if level is None else ONE - level.own_price


def crosses(side: str, price: Decimal, level: Level | None) -> bool:
    """Return whether an order of *side* at YES *price* can trade with *level* of the opposite side."""
    own_price = price if side == BID else ONE - price
    return level is not None and own_price + level.own_price >= ONE
