"""The prices a market accepts: bands of `price_ranges`, each from start to end in steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from kalshi.errors import DataError
from kalshi.exchange.models_market import ONE, ZERO, Market, PriceRange, is_price

LEAST_STEP = Decimal("0.000001")  # finer ones are no prices, and break the arithmetic of the digits


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
        """Return the grid of these bands; DataError where one is empty, reversed or without a usable step."""
        bands = list(ranges)
        if not bands:
            raise DataError(f"market {ticker} has no price_ranges: its prices can not be checked")
        for band in bands:
            usable = is_price(band.start) and is_price(band.end) and is_price(band.step)
            if not (usable and band.start < band.end and band.step >= LEAST_STEP):
                raise DataError(f"market {ticker} has the price band {band.start}..{band.end} by {band.step}")
        return cls(tuple(sorted(bands, key=lambda band: band.start)))

    def contains(self, price: Decimal) -> bool:
        """Return whether an order may carry this price."""
        return self.floor(price) == price

    def floor(self, price: Decimal) -> Decimal | None:
        """Return the highest allowed price at or below *price* (dollars), None where there is none."""
        return max((p for band in self.bands if (p := _below(band, price)) is not None), default=None)

    def ceil(self, price: Decimal) -> Decimal | None:
        """Return the lowest allowed price at or above *price* (dollars), None where there is none."""
        return min((p for band in self.bands if (p := _above(band, price)) is not None), default=None)

    def nearest(self, price: Decimal) -> Decimal:
        """Return the allowed price next to *price*; of two equally near ones the lower.

        Raises DataError where the grid holds no price at all.
        """
        near = [p for p in (self.floor(price), self.ceil(price)) if p is not None]
        if not near:
            raise DataError("the grid holds no price between 0 and 1")
        return min(near, key=lambda p: (abs(p - price), p))

    def prices(self) -> Iterator[Decimal]:
        """Yield all allowed prices, ascending, each once."""
        allowed = {price for band in self.bands for price in _steps(band) if ZERO < price < ONE}
        yield from sorted(allowed)


def _steps(band: PriceRange) -> Iterator[Decimal]:
    price = band.start
    while price <= band.end:
        yield price
        price += band.step


def _below(band: PriceRange, price: Decimal) -> Decimal | None:
    found = band.start + ((min(price, band.end) - band.start) // band.step) * band.step
    if found > price or found >= ONE:  # 1 itself, or a price so long that its difference was rounded
        found -= band.step
    return found if found >= band.start and found > ZERO else None


def _above(band: PriceRange, price: Decimal) -> Decimal | None:
    lower = max(price, band.start)
    found = band.start + ((lower - band.start) // band.step) * band.step
    if found < lower or found <= ZERO:
        found += band.step
    return found if found <= band.end and found < ONE else None
