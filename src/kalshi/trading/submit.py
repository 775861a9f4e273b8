"""Sending one order that is stored already, and finding out what became of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from kalshi.errors import ConfigError, ExchangeError, OutcomeUnknown
from kalshi.exchange.models import CreatedOrder, CreateOrder, Order
from kalshi.exchange.models_orders import FILL_OR_KILL, TAKER_AT_CROSS
from kalshi.store.rows import OrderRow
from kalshi.store.schema import ACCEPTED, REFUSED, REJECTED, SENDING, UNKNOWN
from kalshi.trading.intents import ONE, Intent, Side
from kalshi.trading.lookup import IN_FLIGHT, NotThere, find_order
from kalshi.trading.outcomes import (
    ALREADY_EXISTS,
    EXISTS_OR_KILLED,
    FOK_KILLED,
    NEVER_ARRIVED,
    NO_MONEY,
    rejection_reason,
)

if TYPE_CHECKING:
    from kalshi.trading.desk import Desk

log = logging.getLogger(__name__)
ZERO = Decimal(0)
RESTS, RESTS_IN_PART = "rests in the book", "filled in part, the rest rests"
ENDED = ("canceled", "executed")  # a status that is neither of these may rest
NO_AMEND: dict[str, object] = {"amend_price": None, "amend_count": None, "amend_sent_at": None}
READ_LAG = timedelta(seconds=30)


@dataclass(frozen=True)
class Resolved:
    """A row after a look-up. absent: the exchange, asked just now, does not have it (yet)."""

    row: OrderRow
    absent: bool = False


def send(desk: Desk, intent: Intent, row: OrderRow, *, again: bool = False) -> OrderRow:
    """Send a reserved order and return its row as it then stands.

    again: it was sent before, with the same identity, and is not on the exchange.
    """
    try:
        created = desk.exchange.create_order(_request(intent, row))
    except OutcomeUnknown as error:
        log.warning("%s: no certain answer (%s): looking it up", intent, error)
        return _after_lost_answer(desk, intent, row, str(error), again=again)
    except ConfigError as error:  # the client refused before anything left
        return ended(desk, row, UNKNOWN if again else REFUSED, str(error))
    except ExchangeError as error:
        if error.code.startswith(ALREADY_EXISTS):
            return _after_already_exists(desk, intent, row)
        if again:  # this attempt failed for certain, the first one may still arrive
            return ended(desk, row, UNKNOWN, f"sent twice, the second time: {rejection_reason(error)}")
        reason = rejection_reason(error)
        if error.code in NO_MONEY:
            reason = f"{reason}: {desk.venue.balance_in_words()}"
        return ended(desk, row, REJECTED, reason, code=error.code)
    return _accepted(desk, intent, row, created)


def send_again(desk: Desk, intent: Intent, row: OrderRow) -> OrderRow:
    """Send an order once more that the exchange does not have: same identity, same price and count.

    Should the first one arrive after all, the answer is order_already_exists and nothing is doubled.
    """
    now = desk.clock()
    changes = {"state": SENDING, "sent_at": now, "updated_at": now}
    desk.store.update_order(row.client_order_id, **changes)
    same = replace(intent, price=row.price, count=row.count)
    return send(desk, same, row.replace(**changes), again=True)


def resolve(desk: Desk, row: OrderRow) -> Resolved:
    """Look up an order whose outcome is not known; the answer goes into the store.

    Found: accepted. Not there, and sent so long ago that it can not arrive any more: rejected. Not there, but
    it may still arrive: left as it is. No certain answer: unknown.
    """
    sent_at = row.sent_at or row.created_at
    confirmed = row.code in (ALREADY_EXISTS, EXISTS_OR_KILLED)
    found = find_order(
        desk.exchange,
        row.ticker,
        row.client_order_id,
        since=None if confirmed else row.created_at,
        after=sent_at,
        sleep=desk.sleep,
    )
    if isinstance(found, Order):
        return Resolved(learn(desk, row, found, "answer lost, found on the exchange"))
    if isinstance(found, NotThere) and not confirmed:
        if found.settles(sent_at):
            reason = "never arrived at the exchange"
            return Resolved(ended(desk, row, REJECTED, reason, code=NEVER_ARRIVED), absent=True)
        return Resolved(row, absent=True)
    if isinstance(found, NotThere) and row.code == EXISTS_OR_KILLED and found.settles(sent_at):
        # A killed order spends its identity and leaves nothing behind.
        return Resolved(ended(desk, row, REJECTED, "killed at an earlier attempt", code=FOK_KILLED))
    reason = (
        "outcome unknown: the exchange says that it has it, but does not list it"
        if confirmed
        else "outcome unknown: the exchange could not be asked with certainty"
    )
    return Resolved(ended(desk, row, UNKNOWN, reason))


def learn(desk: Desk, row: OrderRow, order: Order, reason: str | None = None) -> OrderRow:
    """Take over what the exchange says of an order; return the row as it now is.

    What can not be true of it is not taken over: an order that was in doubt stays so.
    """
    wrong = impossible(row, order)
    if wrong:
        log.warning("order %s: the exchange's answer says %s: not taken over", order.order_id, wrong)
        if row.state == ACCEPTED:
            return row
        return ended(desk, row, UNKNOWN, f"outcome unknown: the exchange's answer says {wrong}")
    return changed(desk, row, learned(desk, row, order, reason))


def learned(desk: Desk, row: OrderRow, order: Order, reason: str | None = None) -> dict[str, object]:
    """Return the columns as the exchange says they are; for an order that is not `impossible`."""
    cost = order.taker_fill_cost_dollars + order.maker_fill_cost_dollars
    fee = order.taker_fees_dollars + order.maker_fees_dollars
    filled = order.fill_count_fp
    rests = order.status not in ENDED and order.remaining_count_fp > 0
    return {
        "state": ACCEPTED,
        "reason": (row.reason if rests else at_its_end(row, filled)) if reason is None else reason,
        "price": own_price(row, order),
        "order_id": order.order_id,
        "filled": filled,
        "remaining": ZERO if order.status in ENDED else order.remaining_count_fp,
        "average_price": cost / filled if filled else None,
        "fee": fee if filled else None,
        **_of_amend(desk, row, order),
    }


def impossible(row: OrderRow, order: Order) -> str:
    """Return what the exchange says that can not be true of the order in *row*, empty where all can."""
    filled, left = order.fill_count_fp, order.remaining_count_fp
    most = max(row.count, row.amend_count or ZERO)
    if not order.order_id:
        return "no order_id"
    if order.ticker != row.ticker:
        return f"that it is one of {order.ticker}"
    if order.book_side != ("bid" if row.side == Side.YES.value else "ask"):
        return f"that its side is {order.book_side!r}"
    if order.client_order_id and order.client_order_id != row.client_order_id:
        return f"that its identity is {order.client_order_id}"
    if filled < 0 or left < 0 or filled > most or (order.status not in ENDED and filled + left > most):
        return f"that {filled:.6g} contracts of {most} filled and {left:.6g} are left"
    if not 0 < order.yes_price_dollars < 1:
        return f"a price of {order.yes_price_dollars:.6g} dollars"
    return ""


def own_price(row: OrderRow, order: Order) -> Decimal:
    """Return the price of the side that the order buys."""
    return order.yes_price_dollars if row.side == Side.YES.value else ONE - order.yes_price_dollars


def _of_amend(desk: Desk, row: OrderRow, order: Order) -> dict[str, object]:
    """Return what the order says of a change that is on its way: it came, it can come no more, or nothing."""
    if row.amend_count is None or row.amend_sent_at is None:
        return {}
    ended_there = order.status in ENDED
    total = order.fill_count_fp + order.remaining_count_fp
    as_wished = total <= row.amend_count if ended_there else total == row.amend_count
    if own_price(row, order) == row.amend_price and as_wished:
        return {**NO_AMEND, "count": row.amend_count}
    late = desk.clock() >= row.amend_sent_at + IN_FLIGHT + READ_LAG
    return dict(NO_AMEND) if ended_there or late else {}


def unpriced(row: OrderRow, filled: Decimal) -> dict[str, object]:
    """Return the columns of an order of which more is filled, for a price and a fee that nobody has said yet.

    Until its fills are booked the bounds count: no fee known, and no better price than its limit.
    """
    if filled <= row.filled:
        return {}
    return {"average_price": max(row.average_price or ZERO, row.price), "fee": None}


def ended(desk: Desk, row: OrderRow, state: str, reason: str, **values: object) -> OrderRow:
    """Write what became of an attempt and return the row."""
    return changed(desk, row, {"state": state, "reason": reason, **values})


def differs(row: OrderRow, changes: dict[str, object]) -> bool:
    """Return whether a column has another value than the row."""
    return any(getattr(row, name) != value for name, value in changes.items())


def changed(desk: Desk, row: OrderRow, changes: dict[str, object]) -> OrderRow:
    """Write what differs from *row*, with the time, and return the row as it now is."""
    if not differs(row, changes):
        return row
    changes["updated_at"] = desk.clock()
    desk.store.update_order(row.client_order_id, **changes)
    return row.replace(**changes)


def _accepted(desk: Desk, intent: Intent, row: OrderRow, created: CreatedOrder) -> OrderRow:
    price, fee, filled = created.average_fill_price, created.average_fee_paid, created.fill_count
    own_price = price if price is None or intent.side is Side.YES else ONE - price
    return ended(
        desk,
        row,
        ACCEPTED,
        _in_words(intent, filled, created.remaining_count),
        order_id=created.order_id,
        filled=filled,
        remaining=created.remaining_count,
        average_price=own_price,
        fee=None if fee is None else fee * filled,
    )


def _after_lost_answer(desk: Desk, intent: Intent, row: OrderRow, why: str, *, again: bool) -> OrderRow:
    given_up = desk.clock()
    found = find_order(
        desk.exchange,
        row.ticker,
        row.client_order_id,
        since=row.created_at,
        after=given_up,
        sleep=desk.sleep,
    )
    if isinstance(found, Order):
        return learn(desk, row, found, f"answer lost ({why}), found on the exchange")
    if isinstance(found, NotThere) and not again:
        stopped = desk.stopped(intent)  # the look-up takes a while: a person may have stopped it meanwhile
        if stopped is None:
            return send_again(desk, intent, row)
        why = f"{why}; not sent again: {stopped.reason}"
    return ended(desk, row, UNKNOWN, f"outcome unknown: {why}")


def _after_already_exists(desk: Desk, intent: Intent, row: OrderRow) -> OrderRow:
    """The identity was used before, perhaps long ago by a run whose record is lost: look for it."""
    found = find_order(
        desk.exchange,
        row.ticker,
        row.client_order_id,
        since=None,
        after=desk.clock(),
        sleep=desk.sleep,
        must_exist=True,
    )
    if isinstance(found, Order):
        return learn(desk, row, found, "it had arrived before: found on the exchange")
    reason = "outcome unknown: the exchange says that it has it, but does not list it"
    code = EXISTS_OR_KILLED if intent.time_in_force == FILL_OR_KILL else ALREADY_EXISTS
    return ended(desk, row, UNKNOWN, reason, code=code)


def _request(intent: Intent, row: OrderRow) -> CreateOrder:
    expiration: datetime | None = intent.expiration
    return CreateOrder(
        ticker=intent.ticker,
        side=intent.book_side,
        count=intent.count,
        price=intent.yes_price,
        time_in_force=intent.time_in_force,
        self_trade_prevention_type=TAKER_AT_CROSS,
        client_order_id=row.client_order_id,
        expiration_time=None if expiration is None else int(expiration.timestamp()),
        post_only=True if intent.post_only else None,
        reduce_only=True if intent.reduces else None,
        # A market that was paused comes back at another price.
        cancel_order_on_pause=True if expiration is not None or intent.post_only else None,
        subaccount=0,
        exchange_index=row.exchange_index,
    )


def at_its_end(row: OrderRow, filled: Decimal) -> str:
    """Return the reason of an order of which nothing rests any more: what was said while it rested is over."""
    if row.reason not in (RESTS, RESTS_IN_PART):
        return row.reason
    return "filled" if filled >= row.count else "cancelled or expired" + (", filled in part" if filled else "")


def _in_words(intent: Intent, filled: Decimal, remaining: Decimal) -> str:
    if filled and not remaining:
        return "filled" if filled == intent.count else "filled in part, the rest was cancelled"
    if filled:
        return RESTS_IN_PART
    return RESTS if remaining else "nothing was offered: nothing traded"
