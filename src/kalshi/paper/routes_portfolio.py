"""Answers about one account: balance, orders, fills, positions, settlements, keys and limits."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from kalshi.exchange.money import count_text, dollars_text
from kalshi.paper.parsing import NettingBody, Request, body_of, only_primary
from kalshi.paper.records import ASK, BID, RESTING, ZERO, Order, Position
from kalshi.paper.refusals import not_found, not_modelled
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import (
    event_position_wire,
    fill_wire,
    order_wire,
    position_wire,
    settlement_wire,
    whole_cents,
)
from kalshi.paper.world import World

PRIMARY_OR_ALL = 63
STATUSES = ("resting", "canceled", "executed")
# What a new account of the real exchange has: tokens per second, and the bucket's size.
LIMITS = {
    "usage_tier": "basic",
    "grants": [],
    "read": {"refill_rate": 200, "bucket_capacity": 600},
    "write": {"refill_rate": 100, "bucket_capacity": 100},
}
COSTS = [
    ("DELETE", "/portfolio/events/orders", 2),
    ("DELETE", "/portfolio/events/orders/{order_id}", 2),
    ("DELETE", "/portfolio/events/orders/batched", 2),
    ("GET", "/portfolio/orders/{order_id}", 2),
]


def balance(world: World, request: Request) -> Answer:
    """Answer cash that is free for orders, over all shards or one, and the value of positions."""
    _subaccount(request)
    account, wanted = world.accounts[request.account_id], request.integer("exchange_index", 0, 100)
    shards = sorted({0, *account.cash}) if wanted is None else [wanted]
    free = {shard: world.available(account.account_id, shard) for shard in shards}
    value = sum((position_value(world, one) for one in _positions(world, request) if one.exchange_index in free), ZERO)
    total = sum(free.values(), ZERO)
    return 200, {
        "balance": whole_cents(total),
        "balance_dollars": dollars_text(total),
        "portfolio_value": whole_cents(value),
        "updated_ts": int(account.updated_at.timestamp()),
        "balance_breakdown": [
            {"exchange_index": shard, "balance": dollars_text(dollars)} for shard, dollars in free.items()
        ],
    }


def position_value(world: World, position: Position) -> Decimal:
    """Return what selling the position at the best price of the book would bring; 0 where nobody bids."""
    book = world.books[position.ticker]
    level = book.sides[BID if position.quantity > 0 else ASK].best()
    return ZERO if level is None else abs(position.quantity) * level.own_price


def orders(world: World, request: Request) -> Answer:
    """Answer a page of orders, newest first."""
    _subaccount(request)
    ticker, status = request.text("ticker"), request.choice("status", STATUSES)
    event_tickers, shard = request.words("event_ticker"), request.integer("exchange_index", 0, 100)
    low, high = request.seconds("min_ts"), request.seconds("max_ts")
    chosen = [
        order
        for order in reversed(world.account_orders[request.account_id])
        if (not ticker or order.ticker == ticker)
        and (not status or order.status == status)
        and (not event_tickers or world.listings[order.ticker].event_ticker in event_tickers)
        and (shard is None or order.exchange_index == shard)
        and _between(order.created_at, low, high)
    ]
    page, cursor = request.page(chosen, most=1000)
    return 200, {"orders": [order_wire(order) for order in page], "cursor": cursor}


def one_order(world: World, request: Request) -> Answer:
    """Answer one of the account's orders."""
    return 200, {"order": order_wire(_own_order(world, request))}


def queue_position(world: World, request: Request) -> Answer:
    """Answer how many contracts are served before an order."""
    order = _own_order(world, request)
    if order.status != RESTING:
        raise not_found("order")
    return 200, {"queue_position_fp": count_text(_ahead(world, order))}


def queue_positions(world: World, request: Request) -> Answer:
    """Answer the queue positions of all resting orders, by market or event."""
    _subaccount(request)
    tickers, event = request.words("market_tickers"), request.text("event_ticker")
    rows = [
        {
            "order_id": order.order_id,
            "market_ticker": order.ticker,
            "queue_position_fp": count_text(_ahead(world, order)),
        }
        for order in world.account_orders[request.account_id]
        if order.status == RESTING
        and (not tickers or order.ticker in tickers)
        and (not event or world.listings[order.ticker].event_ticker == event)
    ]
    return 200, {"queue_positions": rows}


def fills(world: World, request: Request) -> Answer:
    """Answer a page of fills, newest first."""
    _subaccount(request)
    tickers, order_id = request.words("ticker"), request.text("order_id")
    shard, low, high = (
        request.integer("exchange_index", 0, 100),
        request.seconds("min_ts"),
        request.seconds("max_ts"),
    )
    chosen = [
        fill
        for fill in reversed(world.fills[request.account_id])
        if (not tickers or fill.ticker in tickers)
        and (not order_id or fill.order_id == order_id)
        and (shard is None or fill.exchange_index == shard)
        and _between(fill.created_at, low, high)
    ]
    page, cursor = request.page(chosen, most=1000)
    return 200, {"fills": [fill_wire(fill) for fill in page], "cursor": cursor}


def positions(world: World, request: Request) -> Answer:
    """Answer a page of market positions with the sums of their events."""
    _subaccount(request)
    ticker, event = request.text("ticker"), request.text("event_ticker")
    status = request.choice("settlement_status", ("unsettled", "settled", "all"), "unsettled")
    nonzero = request.words("count_filter")
    shard = request.integer("exchange_index", 0, 100)
    chosen = [
        one
        for one in _positions(world, request)
        if (not ticker or one.ticker == ticker)
        and (not event or world.listings[one.ticker].event_ticker == event)
        and (shard is None or one.exchange_index == shard)
        and (status == "all" or one.settled == (status == "settled"))
        and ("position" not in nonzero or one.quantity)
        and ("total_traded" not in nonzero or one.traded)
    ]
    page, cursor = request.page(chosen, most=1000)
    by_event: defaultdict[str, list[Position]] = defaultdict(list)
    for one in page:
        by_event[world.listings[one.ticker].event_ticker].append(one)
    return 200, {
        "market_positions": [position_wire(one) for one in page],
        "event_positions": [event_position_wire(name, held) for name, held in by_event.items()],
        "cursor": cursor,
    }


def settlements(world: World, request: Request) -> Answer:
    """Answer a page of settlements, newest first."""
    _subaccount(request)
    ticker, event = request.text("ticker"), request.text("event_ticker")
    low, high = request.seconds("min_ts"), request.seconds("max_ts")
    chosen = [
        one
        for one in reversed(world.settlements[request.account_id])
        if (not ticker or one.ticker == ticker)
        and (not event or one.event_ticker == event)
        and _between(one.settled_at, low, high)
    ]
    page, cursor = request.page(chosen, most=1000)
    return 200, {"settlements": [settlement_wire(one) for one in page], "cursor": cursor}


def resting_value(world: World, request: Request) -> Answer:
    """Answer the money kept for resting orders."""
    rows = {shard: dollars for (account, shard), dollars in world.reserved.items() if account == request.account_id}
    return 200, {
        "total_resting_order_value": whole_cents(sum(rows.values(), ZERO)),
        "resting_order_value_breakdown": [
            {"exchange_index": shard, "balance": dollars_text(dollars)} for shard, dollars in sorted(rows.items())
        ],
    }


def netting(world: World, request: Request) -> Answer:
    """Answer that netting is off, as it is for new members."""
    return 200, {"netting_configs": [{"subaccount_number": 0, "enabled": False, "exchange_index": 0}]}


def set_netting(world: World, request: Request) -> Answer:
    """Accept switching netting off, which it is; switching it on is not modelled."""
    wanted = body_of(request.body, NettingBody)
    only_primary(wanted.subaccount_number)
    if wanted.enabled:
        raise not_modelled("netting")
    return 200, None


def api_keys(world: World, request: Request) -> Answer:
    """Answer the account's keys."""
    mine = [key for key in world.keys.values() if key.account_id == request.account_id]
    return 200, {"api_keys": [{"api_key_id": key.key_id, "name": key.name, "scopes": key.scopes} for key in mine]}


def account_limits(world: World, request: Request) -> Answer:
    """Answer the limits of a new account; they are told, not enforced."""
    return 200, LIMITS


def endpoint_costs(world: World, request: Request) -> Answer:
    """Answer what requests cost in tokens."""
    rows = [{"method": method, "path": f"/trade-api/v2{path}", "cost": cost} for method, path, cost in COSTS]
    return 200, {"default_cost": 10, "endpoint_costs": rows}


def _positions(world: World, request: Request) -> list[Position]:
    return [one for (account, _), one in sorted(world.positions.items()) if account == request.account_id]


def _own_order(world: World, request: Request) -> Order:
    order = world.orders.get(request.names["order_id"])
    if order is None or order.account_id != request.account_id:
        raise not_found("order")
    return order


def _ahead(world: World, order: Order) -> Decimal:
    return world.books[order.ticker].sides[order.side].ahead_of(order)


def _subaccount(request: Request) -> None:
    only_primary(request.integer("subaccount", 0, PRIMARY_OR_ALL))


def _between(at: datetime, low: datetime | None, high: datetime | None) -> bool:
    return (low is None or at >= low) and (high is None or at <= high)
