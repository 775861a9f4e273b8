"""Series, events and markets as this exchange lists them, and the key of every record.

The keys sort in the order of creation; a record is one row of the state file.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from kalshi.exchange.models import Event, Market, Series
from kalshi.paper.records import (
    Account,
    Bar,
    CollateralReturn,
    Displayed,
    FeeChange,
    Fill,
    Key,
    Ledger,
    Order,
    OrderGroup,
    Position,
    Settlement,
    ShardTransfer,
    SpentId,
    SubaccountTransfer,
    TapeTrade,
)


class ListedSeries(msgspec.Struct):
    """A series as last mirrored."""

    ticker: str
    series: Series


class ListedEvent(msgspec.Struct):
    """An event as last mirrored, without its markets."""

    ticker: str
    event: Event


class Listing(msgspec.Struct):
    """A market as last mirrored, and what this exchange did with it.

    paused: an `inactive` market takes no orders. stage: "", or the status word it was given here (determined,
    disputed, amended). pays_at: when its result becomes final, None while nothing is due. settled_at: when
    positions were paid, None before.
    """

    ticker: str
    event_ticker: str
    series_ticker: str
    exchange_index: int
    as_of: datetime
    market: Market
    paused: bool = False
    closed: bool = False
    result: str = ""
    yes_value: Decimal | None = None
    settled_at: datetime | None = None
    stage: str = ""
    pays_at: datetime | None = None


Record = (
    Account
    | Bar
    | CollateralReturn
    | Displayed
    | FeeChange
    | Fill
    | Key
    | Ledger
    | ListedEvent
    | ListedSeries
    | Listing
    | Order
    | OrderGroup
    | Position
    | Settlement
    | ShardTransfer
    | SpentId
    | SubaccountTransfer
    | TapeTrade
)


def key_of(record: Record) -> str:
    """Return the key of *record*, unique within its class and sorting in the order of creation."""
    match record:
        case Fill() | Settlement() | TapeTrade() | ShardTransfer() | SubaccountTransfer():
            return f"{record.number:012d}"
        case Bar():
            return f"{record.ticker}|{record.end_ts:012d}"
        case CollateralReturn():
            return f"{record.account_id}|{record.event_ticker}|{record.exchange_index}"
        case FeeChange():
            return record.change_id
        case Position():
            return f"{record.account_id}|{record.ticker}"
        case SpentId():
            return f"{record.account_id}|{record.client_order_id}"
        case Account():
            return record.account_id
        case Key():
            return record.key_id
        case Order():
            return record.order_id
        case OrderGroup():
            return record.group_id
        case Ledger():
            return record.name
        case _:
            return record.ticker
