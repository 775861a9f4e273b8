"""Controls: each looks at one thing and returns None or the reason why an order must not be sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market
from kalshi.exchange.models_orders import GOOD_TILL_CANCELED
from kalshi.store.rows import OrderRow
from kalshi.trading.exposure import full_cost, worst_loss
from kalshi.trading.intents import Intent
from kalshi.trading.limits import Limits

ONE = Decimal(1)


@dataclass(frozen=True)
class Check:
    """What the controls look at. now: aware. quoted_at: when the market was read, None where it is not known."""

    intent: Intent
    market: Market
    row: OrderRow
    limits: Limits
    now: datetime
    quoted_at: datetime | None
    sent_this_run: int
    locks: dict[str, str]


def price_allowed(check: Check) -> str | None:
    """The price is one of the market's grid, between 0 and 1."""
    price = check.intent.price
    if not price.is_finite() or not 0 < price < ONE:
        return f"price {price} is not between 0 and 1 dollars"
    if not PriceGrid.of(check.market).contains(check.intent.yes_price):
        return f"price {price} is not on the market's grid"
    return None


def count_allowed(check: Check) -> str | None:
    """The count is positive, in steps of 0.01 and not above the limit."""
    count = check.intent.count
    if not count.is_finite() or count <= 0 or count % Decimal("0.01"):
        return f"count {count} is not a positive number of contracts in steps of 0.01"
    if count > check.limits.order_contracts:
        return f"count {count} is above the limit of {check.limits.order_contracts} contracts per order"
    return None


def right_market(check: Check) -> str | None:
    """The market handed in is the one the intent names."""
    market = check.market
    if market.ticker != check.intent.ticker or market.event_ticker != check.intent.event_ticker:
        return f"intent for {check.intent.ticker}, market data of {market.ticker}"
    return None


def market_open(check: Check) -> str | None:
    """The market is active and does not close within the margin."""
    market = check.market
    if market.status != "active":
        return f"market is {market.status}, not active"
    if check.now < market.open_time:
        return f"market opens at {market.open_time:%Y-%m-%d %H:%M} UTC"
    if check.now >= market.close_time - check.limits.close_margin:
        return f"market closes at {market.close_time:%Y-%m-%d %H:%M} UTC"
    return None


def expiration_possible(check: Check) -> str | None:
    """An expiration lies in the future and belongs to an order that rests."""
    expiration = check.intent.expiration
    if expiration is None:
        return None
    if check.intent.time_in_force != GOOD_TILL_CANCELED:
        return "only a good-till-canceled order can expire"
    if expiration <= check.now:
        return f"expires at {expiration:%Y-%m-%d %H:%M} UTC, which is past"
    return None


def quote_fresh(check: Check) -> str | None:
    """The prices the order was decided on are not too old."""
    if check.quoted_at is None:
        return None
    age = check.now - check.quoted_at
    if age > check.limits.quote_age:
        return f"quotes are {age.total_seconds():.0f} s old, limit {check.limits.quote_age.total_seconds():.0f} s"
    return None


def not_locked(check: Check) -> str | None:
    """Neither everything nor this strategy nor this event is locked."""
    for scope in ("all", check.intent.strategy, check.intent.event_ticker):
        if scope in check.locks:
            return f"{scope} is locked: {check.locks[scope]}"
    return None


def orders_of_run(check: Check) -> str | None:
    """This run has not sent its number of orders yet."""
    if check.sent_this_run >= check.limits.orders_per_run:
        return f"this run has sent {check.sent_this_run} orders, the limit"
    return None


def order_cost(check: Check) -> str | None:
    """Price times count plus the highest possible fee stays below the limit per order."""
    cost = full_cost(check.row)
    if not check.intent.reduces and cost > check.limits.order_cost:
        return f"costs up to ${cost:.2f}, limit ${check.limits.order_cost:.2f} per order"
    return None


CONTROLS: tuple[Callable[[Check], str | None], ...] = (
    right_market,
    count_allowed,
    price_allowed,
    market_open,
    expiration_possible,
    quote_fresh,
    not_locked,
    orders_of_run,
    order_cost,
)


def first_refusal(check: Check) -> str | None:
    """Return the reason of the first control that objects, None where none does."""
    for control in CONTROLS:
        reason = control(check)
        if reason is not None:
            return reason
    return None


def shared_limits(
    row: OrderRow, others: Sequence[OrderRow], limits: Limits, since: datetime
) -> str | None:
    """Return why the limits that all processes share forbid *row*; *others* are all rows that count.

    others: rows of the same event, and all rows of the last day (created at or after *since*).
    """
    if row.reduces:
        return None
    same_event = [other for other in others if other.event_ticker == row.event_ticker]
    event_loss = worst_loss([*same_event, row])
    if event_loss > limits.event_cost:
        return f"event could then lose ${event_loss:.2f}, limit ${limits.event_cost:.2f} per event"
    today = sorted((other for other in others if other.created_at >= since), key=attrgetter("event_ticker"))
    day_loss = event_loss + sum(
        (
            worst_loss(rows)
            for event, rows in groupby(today, key=attrgetter("event_ticker"))
            if event != row.event_ticker
        ),
        Decimal(0),
    )
    if day_loss > limits.day_cost:
        return f"orders of the last 24 hours could then lose ${day_loss:.2f}, limit ${limits.day_cost:.2f}"
    return None
