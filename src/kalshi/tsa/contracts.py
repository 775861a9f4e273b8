"""The ladder of one TSA event: strikes of its markets and the probability of each by a forecast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from kalshi.errors import DataError
from kalshi.tsa.models import WeekForecast
from kalshi.tsa.weeks import parse_event_ticker

MILLION = 1_000_000
MOST_STRIKE = 100 * MILLION  # passengers a day; beyond it a number is no strike
_STRIKE = re.compile(r"-A(\d{1,2}(?:\.\d{1,6})?)\Z", re.ASCII)


class StrikeMarket(Protocol):
    """What is needed of a market of the exchange: its ticker, and its strike where it has one."""

    @property
    def ticker(self) -> str:
        """Return the market ticker."""
        ...

    @property
    def strike_type(self) -> str | None:
        """Return the kind of strike; only `greater` (strictly above) is understood."""
        ...

    @property
    def floor_strike(self) -> Decimal | None:
        """Return the strike in passengers; the oldest markets have none."""
        ...


@dataclass(frozen=True)
class Rung:
    """One market of the ladder: YES pays where the mean is strictly above `strike` passengers."""

    ticker: str
    strike: int
    prob_yes: float


def strike_in_ticker(ticker: str) -> int:
    """Return the strike in passengers named by a market ticker: `-A2.45`, `-A2.2` and `-A2.10` all occur."""
    found = _STRIKE.search(ticker)
    if found is None:
        raise DataError(f"market {ticker!r} names no strike: expected an ending such as -A2.45")
    strike = Decimal(found.group(1)) * MILLION
    if strike != strike.to_integral_value():
        raise DataError(f"market {ticker!r} names a strike that is no whole number of passengers")
    return int(strike)


def market_strike(market: StrikeMarket) -> int:
    """Return the strike of *market* in passengers, an integer.

    `floor_strike`, else the ticker's. Raises DataError where the two disagree by more than the ticker's
    rounding, or where the market is not of the kind "strictly greater".
    """
    if market.strike_type and market.strike_type != "greater":
        kind = market.strike_type
        raise DataError(f"market {market.ticker}: strike_type {kind!r}: only 'greater' is understood")
    named = strike_in_ticker(market.ticker)
    if market.floor_strike is None:
        return named
    strike = Decimal(market.floor_strike)
    if not 0 <= strike <= MOST_STRIKE:
        raise DataError(f"market {market.ticker}: floor_strike {strike} is no number of passengers")
    if strike != strike.to_integral_value():
        raise DataError(f"market {market.ticker}: floor_strike {strike} is no whole number of passengers")
    if abs(int(strike) - named) > 1:
        raise DataError(f"market {market.ticker}: floor_strike {strike} contradicts the ticker's {named}")
    return int(strike)


def ladder_probabilities(markets: Iterable[StrikeMarket], forecast: WeekForecast) -> list[Rung]:
    """Return the rungs of an event, by ascending strike, with the probability that YES pays.

    Probabilities never rise with the strike. Raises DataError for a ladder without markets, a strike that
    occurs twice, or a market of another week.
    """
    strikes: dict[int, str] = {}
    for market in markets:
        if parse_event_ticker(market.ticker) != forecast.week_sunday:
            raise DataError(f"market {market.ticker} is not of the week ending {forecast.week_sunday}")
        strike = market_strike(market)
        if strike in strikes:
            raise DataError(f"markets {strikes[strike]} and {market.ticker} have the same strike {strike}")
        strikes[strike] = market.ticker
    if not strikes:
        raise DataError(f"the event of the week ending {forecast.week_sunday} has no markets to price")
    ordered = sorted(strikes)
    probs = _checked(forecast.probs_above(ordered).tolist(), forecast.model)
    return [Rung(strikes[strike], strike, prob) for strike, prob in zip(ordered, probs, strict=True)]


def _checked(probs: Sequence[float], model: str) -> Sequence[float]:
    for prob in probs:
        if not 0.0 <= prob <= 1.0:  # also false for NaN
            raise DataError(f"model {model} returned the probability {prob}: it must lie in 0..1")
    if any(later > earlier + 1e-12 for earlier, later in pairwise(probs)):
        raise DataError(f"model {model} returned probabilities that rise with the strike")
    return probs
