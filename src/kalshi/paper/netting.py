"""Collateral return: NO contracts of mutually exclusive markets can not all lose, so part of their money is free.

At most one market of an event with `collateral_return_type` MECNET ends YES. An account whose switch is on gets
back at once what its NO contracts are sure to bring together, for the contracts that it opens from then on.
Closing them gives the money back to the exchange; settling pays only what was not returned before. Whatever the
results are, the sum over all accounts stays exact.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kalshi.paper.funds import returnable
from kalshi.paper.listed import Listing
from kalshi.paper.records import OUTSIDE, ZERO, CollateralReturn, Position
from kalshi.paper.world import World

RETURNED_TYPE = "MECNET"


def note_position(world: World, listing: Listing, position: Position, before: Decimal, now: datetime) -> None:
    """Follow a change of *position* from *before* (signed YES contracts): mark, return or take back collateral.

    Contracts without collateral return are closed first. The position was kept already.
    """
    was, held = max(ZERO, -before), max(ZERO, -position.quantity)
    if held > was and _is_on(world, listing, position.account_id):
        position.netted += held - was
    elif not position.netted:
        return
    position.netted = min(position.netted, held)
    world.keep(position)
    refresh(world, position.account_id, listing, now)


def refresh(world: World, account_id: str, listing: Listing, now: datetime) -> None:
    """Move cash so that the account holds what is sure to come back in the event of *listing*, and no more."""
    counts, paid = world.netted_counts(account_id, listing)
    wanted = returnable(list(counts.values()), paid)
    owner = world.returns[listing.event_ticker, listing.exchange_index]
    record = owner.get(account_id) or CollateralReturn(account_id, listing.event_ticker, listing.exchange_index)
    if wanted != record.dollars:
        account = world.accounts[account_id]
        shard = listing.exchange_index
        account.cash[shard] = account.cash.get(shard, ZERO) + wanted - record.dollars
        account.updated_at = now
        record.dollars = wanted
        world.keep(account)
        world.keep(record)
    for ticker in counts:
        world.refresh_reserve(account_id, ticker)


def note_settlement(world: World, listing: Listing, now: datetime) -> None:
    """Follow the settlement of *listing* for everybody with collateral return in its event."""
    concerned = set(world.returns[listing.event_ticker, listing.exchange_index])
    for ticker in world.event_markets[listing.event_ticker]:
        concerned |= {account_id for account_id, held in world.holders[ticker].items() if held.netted}
    for account_id in sorted(concerned):
        refresh(world, account_id, listing, now)


def _is_on(world: World, listing: Listing, account_id: str) -> bool:
    if account_id == OUTSIDE or not world.accounts[account_id].netting:
        return False
    return world.events[listing.event_ticker].event.collateral_return_type == RETURNED_TYPE
