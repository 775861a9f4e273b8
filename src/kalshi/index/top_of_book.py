"""The best prices of a market, with everything that is no quote taken out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

ONE = Decimal(1)


class QuotedMarket(Protocol):
    """What is read of a market: its own best YES prices and their sizes."""

    @property
    def yes_bid_dollars(self) -> Decimal | None: ...
    @property
    def yes_ask_dollars(self) -> Decimal | None: ...
    @property
    def yes_bid_size_fp(self) -> Decimal | None: ...
    @property
    def yes_ask_size_fp(self) -> Decimal | None: ...


@dataclass(frozen=True)
class TopOfBook:
    """Best bid and ask of YES, dollars, None where nobody quotes; sizes in contracts, 0 where nobody does."""

    yes_bid: Decimal | None = None
    yes_ask: Decimal | None = None
    bid_size: Decimal = Decimal(0)
    ask_size: Decimal = Decimal(0)

    @classmethod
    def of(cls, market: QuotedMarket) -> TopOfBook:
        """Return the quotes of *market*; a price counts only if 0 < p < 1 and its size is above 0."""
        bid, bid_size = _quote(market.yes_bid_dollars, market.yes_bid_size_fp)
        ask, ask_size = _quote(market.yes_ask_dollars, market.yes_ask_size_fp)
        return cls(bid, ask, bid_size, ask_size)

    @property
    def no_bid(self) -> Decimal | None:
        """What buyers offer for NO: 1 - YES ask."""
        return None if self.yes_ask is None else ONE - self.yes_ask

    @property
    def no_ask(self) -> Decimal | None:
        """What sellers want for NO: 1 - YES bid."""
        return None if self.yes_bid is None else ONE - self.yes_bid

    @property
    def mid(self) -> Decimal | None:
        """The middle of a two-sided, uncrossed book, dollars."""
        if self.problem or self.yes_bid is None or self.yes_ask is None:
            return None
        return (self.yes_bid + self.yes_ask) / 2

    @property
    def problem(self) -> str:
        """Why this is no two-sided market, empty when it is one."""
        if self.yes_bid is None and self.yes_ask is None:
            return "no quotes"
        if self.yes_bid is None:
            return "one-sided: no YES bid"
        if self.yes_ask is None:
            return "one-sided: no YES ask"
        if self.yes_bid >= self.yes_ask:
            return f"crossed book: bid {self.yes_bid} at or above ask {self.yes_ask}"
        return ""


def _quote(price: Decimal | None, size: Decimal | None) -> tuple[Decimal | None, Decimal]:
    if price is None or size is None or not 0 < price < 1 or size <= 0:
        return None, Decimal(0)
    return price, size
