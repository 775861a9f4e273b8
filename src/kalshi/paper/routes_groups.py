"""Answers about order groups."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from kalshi.exchange.money import count_text
from kalshi.paper import groups
from kalshi.paper.accounts import account_for, account_in_query, accounts_in_query, number_of
from kalshi.paper.parsing import Count, Request, body_of
from kalshi.paper.records import OrderGroup
from kalshi.paper.refusals import refused
from kalshi.paper.routes_public import Answer
from kalshi.paper.world import World

Shard = Annotated[int, msgspec.Meta(ge=0, le=100)]
MOST_LIMIT = 10**12


class GroupBody(msgspec.Struct):
    contracts_limit: int | None = None
    contracts_limit_fp: Count | None = None
    subaccount: Annotated[int, msgspec.Meta(ge=0, le=63)] | None = None
    exchange_index: Shard = 0


def order_groups(world: World, request: Request) -> Answer:
    """Answer the groups that exist."""
    own = set(accounts_in_query(world, request))
    found = [one for one in world.groups.values() if one.account_id in own and not one.deleted]
    rows = [
        {
            "id": one.group_id,
            "is_auto_cancel_enabled": True,
            "contracts_limit_fp": count_text(one.limit),
            "exchange_index": one.exchange_index,
        }
        for one in sorted(found, key=lambda one: one.number)
    ]
    return 200, {"order_groups": rows}


def order_group(world: World, request: Request) -> Answer:
    """Answer one group with the ids of its resting orders."""
    own = accounts_in_query(world, request)
    account = next((one for one in own if _owner(world, request) == one), own[0])
    group = groups.find(world, account, request.names["order_group_id"])
    resting = [one.order_id for one in world.group_orders[group.group_id] if one.status == "resting"]
    return 200, {
        "is_auto_cancel_enabled": True,
        "orders": resting,
        "contracts_limit_fp": count_text(group.limit),
        "exchange_index": group.exchange_index,
    }


def create_group(world: World, request: Request) -> Answer:
    """Open a group on one shard."""
    wanted = body_of(request.body, GroupBody)
    account_id, limit = account_for(world, request, wanted.subaccount), _limit(wanted)
    number = world.next_number()
    group_id = world.id_for(number, account_id, request.now)
    world.keep(OrderGroup(group_id, account_id, limit, wanted.exchange_index, number))
    return 201, {
        "order_group_id": group_id,
        "subaccount": number_of(account_id),
        "exchange_index": wanted.exchange_index,
    }


def delete_group(world: World, request: Request) -> Answer:
    """Cancel the group's orders and forget it."""
    group = _find(world, request)
    groups.cancel(world, group, request.now)
    group.deleted = True
    world.keep(group)
    return 200, {}


def reset_group(world: World, request: Request) -> Answer:
    """Let a triggered group take orders again; what was matched before no longer counts."""
    group = _find(world, request)
    group.triggered, group.matched = False, []
    world.keep(group)
    return 200, {}


def trigger_group(world: World, request: Request) -> Answer:
    """Cancel the group's orders and refuse new ones until it is reset."""
    group = _find(world, request)
    group.triggered = True
    groups.cancel(world, group, request.now)
    world.keep(group)
    return 200, {}


def limit_group(world: World, request: Request) -> Answer:
    """Set another limit; it counts from the next fill on."""
    group, wanted = _find(world, request), body_of(request.body, GroupBody)
    group.limit = _limit(wanted)
    world.keep(group)
    return 200, {}


def _find(world: World, request: Request) -> OrderGroup:
    shard = request.integer("exchange_index", -1, 100) or 0
    account = account_in_query(world, request)
    return groups.find(world, account, request.names["order_group_id"], None if shard < 0 else shard)


def _owner(world: World, request: Request) -> str:
    group = world.groups.get(request.names["order_group_id"])
    return group.account_id if group else ""


def _limit(wanted: GroupBody) -> Decimal:
    if (wanted.contracts_limit is None) == (wanted.contracts_limit_fp is None):
        raise refused(400, "invalid_parameters", "invalid parameters", "give one of contracts_limit and its _fp form")
    limit = Decimal(wanted.contracts_limit_fp or wanted.contracts_limit or 0)
    if not 1 <= limit <= MOST_LIMIT:
        raise refused(400, "invalid_parameters", "invalid parameters", "contracts_limit: at least 1")
    return limit
