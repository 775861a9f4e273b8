"""The likelihood models scored against each other on history, each forecast from what was known at its time.

Every session of the period is valued as a trader would have met it: a ladder of 28 ranges around the reference
price and two tails, the closes up to then, and the functions that trade. The close h sessions later decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from kalshi.errors import DataError
from kalshi.index.history import NASDAQ100, SP500, DailyCloses
from kalshi.pricing.likelihood import SESSION_VARIANCE, CentBounds, Floats
from kalshi.pricing.likelihood_models import STUDENT_T, Question, Tails, fit_tails, fitted, likelihood

RANGES = 28
WIDTHS = {SP500: 25, NASDAQ100: 100}
OPEN = "open"  # from the session's open to its close; the others are numbers of whole sessions
HORIZONS = (OPEN, "1", "3")
REFIT_SESSIONS = 63  # a fit of the tails is kept for a quarter: it hardly moves, and costs as much as all else
RELIABILITY_EDGES = (0.0, 0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 1.0)


@dataclass(frozen=True)
class Candidate:
    """A model with the first session of the history it may look at."""

    model: str
    start: date

    @property
    def name(self) -> str:
        """The name of the row, such as `scaled since 2020`."""
        return f"{self.model} since {self.start.year}"


@dataclass(frozen=True)
class Scores:
    """Every forecast of one candidate at one horizon, oldest first.

    probabilities: one row per forecast, one column per market. winners: the column that came true.
    days: the sessions whose close decided.
    """

    candidate: Candidate
    horizon: str
    days: tuple[date, ...]
    probabilities: Floats
    winners: np.ndarray

    @property
    def log(self) -> Floats:
        """-ln of the probability of what came, per forecast; lower is better."""
        loss: Floats = -np.log(self.probabilities[np.arange(len(self.winners)), self.winners])
        return loss

    @property
    def brier(self) -> Floats:
        """Sum over the markets of (p - outcome)^2, per forecast, 0 to 2; lower is better."""
        won = self.probabilities[np.arange(len(self.winners)), self.winners]
        brier: Floats = (self.probabilities**2).sum(axis=1) - 2 * won + 1
        return brier

    def reliability(self) -> list[tuple[int, float, float]]:
        """Return (markets, mean probability, share that won) of each probability band that has any."""
        prob, won = self.probabilities.ravel(), np.zeros(self.probabilities.size)
        won[np.arange(len(self.winners)) * self.probabilities.shape[1] + self.winners] = 1.0
        band = np.clip(np.searchsorted(RELIABILITY_EDGES, prob, side="right") - 1, 0, len(RELIABILITY_EDGES) - 2)
        found = []
        for number in range(len(RELIABILITY_EDGES) - 1):
            inside = band == number
            if inside.any():
                found.append((int(inside.sum()), float(prob[inside].mean()), float(won[inside].mean())))
        return found

    @property
    def calibration_error(self) -> float:
        """The mean distance of stated and realised shares over the bands, weighted by markets."""
        bands = self.reliability()
        return sum(n * abs(p - w) for n, p, w in bands) / sum(n for n, _, _ in bands)


def ladder_around(value: float, width: int) -> list[CentBounds]:
    """Return the ranges of a ladder as the exchange lists one around *value*, in cents of the index."""
    base = 100 * width * (round(value / width) - RANGES // 2)
    step = 100 * width
    ranges: list[CentBounds] = [(base + step * i, base + step * (i + 1) - 1) for i in range(RANGES)]
    return [(None, base - 1), *ranges, (base + step * RANGES, None)]


def walk(
    history: DailyCloses,
    candidates: Sequence[Candidate],
    horizon: str,
    first: date,
    last: date,
    *,
    progress: Callable[[str], object] = lambda text: None,
) -> list[Scores]:
    """Return the scores of *candidates* for every session from *first* to *last* (inclusive) that decides.

    horizon: `open`, or whole sessions as text. Raises DataError when there is nothing to score, or where a
    candidate's history is too short for its first forecast.
    """
    closes, days = np.array(history.closes), history.days
    ahead = 1 if horizon == OPEN else int(horizon)
    deciding = [i for i, day in enumerate(days) if first <= day <= last and i >= ahead]
    if horizon == OPEN:
        deciding = [i for i in deciding if history.bars[i].open is not None]
    if not deciding:
        raise DataError(f"no session from {first} to {last} can be scored {horizon} ahead with {history.source}")
    return [_walked(candidate, history, closes, horizon, ahead, deciding, progress) for candidate in candidates]


def _walked(
    candidate: Candidate,
    history: DailyCloses,
    closes: Floats,
    horizon: str,
    ahead: int,
    deciding: Sequence[int],
    progress: Callable[[str], object],
) -> Scores:
    start = next((i for i, day in enumerate(history.days) if day >= candidate.start), len(closes))
    rows, winners = [], []
    tails: Tails | None = None
    for number, i in enumerate(deciding):
        asked, settled = _question(history, closes, horizon, i, ahead), round(100 * float(closes[i]))
        known = closes[start : i - ahead + 1]  # the reference close is the last of them
        if candidate.model == STUDENT_T:
            if tails is None or number % REFIT_SESSIONS == 0:
                tails = fit_tails(known, asked.sessions)
            found = fitted(known, asked, tails)
        else:
            found = likelihood(candidate.model, known, asked)
        rows.append([estimate.probability for estimate in found])
        winners.append(_winner(asked.bounds, settled))
    progress(f"{candidate.name}, {horizon}: {len(rows)} forecasts")
    days = tuple(history.days[i] for i in deciding)
    return Scores(candidate, horizon, days, np.array(rows), np.array(winners))


def _question(history: DailyCloses, closes: Floats, horizon: str, i: int, ahead: int) -> Question:
    spot, share = float(closes[i - ahead]), None
    if horizon == OPEN:
        spot, share = float(history.bars[i].open or 0.0), SESSION_VARIANCE[history.symbol]
    return Question(spot, ladder_around(spot, WIDTHS[history.symbol]), sessions=ahead, share=share)


def _winner(bounds: Sequence[CentBounds], cents: int) -> int:
    return next(
        number
        for number, (low, high) in enumerate(bounds)
        if (low is None or cents >= low) and (high is None or cents <= high)
    )
