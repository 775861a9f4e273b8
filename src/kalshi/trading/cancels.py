"""Cancelling orders of ours, and only of ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError, NotFound
from kalshi.exchange.models import Order
from kalshi.trading.outcomes import rejection_reason
from kalshi.trading.reconcile import learn

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk


@dataclass(frozen=True)
class CancelResult:
    """What became of one cancel. done: the order certainly rests no more. reduced_by: contracts taken back."""

    ticker: str
    order_id: str
    done: bool
    reduced_by: Decimal
    reason: str


def cancel_order(desk: Desk, order_id: str, ticker: str) -> CancelResult:
    """Cancel one order and read it back; a refusal is a result, not an exception."""
    if desk.dry_run:
        return CancelResult(ticker, order_id, False, Decimal(0), "dry run: would cancel")
    try:
        canceled = desk.exchange.cancel_order(order_id, market_ticker=ticker)
    except NotFound:
        return _after_doubt(desk, order_id, ticker, "was gone already")
    except ExchangeError as error:
        return _after_doubt(desk, order_id, ticker, rejection_reason(error))
    _remember(desk, order_id)
    return CancelResult(ticker, order_id, True, canceled.reduced_by, "cancelled")


def cancel_resting(desk: Desk, event_ticker: str) -> list[CancelResult]:
    """Cancel what rests in an event and was placed through this store."""
    own = {row.order_id for row in desk.store.orders(event_ticker=event_ticker) if row.order_id}
    resting = desk.exchange.orders(event_ticker=event_ticker, status="resting")
    return [cancel_order(desk, order.order_id, order.ticker) for order in list(resting) if order.order_id in own]


def _after_doubt(desk: Desk, order_id: str, ticker: str, why: str) -> CancelResult:
    order = _remember(desk, order_id)
    if order is None:
        return CancelResult(ticker, order_id, False, Decimal(0), f"{why}; its state could not be read")
    done = order.status != "resting"
    reason = f"{why}: now {order.status}" if done else f"not cancelled: {why}"
    return CancelResult(ticker, order_id, done, Decimal(0), reason)


def _remember(desk: Desk, order_id: str) -> Order | None:
    """Read the order and keep what it says; None where it can not be read (a later reconciliation will)."""
    try:
        order = desk.exchange.order(order_id)
    except ExchangeError:
        return None
    row = desk.store.order(order.client_order_id)
    if row is not None:
        learn(desk, row, order)
    return order
