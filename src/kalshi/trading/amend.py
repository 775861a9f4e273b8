"""Changing a resting order: the wish is stored before it leaves, and an unknown outcome stays one until it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import ConfigError, ExchangeError, OutcomeUnknown
from kalshi.exchange.models import AmendedOrder, AmendOrder, Market
from kalshi.pricing.fees import fee_bound
from kalshi.store.rows import OrderRow, Refusal
from kalshi.store.schema import ACCEPTED, REFUSED
from kalshi.trading.intents import Intent, Side
from kalshi.trading.outcomes import OrderOutcome, OrderReport, rejection_reason, report_of
from kalshi.trading.shared_limits import shared_refusal
from kalshi.trading.submit import NO_AMEND, changed, learn, unpriced

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

WAITS_S = (0.5, 1.5, 3.0)  # reads lag writes
DAY = timedelta(hours=24)


def amend_order(
    desk: Desk, order_id: str, market: Market, price: Decimal, count: Decimal, quoted_at: datetime | None
) -> OrderReport:
    """Change an own resting order to *price* and *count* (filled part included); see `Desk.amend`."""
    row = desk.store.order_by_exchange_id(order_id)
    if row is None or row.ticker != market.ticker:
        raise ConfigError(f"not changed: no order {order_id} of ours in {market.ticker}")
    if row.amend_count is not None:
        row = _looked_up(desk, row)
    intent = _intent(row, price, count)
    if row.amend_count is not None:
        reason = "outcome unknown: an earlier change of it may still arrive"
        return desk.tell(replace(report_of(intent, row, reason), outcome=OrderOutcome.UNKNOWN))
    if row.remaining > 0 and (row.price, row.count) == (price, count):
        return desk.tell(replace(report_of(intent, row, "is so already"), earlier=True))
    wanted = row.replace(
        amend_price=price, amend_count=count, amend_sent_at=desk.clock(), fee_bound=_fee(row, price, count)
    )
    refusal = _refusal(desk, intent, market, row, wanted, quoted_at)
    if refusal is not None:
        said = row.replace(state=REFUSED, reason=f"not changed: {refusal.reason}", code=refusal.control)
        return desk.tell(replace(report_of(intent, said), intent=intent))
    desk.sent += 1
    with desk.on_its_way(intent, wanted):
        sent = _send(desk, intent, wanted)
    return desk.tell(_report(intent, sent))


def _refusal(
    desk: Desk, intent: Intent, market: Market, row: OrderRow, wanted: OrderRow, quoted_at: datetime | None
) -> Refusal | None:
    """Return what objects to the change; None: it is written as on its way, and may be sent."""
    if row.state != ACCEPTED or row.remaining <= 0:
        return Refusal("order", "it does not rest")
    if intent.count <= row.filled:
        return Refusal("order", f"{row.filled} contracts are filled already: cancel the rest instead")
    new = wanted.replace(price=intent.price, count=intent.count, remaining=intent.count - row.filled)
    refusal = desk.refusal(intent, market, new, quoted_at, shrinks=_shrinks(intent, row))
    dearer = new.price * new.remaining > row.price * row.remaining
    if refusal is None and dearer:
        rest = new.replace(count=new.remaining, fee_bound=new.fee_bound * new.remaining / new.count)
        refusal = desk.venue.unpaid(rest, already=row.price * row.remaining)
    if refusal is None and desk.dry_run:
        refusal = Refusal("dry run", f"dry run: would change it to {intent}")
    since = desk.clock() - DAY

    def judge(others: Sequence[OrderRow]) -> Refusal | None:
        return shared_refusal(wanted, others, desk.limits, since)

    return refusal or desk.store.reserve_change(wanted, judge, since=since)


def _shrinks(intent: Intent, row: OrderRow) -> bool:
    return intent.count <= row.count and intent.price <= row.price


def _send(desk: Desk, intent: Intent, row: OrderRow) -> OrderRow:
    """Send the change, a second time where the first is not seen: both ask for the same state."""
    for again in (False, True):
        try:
            amended = desk.exchange.amend_order(row.order_id or "", _request(intent, row))
        except OutcomeUnknown:
            row = _looked_up(desk, row)
            if row.amend_count is None or desk.stopped(intent, shrinks=_shrinks(intent, row)):
                return row
        except (ConfigError, ExchangeError) as error:
            if again:  # this attempt failed for certain, the first one may still arrive
                return row
            why = rejection_reason(error) if isinstance(error, ExchangeError) else str(error)
            return changed(desk, row, {**NO_AMEND, "reason": f"not changed: {why}"})
        else:
            return _taken_over(desk, intent, row, amended)
    return row


def _taken_over(desk: Desk, intent: Intent, row: OrderRow, amended: AmendedOrder) -> OrderRow:
    filled, left = amended.fill_count, amended.remaining_count
    if filled is None or left is None or filled < 0 or left < 0 or filled + left > intent.count:
        return _looked_up(desk, row)  # "nothing changed", or what can not be
    changes: dict[str, object] = {
        **NO_AMEND, "price": intent.price, "count": intent.count, "filled": max(filled, row.filled),
        "remaining": left, **unpriced(row, filled),
        "reason": f"changed to {intent.count.normalize():f} at {intent.price:f}",
    }  # fmt: skip
    return changed(desk, row, changes)


def _looked_up(desk: Desk, row: OrderRow) -> OrderRow:
    """Read the order until it shows the change; return the row, whose amend columns are empty once it is known."""
    for wait in WAITS_S:
        desk.sleep(wait)
        try:
            row = learn(desk, row, desk.exchange.order(row.order_id or ""))
        except ExchangeError:
            continue
        if row.amend_count is None:
            break
    return row


def _report(intent: Intent, row: OrderRow) -> OrderReport:
    """Return what became of the change: as wished, not done (the order goes on as it was), or not known."""
    if row.amend_count is not None:
        report = report_of(intent, row, "outcome unknown: the change may have happened")
        return replace(report, intent=intent, outcome=OrderOutcome.UNKNOWN)
    if (row.price, row.count) == (intent.price, intent.count):
        return report_of(intent, row)
    reason = row.reason if row.reason.startswith("not changed") else "not changed: the order is as it was"
    return replace(report_of(intent, row, reason), intent=intent, outcome=OrderOutcome.REJECTED)


def _intent(row: OrderRow, price: Decimal, count: Decimal) -> Intent:
    return Intent(
        strategy=row.strategy,
        run_date=row.run_date,
        event_ticker=row.event_ticker,
        ticker=row.ticker,
        side=Side(row.side),
        price=price,
        count=count,
        purpose=row.purpose,
        generation=row.generation,
    )


def _fee(row: OrderRow, price: Decimal, count: Decimal) -> Decimal:
    """Return a bound that holds before and after the change."""
    usable = price.is_finite() and count.is_finite() and 0 < price < 1 and count > 0
    return max(row.fee_bound, fee_bound(price, count)) if usable else row.fee_bound


def _request(intent: Intent, row: OrderRow) -> AmendOrder:
    return AmendOrder(
        ticker=intent.ticker,
        side=intent.book_side,
        price=intent.yes_price,
        count=intent.count,
        client_order_id=row.client_order_id,
        exchange_index=row.exchange_index,
    )
