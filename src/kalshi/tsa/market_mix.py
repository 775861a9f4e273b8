"""Second stage: the model's probability and the market's price as one, by a weight learned on earlier events.

In log odds: logit p = w logit(model) + (1 - w) logit(mid), 0 <= w <= 1 (a logarithmic opinion pool; Genest and
Zidek, 1986). w is the value on a grid with the least log loss over the quotes of events that were settled by
then, each event counting once. Before LEAST_EVENTS of them there is no evidence that the model knows anything the
price does not, and w is 0: the price alone. Nothing here is used by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kalshi.tsa.known import Floats, Known
from kalshi.tsa.point_in_time import Look, Point

LEAST_EVENTS = 3
GRID = np.linspace(0.0, 1.0, 21)
LOW, HIGH = 0.03, 0.97  # mids outside say little and are mostly one-sided books
WIDEST = 0.10  # dollars between bid and ask; the mid of a wider book is no price
NEAREST_TO_CERTAIN = 1e-4


@dataclass(frozen=True, slots=True)
class Quoted:
    """A usable quote with its outcome: P(YES) by the model, the mid in dollars, 1 where YES paid."""

    event_ticker: str
    model: float
    mid: float
    outcome: int


def usable_mid(point: Point) -> float | None:
    """Return the mid of the point's quote in dollars; None for a one-sided, wide, crossed or extreme one."""
    quote = point.quote
    if quote is None or quote.bid is None or quote.ask is None or quote.bid >= quote.ask:
        return None
    mid = float(quote.bid + quote.ask) / 2
    fits = LOW - 1e-9 <= mid <= HIGH + 1e-9 and float(quote.ask - quote.bid) <= WIDEST + 1e-9
    return mid if fits else None


def learn_weight(past: Iterable[Quoted]) -> float:
    """Return the model's weight by the quotes of *past* events; 0 while there are fewer than LEAST_EVENTS."""
    events: dict[str, list[Quoted]] = {}
    for one in past:
        events.setdefault(one.event_ticker, []).append(one)
    if len(events) < LEAST_EVENTS:
        return 0.0
    total = np.zeros(GRID.size)
    for quotes in events.values():
        model, mid = (_logit(np.array([getattr(one, name) for one in quotes])) for name in ("model", "mid"))
        sign = np.array([1.0 if one.outcome else -1.0 for one in quotes])
        mixed = GRID[:, None] * model + (1 - GRID[:, None]) * mid
        total += np.mean(np.logaddexp(0.0, -sign * mixed), axis=1)
    return float(GRID[int(np.argmin(total))])  # of equal ones the least


def mix_ladder(probs: Sequence[float], mids: Sequence[float | None], weight: float) -> list[float]:
    """Return the mixed probabilities of one ladder, by ascending strike, never rising.

    A strike without a mid (None) is moved in log odds as far as its quoted neighbours are, by linear interpolation
    over the rungs. Where the model is certain (0 or 1: decided by published days) it stays so.
    """
    model = np.array(probs, dtype=np.float64)
    quoted = np.array([mid is not None for mid in mids], dtype=np.bool_)
    if not quoted.any():
        return [float(prob) for prob in model]
    price = _falling(np.array([mid for mid in mids if mid is not None], dtype=np.float64))
    moves = (1 - weight) * (_logit(price) - _logit(model[quoted]))
    rungs = np.arange(model.size, dtype=np.float64)
    odds = _logit(model) + np.interp(rungs, rungs[quoted], moves)
    mixed = _falling(1.0 / (1.0 + np.exp(-odds)))
    certain = (model == 0) | (model == 1)
    return [float(prob) for prob in np.where(certain, model, mixed)]


class Mixer:
    """The second stage of several models on one history: learns from events, mixes for later ones."""

    def __init__(self, models: Sequence[str]) -> None:
        self.models = tuple(models)
        self._past: dict[str, list[tuple[date, Quoted]]] = {model: [] for model in models}
        self._weights: dict[tuple[str, frozenset[date]], float] = {}

    def learn(self, look: Look, outcomes: Sequence[int | None]) -> None:
        """Remember the usable quotes of *look*; outcomes: 1 or 0 of each point, None where not known."""
        for point, outcome in zip(look.points, outcomes, strict=True):
            mid = usable_mid(point)
            if mid is None or outcome is None:
                continue
            for model in self.models:
                if model in point.probs:
                    quoted = Quoted(point.event_ticker, point.probs[model], mid, outcome)
                    self._past[model].append((look.week_sunday, quoted))

    def weight(self, model: str, known: Known) -> tuple[float, int]:
        """Return the weight of *model* by the events whose week was whole in *known*, and their number."""
        past = self._past[model]
        whole = frozenset(week for week in {week for week, _ in past} if known.settled_mean(week) is not None)
        key = (model, whole)
        if key not in self._weights:
            self._weights[key] = learn_weight(quoted for week, quoted in past if week in whole)
        return self._weights[key], len(whole)

    def mix(self, look: Look, known: Known) -> Look:
        """Return *look* with one more set of probabilities for each of its models, named `<model>_market`."""
        mids = [usable_mid(point) for point in look.points]
        points = [dict(point.probs) for point in look.points]
        for model in (name for name in self.models if name in look.forecasts):
            mixed = mix_ladder([probs[model] for probs in points], mids, self.weight(model, known)[0])
            for probs, prob in zip(points, mixed, strict=True):
                probs[mixed_name(model)] = prob
        done = (replace(point, probs=probs) for point, probs in zip(look.points, points, strict=True))
        return replace(look, points=tuple(done))


def mixed_name(model: str) -> str:
    """Return the name under which the mixture of *model* and the market appears."""
    return f"{model}_market"


def _falling(values: Floats) -> Floats:
    """Return *values* made non-increasing: the middle of the least before and the greatest after each."""
    before = np.minimum.accumulate(values)
    after = np.maximum.accumulate(values[::-1])[::-1]
    middle: Floats = (before + after) / 2
    return middle


def _logit(probs: Floats) -> Floats:
    inside = np.clip(probs, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)
    odds: Floats = np.log(inside / (1 - inside))
    return odds
