"""What the exchange says about itself, series, events, markets, books and trades.

Attribute names are the wire's. Required fields are the ones the API requires; unknown fields and unknown
words pass. Prices are Decimal dollars, counts Decimal contracts, times aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec

ZERO = Decimal(0)
ONE = Decimal(1)


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all answers: frozen, keyword only."""


class SettlementSource(Wire, frozen=True):
    """Where a series' outcome is read."""

    name: str = ""
    url: str = ""


class Series(Wire, frozen=True):
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


class Market(Wire, frozen=True):
    """One yes/no question inside an event.

    Texts of rules and deprecated titles are not decoded: nothing here decides by prose.
    Raises ValueError (ResponseError when decoded) for a price outside 0..1 dollars or a negative count.
    """

    ticker: str
    event_ticker: str
    market_type: str
    status: str
    result: str
    open_time: datetime
    close_time: datetime
    latest_expiration_time: datetime
    settlement_timer_seconds: int
    can_close_early: bool
    expiration_value: str
    yes_bid_dollars: Decimal
    yes_ask_dollars: Decimal
    no_bid_dollars: Decimal
    no_ask_dollars: Decimal
    last_price_dollars: Decimal
    yes_bid_size_fp: Decimal
    yes_ask_size_fp: Decimal
    volume_fp: Decimal
    volume_24h_fp: Decimal
    open_interest_fp: Decimal
    notional_value_dollars: Decimal
    price_level_structure: str
    price_ranges: list[PriceRange]
    yes_sub_title: str = ""
    no_sub_title: str = ""
    title: str = ""
    created_time: datetime | None = None
    updated_time: datetime | None = None
    expected_expiration_time: datetime | None = None
    fee_waiver_expiration_time: datetime | None = None
    settlement_ts: datetime | None = None
    settlement_value_dollars: Decimal | None = None
    settlement_bounds_type: str = "default"
    settlement_floor_dollars: Decimal | None = None
    strike_type: str | None = None
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    is_provisional: bool = False
    exchange_index: int = 0

    def __post_init__(self) -> None:
        # Ordering comparisons also refuse NaN, which Decimal would otherwise let through.
        try:
            prices = (
                ZERO <= self.yes_bid_dollars <= ONE
                and ZERO <= self.yes_ask_dollars <= ONE
                and ZERO <= self.no_bid_dollars <= ONE
                and ZERO <= self.no_ask_dollars <= ONE
                and ZERO <= self.last_price_dollars <= ONE
            )
            counts = self.yes_bid_size_fp >= ZERO and self.yes_ask_size_fp >= ZERO and self.volume_fp >= ZERO
        except InvalidOperation:
            prices = counts = False
        if not (prices and counts):
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


_PRICES = ("yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars", "no_ask_dollars", "last_price_dollars")
_COUNTS = ("yes_bid_size_fp", "yes_ask_size_fp", "volume_fp")


def _first_absurd(market: Market) -> str:
    for name in _PRICES + _COUNTS:
        value: Decimal = getattr(market, name)
        highest = ONE if name in _PRICES else None
        if not value.is_finite() or value < ZERO or (highest is not None and value > highest):
            return f"{value} is no {'price between 0 and 1' if highest else 'count'} - at `$.{name}`"
    raise AssertionError("no absurd field")


class Event(Wire, frozen=True):
    """One occurrence of a series: a day, a week."""

    event_ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool
    collateral_return_type: str
    strike_date: datetime | None = None
    strike_period: str | None = None
    category: str = ""
    markets: list[Market] | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    exchange_index: int = 0


class Level(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One price level of a book: dollars and contracts; on the wire ["0.4200", "13.00"]."""

    price: Decimal
    count: Decimal


class OrderBook(Wire, frozen=True):
    """Bids only, YES bids in YES prices, NO bids in NO prices; in any order, a missing side is empty."""

    yes_dollars: list[Level] = msgspec.field(default_factory=list)
    no_dollars: list[Level] = msgspec.field(default_factory=list)

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


class Trade(Wire, frozen=True):
    """One trade of the public tape."""

    trade_id: str
    ticker: str
    count_fp: Decimal
    yes_price_dollars: Decimal
    no_price_dollars: Decimal
    taker_outcome_side: str
    taker_book_side: str
    created_time: datetime
    is_block_trade: bool


class ExchangeIndexStatus(Wire, frozen=True):
    """State of one shard."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool
    description: str = ""


class ExchangeStatus(Wire, frozen=True):
    """State of the exchange; the top-level flags describe shard 0 only."""

    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool | None = None
    exchange_estimated_resume_time: datetime | None = None
    exchange_index_statuses: list[ExchangeIndexStatus] | None = None

    def trades_on(self, exchange_index: int) -> bool:
        """Return whether trading is active on that shard."""
        for shard in self.exchange_index_statuses or ():
            if shard.exchange_index == exchange_index:
                return shard.exchange_active and shard.trading_active
        return self.exchange_active and self.trading_active


class DailySchedule(Wire, frozen=True):
    """One span of trading, "HH:MM" Eastern time."""

    open_time: str
    close_time: str


class WeeklySchedule(Wire, frozen=True):
    """Trading hours by weekday, valid from start_time to end_time."""

    start_time: datetime
    end_time: datetime
    monday: list[DailySchedule]
    tuesday: list[DailySchedule]
    wednesday: list[DailySchedule]
    thursday: list[DailySchedule]
    friday: list[DailySchedule]
    saturday: list[DailySchedule]
    sunday: list[DailySchedule]


class MaintenanceWindow(Wire, frozen=True):
    """A stated pause."""

    start_datetime: datetime
    end_datetime: datetime


class Schedule(Wire, frozen=True):
    """Trading hours and maintenance windows."""

    standard_hours: list[WeeklySchedule]
    maintenance_windows: list[MaintenanceWindow]


class UserDataTimestamp(Wire, frozen=True):
    """How fresh balance, orders, fills and positions are."""

    as_of_time: datetime


class HistoricalCutoff(Wire, frozen=True):
    """Boundaries between live and archived data."""

    market_settled_ts: datetime
    trades_created_ts: datetime
    orders_updated_ts: datetime
    market_positions_last_updated_ts: datetime | None = None


class SeriesFeeChange(Wire, frozen=True):
    """A scheduled change of a series' fees."""

    id: str
    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: datetime


class EventFeeChange(Wire, frozen=True):
    """A scheduled override of an event's fees; None clears it."""

    id: str
    event_ticker: str
    series_ticker: str
    scheduled_ts: datetime
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
