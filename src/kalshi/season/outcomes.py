"""Distributions of outcomes, added up day by day in bounded memory, with their errors."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from kalshi.season.fast import UNITS, Outcome

Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error, in the unit of what was averaged; NaN without days."""

    mean: float
    error: float
    days: int

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.mean - Z * self.error

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.mean + Z * self.error


@dataclass
class Tally:
    """Days of one rule: how often each profit came, by 0, 1, or 2 and more fills. Profits in UNITS of a dollar."""

    fills: int = 0
    by_fills: dict[int, Counter[int]] = field(default_factory=lambda: {0: Counter(), 1: Counter(), 2: Counter()})

    def add(self, outcome: Outcome) -> None:
        """Add the days of *outcome*."""
        self.fills += int(outcome.fills.sum())
        group = np.minimum(outcome.fills, 2)
        for number, counter in self.by_fills.items():
            values, counts = np.unique(outcome.pnl[group == number], return_counts=True)
            counter.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    @property
    def days(self) -> int:
        """Number of days."""
        return sum(counter.total() for counter in self.by_fills.values())

    @property
    def fills_a_day(self) -> float:
        """Mean number of fills."""
        return self.fills / self.days if self.days else math.nan

    def share(self, number: int) -> Estimate:
        """Return the share of days with *number* fills (2: two and more)."""
        days = self.days
        share = self.by_fills[number].total() / days if days else math.nan
        return Estimate(share, math.sqrt(share * (1 - share) / days) if days else math.nan, days)

    def cents(self, number: int | None = None) -> Estimate:
        """Return the mean profit in cents a contract, of days with *number* fills or of all."""
        counter = self.profits() if number is None else self.by_fills[number]
        days = counter.total()
        if not days:
            return Estimate(math.nan, math.nan, 0)
        mean = sum(value * count for value, count in counter.items()) / days
        square = sum((value - mean) ** 2 * count for value, count in counter.items())
        error = math.sqrt(square / (days - 1) / days) if days > 1 else math.nan
        return Estimate(mean * 100 / UNITS, error * 100 / UNITS, days)

    @property
    def deviation(self) -> float:
        """Standard deviation of a day's profit, cents a contract."""
        found = self.cents()
        return found.error * math.sqrt(found.days)

    def profits(self) -> Counter[int]:
        """Return how often each profit came."""
        return sum(self.by_fills.values(), Counter())  # adding Counters leaves out nothing that came at least once

    def quantile(self, share: float) -> float:
        """Return the least profit, cents a contract, that at least *share* of the days did not exceed."""
        reached, wanted = 0, share * self.days
        for value, count in sorted(self.profits().items()):
            reached += count
            if reached >= wanted:
                return value * 100 / UNITS
        return math.nan
