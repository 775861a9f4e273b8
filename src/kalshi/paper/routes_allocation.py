"""Answers about where an account's money lies: target allocation, deposits, volume."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from kalshi.exchange.money import count_text
from kalshi.paper.accounts import account_for, members_accounts
from kalshi.paper.allocation import set_allocation
from kalshi.paper.parsing import Request, body_of
from kalshi.paper.records import ZERO
from kalshi.paper.refusals import refused
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import whole_cents
from kalshi.paper.world import World

WHOLE = 100
MOST_SHARES = 101
COUNTED = timedelta(days=30)


class Share(msgspec.Struct):
    exchange_index: Annotated[int, msgspec.Meta(ge=0, le=100)]
    percent: Annotated[int, msgspec.Meta(ge=0, le=WHOLE)]


class AllocationBody(msgspec.Struct):
    allocations: Annotated[list[Share], msgspec.Meta(max_length=MOST_SHARES)]
    resting_margin_reservation: Literal["none", "max", "sum"] = "sum"


def target_allocation(world: World, request: Request) -> Answer:
    """Answer how the account's free cash is spread; an empty list means not at all."""
    account = world.accounts[account_for(world, request, None)]
    rows = [{"exchange_index": shard, "percent": share} for shard, share in sorted(account.allocation.items())]
    return 200, {"allocations": rows, "resting_margin_reservation": account.margin_reservation}


def set_target_allocation(world: World, request: Request) -> Answer:
    """Spread the account's free cash by percent from now on, every ten seconds."""
    wanted = body_of(request.body, AllocationBody)
    shares = {one.exchange_index: one.percent for one in wanted.allocations}
    problem = ""
    if len(shares) != len(wanted.allocations):
        problem = "an exchange_index is named twice"
    elif shares and sum(shares.values()) != WHOLE:
        problem = "the percents must add up to 100"
    if problem:
        raise refused(400, "invalid_parameters", "invalid parameters", problem)
    account_id = account_for(world, request, None)
    set_allocation(world, account_id, shares, wanted.resting_margin_reservation, request.now)
    return 200, {}


def deposits(world: World, request: Request) -> Answer:
    """Answer the one deposit there is: what the account was opened with."""
    primary = world.accounts[request.account_id]
    row = {
        "id": f"opening-{primary.account_id}",
        "status": "applied",
        "type": "wire",
        "amount_cents": whole_cents(primary.deposited),
        "fee_cents": 0,
        "created_ts": int(primary.opened_at.timestamp()) if primary.opened_at else 0,
    }
    page, cursor = request.page([row], most=500)
    return 200, {"deposits": page, "cursor": cursor}


def withdrawals(world: World, request: Request) -> Answer:
    """Answer no withdrawals: paper money stays here."""
    request.page([], most=500)
    return 200, {"withdrawals": [], "cursor": ""}


def volume_progress(world: World, request: Request) -> Answer:
    """Answer the contracts of the last 30 days; no goals are known."""
    since = request.now - COUNTED
    own = [one.account_id for one in members_accounts(world, request.account_id)]
    volume = sum((fill.count for one in own for fill in world.fills[one] if fill.created_at >= since), ZERO)
    row = {"computed_ts": int(request.now.timestamp()), "trailing_30d_volume_fp": count_text(volume), "goals": []}
    return 200, {"volume_progress": [row]}
