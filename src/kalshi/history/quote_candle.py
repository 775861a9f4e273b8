"""One candle as a simulation reads it: closing quotes and extremes, with everything that is no price taken out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class QuoteCandle:
    """Closing quotes of one period, by its end (Unix seconds); dollars as stated, None where null.

    bid_high, ask_low, trade_low, trade_high: the extremes within the period, None where they are not known.
    """

    end_ts: int
    bid_close: Decimal | None
    ask_close: Decimal | None
    bid_high: Decimal | None = None
    ask_low: Decimal | None = None
    trade_low: Decimal | None = None
    trade_high: Decimal | None = None

    @property
    def is_null(self) -> bool:
        """Whether the exchange gave no quotes at all, as for old events."""
        return self.bid_close is None and self.ask_close is None

    @property
    def bid(self) -> Decimal | None:
        """The best bid for YES, None where nobody bids: 0 is no price."""
        return self.bid_close if self.bid_close is not None and ZERO < self.bid_close < ONE else None

    @property
    def ask(self) -> Decimal | None:
        """The best offer of YES, None where nobody offers: 1 (and 0) is no price."""
        return self.ask_close if self.ask_close is not None and ZERO < self.ask_close < ONE else None

    @property
    def mid(self) -> Decimal | None:
        """The middle of bid and ask, None for a one-sided book."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    @property
    def cheapest(self) -> Decimal | None:
        """The lowest price at which YES was offered or traded in the period, None where nobody did."""
        return min(_prices(self.ask_low, self.ask_close, self.trade_low), default=None)

    @property
    def dearest(self) -> Decimal | None:
        """The highest price that was bid or paid for YES in the period, None where nobody did."""
        return max(_prices(self.bid_high, self.bid_close, self.trade_high), default=None)


def _prices(*stated: Decimal | None) -> list[Decimal]:
    """Return those between 0 and 1: both ends mean that nobody was there."""
    return [price for price in stated if price is not None and ZERO < price < ONE]
