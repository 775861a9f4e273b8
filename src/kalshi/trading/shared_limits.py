"""Limits that all processes of an account share: what an event, a day and a strategy may lose.

They are judged inside the transaction that reserves the order, so two processes can not both take the last dollar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from kalshi.store.rows import OrderRow, Refusal
from kalshi.trading.controls import refusal
from kalshi.trading.exposure import most_contracts, worst_loss
from kalshi.trading.limits import Limits

ZERO = Decimal(0)
TODAY = "orders of the last 24 hours and older ones that are open"


def shared_refusal(
    row: OrderRow, others: Sequence[OrderRow], limits: Limits, since: datetime
) -> Refusal | None:
    """Return why the limits that all processes share forbid *row*; *others* are all rows that count.

    others: rows of the same event, all rows of the last day (created at or after *since*), older ones that are open.
    """
    if row.reduces:
        return None
    others = [other for other in others if other.filled or other.is_open]  # the rest ended with nothing
    # The side is part of an order's identity: a forecast that crossed 50 % since would buy against itself.
    for other in others:
        if _against(row, other):
            bought = f"this decision bought {other.side.upper()} of {row.ticker} at {other.price} today already"
            return refusal("own side", bought)
    same_event = [other for other in others if other.event_ticker == row.event_ticker]
    # What the event held before today counts for the event, and with it for the day that adds to it.
    elsewhere = [
        other for other in others if other.event_ticker != row.event_ticker and counts_today(other, since)
    ]

    day = loss_of_events(elsewhere)
    own, own_elsewhere = ([one for one in some if one.strategy == row.strategy] for some in (same_event, elsewhere))
    own_day = day if len(own_elsewhere) == len(elsewhere) else loss_of_events(own_elsewhere)
    return (
        _above("event", "the event could then lose", row, same_event, ZERO, limits.event_cost)
        or _above("day", f"{TODAY} could then lose", row, same_event, day, limits.day_cost)
        or _above("strategy", f"{TODAY} of {row.strategy} could then lose", row, own, own_day, limits.strategy_cost)
    )


def counts_today(row: OrderRow, since: datetime) -> bool:
    """Return whether an order counts for the day that began at *since* (aware): made in it, or it may still fill."""
    return row.created_at >= since or row.may_fill


def loss_of_events(rows: Iterable[OrderRow]) -> Decimal:
    """Return the most that orders of several events can lose, each event in its own worst outcome."""
    ordered = sorted(rows, key=attrgetter("event_ticker"))
    return sum((worst_loss(group) for _, group in groupby(ordered, key=attrgetter("event_ticker"))), ZERO)


def _above(
    name: str, what: str, row: OrderRow, same: Sequence[OrderRow], others: Decimal, most: Decimal
) -> Refusal | None:
    """Judge one limit. same: other orders of the row's event; others: dollars that those of other events can lose."""
    loss = others + worst_loss([*same, row])
    if loss <= most:
        return None
    possible = most_contracts(row, lambda smaller: others + worst_loss([*same, smaller]) <= most)
    return refusal(f"{name} cost", f"{what} ${loss:.2f}, limit ${most:.2f} per {name}", possible)


def _against(row: OrderRow, other: OrderRow) -> bool:
    """Return whether *other* is the same decision of the same day for the other side, held or still resting."""
    same = (row.strategy, row.run_date, row.ticker, row.purpose) == (
        other.strategy, other.run_date, other.ticker, other.purpose
    )  # fmt: skip
    live = other.state != "accepted" or other.filled > 0 or other.remaining > 0
    return same and other.side != row.side and not other.reduces and live
