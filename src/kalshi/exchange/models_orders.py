"""Requests and answers of the V2 order family; prices are YES prices, `bid` buys YES, `ask` sells it.

In requests price and count leave as strings; JSON numbers there are refused by the exchange.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from kalshi.exchange.models_market import Finite, Wire
from kalshi.exchange.money import count_text, dollars_text

GOOD_TILL_CANCELED = "good_till_canceled"
IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
FILL_OR_KILL = "fill_or_kill"
TAKER_AT_CROSS = "taker_at_cross"


class ErrorBody(Wire, frozen=True):
    """The error of one item of a batch."""

    code: str = ""
    message: str = ""
    details: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Base of all order requests; `to_json` writes prices and counts as strings, unset fields not at all."""

    def to_json(self) -> bytes:
        """Return the body to send."""
        return msgspec.json.encode(self.to_wire())

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        wire: dict[str, Any] = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal):
                wire[name] = dollars_text(value) if name == "price" else count_text(value)
            elif isinstance(value, list):
                wire[name] = [item.to_wire() for item in value]
            elif value is not None:
                wire[name] = value
        return wire


class CreateOrder(Request, frozen=True):
    """A new order. price: YES dollars. count: contracts. expiration_time: Unix seconds, only with GTC."""

    ticker: str
    side: str
    count: Decimal
    price: Decimal
    time_in_force: str
    self_trade_prevention_type: str
    client_order_id: str
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    subaccount: int | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None


class CreatedOrder(Finite, frozen=True):
    """Answer to a create: no status, it follows from the counts; fee is per contract."""

    order_id: str
    fill_count: Decimal
    remaining_count: Decimal
    ts_ms: int
    client_order_id: str | None = None
    average_fill_price: Decimal | None = None
    average_fee_paid: Decimal | None = None


class CanceledOrder(Finite, frozen=True):
    """Answer to a cancel; compare order_id with the one asked for."""

    order_id: str
    reduced_by: Decimal
    ts_ms: int
    client_order_id: str | None = None


class AmendOrder(Request, frozen=True):
    """A change of an order. count: the total, filled plus wanted rest. expiration_time 0 clears it."""

    ticker: str
    side: str
    price: Decimal
    count: Decimal
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


class AmendedOrder(Finite, frozen=True):
    """Answer to an amend; counts are None when nothing changed."""

    order_id: str
    ts_ms: int
    client_order_id: str | None = None
    remaining_count: Decimal | None = None
    fill_count: Decimal | None = None
    average_fill_price: Decimal | None = None
    average_fee_paid: Decimal | None = None


class DecreaseOrder(Request, frozen=True):
    """A smaller size: exactly one of reduce_by and reduce_to, contracts."""

    reduce_by: Decimal | None = None
    reduce_to: Decimal | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class DecreasedOrder(Finite, frozen=True):
    """Answer to a decrease."""

    order_id: str
    remaining_count: Decimal
    ts_ms: int
    client_order_id: str | None = None


class BatchCreatedOrder(Finite, frozen=True):
    """One item of a batch create: an order or an error."""

    order_id: str | None = None
    client_order_id: str | None = None
    fill_count: Decimal | None = None
    remaining_count: Decimal | None = None
    average_fill_price: Decimal | None = None
    average_fee_paid: Decimal | None = None
    ts_ms: int | None = None
    error: ErrorBody | None = None


class CancelOrder(Request, frozen=True):
    """One order of a batch cancel."""

    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCanceledOrder(Finite, frozen=True):
    """One item of a batch cancel."""

    order_id: str
    reduced_by: Decimal
    client_order_id: str | None = None
    ts_ms: int | None = None
    error: ErrorBody | None = None


class CreateOrderGroup(Request, frozen=True):
    """A group that cancels its orders when more than the limit is matched within 15 seconds."""

    contracts_limit_fp: Decimal
    subaccount: int | None = None
    exchange_index: int | None = None


class UpdateOrderGroupLimit(Request, frozen=True):
    """A new limit of a group, contracts."""

    contracts_limit_fp: Decimal


class CreatedOrderGroup(Wire, frozen=True):
    """Answer to the creation of a group."""

    order_group_id: str
    subaccount: int
    exchange_index: int = 0


class OrderGroup(Finite, frozen=True):
    """One group in the list of groups."""

    id: str
    is_auto_cancel_enabled: bool
    contracts_limit_fp: Decimal | None = None
    exchange_index: int = 0


class OrderGroupDetail(Finite, frozen=True):
    """One group with its order ids."""

    is_auto_cancel_enabled: bool
    orders: list[str]
    contracts_limit_fp: Decimal | None = None
    exchange_index: int = 0


class BatchCreateOrders(Request, frozen=True):
    """Several new orders; each may fail alone."""

    orders: list[CreateOrder]


class BatchCancelOrders(Request, frozen=True):
    """Several cancels; each may fail alone."""

    orders: list[CancelOrder]
