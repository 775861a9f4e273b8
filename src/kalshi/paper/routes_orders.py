"""Answers to writes: create, cancel, amend, decrease, single and in batches."""

from __future__ import annotations

from typing import Any

from kalshi.paper import orders
from kalshi.paper.accounts import account_for, account_in_query, accounts_in_query
from kalshi.paper.parsing import (
    AmendBody,
    BatchCancelBody,
    BatchCreateBody,
    CreateBody,
    DecreaseBody,
    Request,
    amendment,
    body_of,
    new_order,
    reduction,
    route_of,
)
from kalshi.paper.refusals import Refused, error_item, refused
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import changed_wire, progress_wire
from kalshi.paper.world import World

MAX_BATCH = 100


def create(world: World, request: Request) -> Answer:
    """Place one order."""
    return 201, _create(world, request, request.body)


def cancel(world: World, request: Request) -> Answer:
    """Cancel one order."""
    account = account_in_query(world, request)
    route = route_of(request.text("market_ticker"), request.integer("exchange_index", -1, 100))
    order, left = orders.cancel(world, account, request.names["order_id"], route, request.now)
    return 200, changed_wire(order, request.now, reduced_by=left)


def cancel_all(world: World, request: Request) -> Answer:
    """Cancel every resting order of the account, of all subaccounts where none is named."""
    for account in accounts_in_query(world, request):
        orders.cancel_all(world, account, request.now)
    return 204, None


def amend(world: World, request: Request) -> Answer:
    """Change price, size or expiry of a resting order."""
    account = account_in_query(world, request)
    wanted = amendment(body_of(request.body, AmendBody))
    progress = orders.amend(world, account, request.names["order_id"], wanted, request.now)
    wire = progress_wire(progress, request.now)
    if not progress.filled:
        wire.update(fill_count=None, average_fill_price=None, average_fee_paid=None)
    return 200, wire


def decrease(world: World, request: Request) -> Answer:
    """Make a resting order smaller."""
    account = account_in_query(world, request)
    wire = body_of(request.body, DecreaseBody)
    by, to = reduction(wire)
    route = route_of(wire.market_ticker, wire.exchange_index)
    order = orders.decrease(
        world,
        account,
        request.names["order_id"],
        route,
        reduce_by=by,
        reduce_to=to,
        now=request.now,
    )
    return 200, changed_wire(order, request.now, remaining_count=order.remaining)


def create_batch(world: World, request: Request) -> Answer:
    """Place several orders; each succeeds or fails on its own."""
    items = _checked_batch(body_of(request.body, BatchCreateBody).orders)
    answers: list[dict[str, Any]] = []
    for item in items:
        try:
            answers.append(_create(world, request, bytes(item)))
        except Refused as refusal:
            answers.append({"error": error_item(refusal)})
    return 201, {"orders": answers}


def cancel_batch(world: World, request: Request) -> Answer:
    """Cancel several orders; each succeeds or fails on its own."""
    items = _checked_batch(body_of(request.body, BatchCancelBody).orders)
    answers: list[dict[str, Any]] = []
    for item in items:
        try:
            account = account_for(world, request, item.subaccount)
            route = route_of(item.market_ticker, item.exchange_index)
            order, left = orders.cancel(world, account, item.order_id, route, request.now)
            answers.append(changed_wire(order, request.now, reduced_by=left))
        except Refused as refusal:
            answers.append({"order_id": item.order_id, "reduced_by": "0.00", "error": error_item(refusal)})
    return 200, {"orders": answers}


def _create(world: World, request: Request, body: bytes) -> dict[str, Any]:
    wire = body_of(body, CreateBody)
    wanted = new_order(wire)
    account = account_for(world, request, wire.subaccount)
    return progress_wire(orders.place(world, account, wanted, request.now), request.now)


def _checked_batch(items: list[Any]) -> list[Any]:
    if not 1 <= len(items) <= MAX_BATCH:
        raise refused(400, "invalid_parameters", "invalid parameters", f"a batch has 1 to {MAX_BATCH} orders")
    return items
