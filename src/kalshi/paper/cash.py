"""Money moved without a trade: between subaccounts at once, between shards after a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.paper.records import ZERO, ShardTransfer, SubaccountTransfer
from kalshi.paper.refusals import Refused, refused
from kalshi.paper.world import World

TRANSFER_TAKES = timedelta(seconds=2)


@dataclass(frozen=True)
class Move:
    """Dollars to be moved. Both account ids exist."""

    source: str
    destination: str
    dollars: Decimal
    source_shard: int
    destination_shard: int
    client_transfer_id: str = ""


def move_between_shards(world: World, move: Move, now: datetime) -> ShardTransfer:
    """Take the dollars off the source now; they arrive two market seconds later. 409 for a repeated id."""
    used = (one for one in world.shard_transfers.values() if one.source_account == move.source)
    if move.client_transfer_id and any(one.client_transfer_id == move.client_transfer_id for one in used):
        raise _spent()
    _take(world, move.source, move.source_shard, move.dollars, now)
    number = world.next_number()
    transfer = ShardTransfer(
        number,
        world.id_for(number, move.source, now),
        move.client_transfer_id,
        move.source,
        move.destination,
        move.source_shard,
        move.destination_shard,
        move.dollars,
        now,
        now + TRANSFER_TAKES,
    )
    world.keep(transfer)
    world.watch_transfer(transfer)
    return transfer


def complete_transfer(world: World, transfer_id: str, now: datetime) -> None:
    """Put the dollars of a transfer on the destination shard; once."""
    transfer = world.shard_transfers[transfer_id]
    if not transfer.complete and now >= transfer.completes_at:
        transfer.complete = True
        world.keep(transfer)
        _give(world, transfer.destination_account, transfer.destination_shard, transfer.dollars, now)


def move_between_subaccounts(world: World, member: str, move: Move, now: datetime) -> SubaccountTransfer:
    """Move dollars on one shard at once. 409 for a repeated id."""
    for one in world.subaccount_transfers:
        if one.member == member and one.client_transfer_id == move.client_transfer_id:
            raise _spent()
    _take(world, move.source, move.source_shard, move.dollars, now)
    _give(world, move.destination, move.source_shard, move.dollars, now)
    number = world.next_number()
    transfer = SubaccountTransfer(
        number,
        world.id_for(number, member, now),
        move.client_transfer_id,
        member,
        world.accounts[move.source].number,
        world.accounts[move.destination].number,
        move.source_shard,
        move.dollars,
        now,
    )
    world.keep(transfer)
    return transfer


def _take(world: World, account_id: str, shard: int, dollars: Decimal, now: datetime) -> None:
    if dollars > world.available(account_id, shard):
        raise refused(400, "available_balance_too_low", "available balance too low", f"on exchange_index {shard}")
    _give(world, account_id, shard, -dollars, now)


def _give(world: World, account_id: str, shard: int, dollars: Decimal, now: datetime) -> None:
    account = world.accounts[account_id]
    account.cash[shard] = account.cash.get(shard, ZERO) + dollars
    account.updated_at = now
    world.keep(account)


def _spent() -> Refused:
    return refused(409, "transfer_already_exists", "a transfer with this client_transfer_id was accepted before")
