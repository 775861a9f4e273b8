"""Model against market on the same quotes: Brier of both, and the difference clustered by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalshi.research.metrics import Interval, brier, clustered_interval, mean
from kalshi.research.trades import Floats

NARROW_LOW, NARROW_HIGH, NARROW_SPREAD = 0.03, 0.97, 0.10


@dataclass(frozen=True, eq=False)
class Quotes:
    """Two-sided quotes at decisions, one array cell each: P(YES) of model and mid, spread, outcome, week."""

    model: Floats
    mid: Floats
    spread: Floats
    outcome: Floats
    weeks: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.model.size)

    def __getitem__(self, rows: NDArray[np.bool_]) -> Quotes:
        return Quotes(self.model[rows], self.mid[rows], self.spread[rows], self.outcome[rows], self.weeks[rows])


@dataclass(frozen=True)
class MarketScore:
    """Brier scores on one sample of quotes; difference: model minus mid, below zero where the model is better."""

    sample: str
    quotes: int
    weeks: int
    model: float
    mid: float
    half_and_half: float
    difference: Interval


def score_against_mid(quotes: Quotes) -> list[MarketScore]:
    """Return the scores on all two-sided quotes, and on those a trader could use (mid 3-97, spread <= 10 cents)."""
    usable = (
        (quotes.mid >= NARROW_LOW - 1e-9) & (quotes.mid <= NARROW_HIGH + 1e-9) & (quotes.spread <= NARROW_SPREAD + 1e-9)
    )
    samples = [("all two-sided quotes", quotes), ("mid 3-97 cents, spread at most 10", quotes[usable])]
    return [_score(name, sample) for name, sample in samples if len(sample)]


def _score(name: str, quotes: Quotes) -> MarketScore:
    model, mid = brier(quotes.model, quotes.outcome), brier(quotes.mid, quotes.outcome)
    mixed = brier((quotes.model + quotes.mid) / 2, quotes.outcome)
    weeks = int(np.unique(quotes.weeks).size)
    difference = clustered_interval(model - mid, quotes.weeks)
    return MarketScore(name, len(quotes), weeks, mean(model), mean(mid), mean(mixed), difference)
