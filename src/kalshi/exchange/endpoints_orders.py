"""The order family: create, cancel, amend, decrease, batches, order groups.

Every write leaves once and says where it goes: by the market's ticker or by its `exchange_index`.
An order id alone is routed to shard 0, where the order of another shard looks like "not found".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from kalshi.errors import ConfigError, OutcomeUnknown
from kalshi.exchange import endpoints_table as table
from kalshi.exchange.endpoints_base import Endpoint, Value
from kalshi.exchange.endpoints_typed import Typed
from kalshi.exchange.models import (
    AmendedOrder,
    AmendOrder,
    BatchCanceledOrder,
    BatchCreatedOrder,
    CanceledOrder,
    CancelOrder,
    CreatedOrder,
    CreateOrder,
    DecreasedOrder,
    DecreaseOrder,
)

OTHER_ORDER = "other_order"


class _Answer(Protocol):
    @property
    def order_id(self) -> str: ...


A = TypeVar("A", bound=_Answer)
B = TypeVar("B")


class OrderEndpoints(Typed):
    """What places and changes orders. Strategies go through the desk, not here."""

    def create_order(self, order: CreateOrder) -> CreatedOrder:
        """Place one order; the answer says how much filled at once and how much is left.

        Raises OrderRejected with the exchange's code (409 `order_already_exists`: this client_order_id
        was accepted before), OutcomeUnknown where it may rest: look it up by client_order_id.
        """
        _named(order)
        created = self.written(table.CREATE_ORDER, CreatedOrder, order)
        if created.client_order_id and created.client_order_id != order.client_order_id:
            raise _other(table.CREATE_ORDER, order.client_order_id, created.client_order_id)
        impossible = _impossible(order, created)
        if impossible:
            raise OutcomeUnknown(
                f"{table.CREATE_ORDER.label}: the answer says {impossible}: look the order up",
                method=table.CREATE_ORDER.method,
                path=table.CREATE_ORDER.path,
            )
        return created

    def create_orders(self, orders: Sequence[CreateOrder]) -> list[BatchCreatedOrder]:
        """Place several orders at once, each of which may fail alone: look at every `error`.

        Raises ConfigError where the batch costs more than the write bucket holds; nothing was sent.
        """
        for order in orders:
            _named(order)
        request = {"orders": [order.to_wire() for order in orders]}
        answers: list[BatchCreatedOrder] = self.written(
            table.CREATE_ORDERS, list[BatchCreatedOrder], request, key="orders", items=len(orders)
        )
        return _complete(table.CREATE_ORDERS, len(orders), answers)

    def cancel_order(
        self,
        order_id: str,
        *,
        market_ticker: str | None = None,
        exchange_index: int | None = None,
        subaccount: int = 0,
    ) -> CanceledOrder:
        """Cancel what is left of one order; `reduced_by` says how much that was.

        market_ticker or exchange_index (that of the market; cheaper) is required: NotFound means "gone"
        only where the request reached the right shard. A second cancel answers NotFound.
        """
        _routed(table.CANCEL_ORDER, market_ticker, exchange_index)
        filters: dict[str, Value] = {
            "subaccount": subaccount,
            "exchange_index": exchange_index,
            "market_ticker": market_ticker,
        }
        canceled = self.written(table.CANCEL_ORDER, CanceledOrder, None, filters, order_id=order_id)
        return _same(table.CANCEL_ORDER, order_id, canceled)

    def cancel_orders(self, orders: Sequence[CancelOrder]) -> list[BatchCanceledOrder]:
        """Cancel several orders at once, each of which may fail alone: look at every `error`."""
        for order in orders:
            _routed(table.CANCEL_ORDERS, order.market_ticker, order.exchange_index)
        request = {"orders": [order.to_wire() for order in orders]}
        answers: list[BatchCanceledOrder] = self.written(
            table.CANCEL_ORDERS, list[BatchCanceledOrder], request, key="orders", items=len(orders)
        )
        return _complete(table.CANCEL_ORDERS, len(orders), answers)

    def cancel_all_orders(self, *, subaccount: int | None = 0) -> None:
        """Cancel every resting order on all shards; None means all subaccounts.

        Orders placed within the next minute may be cancelled as well. Direct members only.
        """
        self.write_only(table.CANCEL_ALL_ORDERS, None, {"subaccount": subaccount})

    def amend_order(self, order_id: str, order: AmendOrder, *, subaccount: int = 0) -> AmendedOrder:
        """Change price or size of a resting order; `count` is the filled part plus the wanted rest.

        A new price or a larger size loses the place in the queue. Null answer fields: nothing changed.
        """
        amended = self.written(
            table.AMEND_ORDER, AmendedOrder, order, {"subaccount": subaccount}, order_id=order_id
        )
        return _same(table.AMEND_ORDER, order_id, amended)

    def decrease_order(self, order_id: str, order: DecreaseOrder, *, subaccount: int = 0) -> DecreasedOrder:
        """Make a resting order smaller, by `reduce_by` or to `reduce_to` contracts; it keeps its place."""
        _routed(table.DECREASE_ORDER, order.market_ticker, order.exchange_index)
        if (order.reduce_by is None) == (order.reduce_to is None):
            raise ConfigError("an order is decreased either by reduce_by or to reduce_to; nothing was sent")
        decreased = self.written(
            table.DECREASE_ORDER, DecreasedOrder, order, {"subaccount": subaccount}, order_id=order_id
        )
        return _same(table.DECREASE_ORDER, order_id, decreased)


def _named(order: CreateOrder) -> None:
    if not order.client_order_id:
        raise ConfigError(f"an order for {order.ticker} has no client_order_id; nothing was sent")


def _impossible(order: CreateOrder, created: CreatedOrder) -> str:
    """Return what in the answer can not be true of *order*, empty where all can."""
    filled, left, price = created.fill_count, created.remaining_count, created.average_fill_price
    if not created.order_id:
        return "no order_id"
    if filled < 0 or left < 0 or filled > order.count or left > order.count - filled:
        return f"that {filled:.6g} contracts of {order.count} filled and {left:.6g} are left"
    if price is not None and not 0 <= price <= 1:
        return f"a price of {price:.6g} dollars"
    return ""


def _routed(endpoint: Endpoint, market_ticker: str | None, exchange_index: int | None) -> None:
    if not market_ticker and exchange_index is None:
        raise ConfigError(
            f"{endpoint.label} needs market_ticker or the market's exchange_index; nothing was sent"
        )


def _same(endpoint: Endpoint, order_id: str, answer: A) -> A:
    # In 2026 cancel and amend answers at times described another order while acting on the right one.
    if answer.order_id != order_id:
        raise _other(endpoint, order_id, answer.order_id)
    return answer


def _complete(endpoint: Endpoint, asked: int, answers: list[B]) -> list[B]:
    if len(answers) != asked:
        raise OutcomeUnknown(
            f"{endpoint.label}: answered {len(answers)} of {asked} orders: look all of them up",
            method=endpoint.method,
            path=endpoint.path,
        )
    return answers


def _other(endpoint: Endpoint, asked: str, answered: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{endpoint.label}: asked about {asked}, the answer describes {answered}: look the order up",
        method=endpoint.method,
        path=endpoint.path,
        code=OTHER_ORDER,
    )
