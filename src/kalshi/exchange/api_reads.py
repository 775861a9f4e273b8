"""Which model reads or writes which schema of the API, so that a change can be judged by what we use of it."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import NamedTuple, get_args

import msgspec

from kalshi.exchange import models

# Schema of the API -> our model. What is not listed here is read whole.
MODELS: dict[str, type[msgspec.Struct]] = {
    "AmendOrderV2Request": models.AmendOrder,
    "AmendOrderV2Response": models.AmendedOrder,
    "ApiKey": models.ApiKey,
    "ApiUsageLevelGrant": models.ApiUsageLevelGrant,
    "BatchCancelOrdersV2Request": models.BatchCancelOrders,
    "BatchCancelOrdersV2Request.orders": models.CancelOrder,
    "BatchCancelOrdersV2Response.orders": models.BatchCanceledOrder,
    "BatchCreateOrdersV2Request": models.BatchCreateOrders,
    "BatchCreateOrdersV2Response.orders": models.BatchCreatedOrder,
    "BucketLimit": models.BucketLimit,
    "CancelOrderV2Response": models.CanceledOrder,
    "CreateOrderGroupRequest": models.CreateOrderGroup,
    "CreateOrderGroupResponse": models.CreatedOrderGroup,
    "CreateOrderV2Request": models.CreateOrder,
    "CreateOrderV2Response": models.CreatedOrder,
    "DailySchedule": models.DailySchedule,
    "DecreaseOrderV2Request": models.DecreaseOrder,
    "DecreaseOrderV2Response": models.DecreasedOrder,
    "EndpointTokenCost": models.EndpointTokenCost,
    "ErrorResponse": models.ErrorBody,
    "EventData": models.Event,
    "EventFeeChange": models.EventFeeChange,
    "EventPosition": models.EventPosition,
    "ExchangeIndexStatus": models.ExchangeIndexStatus,
    "ExchangeStatus": models.ExchangeStatus,
    "Fill": models.Fill,
    "GetAccountApiLimitsResponse": models.AccountLimits,
    "GetAccountEndpointCostsResponse": models.EndpointCosts,
    "GetApiKeysResponse": models.ApiKeys,
    "GetBalanceResponse": models.Balance,
    "GetHistoricalCutoffResponse": models.HistoricalCutoff,
    "GetOrderGroupResponse": models.OrderGroupDetail,
    "GetOrderQueuePositionResponse": models.QueuePosition,
    "GetPortfolioRestingOrderTotalValueResponse": models.RestingOrderValue,
    "GetTargetBalanceAllocationResponse": models.TargetBalanceAllocations,
    "GetUserDataTimestampResponse": models.UserDataTimestamp,
    "IndexedBalance": models.IndexedBalance,
    "IntraExchangeInstanceTransfer": models.Transfer,
    "IntraExchangeInstanceTransferResponse": models.CreatedTransfer,
    "MaintenanceWindow": models.MaintenanceWindow,
    "Market": models.Market,
    "MarketPosition": models.MarketPosition,
    "Order": models.Order,
    "OrderGroup": models.OrderGroup,
    "OrderQueuePosition": models.OrderQueuePosition,
    "OrderbookCountFp": models.OrderBook,
    "PriceRange": models.PriceRange,
    "Schedule": models.Schedule,
    "Series": models.Series,
    "SeriesFeeChange": models.SeriesFeeChange,
    "Settlement": models.Settlement,
    "SettlementSource": models.SettlementSource,
    "SubaccountBalance": models.SubaccountBalance,
    "SubaccountNettingConfig": models.NettingConfig,
    "TargetBalanceAllocation": models.TargetBalanceAllocation,
    "Trade": models.Trade,
    "UpdateOrderGroupLimitRequest": models.UpdateOrderGroupLimit,
    "WeeklySchedule": models.WeeklySchedule,
}

# Fields of schemas without a model that nothing here reads or sends.
UNUSED: dict[str, frozenset[str]] = {
    "GetEventResponse": frozenset({"markets"}),
    "GetEventsResponse": frozenset({"milestones"}),
    "IntraExchangeInstanceTransferRequest": frozenset({"source_subaccount", "destination_subaccount"}),
    "PriceDistribution": frozenset({"min_dollars", "max_dollars"}),
    "SetTargetBalanceAllocationRequest": frozenset({"resting_margin_reservation"}),
}


class Use(NamedTuple):
    """How a model treats one field: whether it insists on it, and whether null will do."""

    required: bool
    nullable: bool


def use_of(schema: str, field: str) -> Use | None:
    """Return how we use that field, None where we do not; schemas without a model are used whole and strictly."""
    uses = _uses_of(schema)
    if uses is None:
        return None if field in UNUSED.get(schema, ()) else Use(required=True, nullable=False)
    return uses.get(field)


@cache
def _uses_of(schema: str) -> dict[str, Use] | None:
    model = MODELS.get(schema)
    if model is None:
        return None
    fields = msgspec.structs.fields(model)
    return {field.encode_name: Use(field.required, NoneType in get_args(field.type)) for field in fields}
