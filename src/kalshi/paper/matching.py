"""Who trades with whom: price-time priority, the displayed book in front, self-trades prevented."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kalshi.paper import groups, netting
from kalshi.paper.book import Level, crosses
from kalshi.paper.endings import finish
from kalshi.paper.funds import book_fill, revenue
from kalshi.paper.listed import Listing
from kalshi.paper.records import (
    ASK,
    BID,
    CANCELED,
    EXECUTED,
    ONE,
    OUTSIDE,
    ZERO,
    Account,
    Fill,
    Order,
    TapeTrade,
)
from kalshi.paper.world import World
from kalshi.pricing.fees import charge, trade_fee


def match(world: World, order: Order, now: datetime) -> bool:
    """Let *order*, which is not in the book, take what it can; return whether a self-trade or its
    order group stopped it.

    Each execution is at the price of the resting side. A resting order of the same account is cancelled
    (`maker`), or stops the incoming one (`taker_at_cross`); what was filled before stands.
    """
    listing = world.listings[order.ticker]
    opposite = world.books[order.ticker].opposite(order.side)
    took_displayed = stopped = False
    while order.remaining > 0:
        if order.group_id and groups.is_triggered(world, order):
            stopped = True
            break
        level = opposite.best()
        if level is None or not crosses(order.side, order.price, level):
            break
        price = yes_price(opposite.side, level)
        if level.displayed > 0:
            count = min(order.remaining, level.displayed)
            opposite.take(level, count)
            took_displayed = True
            trade(world, listing, price, count, now, taker=order, maker=None, taker_side=order.side)
            continue
        resting = next(iter(level.orders.values()))
        if resting.account_id == order.account_id:
            if order.self_trade_prevention == "taker_at_cross":
                stopped = True
                break
            finish(world, resting, CANCELED, now)
            continue
        count = min(order.remaining, resting.remaining)
        trade(world, listing, price, count, now, taker=order, maker=resting, taker_side=order.side)
    if took_displayed:
        world.keep(world.displayed(order.ticker, listing.as_of))
    return stopped


def takeable(world: World, order: Order) -> tuple[Decimal, bool]:
    """Return how much *order* could take now, up to its size, and whether it would meet itself first."""
    found = ZERO
    for level in world.books[order.ticker].opposite(order.side).best_first():
        if not crosses(order.side, order.price, level):
            break
        found += level.displayed
        for resting in level.orders.values():
            if found >= order.remaining:
                break
            if resting.account_id == order.account_id:
                return found, True
            found += resting.remaining
        if found >= order.remaining:
            break
    return min(found, order.remaining), False


def meet_displayed(world: World, listing: Listing, now: datetime) -> None:
    """Fill resting orders that the displayed book reaches, at their own limit price.

    The displayed contracts are used up by it, best price first, as if they had come in as takers.
    """
    book = world.books[listing.ticker]
    for side in (BID, ASK):
        opposite, resting_side = book.opposite(side), book.sides[side]
        for level in list(opposite.best_first()):
            while level.displayed > 0:
                best = next((one for one in resting_side.best_first() if one.orders), None)
                if best is None or best.own_price + level.own_price < ONE:
                    break
                maker = next(iter(best.orders.values()))
                count = min(level.displayed, maker.remaining)
                opposite.take(level, count)
                trade(world, listing, maker.price, count, now, taker=None, maker=maker, taker_side=opposite.side)


def yes_price(side: str, level: Level) -> Decimal:
    """Return the YES price of a level of *side*."""
    return level.own_price if side == BID else ONE - level.own_price


def trade(
    world: World,
    listing: Listing,
    price: Decimal,
    count: Decimal,
    now: datetime,
    *,
    taker: Order | None,
    maker: Order | None,
    taker_side: str,
) -> None:
    """Execute *count* contracts at YES *price*; None stands for the outside world."""
    maker_side = ASK if taker_side == BID else BID
    number = world.next_number()
    trade_id = world.id_for(number, listing.ticker, now)
    world.keep(TapeTrade(number, trade_id, listing.ticker, price, count, taker_side, now))
    for order, side, is_taker in ((taker, taker_side, True), (maker, maker_side, False)):
        if order is None:
            _settle_outside(world, listing, side, price, count, now)
        else:
            _settle_order(world, listing, order, trade_id, price, count, is_taker, now)


def _settle_order(
    world: World,
    listing: Listing,
    order: Order,
    trade_id: str,
    price: Decimal,
    count: Decimal,
    is_taker: bool,
    now: datetime,
) -> None:
    account = world.accounts[order.account_id]
    position = world.position(order.account_id, listing, now)
    fee = trade_fee(price, count, world.terms(listing, now).rate(is_taker=is_taker))
    paid = charge(revenue(position.quantity, order.side, price, count), fee, order.carried, account.precision)
    order.carried = paid.carried
    cost = count * (price if order.side == BID else ONE - price)
    if is_taker:
        order.taker_cost += cost
        order.taker_fees += paid.fee
    else:
        order.maker_cost += cost
        order.maker_fees += paid.fee
    before = position.quantity
    book_fill(position, order.side, price, count, paid.fee, now)
    world.keep(position)
    netting.note_position(world, listing, position, before, now)
    if is_taker:
        order.remaining -= count
        world.refresh_reserve(order.account_id, order.ticker)
    elif order.remaining == count:
        world.unrest(order)
        order.remaining = ZERO
    else:
        order.remaining -= count
        world.change_resting(order, -count)
    order.filled += count
    order.updated_at = now
    if order.remaining == 0:
        order.status = EXECUTED
    world.keep(order)
    if order.group_id:
        groups.note_fill(world, order, count, now, incoming=is_taker)
    _move_cash(world, account, listing.exchange_index, paid.change, now)
    world.ledger.fees += paid.fee
    number = world.next_number()
    world.keep(
        Fill(
            number,
            trade_id,
            order.order_id,
            order.account_id,
            order.ticker,
            order.side,
            price,
            count,
            paid.fee,
            is_taker,
            now,
            listing.exchange_index,
        )
    )


def _settle_outside(world: World, listing: Listing, side: str, price: Decimal, count: Decimal, now: datetime) -> None:
    account = world.accounts.get(OUTSIDE)
    if account is None:
        account = Account(OUTSIDE, {}, ZERO, now)
    position = world.position(OUTSIDE, listing, now)
    _move_cash(world, account, listing.exchange_index, revenue(position.quantity, side, price, count), now)
    book_fill(position, side, price, count, ZERO, now)
    world.keep(position)


def _move_cash(world: World, account: Account, shard: int, change: Decimal, now: datetime) -> None:
    account.cash[shard] = account.cash.get(shard, ZERO) + change
    account.updated_at = now
    world.keep(account)
