"""Controls: each has a name, looks at one thing of one order, and says why it must not be sent and how much may be.

What all processes share (event, day, strategy) is in `shared_limits`, locks are in `caution`, and what only the
exchange knows (pauses, money, attestation) is in `venue`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Market
from kalshi.exchange.models_orders import GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.store.rows import OrderRow, Refusal
from kalshi.trading.exposure import full_cost, most_contracts
from kalshi.trading.intents import Intent, Side
from kalshi.trading.limits import Limits

ONE = Decimal(1)
CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Check:
    """What the controls look at.

    now: aware. quoted_at: when the market was read, None where it is not known. unknown_this_run: markets
    with an order of this run whose outcome is not known. ends_by: when the run should have ended, None: no limit.
    """

    intent: Intent
    market: Market
    row: OrderRow
    limits: Limits
    now: datetime
    quoted_at: datetime | None
    sent_this_run: int
    unknown_this_run: Sequence[str]
    ends_by: datetime | None = None


@dataclass(frozen=True)
class Control:
    """One control. judge: returns None or the reason. possible: contracts it would let through, 0 if not given."""

    name: str
    judge: Callable[[Check], str | None]
    possible: Callable[[Check], Decimal] = lambda _check: Decimal(0)


def price_allowed(check: Check) -> str | None:
    """The price is one of the market's grid, between 0 and 1."""
    price = check.intent.price
    if not price.is_finite() or not 0 < price < ONE:
        return f"price {price} is not between 0 and 1 dollars"
    if not PriceGrid.of(check.market).contains(check.intent.yes_price):
        return f"price {price} is not on the market's grid"
    return None


def count_allowed(check: Check) -> str | None:
    """The count is positive, in steps of 0.01 and not above the limit, which does not hold back an exit."""
    count = check.intent.count
    if not count.is_finite() or count <= 0 or count % Decimal("0.01"):
        return f"count {count} is not a positive number of contracts in steps of 0.01"
    if count > check.limits.order_contracts and not check.intent.reduces:
        return f"count {count} is above the limit of {check.limits.order_contracts} contracts per order"
    return None


def right_market(check: Check) -> str | None:
    """The market handed in is the one the intent names."""
    market = check.market
    if market.ticker != check.intent.ticker or market.event_ticker != check.intent.event_ticker:
        return f"intent for {check.intent.ticker}, market data of {market.ticker}"
    return None


def market_open(check: Check) -> str | None:
    """The market is active and does not close within the margin; an exit needs no margin."""
    market = check.market
    if market.status != "active":
        return f"market is {market.status}, not active"
    if check.now < market.open_time:
        return f"market opens at {market.open_time:%Y-%m-%d %H:%M} UTC"
    margin = timedelta(0) if check.intent.reduces else check.limits.close_margin
    if check.now >= market.close_time - margin:
        return f"market closes at {market.close_time:%Y-%m-%d %H:%M} UTC"
    return None


def possible(check: Check) -> str | None:
    """The order is one that the exchange can take: expiry, post-only and closing fit the time in force."""
    intent = check.intent
    if intent.reduces and intent.time_in_force != IMMEDIATE_OR_CANCEL:
        return "an order that closes a position must be immediate-or-cancel"
    if intent.time_in_force == GOOD_TILL_CANCELED:
        if intent.expiration is not None and intent.expiration <= check.now:
            return f"expires at {intent.expiration:%Y-%m-%d %H:%M} UTC, which is past"
        return None
    if intent.expiration is not None or intent.post_only:
        return "only a good-till-canceled order can expire or be post-only"
    return None


def quote_fresh(check: Check) -> str | None:
    """The prices the order was decided on are not too old."""
    if check.quoted_at is None:
        return None
    age = check.now - check.quoted_at
    if age < -CLOCK_TOLERANCE:
        return f"quotes are {-age.total_seconds():.0f} s from the future: was the clock set back?"
    if age > check.limits.quote_age:
        return f"quotes are {age.total_seconds():.0f} s old, limit {check.limits.quote_age.total_seconds():.0f} s"
    return None


def run_in_time(check: Check) -> str | None:
    """The run is not past its time limit, as it is when the machine slept: only exits are sent then."""
    if check.ends_by is None or check.now <= check.ends_by or check.intent.reduces:
        return None
    return f"this run should have ended by {check.ends_by:%Y-%m-%d %H:%M} UTC: what it knows is old"


def spread_allowed(check: Check) -> str | None:
    """An order that would trade at once meets a market whose spread is not too wide."""
    most, quote = check.limits.spread, check.market.quote()
    ask = quote.yes_ask if check.intent.side is Side.YES else quote.no_ask
    if most is None or check.intent.reduces or ask is None or check.intent.price < ask:
        return None
    if quote.spread is None or quote.spread > most:
        return f"spread is {quote.spread if quote.spread is not None else 'one-sided'}, limit {most}"
    return None


def nothing_unknown(check: Check) -> str | None:
    """No order of this run is unknown: until it is looked up for certain only exits are sent."""
    if check.unknown_this_run and not check.intent.reduces:
        return f"the outcome of this run's order in {check.unknown_this_run[0]} is unknown: nothing more is sent"
    return None


def orders_of_run(check: Check) -> str | None:
    """This run has not sent its number of orders yet; an exit is sent all the same."""
    if check.sent_this_run >= check.limits.orders_per_run and not check.intent.reduces:
        return f"this run has sent {check.sent_this_run} orders, the limit"
    return None


def order_cost(check: Check) -> str | None:
    """Price times count plus the highest possible fee stays below the limit per order."""
    cost = full_cost(check.row)
    if not check.intent.reduces and cost > check.limits.order_cost:
        return f"costs up to ${cost:.2f}, limit ${check.limits.order_cost:.2f} per order"
    return None


def possible_by_cost(check: Check) -> Decimal:
    """Return the whole contracts that the limit per order pays for."""
    return most_contracts(check.row, lambda row: full_cost(row) <= check.limits.order_cost)


CONTROLS: tuple[Control, ...] = (
    Control("market", right_market),
    Control("count", count_allowed, lambda check: min(check.limits.order_contracts, possible_by_cost(check))),
    Control("price", price_allowed),
    Control("market hours", market_open),
    Control("order type", possible),
    Control("quote age", quote_fresh),
    Control("run time", run_in_time),
    Control("spread", spread_allowed),
    Control("unknown order", nothing_unknown),
    Control("orders per run", orders_of_run),
    Control("order cost", order_cost, possible_by_cost),
)


def first_refusal(check: Check) -> Refusal | None:
    """Return what the first control that objects says, None where none does."""
    for control in CONTROLS:
        reason = control.judge(check)
        if reason is not None:
            return refusal(control.name, reason, control.possible(check))
    return None


def refusal(control: str, reason: str, possible: Decimal = Decimal(0)) -> Refusal:
    """Return a refusal whose reason also says how much would be possible, where that is anything."""
    more = f"; {possible.normalize():f} contracts would be possible" if possible > 0 else ""
    return Refusal(control, reason + more, possible)
