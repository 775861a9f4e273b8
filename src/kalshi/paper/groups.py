"""Order groups: orders that are cancelled together once more than a limit is matched within 15 seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.paper.endings import finish
from kalshi.paper.records import CANCELED, RESTING, ZERO, Order, OrderGroup
from kalshi.paper.refusals import not_found, refused
from kalshi.paper.world import World

WINDOW = timedelta(seconds=15)


def find(world: World, account_id: str, group_id: str, shard: int | None = None) -> OrderGroup:
    """Return the account's own group; 404 for any other, deleted ones and those of another shard."""
    group = world.groups.get(group_id)
    if group is None or group.deleted or group.account_id != account_id:
        raise not_found("order group")
    if shard is not None and shard != group.exchange_index:
        raise not_found("order group")
    return group


def check_open(world: World, account_id: str, group_id: str, shard: int) -> None:
    """Refuse a new order in a group that is unknown, on another shard, or was triggered."""
    group = world.groups.get(group_id)
    if group is None or group.deleted or (group.account_id, group.exchange_index) != (account_id, shard):
        raise refused(400, "invalid_parameters", "invalid parameters", "there is no such order group on this shard")
    if group.triggered:
        raise refused(400, "invalid_order", "invalid order", "the order group was triggered: reset it first")


def cancel(world: World, group: OrderGroup, now: datetime, *, but: Order | None = None) -> None:
    """Cancel all resting orders of *group*, except *but*, which is not in the book."""
    for order in list(world.group_orders[group.group_id]):
        if order.status == RESTING and order is not but:
            finish(world, order, CANCELED, now)


def note_fill(world: World, order: Order, count: Decimal, now: datetime, *, incoming: bool) -> None:
    """Count a fill of *order* for its group, and trigger the group when the limit is passed."""
    group = world.groups.get(order.group_id)
    if group is None or group.deleted:
        return
    group.matched = [one for one in group.matched if one[0] > now - WINDOW] + [(now, count)]
    if not group.triggered and sum((one[1] for one in group.matched), ZERO) > group.limit:
        group.triggered = True
        cancel(world, group, now, but=order if incoming else None)
    world.keep(group)


def is_triggered(world: World, order: Order) -> bool:
    """Return whether the group of *order* stops it."""
    group = world.groups.get(order.group_id)
    return group is not None and group.triggered
