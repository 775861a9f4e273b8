"""The tables of today; each column says what it holds, and `reference/store.md` shows the same words.

A change here needs a new file in `migrations/versions/` and a new SCHEMA_REVISION; tests hold the three together.

An order's `state` is what we know of sending it:
    sending   committed, possibly sent; resolved by a look-up, never by a guess
    unknown   looked up without a certain answer
    accepted  the exchange has it (its further life is in `filled` and `remaining`)
    rejected  the exchange certainly does not have it
    refused   our own control said no, or it was a dry run; nothing was sent
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    false,
    true,
)

from kalshi.store.columns import Day, Moment, Money, Words

SCHEMA_REVISION = "0005"
META_VERSION = "4"  # for programs from before Alembic, which refuse what is newer than 3; stays as it is

SENDING, UNKNOWN, ACCEPTED, REJECTED, REFUSED = "sending", "unknown", "accepted", "rejected", "refused"
UNRESOLVED = (SENDING, UNKNOWN)
PERSON, RECONCILIATION, PROTECTION = "person", "reconciliation", "protection"
# Of a lock, the strictest last: reduce_only lets cancels and closing orders through, stop only cancels.
REDUCE_ONLY, STOP = "reduce_only", "stop"
COUNTED = (SENDING, UNKNOWN, ACCEPTED)  # states that can cost money

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True, comment="always schema_version"),
    Column("value", String, nullable=False, comment="4; programs older than that read it and refuse"),
    comment="version number for programs from before Alembic; today's is in alembic_version",
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True, comment="start time and a random part"),
    Column("job", String, nullable=False, index=True, comment="name of the job"),
    Column("mode", String, nullable=False, comment="paper, demo or live"),
    Column("dry_run", Boolean, nullable=False, comment="no order could leave"),
    Column("pid", Integer, nullable=False, comment="process id"),
    Column("started_at", Moment, nullable=False, comment="start, UTC"),
    Column("ended_at", Moment, comment="end, UTC; empty while it runs"),
    Column("status", String, nullable=False, comment="running, ok, crashed, ...; running without a holder is a crash"),
    Column("exit_code", Integer, comment="as given to cron; empty while it runs"),
    Column("summary", Words, nullable=False, default="", comment="one line for people"),
    comment="one row per run of a job",
)

orders = Table(
    "orders",
    metadata,
    Column("client_order_id", String, primary_key=True, comment="our identity of the order, made from the decision"),
    Column("run_id", String, nullable=False, comment="the run that wrote the row"),
    Column("strategy", String, nullable=False, comment="who decided"),
    Column("run_date", Day, nullable=False, comment="date of the decision"),
    Column("event_ticker", String, nullable=False, index=True, comment="event of the market"),
    Column("ticker", String, nullable=False, index=True, comment="market"),
    Column("side", String, nullable=False, comment="side bought: yes or no"),
    Column("price", Money, nullable=False, comment="limit, dollars of the own side"),
    Column("count", Money, nullable=False, comment="contracts wanted"),
    Column("purpose", String, nullable=False, comment="what for, part of the identity"),
    Column("generation", Integer, nullable=False, comment="1, and one more for each deliberate new attempt"),
    Column("reduces", Boolean, nullable=False, comment="closes a position: can not cost more"),
    Column("strike_type", String, comment="how the market is settled, as the exchange names it"),
    Column("floor_strike", Money, comment="lower strike"),
    Column("cap_strike", Money, comment="upper strike"),
    Column("exchange_index", Integer, nullable=False, comment="shard of the market"),
    Column("fee_bound", Money, nullable=False, comment="dollars, the most the whole order can be charged"),
    Column("state", String, nullable=False, index=True, comment="sending, unknown, accepted, rejected or refused"),
    Column("reason", Words, nullable=False, comment="why it is in this state, for people"),
    Column("code", String, nullable=False, default="", comment="the exchange's error code, or ours"),
    Column("order_id", String, index=True, comment="the exchange's identity; empty until it is known"),
    Column("filled", Money, nullable=False, comment="contracts traded, as the exchange says"),
    Column("remaining", Money, nullable=False, comment="contracts that still rest, or would"),
    Column("average_price", Money, comment="dollars of the own side per filled contract"),
    Column("fee", Money, comment="dollars charged so far"),
    Column("created_at", Moment, nullable=False, index=True, comment="when it was decided, UTC"),
    Column("sent_at", Moment, comment="when it was last sent, UTC"),
    Column("updated_at", Moment, nullable=False, comment="last change of the row, UTC"),
    Column("amend_price", Money, comment="of a change on its way, whose outcome is not known: dollars of the own side"),
    Column("amend_count", Money, comment="of a change on its way: contracts"),
    Column("amend_sent_at", Moment, comment="of a change on its way: when it was sent, UTC"),
    Column(
        "exclusive", Boolean, nullable=False, server_default=false(),
        comment="at most one market of the event pays; needed only where strikes are no numbers",
    ),
    Column("booked", Money, nullable=False, server_default="0", comment="contracts in its booked fills"),
    Column(
        "is_open", Boolean, nullable=False, server_default=true(), index=True,
        comment="its outcome is unknown, some of it rests, or fills are not booked yet",
    ),
    comment="one row per intent, written and committed before anything is sent",
)  # fmt: skip

fills = Table(
    "fills",
    metadata,
    Column("fill_id", String, primary_key=True, comment="the exchange's identity"),
    Column("order_id", String, nullable=False, index=True, comment="the exchange's identity of the order"),
    Column("ticker", String, nullable=False, index=True, comment="market"),
    Column("book_side", String, nullable=False, comment="bid (bought YES) or ask (bought NO)"),
    Column("count", Money, nullable=False, comment="contracts"),
    Column("yes_price", Money, nullable=False, comment="dollars of YES, whichever side was bought"),
    Column("fee", Money, nullable=False, comment="dollars charged for this fill"),
    Column("is_taker", Boolean, nullable=False, comment="it crossed the spread"),
    Column("created_at", Moment, index=True, comment="time of the trade, UTC"),
    Column("place", Integer, nullable=False, server_default="0", comment="order among fills of the same moment"),
    comment="executions as the exchange reports them",
)

settlements = Table(
    "settlements",
    metadata,
    Column("ticker", String, primary_key=True, comment="market"),
    Column("event_ticker", String, nullable=False, index=True, comment="event of the market"),
    Column("result", String, nullable=False, comment="yes, no or scalar"),
    Column("yes_count", Money, nullable=False, comment="YES contracts that were paid"),
    Column("no_count", Money, nullable=False, comment="NO contracts that were paid"),
    Column("revenue", Money, nullable=False, comment="dollars paid, as listed: cut to whole cents"),
    Column("fee", Money, nullable=False, comment="dollars of fees, as listed"),
    Column("settled_at", Moment, nullable=False, comment="time of the payment, UTC"),
    Column("yes_value", Money, comment="dollars one YES contract was worth; empty for scalar results before version 3"),
    comment="what each market paid; the exchange's archive keeps none",
)

locks = Table(
    "locks",
    metadata,
    Column("scope", String, comment="a strategy, a job, an event, or all"),
    Column("set_by", String, comment="person, reconciliation (ends with the break) or protection (a loss)"),
    Column("reason", Words, nullable=False, comment="why, for people"),
    Column("until", Moment, comment="when it ends, UTC; empty: when it is taken back"),
    Column("set_at", Moment, nullable=False, comment="since when, UTC"),
    Column("mode", String, nullable=False, server_default=STOP, comment="stop, or reduce_only: closing is allowed"),
    PrimaryKeyConstraint("scope", "set_by", name="locks_scope_set_by"),
    comment="what may not trade; one whose time is over stays until the next takes its place",
)

notices = Table(
    "notices",
    metadata,
    Column("key", String, primary_key=True, comment="job and what happened, such as tsa_trading_bot: failed"),
    Column("sent_at", Moment, nullable=False, comment="when the mail went out, UTC"),
    comment="critical mails, so that the same one is not sent at each tick",
)
