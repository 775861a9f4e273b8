"""The tables. Money, prices and counts are stored as text, so that no float ever holds them.

runs         one row per run of a job; `running` with no live holder of the job's lock means crashed
orders       one row per intent, written before anything is sent; key is the client_order_id
fills        executions as the exchange reports them, key is the exchange's fill_id
settlements  what each market paid, key is the ticker; the exchange's archive keeps none
locks        what may not trade, how strictly, why, until when and who said so: a strategy, a job, an event,
             or everything ("all"); one whose time is over is kept until the next takes its place
notices      when a critical mail last went out, by what it was about, so that the same one is not sent at each tick
meta         schema version

An order's `state` is what we know of sending it:
    sending   committed, possibly sent; resolved by a look-up, never by a guess
    unknown   looked up without a certain answer
    accepted  the exchange has it (its further life is in `filled` and `remaining`)
    rejected  the exchange certainly does not have it
    refused   our own control said no, or it was a dry run; nothing was sent
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Column, Dialect, Integer, MetaData, String, Table, Text, false
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 3

SENDING, UNKNOWN, ACCEPTED, REJECTED, REFUSED = "sending", "unknown", "accepted", "rejected", "refused"
UNRESOLVED = (SENDING, UNKNOWN)
PERSON, RECONCILIATION, PROTECTION = "person", "reconciliation", "protection"
# Of a lock, the strictest last: reduce_only lets cancels and closing orders through, stop only cancels.
REDUCE_ONLY, STOP = "reduce_only", "stop"
COUNTED = (SENDING, UNKNOWN, ACCEPTED)  # states that can cost money


class Money(TypeDecorator[Decimal]):
    """Decimal as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """Aware time as UTC text that sorts by time."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Day(TypeDecorator[date]):
    """Calendar date as ISO text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("job", String, nullable=False, index=True),
    Column("mode", String, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("status", String, nullable=False),
    Column("exit_code", Integer),
    Column("summary", Text, nullable=False, default=""),
)

orders = Table(
    "orders",
    metadata,
    Column("client_order_id", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("strategy", String, nullable=False),
    Column("run_date", Day, nullable=False),
    Column("event_ticker", String, nullable=False, index=True),
    Column("ticker", String, nullable=False),
    Column("side", String, nullable=False),
    Column("price", Money, nullable=False),  # dollars of the own side
    Column("count", Money, nullable=False),
    Column("purpose", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("reduces", Boolean, nullable=False),  # closes a position: can not cost more
    Column("strike_type", String),
    Column("floor_strike", Money),
    Column("cap_strike", Money),
    Column("exchange_index", Integer, nullable=False),
    Column("fee_bound", Money, nullable=False),  # dollars, the most the whole order can be charged
    Column("state", String, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("code", String, nullable=False, default=""),
    Column("order_id", String, index=True),
    Column("filled", Money, nullable=False),
    Column("remaining", Money, nullable=False),
    Column("average_price", Money),  # dollars of the own side
    Column("fee", Money),
    Column("created_at", Moment, nullable=False, index=True),
    Column("sent_at", Moment),
    Column("updated_at", Moment, nullable=False),
    # A change that was sent and whose outcome is not known yet; the row itself still says what was before.
    Column("amend_price", Money),  # dollars of the own side
    Column("amend_count", Money),
    Column("amend_sent_at", Moment),
    # At most one market of the event pays; needed only where strikes are no numbers.
    Column("exclusive", Boolean, nullable=False, server_default=false()),
)

fills = Table(
    "fills",
    metadata,
    Column("fill_id", String, primary_key=True),
    Column("order_id", String, nullable=False, index=True),
    Column("ticker", String, nullable=False, index=True),
    Column("book_side", String, nullable=False),
    Column("count", Money, nullable=False),
    Column("yes_price", Money, nullable=False),
    Column("fee", Money, nullable=False),
    Column("is_taker", Boolean, nullable=False),
    Column("created_at", Moment),
)

settlements = Table(
    "settlements",
    metadata,
    Column("ticker", String, primary_key=True),
    Column("event_ticker", String, nullable=False, index=True),
    Column("result", String, nullable=False),
    Column("yes_count", Money, nullable=False),
    Column("no_count", Money, nullable=False),
    Column("revenue", Money, nullable=False),  # dollars
    Column("fee", Money, nullable=False),
    Column("settled_at", Moment, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("scope", String, primary_key=True),
    Column("set_by", String, primary_key=True),  # a lock of the reconciliation ends when the break is gone
    Column("reason", Text, nullable=False),
    Column("until", Moment),  # None: until a person clears it
    Column("set_at", Moment, nullable=False),
    Column("mode", String, nullable=False, server_default=STOP),
)

notices = Table(
    "notices",
    metadata,
    Column("key", String, primary_key=True),  # job and what happened, such as "tsa_trading_bot: failed"
    Column("sent_at", Moment, nullable=False),
)
