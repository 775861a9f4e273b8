"""Models of where the index settles, one function each, scored against each other by score_index_likelihood.

empirical: past moves as they were. scaled: each stretched to today's volatility. student_t: a Student t fitted
to the moves divided by the volatility known at their start, so that tails beyond the sample have a weight.
All look at the closes up to the reference close only, and answer with one estimate per range of the ladder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.pricing.likelihood import (
    CentBounds,
    Cents,
    Estimate,
    Floats,
    count_in,
    estimate,
    estimate_ladder,
    forward_returns,
    part_of_session,
    scaled_returns,
    settlement_cents,
    smoothed,
    volatility,
)

EMPIRICAL, SCALED, STUDENT_T = "empirical", "scaled", "student_t"
MODELS = (EMPIRICAL, SCALED, STUDENT_T)
# Chosen by the table of `python -m kalshi.score_index_likelihood`, see reference/strategies.md.
DEFAULT_MODEL = SCALED
# The next best of that table: what the two disagree about is the error no count of samples shows.
RIVAL = {EMPIRICAL: STUDENT_T, SCALED: STUDENT_T, STUDENT_T: SCALED}
DEFAULT_START = date(2000, 1, 3)
LEAST_FOR_A_FIT = 250
# A normal distribution to the eye; above it the likelihood is flat and a fit wanders off.
MOST_DEGREES = 200.0


@dataclass(frozen=True)
class Question:
    """What is asked of a model.

    spot: index points, the reference price. bounds: the ladder's ranges in cents of the index, in order.
    exclusive: exactly one of them wins; otherwise each is a threshold of its own.
    sessions: whole sessions until settlement. share: where the event settles in the session that runs, the
    share (0..1) of a day's variance that is left; None: whole sessions. alpha, floor, min_samples: as in
    `estimate_ladder`.
    """

    spot: float
    bounds: Sequence[CentBounds]
    exclusive: bool = True
    sessions: int = 1
    share: float | None = None
    alpha: float = 1.0
    floor: float = 0.01
    min_samples: int = 250

    def __post_init__(self) -> None:
        if self.share is not None and self.sessions != 1:
            raise ValueError("a part of a session is a part of one session")


@dataclass(frozen=True)
class Tails:
    """A Student t of ln(return) / volatility: degrees of freedom, middle and scale of an h-session move."""

    degrees: float
    middle: float
    scale: float


def likelihood(model: str, closes: Sequence[float] | Floats, asked: Question) -> list[Estimate]:
    """Return one estimate per range of *asked*, in its order.

    closes: one per session, oldest first, up to the reference close. Raises DataError for too short a history
    and for a ladder that does not catch every sample, ValueError for an unknown model.
    """
    if model == STUDENT_T:
        return fitted(closes, asked, fit_tails(closes, asked.sessions))
    moves = {EMPIRICAL: forward_returns, SCALED: scaled_returns}.get(model)
    if moves is None:
        raise ValueError(f"unknown model {model!r}: known are {', '.join(MODELS)}")
    return estimate_ladder(
        _cents(moves, closes, asked),
        asked.bounds,
        exclusive=asked.exclusive,
        sessions=asked.sessions,
        alpha=asked.alpha,
        floor=asked.floor,
        min_samples=asked.min_samples,
    )


def doubted(estimates: Sequence[Estimate], other: Sequence[Estimate]) -> list[Estimate]:
    """Return *estimates*, each with its distance to the same market's estimate by another model."""
    return [
        replace(mine, doubt=abs(mine.probability - theirs.probability))
        for mine, theirs in zip(estimates, other, strict=True)
    ]


def fit_tails(closes: Sequence[float] | Floats, sessions: int) -> Tails:
    """Return the Student t that scipy fits by maximum likelihood to the moves over their own volatility.

    Raises DataError for fewer than 250 moves.
    """
    from scipy import stats

    sigma = volatility(closes)
    moves = np.log(scaled_returns(closes, sessions)) / sigma[-1]
    if len(moves) < LEAST_FOR_A_FIT:
        raise DataError(f"only {len(moves)} past moves, a fit of the tails needs {LEAST_FOR_A_FIT}: longer history")
    degrees, middle, scale = (float(value) for value in stats.t.fit(moves))
    return Tails(min(degrees, MOST_DEGREES), middle, scale)


def fitted(closes: Sequence[float] | Floats, asked: Question, tails: Tails) -> list[Estimate]:
    """Return the estimates of a Student t, mixed with the even odds that smoothing adds.

    The counts and errors are those of the scaled sample that the distribution was fitted to.
    """
    sample = _cents(scaled_returns, closes, asked)
    if len(sample) < asked.min_samples:
        raise DataError(f"only {len(sample)} samples of past moves, at least {asked.min_samples} are needed")
    stretch = float(volatility(closes)[-1]) * math.sqrt(1.0 if asked.share is None else asked.share)
    shares = [high - low for low, high in _below(asked, tails, stretch)]
    if asked.exclusive and abs(sum(shares) - 1.0) > 1e-6:
        raise DataError(f"the ladder is not exhaustive: its ranges hold {sum(shares):.4f} of the distribution")
    n, m = len(sample), len(asked.bounds) if asked.exclusive else 2
    return [
        estimate(count, n, m, asked.sessions, smoothed(share * n, n, m, asked.alpha), asked.floor)
        for count, share in zip(count_in(sample, asked.bounds), shares, strict=True)
    ]


def _below(asked: Question, tails: Tails, stretch: float) -> list[tuple[float, float]]:
    """Return the weight below the lowest and below the end of each range. stretch: deviation of what is left."""
    from scipy.special import stdtr

    lows = [-math.inf if low is None else low - 0.5 for low, _ in asked.bounds]
    ends = [math.inf if high is None else high + 0.5 for _, high in asked.bounds]
    # A settlement is rounded to whole cents, so a range begins and ends half a cent off.
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.log(np.clip(np.array([lows, ends]) / (asked.spot * 100.0), 0.0, None)) / max(stretch, 1e-12)
        weights = stdtr(tails.degrees, (moves - tails.middle) / tails.scale)
    return list(zip(*weights.tolist(), strict=True))


def _cents(
    moves: Callable[[Sequence[float] | Floats, int], Floats], closes: Sequence[float] | Floats, asked: Question
) -> Cents:
    returns = moves(closes, asked.sessions)
    if asked.share is not None:
        returns = part_of_session(returns, asked.share)
    return settlement_cents(asked.spot, returns)
