"""What a member may do with orders: place, cancel, amend, decrease. Every check comes before any change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kalshi.paper import groups, outside
from kalshi.paper.book import crosses
from kalshi.paper.endings import finish
from kalshi.paper.funds import closing_count
from kalshi.paper.listed import Listing
from kalshi.paper.market_states import market_status
from kalshi.paper.matching import match, takeable
from kalshi.paper.order_checks import (
    FOK,
    GTC,
    Amendment,
    NewOrder,
    Route,
    check_amendment,
    check_combination,
    check_funds,
    check_price,
    check_trading,
    find_resting,
    listing_of,
)
from kalshi.paper.pauses import check_cancelling, check_placing
from kalshi.paper.records import BID, CANCELED, EXECUTED, ZERO, Order, SpentId
from kalshi.paper.refusals import refused
from kalshi.paper.world import World


@dataclass(frozen=True)
class Progress:
    """What happened to one order during one request. fill_value: sum of YES price x contracts, in dollars."""

    order: Order
    filled: Decimal
    fill_value: Decimal
    fees: Decimal


def place(world: World, account_id: str, new: NewOrder, now: datetime) -> Progress:
    """Accept, match and rest or cancel one order. Raises Refused; then nothing changed, except that the
    client order id of a killed fill-or-kill order stays spent.
    """
    check_combination(new, now)
    if new.client_order_id and (account_id, new.client_order_id) in world.spent:
        raise refused(409, "order_already_exists", "an order with this client_order_id was accepted before")
    listing = listing_of(world, new.ticker, new.exchange_index)
    check_placing(world, now)
    check_trading(listing, now)
    if new.group_id:
        groups.check_open(world, account_id, new.group_id, listing.exchange_index)
    check_price(world, listing, new.price)
    count = new.count
    if new.reduce_only:
        count = closing_count(world.quantity(account_id, new.ticker), new.side, count)
    order = _order_from(world, account_id, new, count, listing, now)
    best = world.books[new.ticker].opposite(new.side).best()
    if new.post_only and crosses(new.side, new.price, best):
        raise refused(400, "invalid_order", "invalid order", "post only cross")
    check_funds(world, listing, order, count, now)
    world.next_number()  # the one that _order_from looked up
    if new.client_order_id:
        world.keep(SpentId(account_id, new.client_order_id, order.order_id))
    if new.time_in_force == FOK:
        reachable, meets_itself = takeable(world, order)
        if reachable < count and not meets_itself:
            raise refused(409, "fill_or_kill_insufficient_resting_volume", "order killed: too little resting volume")
    world.keep(order)
    stopped = match(world, order, now)
    _rest_or_cancel(world, order, stopped or new.time_in_force != GTC)
    return Progress(order, order.filled, _value(order, order.taker_cost, order.filled), order.taker_fees)


def cancel(world: World, account_id: str, order_id: str, route: Route, now: datetime) -> tuple[Order, Decimal]:
    """Cancel a resting order; return it and the contracts taken off. Raises Refused."""
    order = find_resting(world, account_id, order_id, route, now)
    return order, finish(world, order, CANCELED, now)


def cancel_all(world: World, account_id: str, now: datetime) -> list[Order]:
    """Cancel every resting order of the account in markets that still take requests."""
    check_cancelling(world, now)
    open_orders = [
        order
        for order in world.open_orders[account_id].values()
        if market_status(world.listings[order.ticker], now) in ("active", "inactive")
    ]
    for order in open_orders:
        finish(world, order, CANCELED, now)
    return open_orders


def decrease(
    world: World,
    account_id: str,
    order_id: str,
    route: Route,
    *,
    reduce_by: Decimal | None,
    reduce_to: Decimal | None,
    now: datetime,
) -> Order:
    """Make a resting order smaller; it keeps its place. Exactly one of the two counts is given."""
    order = find_resting(world, account_id, order_id, route, now)
    target = order.remaining - reduce_by if reduce_by is not None else reduce_to
    if target is None or target > order.remaining or (reduce_by is not None and reduce_by <= 0):
        raise refused(400, "invalid_order_size", "a decrease must leave less than what rests")
    if target <= 0:
        finish(world, order, CANCELED, now)
    elif target < order.remaining:
        _shrink(world, order, order.remaining - target, now)
    return order


def amend(world: World, account_id: str, order_id: str, wanted: Amendment, now: datetime) -> Progress:
    """Change price, size or expiry of a resting order.

    A smaller size or only another expiry keeps the place in the queue; a new price or a larger size loses it,
    and the order may then trade like an incoming one. Raises Refused before anything changed.
    """
    order = find_resting(world, account_id, order_id, Route(wanted.ticker, wanted.exchange_index), now)
    listing = world.listings[order.ticker]
    check_amendment(world, listing, order, wanted, now)
    before = order.filled, order.taker_cost, order.taker_fees
    if wanted.updated_client_order_id and wanted.updated_client_order_id != order.client_order_id:
        world.keep(SpentId(account_id, wanted.updated_client_order_id, order.order_id))
        order.client_order_id = wanted.updated_client_order_id
    rest = wanted.count - order.filled
    keeps_place = wanted.price == order.price and rest <= order.remaining
    if keeps_place and rest < order.remaining:
        _shrink(world, order, order.remaining - rest, now)
    if not keeps_place:
        world.unrest(order)
        order.reduced += max(ZERO, order.remaining - rest)
        order.price, order.remaining, order.priority = wanted.price, rest, world.next_number()
    if wanted.set_expiry:
        order.expires_at = wanted.expires_at
        world.watch_expiry(order)
    order.updated_at = now
    world.keep(order)
    if not keeps_place:
        stopped = match(world, order, now)
        _rest_or_cancel(world, order, stopped)
    filled = order.filled - before[0]
    value = _value(order, order.taker_cost - before[1], filled)
    return Progress(order, filled, value, order.taker_fees - before[2])


def _order_from(world: World, account_id: str, new: NewOrder, count: Decimal, listing: Listing, now: datetime) -> Order:
    # The number is taken only when the order is kept; a refused one leaves no trace.
    number = world.ledger.last_number + 1
    return Order(
        order_id=world.id_for(number, account_id, now),
        account_id=account_id,
        client_order_id=new.client_order_id,
        ticker=new.ticker,
        side=new.side,
        price=new.price,
        remaining=count,
        priority=number,
        created_at=now,
        updated_at=now,
        exchange_index=listing.exchange_index,
        time_in_force=new.time_in_force,
        self_trade_prevention=new.self_trade_prevention,
        expires_at=new.expires_at,
        post_only=new.post_only,
        cancel_on_pause=new.cancel_on_pause,
        group_id=new.group_id,
        reduced=new.count - count,
    )


def _rest_or_cancel(world: World, order: Order, cancel_rest: bool) -> None:
    if order.remaining > 0 and not cancel_rest:
        outside.take_place(world, order)
        world.rest(order)
    elif order.remaining > 0 or order.filled == 0:
        order.reduced += order.remaining
        order.remaining, order.status = ZERO, CANCELED
    else:
        order.status = EXECUTED
    world.keep(order)


def _shrink(world: World, order: Order, by: Decimal, now: datetime) -> None:
    order.remaining -= by
    order.reduced += by
    order.updated_at = now
    world.change_resting(order, -by)
    world.keep(order)


def _value(order: Order, own_cost: Decimal, filled: Decimal) -> Decimal:
    return own_cost if order.side == BID else filled - own_cost
