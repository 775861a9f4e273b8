"""How likely the index settles where: past moves, scaled to today's volatility, counted in ladder ranges.

A sample is the ratio close[s+h] / close[s] over h sessions (future over past, not the other way round).
Statistics are float; counting happens in whole cents of the index, the precision of a settlement value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from kalshi.errors import DataError

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]
# Lowest and highest winning settlement in cents, both inclusive; None: open to that side.
CentBounds = tuple[int | None, int | None]
HALF_LIFE_SESSIONS = 20
# Shares of the variance between 10:00 and 16:00 by hour (S&P 500, 49 days); the half hour before the
# first of them is given the pace of that first hour.
HOURLY_VARIANCE = (0.21, 0.20, 0.07, 0.06, 0.16, 0.30)
# Share of close-to-close variance that falls between open and close since 2024.
SESSION_VARIANCE = {"^GSPC": 0.70, "^NDX": 0.61}


def forward_returns(closes: Sequence[float] | Floats, sessions: int) -> Floats:
    """Return close[s+h] / close[s] for every window of h = *sessions* that ended within *closes*.

    closes: one per session, oldest first, up to the reference close. No row without a full window.
    """
    if sessions < 1:
        raise ValueError(f"sessions must be at least 1, not {sessions}")
    values = np.asarray(closes, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise DataError("the history holds a close that is not a positive number")
    return values[sessions:] / values[:-sessions]


def volatility(closes: Sequence[float] | Floats, half_life: int = HALF_LIFE_SESSIONS) -> Floats:
    """Return the exponentially weighted deviation of daily log returns known at each close.

    Entry s uses returns up to and including close s; entry 0 has none and is NaN.
    """
    values = np.asarray(closes, dtype=np.float64)
    squares: list[float] = (np.diff(np.log(values)) ** 2).tolist()  # plain floats: a loop over an array is slow
    keep = 0.5 ** (1.0 / half_life)
    out = [math.nan] * len(values)
    weighted = weight = 0.0
    for index, square in enumerate(squares, start=1):
        weighted, weight = weighted * keep + square, weight * keep + 1.0
        out[index] = math.sqrt(weighted / weight)
    return np.array(out, dtype=np.float64)


def scaled_returns(
    closes: Sequence[float] | Floats, sessions: int, half_life: int = HALF_LIFE_SESSIONS
) -> Floats:
    """Return the forward returns, each stretched by today's volatility over the one known at its start.

    exp(ln r * sigma_t / sigma_s). Windows that start before any volatility is known are left out, as are
    the first *half_life* ones, whose estimate rests on a handful of days.
    """
    values = np.asarray(closes, dtype=np.float64)
    returns = forward_returns(values, sessions)
    sigma = volatility(values, half_life)
    start = sigma[: len(returns)]
    usable = np.arange(len(returns)) >= half_life
    usable &= np.isfinite(start) & (start > 0)
    scaled: Floats = np.exp(np.log(returns[usable]) * sigma[-1] / start[usable])
    return scaled


def part_of_session(returns: Floats, share: float) -> Floats:
    """Return one-session returns shrunk to the *share* (0..1) of their variance that is still to come."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share of variance must lie in 0..1, not {share}")
    shrunk: Floats = np.exp(np.log(returns) * math.sqrt(share))
    return shrunk


def remaining_variance(elapsed: float, session_share: float = 0.70) -> float:
    """Return the share of a close-to-close day's variance that is left within the session.

    elapsed: share of the session that has passed, 0..1. A full session has 6.5 hours: the first half hour
    goes at the pace of the hour after it, then the measured hours. A shorter session is stretched onto the
    same shape.
    """
    pieces = [HOURLY_VARIANCE[0] / 2, *HOURLY_VARIANCE]
    lengths = [0.5, *([1.0] * len(HOURLY_VARIANCE))]
    passed = min(max(elapsed, 0.0), 1.0) * sum(lengths)
    left = 0.0
    for piece, length in zip(pieces, lengths, strict=True):
        gone = min(max(passed, 0.0), length)
        left += piece * (1 - gone / length)
        passed -= length
    return session_share * left / sum(pieces)


def settlement_cents(spot: float, returns: Floats) -> Cents:
    """Return the simulated settlements round(spot * r, 2) in whole cents."""
    cents: Cents = np.rint(spot * returns * 100.0).astype(np.int64)
    return cents


def count_in(cents: Cents, bounds: Sequence[CentBounds]) -> list[int]:
    """Return how many of the settlements *cents* fall into each of *bounds*."""
    ordered = np.sort(cents)
    counts = []
    for low, high in bounds:
        first = 0 if low is None else int(np.searchsorted(ordered, low, side="left"))
        after = len(ordered) if high is None else int(np.searchsorted(ordered, high, side="right"))
        counts.append(max(0, after - first))
    return counts


def smoothed(count: float, samples: int, outcomes: int, alpha: float = 1.0) -> float:
    """Return (k + alpha) / (n + alpha m): never 0 or 1, and summing to 1 over m exclusive outcomes."""
    return (count + alpha) / (samples + alpha * outcomes)


def standard_error(probability: float, samples: int, sessions: int) -> float:
    """Return sqrt(p (1 - p) h / n): windows of h sessions overlap, so n of them are worth n / h."""
    return math.sqrt(max(0.0, probability * (1 - probability)) * sessions / samples)


def wilson_interval(probability: float, samples: float, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a share seen in *samples* independent draws; 95 % by default.

    Never below 0 or above 1, and never of no width, as p +- 1.96 s.e. is where p is 0
    (Wilson, J. Am. Stat. Assoc. 22, 1927).
    """
    spread = z * z / samples
    middle = (probability + spread / 2) / (1 + spread)
    reach = z * math.sqrt(probability * (1 - probability) / samples + spread / (4 * samples)) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Estimate:
    """The probability of one market. count of samples in range k, samples n, outcomes m, sessions h.

    probability: smoothed, without a floor; it drives the test of the edge. priced: with the floor of a
    cent, for comparing with prices; a floor can thus never create a purchase. doubt: how far another model
    that scores as well is away from it.
    """

    count: int
    samples: int
    outcomes: int
    sessions: int
    probability: float
    standard_error: float
    priced: float
    doubt: float = 0.0

    @property
    def error(self) -> float:
        """The model's own error: two standard errors, or the distance to the other model where that is more."""
        return max(2 * self.standard_error, self.doubt)

    @property
    def interval(self) -> tuple[float, float]:
        """What chance alone leaves open about the probability, 95 %; overlapping windows count as n / h."""
        return wilson_interval(self.probability, self.samples / self.sessions)


def estimate_ladder(
    cents: Cents,
    bounds: Sequence[CentBounds],
    *,
    exclusive: bool,
    sessions: int,
    alpha: float = 1.0,
    floor: float = 0.01,
    min_samples: int = 250,
) -> list[Estimate]:
    """Return the estimate of every market of a ladder, in the order of *bounds*.

    exclusive: exactly one market wins at any value; otherwise every market is a threshold of its own, with
    two outcomes. Raises DataError for fewer than *min_samples*, and where an exclusive ladder does not
    catch every sample exactly once.
    """
    n = len(cents)
    if n < min_samples:
        raise DataError(f"only {n} samples of past moves, at least {min_samples} are needed: longer history")
    counts = count_in(cents, bounds)
    if exclusive and sum(counts) != n:
        raise DataError(f"the ladder is not exhaustive: {sum(counts)} of {n} samples fall into its ranges")
    m = len(bounds) if exclusive else 2
    return [estimate(count, n, m, sessions, smoothed(count, n, m, alpha), floor) for count in counts]


def estimate(
    count: int, samples: int, outcomes: int, sessions: int, probability: float, floor: float = 0.01
) -> Estimate:
    """Return the estimate of one market with its error and its floored price."""
    error = standard_error(probability, samples, sessions)
    return Estimate(count, samples, outcomes, sessions, probability, error, min(max(probability, floor), 1 - floor))


def to_decimal(probability: float) -> Decimal:
    """Return a probability as Decimal with four places, for arithmetic with money."""
    return Decimal(str(round(probability, 4)))
