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


def shared_refusal(
    row: OrderRow, others: Sequence[OrderRow], limits: Limits, since: datetime
) -> Refusal | None:
    """Return why the limits that all processes share forbid *row*; *others* are all rows that count.

    others: rows of the same event, and all rows of the last day (created at or after *since*).
    """
    if row.reduces:
        return None
    # The side is part of an order's identity: a forecast that crossed 50 % since would buy against itself.
    for other in others:
        if _against(row, other):
            bought = f"this decision bought {other.side.upper()} of {row.ticker} at {other.price} today already"
            return refusal("own side", bought)
    same_event = [other for other in others if other.event_ticker == row.event_ticker]
    today = [other for other in others if other.created_at >= since]
    # What the event held before today counts for the event, and with it for the day that adds to it.
    day = [*same_event, *(other for other in today if other.event_ticker != row.event_ticker)]
    own = [other for other in day if other.strategy == row.strategy]
    for name, what, rows, most in (
        ("event", "the event could then lose", same_event, limits.event_cost),
        ("day", "orders of the last 24 hours could then lose", day, limits.day_cost),
        ("strategy", f"orders of {row.strategy} of the last 24 hours could then lose", own, limits.strategy_cost),
    ):
        found = _above(name, what, row, rows, most)
        if found is not None:
            return found
    return None


def loss_of_events(rows: Iterable[OrderRow]) -> Decimal:
    """Return the most that orders of several events can lose, each event in its own worst outcome."""
    ordered = sorted(rows, key=attrgetter("event_ticker"))
    return sum((worst_loss(group) for _, group in groupby(ordered, key=attrgetter("event_ticker"))), ZERO)


def _above(
    name: str, what: str, row: OrderRow, rows: Sequence[OrderRow], most: Decimal
) -> Refusal | None:
    loss = loss_of_events([*rows, row])
    if loss <= most:
        return None

    def fits(smaller: OrderRow) -> bool:
        return loss_of_events([*rows, smaller]) <= most

    reason = f"{what} ${loss:.2f}, limit ${most:.2f} per {name}"
    return refusal(f"{name} cost", reason, most_contracts(row, fits))


def _against(row: OrderRow, other: OrderRow) -> bool:
    """Return whether *other* is the same decision of the same day for the other side, held or still resting."""
    same = (row.strategy, row.run_date, row.ticker, row.purpose) == (
        other.strategy, other.run_date, other.ticker, other.purpose
    )  # fmt: skip
    live = other.state != "accepted" or other.filled > 0 or other.remaining > 0
    return same and other.side != row.side and not other.reduces and live
