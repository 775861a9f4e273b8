"""Limits, costs, keys, netting and transfers of an account."""

from __future__ import annotations

from decimal import Decimal

from kalshi.exchange.models_market import Finite, Wire


class BucketLimit(Wire, frozen=True):
    """One token bucket: tokens per second, tokens."""

    refill_rate: int
    bucket_capacity: int


class ApiUsageLevelGrant(Wire, frozen=True):
    """Why the account has its tier."""

    exchange_instance: str
    level: str
    source: str
    expires_ts: int | None = None


class AccountLimits(Wire, frozen=True):
    """Budgets of the account."""

    usage_tier: str
    read: BucketLimit
    write: BucketLimit
    grants: list[ApiUsageLevelGrant]


class EndpointTokenCost(Wire, frozen=True):
    """Tokens of one endpoint."""

    method: str
    path: str
    cost: int


class EndpointCosts(Wire, frozen=True):
    """Tokens per request; endpoints not listed cost default_cost."""

    default_cost: int
    endpoint_costs: list[EndpointTokenCost]


class ApiKey(Wire, frozen=True):
    """One key of the account, without its secret half."""

    api_key_id: str
    name: str
    scopes: list[str]
    subaccount: int | None = None


class ApiKeys(Wire, frozen=True):
    """All keys; api_key_region_expiration_ts: Unix seconds, None = never attested."""

    api_keys: list[ApiKey]
    api_key_region_expiration_ts: int | None = None


class NettingConfig(Wire, frozen=True):
    """Whether collateral return is on for one subaccount on one shard."""

    subaccount_number: int
    enabled: bool
    exchange_index: int


class SubaccountBalance(Finite, frozen=True):
    """Dollars of one subaccount on one shard."""

    subaccount_number: int
    exchange_index: int
    balance: Decimal
    updated_ts: int


class CreatedTransfer(Wire, frozen=True):
    """Answer to a transfer between shards: accepted, not yet complete."""

    transfer_id: str


class Transfer(Finite, frozen=True):
    """A transfer between shards; `amount` is dollars here, while the request counts centicents."""

    transfer_id: str
    source: str
    destination: str
    source_exchange_shard: int
    destination_exchange_shard: int
    amount: Decimal
    status: str
    created_ts: int
    client_transfer_id: str | None = None


class TargetBalanceAllocation(Wire, frozen=True):
    """Share of the cash wanted on one shard, percent."""

    exchange_index: int
    percent: int


class TargetBalanceAllocations(Wire, frozen=True):
    """How the exchange keeps cash spread over shards."""

    allocations: list[TargetBalanceAllocation]
    resting_margin_reservation: str
