"""What is old enough to leave the live lists: four boundaries that move with the clock.

Orders leave two weeks after their end; settled markets, trades, fills and settled positions after sixty days.
Resting orders, unsettled positions, events, series and settlements never leave.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kalshi.paper.listed import Listing
from kalshi.paper.records import RESTING, Fill, Order, Position, TapeTrade

ORDERS_STAY = timedelta(days=14)
OTHERS_STAY = timedelta(days=60)


def orders_cutoff(now: datetime) -> datetime:
    """Return the time before which ended orders are archived."""
    return now - ORDERS_STAY


def cutoff(now: datetime) -> datetime:
    """Return the time before which settled markets and positions, trades and fills are archived."""
    return now - OTHERS_STAY


def is_archived(record: Listing | Order | Fill | Position | TapeTrade, now: datetime) -> bool:
    """Return whether *record* is in the archive and no longer in the live list."""
    match record:
        case Listing():
            return record.settled_at is not None and record.settled_at < cutoff(now)
        case Order():
            return record.status != RESTING and record.updated_at < orders_cutoff(now)
        case Position():
            return record.settled and record.updated_at < cutoff(now)
        case _:
            return record.created_at < cutoff(now)
