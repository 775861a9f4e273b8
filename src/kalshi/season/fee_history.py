"""The fees of the index series at a past time: multiplier and rounding as they were in force at the trade.

Source: reference/fees.md and the fee changes the exchange published: half the usual fee from 2022-09-12, the
usual one from 2026-07-03 17:00 UTC; makers pay nothing on the daily ladders. Until 2026-05-28 a fee was rounded
up to the next cent per order, since then per fill to the balance's ten-thousandth.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from kalshi.errors import DataError
from kalshi.pricing.fees import FeeTerms, cent_ceiling, charge, model_fee, terms_of_type, trade_fee

HALF_FEE_FROM = datetime(2022, 9, 12, tzinfo=UTC)
USUAL_FEE_FROM = datetime(2026, 7, 3, 17, tzinfo=UTC)
FINE_ROUNDING_FROM = datetime(2026, 5, 28, tzinfo=UTC)
DAILY_SERIES = ("KXINX", "KXINXU", "KXNASDAQ100", "KXNASDAQ100U")


def index_fee_terms(series: str, at: datetime) -> FeeTerms:
    """Return the terms of a daily index series (by its current name) at *at* (aware).

    Raises DataError for another series, and before 2022-09-12, of which nothing is known.
    """
    if series not in DAILY_SERIES:
        raise DataError(f"the past fees of {series} are not known here, only those of {', '.join(DAILY_SERIES)}")
    if at < HALF_FEE_FROM:
        raise DataError(f"the fees of {series} before {HALF_FEE_FROM:%Y-%m-%d} are not known")
    multiplier = Decimal(1) if at >= USUAL_FEE_FROM else Decimal("0.5")
    return terms_of_type("quadratic", multiplier, where=series)


def charged(price: Decimal, count: Decimal, rate: Decimal, at: datetime) -> Decimal:
    """Return what one fill of *count* at *price* (own side, dollars) costs on top at *at* (aware), dollars."""
    if at < FINE_ROUNDING_FROM:
        return cent_ceiling(model_fee(price, count, rate))
    return charge(-count * price, trade_fee(price, count, rate)).fee
