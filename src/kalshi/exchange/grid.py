"""The prices a market accepts: bands of `price_ranges`, each from start to end in steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from kalshi.errors import DataError
from kalshi.exchange.models_market import ONE, ZERO, Market, PriceRange


@dataclass(frozen=True)
class PriceGrid:
    """All allowed prices of one market, dollars, strictly between 0 and 1; bands ascend."""

    bands: tuple[PriceRange, ...]

    @classmethod
    def of(cls, market: Market) -> PriceGrid:
        """Return the grid of *market*; DataError where it has no usable bands."""
        return cls.from_ranges(market.price_ranges, market.ticker)

    @classmethod
    def from_ranges(cls, ranges: Iterable[PriceRange], ticker: str = "?") -> PriceGrid:
        """Return the grid of these bands; DataError where one is empty, reversed or without a step."""
        bands = tuple(sorted(ranges, key=lambda band: band.start))
        if not bands:
            raise DataError(f"market {ticker} has no price_ranges: its prices can not be checked")
        for band in bands:
            if not (ZERO <= band.start < band.end <= ONE and band.step > ZERO):
                raise DataError(f"market {ticker} has the price band {band.start}..{band.end} by {band.step}")
        return cls(bands)

    def contains(self, price: Decimal) -> bool:
        """Return whether an order may carry this price."""
        return self.floor(price) == price

    def floor(self, price: Decimal) -> Decimal | None:
        """Return the highest allowed price at or below *price*, None where there is none."""
        return max((p for band in self.bands if (p := _below(band, price)) is not None), default=None)

    def ceil(self, price: Decimal) -> Decimal | None:
        """Return the lowest allowed price at or above *price*, None where there is none."""
        return min((p for band in self.bands if (p := _above(band, price)) is not None), default=None)

    def nearest(self, price: Decimal) -> Decimal:
        """Return the allowed price next to *price*; of two equally near ones the lower."""
        near = [p for p in (self.floor(price), self.ceil(price)) if p is not None]
        if not near:
            raise DataError("the grid holds no price between 0 and 1")
        return min(near, key=lambda p: (abs(p - price), p))

    def prices(self) -> Iterator[Decimal]:
        """Yield all allowed prices, ascending."""
        price = self.ceil(Decimal("0.0000001"))
        while price is not None:
            yield price
            price = self.ceil(price + Decimal("0.0000001"))


def _below(band: PriceRange, price: Decimal) -> Decimal | None:
    steps = ((min(price, band.end) - band.start) / band.step).to_integral_value(ROUND_FLOOR)
    found = band.start + steps * band.step
    while found >= ONE:
        found -= band.step
    return found if found >= band.start and ZERO < found <= band.end and found <= price else None


def _above(band: PriceRange, price: Decimal) -> Decimal | None:
    steps = ((max(price, band.start) - band.start) / band.step).to_integral_value(ROUND_CEILING)
    found = band.start + steps * band.step
    if found <= ZERO:
        found += band.step
    return found if found <= band.end and found < ONE and found >= price else None
