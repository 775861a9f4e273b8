"""Endpoints of the account itself: limits and prices, keys, netting, money between shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.exchange import endpoints_table as table
from kalshi.exchange.endpoints_typed import Typed
from kalshi.exchange.models import (
    AccountLimits,
    ApiKeys,
    CreatedTransfer,
    EndpointCosts,
    NettingConfig,
    SubaccountBalance,
    TargetBalanceAllocations,
    Transfer,
)

CENTICENTS_PER_DOLLAR = 10_000


class AccountEndpoints(Typed):
    """What the account may do, and where its money lies."""

    def account_limits(self) -> AccountLimits:
        """Return the refill rate (tokens per second) and capacity (tokens) of the read and write bucket."""
        return self.one(table.ACCOUNT_LIMITS, AccountLimits)

    def endpoint_costs(self) -> EndpointCosts:
        """Return what each endpoint costs in tokens, and what all others cost."""
        return self.one(table.ENDPOINT_COSTS, EndpointCosts)

    def api_keys(self) -> ApiKeys:
        """Return the account's keys, and when its location attestation ends (Unix seconds, None: never made).

        Past that moment keys may not trade some categories until a person renews it: warn early.
        """
        return self.one(table.API_KEYS, ApiKeys)

    def netting(self) -> list[NettingConfig]:
        """Return for each subaccount and shard whether collateral of one event is netted."""
        return list(self.rows(table.NETTING, NettingConfig, "netting_configs"))

    def set_netting(self, *, subaccount: int, enabled: bool) -> None:
        """Switch netting on or off; it holds for positions opened later and may block their sale."""
        self.write_only(table.SET_NETTING, {"subaccount_number": subaccount, "enabled": enabled})

    def subaccount_balances(self) -> list[SubaccountBalance]:
        """Return the cash of every subaccount on every shard, in dollars."""
        return list(self.rows(table.SUBACCOUNT_BALANCES, SubaccountBalance, "subaccount_balances"))

    def transfer(
        self, amount: Decimal, *, source_shard: int, destination_shard: int, client_transfer_id: str
    ) -> str:
        """Move dollars of the primary account from one shard to another; return the transfer's id.

        It goes on after the answer: poll `transfer_status` until `complete`. client_transfer_id: a UUID
        stored before the call; the same one again is refused with 409 and moves nothing.
        Raises ConfigError for an amount that is not positive or finer than $0.0001; nothing was sent.
        """
        centicents = amount * CENTICENTS_PER_DOLLAR
        if not amount.is_finite() or amount <= 0 or centicents != int(centicents):
            raise ConfigError(f"a transfer of {amount} dollars is not possible; nothing was sent")
        if not client_transfer_id:
            raise ConfigError("a transfer needs a client_transfer_id; nothing was sent")
        request = {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": int(centicents),
            "source_exchange_shard": source_shard,
            "destination_exchange_shard": destination_shard,
            "client_transfer_id": client_transfer_id,
        }
        return self.written(table.TRANSFER, CreatedTransfer, request).transfer_id

    def transfer_status(self, transfer_id: str) -> Transfer:
        """Return one transfer; its amount is dollars, its status pending or complete."""
        return self.one(table.TRANSFER_STATUS, Transfer, key="transfer", transfer_id=transfer_id)

    def transfers(self) -> Iterator[Transfer]:
        """Yield transfers between shards."""
        return self.rows(table.TRANSFERS, Transfer, "transfers")

    def target_allocation(self) -> TargetBalanceAllocations:
        """Return how the exchange spreads cash over shards by itself."""
        return self.one(table.TARGET_ALLOCATION, TargetBalanceAllocations)

    def set_target_allocation(self, percents: Mapping[int, int]) -> None:
        """Let the exchange spread cash over shards, percent by shard; an empty mapping switches it off.

        Raises ConfigError where the percents do not add up to 100; nothing was sent.
        """
        if percents and sum(percents.values()) != 100:
            raise ConfigError(f"percents add up to {sum(percents.values())}, not 100; nothing was sent")
        rows = [{"exchange_index": index, "percent": percent} for index, percent in percents.items()]
        self.write_only(table.SET_TARGET_ALLOCATION, {"allocations": rows})
