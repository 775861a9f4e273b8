"""A simulated session of an index ladder: a fair price path, and the quotes that people see of it.

The index is a Brownian motion in units of one bracket; what a bracket is worth is the probability that the
motion ends in it, so without bias every price is a martingale. A day is made from (seed, number of the day)
alone, whatever days are computed with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from kalshi.errors import ConfigError

Floats = NDArray[np.float64]
Cents = NDArray[np.int64]

RANGES = 28  # brackets of a usual ladder; with the two open tails it has 30 markets
SP_SIGMA, NASDAQ_SIGMA = 2.5, 3.1  # deviation of one session in brackets, since 2024: reference/index_markets.md
FULL_DAY_MIN = 390
STEP_S = 15


@dataclass(frozen=True)
class Session:
    """What all days of a season share.

    sigma: deviation of the session's move, in brackets. minutes: open to close. step_s: seconds between two prices.
    ranges: brackets between the open tails, an even number.
    """

    sigma: float = SP_SIGMA
    minutes: int = FULL_DAY_MIN
    step_s: int = STEP_S
    ranges: int = RANGES

    def __post_init__(self) -> None:
        if not 0 < self.sigma < 100:
            raise ConfigError(f"sigma {self.sigma:g} must lie above 0 and below 100 brackets")
        if self.step_s < 1 or 60 * self.minutes % self.step_s or (60 % self.step_s and self.step_s % 60):
            raise ConfigError(f"{self.step_s} seconds a step must divide a minute or be whole minutes of the session")
        if self.ranges < 2 or self.ranges % 2:
            raise ConfigError(f"{self.ranges} brackets must be an even number of at least 2")

    @property
    def steps(self) -> int:
        """Steps from open to close."""
        return 60 * self.minutes // self.step_s

    @property
    def markets(self) -> int:
        """Brackets and tails."""
        return self.ranges + 2

    @property
    def edges(self) -> Floats:
        """Lower ends of the brackets, and the upper end of the last, in brackets from the middle of the ladder."""
        return np.arange(-self.ranges // 2, self.ranges // 2 + 1, dtype=np.float64)

    def step_of(self, minute: float) -> int:
        """Return the first step that is not before *minute* after the open."""
        return -int(-minute * 60 // self.step_s)


@dataclass(frozen=True)
class Bias:
    """How far quotes lie above the fair price p of YES: flat + slope x (1/2 - p) dollars, at most p itself.

    A positive slope is the favourite-longshot bias as it is published, a regression of (outcome - price) on price:
    cheap YES too dear, dear YES too cheap.
    """

    slope: float = 0.0
    flat: float = 0.0

    def __post_init__(self) -> None:
        if not -0.5 <= self.slope <= 0.5 or not -0.2 <= self.flat <= 0.2:
            raise ConfigError(
                f"a longshot bias of {self.slope:g} (at most 0.5) or {self.flat:g} dollars (at most 0.2) is no bias"
            )

    @property
    def name(self) -> str:
        """For tables."""
        slope = f"longshot bias {self.slope:g}" if self.slope else ""
        flat = f"YES {100 * self.flat:+g}c" if self.flat else ""
        return ", ".join(filter(None, (slope, flat))) or "fair prices"


FAIR = Bias()


def walks(session: Session, seed: int, days: range) -> Floats:
    """Return the index of each of *days* at every step, in brackets from the middle of the ladder.

    Shape (days, steps + 1). The open lies anywhere within the middle bracket above 0.
    """
    out = np.empty((len(days), session.steps + 1))
    scale = session.sigma / np.sqrt(session.steps)
    for row, day in enumerate(days):
        chance = np.random.default_rng([seed, day])
        out[row, 0] = chance.random()
        out[row, 1:] = out[row, 0] + np.cumsum(chance.standard_normal(session.steps)) * scale
    return out


def fair(session: Session, index: Floats, step: int) -> Floats:
    """Return what YES of every market is worth at *step*, lowest strike first; shape (days, markets).

    index: brackets, one value a day. At the last step the one that won is worth 1.
    """
    edges = session.edges
    if step >= session.steps:
        below = (edges[None, :] > index[:, None]).astype(np.float64)
    else:
        left = session.sigma * np.sqrt((session.steps - step) / session.steps)
        below = ndtr((edges[None, :] - index[:, None]) / left)
    out = np.empty((index.size, session.markets))
    out[:, 0], out[:, -1] = below[:, 0], 1 - below[:, -1]
    np.subtract(below[:, 1:], below[:, :-1], out=out[:, 1:-1])
    return out


def yes_bids(fair_prices: Floats, bias: Bias = FAIR) -> Cents:
    """Return the best YES bid in whole cents: the (biased) price rounded down; the ask lies one cent above.

    0 is no bid, and an ask of 100 no ask. A NO bid at q cents is reached when the YES bid is 100 - q.
    """
    shown = fair_prices
    if bias != FAIR:
        shown = fair_prices + np.minimum(fair_prices, bias.flat + bias.slope * (0.5 - fair_prices))
    # The small addition keeps a price that is whole cents up to the last bit of a float from falling below it.
    return np.clip(np.floor(100 * shown + 1e-9), 0, 99).astype(np.int64)


def winners(session: Session, index: Floats) -> NDArray[np.int64]:
    """Return the number of the market that resolves YES, for the last *index* of each day."""
    return np.searchsorted(session.edges, index, side="right")
