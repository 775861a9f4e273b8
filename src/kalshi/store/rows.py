"""Rows of the store as the program handles them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kalshi.store.schema import ACCEPTED, UNRESOLVED


@dataclass(frozen=True)
class RunRow:
    """One run of one job; `ended_at` and `exit_code` are None while it runs."""

    run_id: str
    job: str
    mode: str
    dry_run: bool
    pid: int
    started_at: datetime
    ended_at: datetime | None
    status: str
    exit_code: int | None
    summary: str


@dataclass(frozen=True)
class LockRow:
    """What may not trade. mode: stop, or reduce_only, which lets closing orders through. until: None for open."""

    scope: str
    set_by: str
    reason: str
    until: datetime | None
    set_at: datetime
    mode: str


@dataclass(frozen=True)
class Refusal:
    """Why an order is not sent. control: the name of what objects. possible: contracts it would let through."""

    control: str
    reason: str
    possible: Decimal = Decimal(0)


@dataclass(frozen=True)
class Reservation:
    """What came of reserving an order: `ours` says that this process, and no other, may send it now.

    row: the order as it now stands in the store.
    """

    ours: bool
    row: OrderRow


@dataclass(frozen=True)
class OrderRow:
    """One intent and what became of it; prices are dollars of the own side, counts are contracts."""

    client_order_id: str
    run_id: str
    strategy: str
    run_date: date
    event_ticker: str
    ticker: str
    side: str
    price: Decimal
    count: Decimal
    purpose: str
    generation: int
    reduces: bool
    strike_type: str | None
    floor_strike: Decimal | None
    cap_strike: Decimal | None
    exchange_index: int
    fee_bound: Decimal
    created_at: datetime
    updated_at: datetime
    state: str = ""
    reason: str = ""
    code: str = ""
    order_id: str | None = None
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    average_price: Decimal | None = None
    fee: Decimal | None = None
    sent_at: datetime | None = None
    amend_price: Decimal | None = None
    amend_count: Decimal | None = None
    amend_sent_at: datetime | None = None
    exclusive: bool = False
    booked: Decimal = Decimal(0)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be found out: an unknown outcome, a rest, a change, or fills not booked."""
        return self.may_fill or (self.state == ACCEPTED and self.filled != self.booked)

    @property
    def may_fill(self) -> bool:
        """Whether it may still trade: its outcome is unknown, some of it rests, or a change is on its way."""
        rests = self.state == ACCEPTED and self.remaining > 0
        return rests or self.state in UNRESOLVED or self.amend_sent_at is not None

    def replace(self, **values: Any) -> OrderRow:
        """Return a copy with other values."""
        return dataclasses.replace(self, **values)

    def values(self) -> dict[str, Any]:
        """Return the columns."""
        return {**vars(self), "is_open": self.is_open}


@dataclass(frozen=True)
class Execution:
    """One booked fill and whose order it was. yes_price and fee are dollars; buys_yes: a bid, else an ask.

    reduces: the order could only close what the account held, whoever had bought it.
    """

    fill_id: str
    at: datetime
    ticker: str
    event_ticker: str
    strategy: str
    reduces: bool
    buys_yes: bool
    count: Decimal
    yes_price: Decimal
    fee: Decimal


@dataclass(frozen=True)
class SettlementRow:
    """What one market paid. yes_value: dollars of one YES contract, None where it is not known exactly."""

    ticker: str
    event_ticker: str
    result: str
    yes_count: Decimal
    no_count: Decimal
    revenue: Decimal
    fee: Decimal
    settled_at: datetime
    yes_value: Decimal | None
