"""Choosing among many plans without fooling oneself: by earlier weeks only, and counted for the number tried.

Two separate answers. `walk_forward` chooses for each week by the weeks before it, less a gap, and books what the
chosen plan then made: the chooser is handed the past as an array of its own and never sees another week.
`reality_check` asks how often the best of as many plans would look as good on these weeks if none had an edge:
White (2000), "A Reality Check for Data Snooping", Econometrica 68, 1097-1126, each plan scaled by its own
deviation as in Hansen (2005), "A Test for Superior Predictive Ability", J. Business & Economic Statistics 23,
365-380, weeks resampled by the stationary bootstrap of Politis and Romano (1994), JASA 89, 1303-1313.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalshi.research.trades import Floats

GAP = 1  # weeks between the last one looked at and the one traded: its result is not out when that one opens
LEAST_PAST = 2  # weeks before the first choice
SAMPLES = 2000
SEED = 20_000
BLOCK = 2.0  # mean length in weeks of the bootstrap's blocks
SLAB = 4000  # plans resampled together, for memory
Chooser = Callable[[Floats], int | None]


@dataclass(frozen=True)
class Choice:
    """What was chosen for one week. plan: None where no plan had gained before; score: of the past, in -1..1.

    past_weeks: how many weeks were looked at; out_of_sample: dollars the plan made in the week, 0 without one.
    """

    week: int
    plan: int | None
    past_weeks: int
    score: float
    out_of_sample: float


def scores(weekly: Floats) -> Floats:
    """Return mean / root mean square of each row, 0 where it never traded: rises with its t-statistic, in -1..1."""
    square = np.sqrt(np.mean(weekly**2, axis=1)) if weekly.shape[1] else np.zeros(weekly.shape[0])
    mean = weekly.mean(axis=1) if weekly.shape[1] else square
    return np.divide(mean, square, out=np.zeros_like(square), where=square > 0)


def best(past: Floats) -> int | None:
    """Return the plan with the highest score over the *past* (plans, weeks), None where none is above 0.

    Of equal plans the first is taken.
    """
    found = scores(past)
    first = int(found.argmax())
    return first if found[first] > 0 else None


def walk_forward(
    weekly: Floats, *, gap: int = GAP, least: int = LEAST_PAST, chooser: Chooser = best
) -> tuple[Choice, ...]:
    """Return the choice for each week that has *least* weeks before the gap.

    weekly: dollars of each plan (row) in each week (column), oldest first. The chooser gets a copy of the columns
    up to the gap and nothing else.
    """
    found = []
    for week in range(least + gap, weekly.shape[1]):
        past = weekly[:, : week - gap].copy()
        plan = chooser(past)
        score = 0.0 if plan is None else float(scores(past[plan : plan + 1])[0])
        found.append(Choice(week, plan, week - gap, score, 0.0 if plan is None else float(weekly[plan, week])))
    return tuple(found)


@dataclass(frozen=True)
class RealityCheck:
    """The best plan in sample and the share of resampled worlds without any edge whose best looks as good.

    plan: None where no plan traded. p_value: in (0, 1]. mean: dollars a week of the best plan, in sample.
    """

    plan: int | None
    mean: float
    score: float
    p_value: float
    trials: int
    samples: int
    seed: int


def reality_check(weekly: Floats, *, samples: int = SAMPLES, seed: int = SEED, block: float = BLOCK) -> RealityCheck:
    """Return White's test of the best row of *weekly* (plans, weeks); the benchmark is not to trade.

    trials counts every row, the ones that never traded too. p is 1 where nothing traded.
    """
    plans, weeks = weekly.shape
    deviation = np.sqrt(np.mean(weekly**2, axis=1)) if weeks else np.zeros(plans)
    traded = np.flatnonzero(deviation > 0)
    if not traded.size:
        return RealityCheck(None, 0.0, 0.0, 1.0, plans, samples, seed)
    scaled = weekly[traded] / deviation[traded, None]
    means = scaled.mean(axis=1)
    counts = _drawn(weeks, samples, block, np.random.default_rng(seed)) / weeks
    highest = np.full(samples, -np.inf)
    for start in range(0, traded.size, SLAB):
        slab = scaled[start : start + SLAB]
        highest = np.maximum(highest, (slab @ counts.T - means[start : start + SLAB, None]).max(axis=0))
    first = int(means.argmax())
    p_value = (1 + int((highest >= means[first] - 1e-12).sum())) / (samples + 1)
    plan = int(traded[first])
    return RealityCheck(plan, float(weekly[plan].mean()), float(means[first]), p_value, plans, samples, seed)


def _drawn(weeks: int, samples: int, block: float, chance: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each week is drawn in each sample of the stationary bootstrap, (samples, weeks)."""
    fresh = chance.random((samples, weeks)) < 1.0 / block
    starts = chance.integers(0, weeks, (samples, weeks))
    index = starts[:, 0].copy()
    counts = np.zeros((samples, weeks))
    rows = np.arange(samples)
    for step in range(weeks):
        index = np.where(fresh[:, step] | (step == 0), starts[:, step], (index + 1) % weeks)
        counts[rows, index] += 1
    return counts
