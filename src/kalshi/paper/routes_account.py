"""Answers about the member: limits, keys, subaccounts, netting, transfers."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi.exchange.money import dollars_text
from kalshi.paper import accounts
from kalshi.paper.accounts import account_for
from kalshi.paper.authentication import public_key_of, public_pem_of
from kalshi.paper.cash import Move, move_between_shards, move_between_subaccounts
from kalshi.paper.parsing import NettingBody, Request, body_of
from kalshi.paper.rate_limits import COSTS, DEFAULT_COST, TIERS
from kalshi.paper.records import Key, ShardTransfer
from kalshi.paper.refusals import not_found, refused
from kalshi.paper.routes_public import Answer
from kalshi.paper.wire import JsonObject, whole_cents
from kalshi.paper.world import World

CENTICENT, CENT = Decimal("0.0001"), Decimal("0.01")
SCOPES = (
    "read",
    "write",
    "read::portfolio_balance",
    "read::block_trade_accept",
    "write::trade",
    "write::transfer",
    "write::block_trade_accept",
    "write::fcm_risk",
)
OWN_KEY_TIERS = ("premier", "paragon", "prime", "prestige")
Shard = Annotated[int, msgspec.Meta(ge=0, le=100)]
Number = Annotated[int, msgspec.Meta(ge=0, le=accounts.MAX_SUBACCOUNT)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
Instance = Literal["event_contract", "margined"]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ShardTransferBody(msgspec.Struct):
    source: Instance
    destination: Instance
    amount: Amount
    source_exchange_shard: Shard = 0
    destination_exchange_shard: Shard = 0
    source_subaccount: Number = 0
    destination_subaccount: Number = 0
    client_transfer_id: uuid.UUID | None = None


class SubaccountTransferBody(msgspec.Struct):
    client_transfer_id: uuid.UUID
    from_subaccount: Number
    to_subaccount: Number
    amount_cents: Amount
    exchange_index: Shard = 0


class SubaccountBody(msgspec.Struct):
    exchange_index: Shard | None = None


class NewKeyBody(msgspec.Struct):
    name: Name
    key_type: Literal["rsa", "ed25519"] = "rsa"
    scopes: list[str] | None = None
    subaccount: Number | None = None
    public_key: str = ""


def api_keys(world: World, request: Request) -> Answer:
    """Answer the member's keys."""
    mine = [key for key in world.keys.values() if key.account_id == request.account_id and not key.revoked]
    rows = []
    for key in mine:
        row: JsonObject = {"api_key_id": key.key_id, "name": key.name, "scopes": key.scopes}
        rows.append(row | ({} if key.subaccount is None else {"subaccount": key.subaccount}))
    return 200, {"api_keys": rows}


def generate_key(world: World, request: Request) -> Answer:
    """Make a key pair; its private half is in this answer and nowhere else."""
    wanted = body_of(request.body, NewKeyBody)
    if wanted.key_type == "rsa":
        key, form = generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL
        private, public = key.private_bytes(Encoding.PEM, form, NoEncryption()), key.public_key()
    else:
        other = Ed25519PrivateKey.generate()
        private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return 201, _keep_key(world, request, wanted, public_pem_of(other.public_key())) | {
            "key_type": "ed25519",
            "private_key": private.decode(),
        }
    kept = _keep_key(world, request, wanted, public_pem_of(public))
    return 201, kept | {"key_type": "rsa", "private_key": private.decode()}


def create_key(world: World, request: Request) -> Answer:
    """Register a public key of the member's own; for Premier and above."""
    wanted = body_of(request.body, NewKeyBody)
    if world.accounts[request.account_id].tier not in OWN_KEY_TIERS:
        raise refused(403, "forbidden", "own public keys need the premier tier: use /api_keys/generate")
    try:
        public_key_of(wanted.public_key)
    except ValueError:
        raise refused(400, "invalid_parameters", "invalid parameters", "public_key is no RSA or Ed25519 PEM") from None
    return 201, _keep_key(world, request, wanted, wanted.public_key)


def _keep_key(world: World, request: Request, wanted: NewKeyBody, pem: str) -> JsonObject:
    assert request.key is not None
    scopes = ["read", "write"] if wanted.scopes is None else wanted.scopes
    if not scopes or not set(scopes) <= set(SCOPES) or ("write" in scopes and "read" not in scopes):
        raise refused(400, "invalid_parameters", "invalid parameters", "scopes: unknown, none, or write without read")
    number = wanted.subaccount if wanted.subaccount is not None else request.key.subaccount
    account_for(world, request, number)
    key_id = str(uuid.uuid5(uuid.NAMESPACE_URL, pem))
    if key_id in world.keys:
        raise refused(409, "api_key_already_exists", "this public key is registered already")
    world.keep(Key(key_id, request.account_id, pem, scopes, wanted.name, number))
    return {"api_key_id": key_id}


def delete_key(world: World, request: Request) -> Answer:
    """Take a key back; it stays refused for ever."""
    key = world.keys.get(request.names["api_key"])
    if key is None or key.revoked or key.account_id != request.account_id:
        raise not_found("API key")
    key.revoked = True
    world.keep(key)
    return 204, None


def account_limits(world: World, request: Request) -> Answer:
    """Answer the budgets of the member's tier."""
    name = world.accounts[request.account_id].tier
    tier = TIERS[name]
    return 200, {
        "usage_tier": name,
        "grants": [],
        "read": {"refill_rate": tier.read, "bucket_capacity": tier.read_capacity},
        "write": {"refill_rate": tier.write, "bucket_capacity": tier.write_capacity},
    }


def upgrade(world: World, request: Request) -> Answer:
    """Give a basic member the advanced tier, once one of the last 100 orders exists: all come over the API here."""
    account = world.accounts[request.account_id]
    if not world.account_orders[request.account_id]:
        raise refused(403, "forbidden", "place an order over the API first")
    if account.tier == "basic":
        account.tier = "advanced"
        world.keep(account)
    return 201, None


def endpoint_costs(world: World, request: Request) -> Answer:
    """Answer what requests cost in tokens where it is not the default."""
    rows = [{"method": verb, "path": f"/trade-api/v2{path}", "cost": cost} for (verb, path), cost in COSTS.items()]
    return 200, {"default_cost": DEFAULT_COST, "endpoint_costs": rows}


def create_subaccount(world: World, request: Request) -> Answer:
    """Open the next subaccount; it has money on whatever shard some is sent to."""
    body_of(request.body or b"{}", SubaccountBody)
    account_for(world, request, 0)
    return 201, {"subaccount_number": accounts.open_subaccount(world, request.account_id, request.now)}


def subaccount_balances(world: World, request: Request) -> Answer:
    """Answer the free cash of every subaccount on every shard it has money on."""
    rows = [
        {
            "subaccount_number": account.number,
            "exchange_index": shard,
            "balance": dollars_text(world.available(account.account_id, shard)),
            "updated_ts": int(account.updated_at.timestamp()),
        }
        for account in accounts.members_accounts(world, request.account_id)
        for shard in sorted({0, *account.cash})
    ]
    return 200, {"subaccount_balances": rows}


def transfer_between_subaccounts(world: World, request: Request) -> Answer:
    """Move cents between two subaccounts of the member."""
    wanted = body_of(request.body, SubaccountTransferBody)
    if wanted.from_subaccount == wanted.to_subaccount:
        raise refused(400, "invalid_parameters", "invalid parameters", "the two subaccounts are the same")
    source, destination = (
        account_for(world, request, number) for number in (wanted.from_subaccount, wanted.to_subaccount)
    )
    dollars, shard = wanted.amount_cents * CENT, wanted.exchange_index
    move = Move(source, destination, dollars, shard, shard, str(wanted.client_transfer_id))
    move_between_subaccounts(world, request.account_id, move, request.now)
    return 200, {}


def subaccount_transfers(world: World, request: Request) -> Answer:
    """Answer a page of transfers between subaccounts, newest first."""
    mine = [one for one in reversed(world.subaccount_transfers) if one.member == request.account_id]
    page, cursor = request.page(mine, most=500)
    rows = [
        {
            "transfer_id": one.transfer_id,
            "from_subaccount": one.source,
            "to_subaccount": one.destination,
            "amount_cents": whole_cents(one.dollars),
            "created_ts": int(one.created_at.timestamp()),
            "exchange_index": one.exchange_index,
        }
        for one in page
    ]
    return 200, {"transfers": rows, "cursor": cursor}


def netting(world: World, request: Request) -> Answer:
    """Answer the netting switch of every subaccount; off for new ones."""
    rows = [
        {"subaccount_number": one.number, "enabled": one.netting, "exchange_index": shard}
        for one in accounts.members_accounts(world, request.account_id)
        for shard in sorted({0, *one.cash})
    ]
    return 200, {"netting_configs": rows}


def set_netting(world: World, request: Request) -> Answer:
    """Set the switch. It is kept and told; collateral stays gross, so paper never needs less than the real one."""
    wanted = body_of(request.body, NettingBody)
    account = world.accounts[account_for(world, request, wanted.subaccount_number)]
    account.netting = wanted.enabled
    world.keep(account)
    return 200, None


def transfer_between_shards(world: World, request: Request) -> Answer:
    """Send dollars from one shard to another; accepted now, complete two market seconds later."""
    wanted = body_of(request.body, ShardTransferBody)
    if "margined" in (wanted.source, wanted.destination):
        raise refused(400, "invalid_parameters", "invalid parameters", "there is no margined exchange here")
    numbers = wanted.source_subaccount, wanted.destination_subaccount
    if wanted.client_transfer_id is not None and any(numbers):
        raise refused(400, "invalid_parameters", "invalid parameters", "client_transfer_id is for the primary account")
    source, destination = (account_for(world, request, number) for number in numbers)
    shards = wanted.source_exchange_shard, wanted.destination_exchange_shard
    if source == destination and shards[0] == shards[1]:
        raise refused(400, "invalid_parameters", "invalid parameters", "source and destination are the same")
    name = "" if wanted.client_transfer_id is None else str(wanted.client_transfer_id)
    move = Move(source, destination, wanted.amount * CENTICENT, *shards, name)
    return 200, {"transfer_id": move_between_shards(world, move, request.now).transfer_id}


def shard_transfers(world: World, request: Request) -> Answer:
    """Answer a page of transfers between shards, newest first."""
    page, cursor = request.page(_transfers(world, request)[::-1], most=500)
    return 200, {"transfers": [_transfer_wire(one) for one in page], "cursor": cursor}


def shard_transfer(world: World, request: Request) -> Answer:
    """Answer one transfer between shards."""
    for one in _transfers(world, request):
        if one.transfer_id == request.names["transfer_id"]:
            return 200, {"transfer": _transfer_wire(one)}
    raise not_found("transfer")


def _transfers(world: World, request: Request) -> list[ShardTransfer]:
    own = {one.account_id for one in accounts.members_accounts(world, request.account_id)}
    mine = [one for one in world.shard_transfers.values() if one.source_account in own]
    return sorted(mine, key=lambda one: one.number)


def _transfer_wire(transfer: ShardTransfer) -> JsonObject:
    wire: JsonObject = {
        "transfer_id": transfer.transfer_id,
        "source": "event_contract",
        "destination": "event_contract",
        "source_exchange_shard": transfer.source_shard,
        "destination_exchange_shard": transfer.destination_shard,
        "amount": dollars_text(transfer.dollars),
        "status": "complete" if transfer.complete else "pending",
        "created_ts": int(transfer.created_at.timestamp()),
    }
    return wire | ({"client_transfer_id": transfer.client_transfer_id} if transfer.client_transfer_id else {})
