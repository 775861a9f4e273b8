"""Order groups: orders that are cancelled together once more than a limit is matched within 15 seconds."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from kalshi.exchange import endpoints_table as table
from kalshi.exchange.endpoints_base import Endpoint
from kalshi.exchange.endpoints_typed import Typed
from kalshi.exchange.models import (
    CreatedOrderGroup,
    CreateOrderGroup,
    OrderGroup,
    OrderGroupDetail,
    UpdateOrderGroupLimit,
)


class _Groups(msgspec.Struct):
    order_groups: list[OrderGroup] | None = None  # left out where there are none


class GroupEndpoints(Typed):
    """A group lives on one shard, and refuses new orders after it was triggered until it is reset."""

    def order_groups(self, *, subaccount: int = 0) -> list[OrderGroup]:
        """Return the order groups of one subaccount."""
        return self.one(table.ORDER_GROUPS, _Groups, {"subaccount": subaccount}).order_groups or []

    def order_group(self, order_group_id: str, *, subaccount: int = 0) -> OrderGroupDetail:
        """Return the ids of the orders in one group, and its limit."""
        return self.one(
            table.ORDER_GROUP, OrderGroupDetail, {"subaccount": subaccount}, order_group_id=order_group_id
        )

    def create_order_group(
        self, contracts_limit: Decimal, *, exchange_index: int, subaccount: int = 0
    ) -> CreatedOrderGroup:
        """Make a group with a limit in contracts (at least 1) on one shard."""
        request = CreateOrderGroup(
            contracts_limit_fp=contracts_limit, subaccount=subaccount, exchange_index=exchange_index
        )
        return self.written(table.CREATE_ORDER_GROUP, CreatedOrderGroup, request)

    def delete_order_group(self, order_group_id: str, *, exchange_index: int, subaccount: int = 0) -> None:
        """Remove a group and cancel its orders."""
        self._change(table.DELETE_ORDER_GROUP, order_group_id, exchange_index, subaccount)

    def reset_order_group(self, order_group_id: str, *, exchange_index: int, subaccount: int = 0) -> None:
        """Let a triggered group take orders again."""
        self._change(table.RESET_ORDER_GROUP, order_group_id, exchange_index, subaccount)

    def trigger_order_group(self, order_group_id: str, *, exchange_index: int, subaccount: int = 0) -> None:
        """Cancel all orders of a group now."""
        self._change(table.TRIGGER_ORDER_GROUP, order_group_id, exchange_index, subaccount)

    def limit_order_group(
        self, order_group_id: str, contracts_limit: Decimal, *, exchange_index: int, subaccount: int = 0
    ) -> None:
        """Set another limit in contracts."""
        self._change(
            table.LIMIT_ORDER_GROUP,
            order_group_id,
            exchange_index,
            subaccount,
            UpdateOrderGroupLimit(contracts_limit_fp=contracts_limit),
        )

    def _change(
        self,
        endpoint: Endpoint,
        order_group_id: str,
        exchange_index: int,
        subaccount: int,
        request: UpdateOrderGroupLimit | None = None,
    ) -> None:
        filters = {"subaccount": subaccount, "exchange_index": exchange_index}
        self.write_only(endpoint, request, filters, order_group_id=order_group_id)
