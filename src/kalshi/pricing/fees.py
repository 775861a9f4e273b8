"""What a fill costs: the trade fee, the rounding of balances, and a safe bound before a trade.

Model fee of a fill = 0.07 x k x multiplier x contracts x P x (1 - P), with P in dollars of either side
(the fee of YES at P equals the fee of NO at 1 - P). k is 1 for the taker; for the maker it depends on the
fee type of the series. Written down in reference/fees.md, with the test vectors.

Not modelled: the printed table that fee type `flat` refers to (such series are refused), and the swap of
fee roles for combo quotes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol

from kalshi.errors import DataError

TAKER_COEFFICIENT = Decimal("0.07")
MAKER_SHARE = {
    "quadratic": Decimal(0),
    "quadratic_with_maker_fees": Decimal("0.25"),
    "quadratic_with_combo_maker_fees": Decimal("0.5"),
}
UNKNOWN_TYPE_MAKER_SHARE = Decimal("0.5")
TRADE_FEE_STEP = Decimal("0.000001")
DIRECT_PRECISION = Decimal("0.0001")
CENT = Decimal("0.01")
MOST_MULTIPLIER = Decimal(1000)  # above it a fee is no fee

log = logging.getLogger(__name__)


class SeriesFees(Protocol):
    """The part of a series that this module reads."""

    @property
    def ticker(self) -> str: ...
    @property
    def fee_type(self) -> str: ...
    @property
    def fee_multiplier(self) -> Decimal: ...


class EventFees(Protocol):
    """The part of an event that this module reads."""

    @property
    def fee_type_override(self) -> str | None: ...
    @property
    def fee_multiplier_override(self) -> Decimal | None: ...


@dataclass(frozen=True)
class FeeTerms:
    """Fee terms of one market at one time.

    taker_rate, maker_rate: dollars per contract before the factor P x (1 - P).
    """

    fee_type: str
    multiplier: Decimal
    taker_rate: Decimal
    maker_rate: Decimal

    def rate(self, *, is_taker: bool) -> Decimal:
        """Return the rate of the role."""
        return self.taker_rate if is_taker else self.maker_rate


def fee_terms(
    series: SeriesFees, event: EventFees | None = None, *, waived_until: datetime | None = None,
    at: datetime | None = None,
) -> FeeTerms:
    """Return the terms in force: the event's override where present, else the series'.

    waived_until: the market's `fee_waiver_expiration_time`; no fee while *at* (aware) is before it.
    Raises DataError for fee type `flat`, whose table no endpoint serves.
    An unknown fee type is charged on the safe side, with a warning: maker half of taker, multiplier >= 1.
    """
    fee_type, multiplier = series.fee_type, Decimal(series.fee_multiplier)
    if event is not None:
        fee_type = event.fee_type_override or fee_type
        if event.fee_multiplier_override is not None:
            multiplier = Decimal(event.fee_multiplier_override)
    if waived_until is not None and at is not None and at < waived_until:
        multiplier = Decimal(0)
    return terms_of_type(fee_type, multiplier, where=series.ticker)


def terms_of_type(fee_type: str, multiplier: Decimal, *, where: str = "") -> FeeTerms:
    """Return the terms of a fee type and multiplier; *where* names the series in errors and warnings.

    Raises DataError for `flat` and for a negative multiplier.
    """
    if fee_type == "flat":
        raise DataError(f"series {where} charges the flat table, which no endpoint serves: do not trade it")
    if not multiplier.is_finite() or not 0 <= multiplier <= MOST_MULTIPLIER:
        raise DataError(f"series {where} has fee_multiplier {multiplier}: expected 0 to {MOST_MULTIPLIER}")
    share = MAKER_SHARE.get(fee_type)
    if share is None:
        log.warning("unknown fee type: assuming the dearest", extra={"series": where, "fee_type": fee_type})
        share, multiplier = UNKNOWN_TYPE_MAKER_SHARE, max(Decimal(1), multiplier)
    taker = TAKER_COEFFICIENT * multiplier
    return FeeTerms(fee_type, multiplier, taker_rate=taker, maker_rate=taker * share)


def model_fee(price: Decimal, count: Decimal, rate: Decimal) -> Decimal:
    """Return rate x count x P x (1 - P) in dollars, unrounded.

    price: dollars of either side, 0 to 1 inclusive. count: contracts, not negative.
    Raises ValueError outside these bounds.
    """
    if not 0 <= price <= 1:
        raise ValueError(f"price {price} is not between 0 and 1 dollar")
    if count < 0:
        raise ValueError(f"count {count} is negative")
    return rate * count * price * (1 - price)


def trade_fee(price: Decimal, count: Decimal, rate: Decimal) -> Decimal:
    """Return the fee of one fill in dollars: the model fee rounded up to $0.000001."""
    return model_fee(price, count, rate).quantize(TRADE_FEE_STEP, rounding=ROUND_CEILING)


def taker_fee(price: Decimal, count: Decimal, multiplier: Decimal = Decimal(1)) -> Decimal:
    """Return the trade fee of a taker's fill in dollars, rounded up to $0.000001."""
    return trade_fee(price, count, TAKER_COEFFICIENT * multiplier)


def maker_fee(
    price: Decimal, count: Decimal, multiplier: Decimal = Decimal(1), fee_type: str = "quadratic"
) -> Decimal:
    """Return the trade fee of a maker's fill in dollars; 0 for `quadratic`. Raises DataError for `flat`."""
    return trade_fee(price, count, terms_of_type(fee_type, multiplier).maker_rate)


def fee_bound(price: Decimal, count: Decimal, multiplier: Decimal = Decimal(1)) -> Decimal:
    """Return a safe upper bound of a taker order's fee before the trade: rounded up to the next cent.

    Use it for checks only; afterwards the fill's own `fee_cost` is the truth.
    The bound holds for fills at *price*; price plus fee grows with the price, so *price* should be the limit.
    """
    return cent_ceiling(model_fee(price, count, TAKER_COEFFICIENT * multiplier))


def cent_ceiling(dollars: Decimal) -> Decimal:
    """Return *dollars* rounded up to the next whole cent."""
    return dollars.quantize(CENT, rounding=ROUND_CEILING)


def break_even(price: Decimal, multiplier: Decimal = Decimal(1)) -> Decimal:
    """Return the probability of winning at which a taker at *price* neither gains nor loses."""
    return price + model_fee(price, Decimal(1), TAKER_COEFFICIENT * multiplier)


def affordable_count(budget: Decimal, price: Decimal, multiplier: Decimal = Decimal(1)) -> int:
    """Return how many whole contracts *budget* buys at *price*, the cent-ceiled fee included.

    budget: dollars. price: own-side dollars, above 0 and at most 1.
    """
    if not 0 < price <= 1:
        raise ValueError(f"price {price} is not above 0 and at most 1 dollar")
    count = int(budget / (price + model_fee(price, Decimal(1), TAKER_COEFFICIENT * multiplier)))
    while count > 0 and count * price + fee_bound(price, Decimal(count), multiplier) > budget:
        count -= 1
    return max(count, 0)


@dataclass(frozen=True)
class Charge:
    """What one fill does to an account.

    change: signed change of the cash balance, a multiple of the account's precision.
    fee: what the account paid to the exchange (trade fee + rounding fee - rebate), never negative.
    carried: the order's rounding accumulator afterwards; hand it to the order's next fill.
    """

    change: Decimal
    fee: Decimal
    carried: Decimal


def charge(
    revenue: Decimal, fee: Decimal, carried: Decimal = Decimal(0), precision: Decimal = DIRECT_PRECISION
) -> Charge:
    """Return the balance change of one fill after rounding and rebates.

    revenue: signed dollars of the fill before fees (negative for a purchase).
    fee: the trade fee. carried: the accumulator of the same order after its last fill.
    precision: $0.0001 for direct members, $0.01 for others.
    The change is floored to the precision; the difference is a rounding fee, collected per order and paid
    back in steps of the precision, but never so much that the fill's net fee would be negative.
    """
    floored = (revenue - fee).quantize(precision, rounding=ROUND_FLOOR)
    rounding_fee = revenue - fee - floored
    carried += rounding_fee
    rebate = min(carried, fee + rounding_fee).quantize(precision, rounding=ROUND_FLOOR)
    return Charge(floored + rebate, fee + rounding_fee - rebate, carried - rebate)
