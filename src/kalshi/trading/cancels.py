"""Cancelling orders of ours, and only of ours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import ExchangeError, NotFound, OutcomeUnknown, RateLimited
from kalshi.exchange.models import Order
from kalshi.store.rows import OrderRow
from kalshi.store.schema import UNRESOLVED
from kalshi.trading.outcomes import rejection_reason
from kalshi.trading.submit import ENDED, NO_AMEND, ZERO, at_its_end, changed, learn, resolve, unpriced

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

# A cancel may be repeated, other than an order: the second one finds nothing.
WAITS_S = (0.5, 1.5)


@dataclass(frozen=True)
class CancelResult:
    """What became of one cancel. done: the order certainly rests no more. reduced_by: contracts taken back."""

    ticker: str
    order_id: str
    done: bool
    reduced_by: Decimal
    reason: str


def cancel_order(desk: Desk, order_id: str, ticker: str) -> CancelResult:
    """Cancel one order that this store knows; a refusal is a result, not an exception."""
    row = desk.store.order_by_exchange_id(order_id)
    if row is None or row.ticker != ticker:
        reason = f"not cancelled: no order {order_id} of ours in {ticker}"
        return CancelResult(ticker, order_id, False, ZERO, reason)
    return _cancel(desk, row, order_id)


def cancel_resting(
    desk: Desk, event_ticker: str, strategy: str | None = None, run_ids: Collection[str] | None = None
) -> list[CancelResult]:
    """Cancel what rests in an event and was placed through this store, by one *strategy*, by some runs, or by any.

    What the store believes to rest is cancelled even where the exchange's list, which lags, lacks it.
    """
    results = []
    for row in [row for row in _own(desk, event_ticker, strategy, run_ids) if row.state in UNRESOLVED]:
        found = resolve(desk, row)
        if found.row.state in UNRESOLVED:
            reason = "may rest: it is not known whether it arrived"
            results.append(CancelResult(row.ticker, row.order_id or "", False, ZERO, reason))
    own = {row.order_id: row for row in _own(desk, event_ticker, strategy, run_ids) if row.order_id}
    listed = desk.exchange.orders(event_ticker=event_ticker, status="resting")
    resting = {order.order_id for order in listed} | {
        order_id for order_id, row in own.items() if row.remaining > 0
    }
    return results + [_cancel(desk, row, order_id) for order_id, row in own.items() if order_id in resting]


def _own(
    desk: Desk, event_ticker: str, strategy: str | None, run_ids: Collection[str] | None
) -> list[OrderRow]:
    rows = desk.store.orders(event_ticker=event_ticker)
    return [row for row in rows if strategy in (None, row.strategy) and (run_ids is None or row.run_id in run_ids)]


def _cancel(desk: Desk, row: OrderRow, order_id: str) -> CancelResult:
    if desk.dry_run:
        return CancelResult(row.ticker, order_id, False, ZERO, "dry run: would cancel")
    waits = iter(WAITS_S)
    while True:
        try:
            canceled = desk.exchange.cancel_order(order_id, market_ticker=row.ticker)
        except (OutcomeUnknown, RateLimited) as error:
            wait = next(waits, None)
            if wait is None:
                return _after_doubt(desk, row, order_id, rejection_reason(error))
            desk.sleep(wait)
        except NotFound:
            return _after_doubt(desk, row, order_id, "was gone already")
        except ExchangeError as error:
            return _after_doubt(desk, row, order_id, rejection_reason(error))
        else:
            break
    if row.amend_count is not None and (order := _read(desk, order_id)) is not None:
        learn(desk, row, order)  # of how many contracts it was is not certain: the exchange knows what filled
        return CancelResult(row.ticker, order_id, True, canceled.reduced_by, "cancelled")
    # The answer of the write is newer than any read: what rested and was not taken back is filled.
    filled = max(row.filled, row.filled + row.remaining - canceled.reduced_by)
    reason = at_its_end(row, filled)
    ended = {"remaining": ZERO, "filled": filled, "reason": reason, **unpriced(row, filled), **NO_AMEND}
    changed(desk, row, ended)
    return CancelResult(row.ticker, order_id, True, canceled.reduced_by, "cancelled")


def _after_doubt(desk: Desk, row: OrderRow, order_id: str, why: str) -> CancelResult:
    order = _read(desk, order_id)
    if order is None:
        return CancelResult(row.ticker, order_id, False, ZERO, f"{why}; its state could not be read")
    learn(desk, row, order)
    done = order.status in ENDED
    reason = f"{why}: now {order.status}" if done else f"not cancelled: {why}"
    return CancelResult(row.ticker, order_id, done, ZERO, reason)


def _read(desk: Desk, order_id: str) -> Order | None:
    try:
        return desk.exchange.order(order_id)
    except ExchangeError:
        return None
