"""What we know about an order after trying to send it: one of four outcomes, never a guess."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from kalshi.errors import AuthenticationError, ExchangeError, NotFound, RateLimited
from kalshi.store.rows import OrderRow
from kalshi.trading.intents import Intent

ALREADY_EXISTS = "order_already_exists"
FOK_KILLED = "fill_or_kill_insufficient_resting_volume"
NEVER_ARRIVED = "never_arrived"
# Said of an order that must fill at once or die: it may have filled, and it may have been killed.
EXISTS_OR_KILLED = "order_already_exists_or_killed"

NO_MONEY = ("insufficient_balance", "available_balance_too_low")

_PLAIN = {
    FOK_KILLED: "killed: not enough offered to fill all of it",
    "trading_is_paused": "trading is paused, nothing was taken: the next run tries again",
    "exchange_is_paused": "the exchange is paused, nothing was taken: the next run tries again",
    "MARKET_INACTIVE": "the market takes no orders",
    "invalid_order_size": "the exchange does not accept this count",
    **dict.fromkeys(NO_MONEY, "not enough money on this market's shard"),
}


class OrderOutcome(Enum):
    """What we know about one order after one attempt to send it."""

    ACCEPTED = "accepted"  # the exchange has it; fills are read from its answer
    REJECTED = "rejected"  # the exchange proved that it did not take it
    REFUSED = "refused"  # our own control, lock, switch or dry run; nothing was sent
    UNKNOWN = "unknown"  # looked up without a certain answer: may be live


@dataclass(frozen=True)
class OrderReport:
    """What became of one intent. Counts are contracts; average_price and fee are dollars of the own side.

    fee is the total of the order so far, None where nothing filled or the answer did not say.
    earlier: sent before; this time nothing was sent and nothing refused. control: the name of what refused it.
    """

    intent: Intent
    outcome: OrderOutcome
    reason: str
    client_order_id: str
    order_id: str | None = None
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    average_price: Decimal | None = None
    fee: Decimal | None = None
    earlier: bool = False
    control: str = ""


def report_of(intent: Intent, row: OrderRow, reason: str | None = None) -> OrderReport:
    """Return the report of a stored order; price and count are the stored ones, not today's wish."""
    outcome = OrderOutcome.UNKNOWN if row.state in ("sending", "unknown") else OrderOutcome(row.state)
    return OrderReport(
        intent=replace(intent, price=row.price, count=row.count),
        outcome=outcome,
        reason=row.reason if reason is None else reason,
        client_order_id=row.client_order_id,
        order_id=row.order_id,
        filled=row.filled,
        remaining=row.remaining,
        average_price=row.average_price,
        fee=row.fee,
        control=row.code if outcome is OrderOutcome.REFUSED else "",
    )


def rejection_reason(error: ExchangeError) -> str:
    """Return the exchange's refusal in plain words; its own words where we have no better ones."""
    if error.code in _PLAIN:
        return f"{_PLAIN[error.code]} ({error.code})"
    if "post only cross" in f"{error} {error.body}".lower():
        return "post-only order would have traded at once"
    if isinstance(error, RateLimited):
        return "rate limit reached: nothing was placed"
    if isinstance(error, AuthenticationError):
        return f"key, signature or scope refused: {error}"
    if isinstance(error, NotFound):
        return f"unknown to the exchange: {error}"
    return str(error)
