"""What the exchange says about series, events, markets, books and trades.

Attribute names are the wire's. Required fields are the ones the API requires; unknown fields and unknown
words pass. Prices are Decimal dollars, counts Decimal contracts, times aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import msgspec

ZERO = Decimal(0)
ONE = Decimal(1)
ENDLESS = Decimal("1E+15")  # finite, but beyond all money and contracts; written out it would fill the memory
Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # a time without a zone is malformed


class Wire(msgspec.Struct, frozen=True, gc=False):
    """Base of all answers: frozen, and left out by the garbage collector, as they hold no cycles."""


class Finite(Wire, frozen=True):
    """Base of answers about money: ValueError (ResponseError when decoded) for an endless number."""

    def __post_init__(self) -> None:
        for name, sent_as in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, name)
            if isinstance(value, Decimal) and not is_bounded(value):
                raise ValueError(absurd(sent_as, value, "number"))


def is_price(value: Decimal) -> bool:
    """Return whether *value* dollars lie in 0..1; NaN does not."""
    return value.is_finite() and ZERO <= value <= ONE


def is_bounded(value: Decimal) -> bool:
    """Return whether *value* is a number that money or contracts can have; NaN is not."""
    return value.is_finite() and -ENDLESS < value < ENDLESS


def absurd(name: str, value: Decimal, what: str) -> str:
    """Return the message for a field with an impossible value, in the decoder's own form."""
    return f"{value} is no {what} - at `$.{name}`"


class SettlementSource(Wire, frozen=True):
    """Where a series' outcome is read."""

    name: str = ""
    url: str = ""


class Series(Finite, frozen=True):
    """A recurring question; carries the fee type and multiplier."""

    ticker: str
    title: str
    category: str
    fee_type: str
    fee_multiplier: Decimal
    frequency: str = ""
    tags: list[str] | None = None
    settlement_sources: list[SettlementSource] | None = None
    contract_url: str = ""
    contract_terms_url: str = ""
    exchange_index: int = 0


class PriceRange(Wire, frozen=True):
    """One band of a price grid: from start to end dollars in steps."""

    start: Decimal
    end: Decimal
    step: Decimal


@dataclass(frozen=True)
class Quote:
    """Best prices of one market in dollars with their sizes in contracts; None where nobody quotes."""

    yes_bid: Decimal | None
    yes_ask: Decimal | None
    yes_bid_size: Decimal | None = None
    yes_ask_size: Decimal | None = None

    @property
    def no_bid(self) -> Decimal | None:
        """Best bid for NO: one dollar less the YES ask."""
        return None if self.yes_ask is None else ONE - self.yes_ask

    @property
    def no_ask(self) -> Decimal | None:
        """Best offer of NO: one dollar less the YES bid."""
        return None if self.yes_bid is None else ONE - self.yes_bid

    @property
    def spread(self) -> Decimal | None:
        """Ask minus bid, None for a one-sided book."""
        if self.yes_bid is None or self.yes_ask is None:
            return None
        return self.yes_ask - self.yes_bid

    @property
    def mid(self) -> Decimal | None:
        """Middle of bid and ask, None for a one-sided book."""
        if self.yes_bid is None or self.yes_ask is None:
            return None
        return (self.yes_bid + self.yes_ask) / 2


class Market(Wire, frozen=True, kw_only=True):
    """One yes/no question inside an event.

    Texts of rules are not decoded: nothing here decides by prose.
    Raises ValueError (ResponseError when decoded) for a price outside 0..1 dollars, a negative size or
    an endless strike.
    """

    # In the order of the wire, by name: the decoder then finds each field at the first look.
    can_close_early: bool
    cap_strike: Decimal | None = None
    close_time: Moment
    created_time: Moment | None = None
    event_ticker: str
    exchange_index: int = 0
    expected_expiration_time: Moment | None = None
    expiration_value: str
    fee_waiver_expiration_time: Moment | None = None
    floor_strike: Decimal | None = None
    is_provisional: bool = False
    last_price_dollars: Decimal
    latest_expiration_time: Moment
    market_type: str
    no_ask_dollars: Decimal
    no_bid_dollars: Decimal
    no_sub_title: str = ""
    notional_value_dollars: Decimal
    open_interest_fp: Decimal
    open_time: Moment
    price_level_structure: str
    price_ranges: list[PriceRange]
    result: str
    settlement_bounds_type: str = "default"
    settlement_floor_dollars: Decimal | None = None
    settlement_timer_seconds: int
    settlement_ts: Moment | None = None
    settlement_value_dollars: Decimal | None = None
    status: str
    strike_type: str | None = None
    ticker: str
    title: str = ""
    updated_time: Moment | None = None
    volume_24h_fp: Decimal
    volume_fp: Decimal
    yes_ask_dollars: Decimal
    yes_ask_size_fp: Decimal
    yes_bid_dollars: Decimal
    yes_bid_size_fp: Decimal
    yes_sub_title: str = ""

    def __post_init__(self, zero: Decimal = ZERO, one: Decimal = ONE, endless: Decimal = ENDLESS) -> None:
        # Runs for every row of every page, hence the bounds as arguments: they are found faster there.
        # Ordering comparisons also refuse NaN, which Decimal would otherwise let through.
        try:
            if (
                zero <= self.yes_bid_dollars <= one
                and zero <= self.yes_ask_dollars <= one
                and zero <= self.no_bid_dollars <= one
                and zero <= self.no_ask_dollars <= one
                and zero <= self.last_price_dollars <= one
                and zero <= self.yes_bid_size_fp < endless
                and zero <= self.yes_ask_size_fp < endless
                and (self.floor_strike is None or -endless < self.floor_strike < endless)
                and (self.cap_strike is None or -endless < self.cap_strike < endless)
                and (self.settlement_value_dollars is None or zero <= self.settlement_value_dollars <= one)
            ):
                return
        except InvalidOperation:
            pass
        raise ValueError(_first_absurd(self))

    def quote(self) -> Quote:
        """Return the best prices; the exchange's signs for "nobody quotes" (0, 1, size 0) become None."""
        bid, ask = self.yes_bid_dollars, self.yes_ask_dollars
        bid_size, ask_size = self.yes_bid_size_fp, self.yes_ask_size_fp
        has_bid = ZERO < bid < ONE and bid_size > 0
        has_ask = ZERO < ask < ONE and ask_size > 0
        return Quote(
            bid if has_bid else None,
            ask if has_ask else None,
            bid_size if has_bid else None,
            ask_size if has_ask else None,
        )


_PRICES = (
    "yes_bid_dollars",
    "yes_ask_dollars",
    "no_bid_dollars",
    "no_ask_dollars",
    "last_price_dollars",
    "settlement_value_dollars",
)
_SIZES = ("yes_bid_size_fp", "yes_ask_size_fp")
_STRIKES = ("floor_strike", "cap_strike")


def _first_absurd(market: Market) -> str:
    for name in _PRICES + _SIZES + _STRIKES:
        value: Decimal | None = getattr(market, name)
        if value is None:
            continue
        if name in _PRICES and not is_price(value):
            return absurd(name, value, "price between 0 and 1")
        if not is_bounded(value):
            return absurd(name, value, "number")
        if name in _SIZES and value < ZERO:
            return absurd(name, value, "count")
    raise AssertionError("no absurd field")


class Event(Finite, frozen=True):
    """One occurrence of a series: a day, a week."""

    event_ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool
    collateral_return_type: str
    strike_date: Moment | None = None
    strike_period: str | None = None
    category: str = ""
    markets: list[Market] | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    exchange_index: int = 0


class Level(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One price level of a book: dollars and contracts; on the wire ["0.4200", "13.00"].

    Raises ValueError (ResponseError when decoded) for a price outside 0..1 or a negative count.
    """

    price: Decimal
    count: Decimal

    def __post_init__(self) -> None:
        if not (is_price(self.price) and is_bounded(self.count) and self.count >= ZERO):
            raise ValueError(f"{self.price} for {self.count} contracts is no level of a book")


if TYPE_CHECKING:
    Levels = list[Level]
else:
    Levels = list[Level] | None  # a null side is read, and is an empty list afterwards


class OrderBook(Wire, frozen=True):
    """Bids only, YES bids in YES prices, NO bids in NO prices; in any order, a missing side is empty."""

    yes_dollars: Levels = msgspec.field(default_factory=list)
    no_dollars: Levels = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        for side in ("yes_dollars", "no_dollars"):
            if getattr(self, side) is None:
                msgspec.structs.force_setattr(self, side, [])

    def best_yes_bid(self) -> Level | None:
        """Return the highest bid for YES, None where there is none."""
        return max(self.yes_dollars, default=None)

    def best_yes_ask(self) -> Level | None:
        """Return the lowest offer of YES: one dollar less the highest NO bid; None where there is none."""
        best = max(self.no_dollars, default=None)
        return None if best is None else Level(ONE - best.price, best.count)

    def quote(self) -> Quote:
        """Return the best prices with their sizes."""
        bid, ask = self.best_yes_bid(), self.best_yes_ask()
        return Quote(
            bid.price if bid else None,
            ask.price if ask else None,
            bid.count if bid else None,
            ask.count if ask else None,
        )


class Trade(Finite, frozen=True):
    """One trade of the public tape."""

    trade_id: str
    ticker: str
    count_fp: Decimal
    yes_price_dollars: Decimal
    no_price_dollars: Decimal
    taker_outcome_side: str
    taker_book_side: str
    created_time: Moment
    is_block_trade: bool


class SeriesFeeChange(Finite, frozen=True):
    """A scheduled change of a series' fees."""

    id: str
    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: Moment


class EventFeeChange(Finite, frozen=True):
    """A scheduled override of an event's fees; null clears it, absence is an error."""

    id: str
    event_ticker: str
    series_ticker: str
    scheduled_ts: Moment
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None
