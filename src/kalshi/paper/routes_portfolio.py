"""Answers about one account: balance, orders, fills, positions, settlements, keys and limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from heapq import merge
from itertools import takewhile
from typing import Any

from kalshi.exchange.money import count_text, dollars_text
from kalshi.paper.accounts import account_in_query, accounts_in_query, members_accounts
from kalshi.paper.archive import is_archived
from kalshi.paper.parsing import Request
from kalshi.paper.records import ASK, BID, RESTING, ZERO, Order, Position
from kalshi.paper.refusals import not_found
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

STATUSES = ("resting", "canceled", "executed")
FEW = 1_000  # so many orders are sorted for a page without a thought


def balance(world: World, request: Request) -> Answer:
    """Answer cash that is free for orders, over all shards or one, and the value of positions."""
    account, wanted = world.accounts[account_in_query(world, request)], request.integer("exchange_index", 0, 100)
    shards = sorted({0, *account.cash}) if wanted is None else [wanted]
    free = {shard: world.available(account.account_id, shard) for shard in shards}
    held = [one for one in _positions(world, account.account_id) if one.exchange_index in free]
    value = sum((position_value(world, one) for one in held), ZERO)
    total = sum(free.values(), ZERO)
    answer: dict[str, Any] = {
        "balance": whole_cents(total),
        "balance_dollars": dollars_text(total),
        "portfolio_value": whole_cents(value),
        "updated_ts": int(account.updated_at.timestamp()),
    }
    if request.key is not None and request.key.subaccount is None:
        answer["balance_breakdown"] = [
            {"exchange_index": shard, "balance": dollars_text(dollars)} for shard, dollars in free.items()
        ]
    return 200, answer


def position_value(world: World, position: Position) -> Decimal:
    """Return what selling the position at the best price of the book would bring; 0 where nobody bids."""
    book = world.books[position.ticker]
    level = book.sides[BID if position.quantity > 0 else ASK].best()
    return ZERO if level is None else abs(position.quantity) * level.own_price


def orders(world: World, request: Request) -> Answer:
    """Answer a page of live orders, newest first."""
    return _orders(world, request, archived=False)


def archived_orders(world: World, request: Request) -> Answer:
    """Answer a page of archived orders, newest first."""
    return _orders(world, request, archived=True)


def _orders(world: World, request: Request, *, archived: bool) -> Answer:
    accounts = accounts_in_query(world, request)
    ticker, status = request.text("ticker"), request.choice("status", STATUSES)
    event_tickers, shard = request.words("event_ticker"), request.integer("exchange_index", 0, 100)
    low, high = request.seconds("min_ts"), request.seconds("max_ts")
    chosen = (
        order
        for order in takewhile(lambda order: low is None or order.created_at >= low, _newest(world, accounts, status))
        if (not ticker or order.ticker == ticker)
        and is_archived(order, request.now) == archived
        and (not status or order.status == status)
        and (not event_tickers or world.listings[order.ticker].event_ticker in event_tickers)
        and (shard is None or order.exchange_index == shard)
        and (high is None or order.created_at <= high)
    )
    page, cursor = request.page(chosen, most=1000)
    return 200, {"orders": [order_wire(order) for order in page], "cursor": cursor}


def _newest(world: World, accounts: list[str], status: str) -> Iterator[Order]:
    """Yield the orders of *accounts*, newest first; only those that rest where few do and only they are asked for."""
    resting = sum(len(world.open_orders[account]) for account in accounts)
    if status == RESTING and resting <= FEW:
        few = [order for account in accounts for order in world.open_orders[account].values()]
        yield from sorted(few, key=_age, reverse=True)
    else:
        yield from merge(*(reversed(world.account_orders[one]) for one in accounts), key=_age, reverse=True)


def _age(order: Order) -> tuple[datetime, int]:
    return order.created_at, order.priority


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
    account = account_in_query(world, request)
    tickers, event = request.words("market_tickers"), request.text("event_ticker")
    rows = [
        {
            "order_id": order.order_id,
            "market_ticker": order.ticker,
            "queue_position_fp": count_text(_ahead(world, order)),
        }
        for order in sorted(world.open_orders[account].values(), key=_age)
        if (not tickers or order.ticker in tickers)
        and (not event or world.listings[order.ticker].event_ticker == event)
    ]
    return 200, {"queue_positions": rows}


def fills(world: World, request: Request) -> Answer:
    """Answer a page of live fills, newest first."""
    return _fills(world, request, archived=False)


def archived_fills(world: World, request: Request) -> Answer:
    """Answer a page of archived fills, newest first."""
    return _fills(world, request, archived=True)


def _fills(world: World, request: Request, *, archived: bool) -> Answer:
    accounts = accounts_in_query(world, request)
    mine = merge(*(reversed(world.fills[account]) for account in accounts), key=lambda fill: fill.number, reverse=True)
    tickers, order_id = request.words("ticker"), request.text("order_id")
    shard, low, high = (
        request.integer("exchange_index", 0, 100),
        request.seconds("min_ts"),
        request.seconds("max_ts"),
    )
    chosen = (
        fill
        for fill in takewhile(lambda fill: low is None or fill.created_at >= low, mine)
        if (not tickers or fill.ticker in tickers)
        and is_archived(fill, request.now) == archived
        and (not order_id or fill.order_id == order_id)
        and (shard is None or fill.exchange_index == shard)
        and (high is None or fill.created_at <= high)
    )
    page, cursor = request.page(chosen, most=1000)
    return 200, {"fills": [fill_wire(fill) for fill in page], "cursor": cursor}


def positions(world: World, request: Request) -> Answer:
    """Answer a page of live market positions with the sums of their events."""
    status = request.choice("settlement_status", ("unsettled", "settled", "all"), "unsettled")
    return _market_positions(world, request, status, archived=False)


def archived_positions(world: World, request: Request) -> Answer:
    """Answer a page of archived market positions."""
    return _market_positions(world, request, "all", archived=True)


def _market_positions(world: World, request: Request, status: str, *, archived: bool) -> Answer:
    account = account_in_query(world, request)
    ticker, event = request.text("ticker"), request.text("event_ticker")
    nonzero = request.words("count_filter")
    shard = request.integer("exchange_index", 0, 100)
    chosen = [
        one
        for one in _positions(world, account)
        if (not ticker or one.ticker == ticker)
        and is_archived(one, request.now) == archived
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
    """Answer a page of settlements, newest first; they are never archived."""
    accounts = accounts_in_query(world, request)
    mine = sorted((one for account in accounts for one in world.settlements[account]), key=lambda one: one.number)
    ticker, event = request.text("ticker"), request.text("event_ticker")
    low, high = request.seconds("min_ts"), request.seconds("max_ts")
    chosen = [
        one
        for one in reversed(mine)
        if (not ticker or one.ticker == ticker)
        and (not event or one.event_ticker == event)
        and _between(one.settled_at, low, high)
    ]
    page, cursor = request.page(chosen, most=1000)
    return 200, {"settlements": [settlement_wire(one) for one in page], "cursor": cursor}


def resting_value(world: World, request: Request) -> Answer:
    """Answer the money kept for resting orders."""
    own = {one.account_id for one in members_accounts(world, request.account_id)}
    rows: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for (account, shard), dollars in world.reserved.items():
        if account in own:
            rows[shard] += dollars
    return 200, {
        "total_resting_order_value": whole_cents(sum(rows.values(), ZERO)),
        "resting_order_value_breakdown": [
            {"exchange_index": shard, "balance": dollars_text(dollars)} for shard, dollars in sorted(rows.items())
        ],
    }


def _positions(world: World, account_id: str) -> list[Position]:
    return [one for _, one in sorted(world.holdings[account_id].items())]


def _own_order(world: World, request: Request) -> Order:
    order = world.orders.get(request.names["order_id"])
    own = accounts_in_query(world, request)
    if order is None or order.account_id not in own or is_archived(order, request.now):
        raise not_found("order")
    return order


def _ahead(world: World, order: Order) -> Decimal:
    return world.books[order.ticker].sides[order.side].ahead_of(order)


def _between(at: datetime, low: datetime | None, high: datetime | None) -> bool:
    return (low is None or at >= low) and (high is None or at <= high)
