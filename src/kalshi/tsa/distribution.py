"""Predictive distributions of a week's mean, in passengers: survival function and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MIN_ERRORS = 12  # fewer past errors say too little: a wide prior joins them
LEAST_SD = 1e-5
PRIOR_SD = 0.035  # of the log error; about twice the usual spread
DEGREES = 4.0  # of the Student t; tails about as heavy as the errors' own; `student_t_below` is for four only
T_SHARE, T_SCALE = 0.5, 0.7  # of the plain Student t in the mixture, and its scale over the errors'


class Distribution(Protocol):
    """A distribution of the week's mean; `above` is P(mean > x), non-increasing in x, inside 0..1."""

    @property
    def sd(self) -> float:
        """Return a standard deviation in passengers."""
        ...

    def above(self, x: ArrayLike) -> Floats:
        """Return P(mean > x) for each x in passengers, strictly above."""
        ...

    def quantile(self, q: float) -> float:
        """Return the value with probability *q* (0 < q < 1) at or below it."""
        ...

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Return `quantile` of each of *qs*, in one go."""
        ...


@dataclass(frozen=True)
class Exact:
    """All seven days are published; *total* is their sum."""

    total: int

    @property
    def sd(self) -> float:
        """Return 0."""
        return 0.0

    def above(self, x: ArrayLike) -> Floats:
        """Return 1 where the mean is strictly above x, else 0; compared as sums, without rounding."""
        return (self.total > 7.0 * np.atleast_1d(np.asarray(x, dtype=np.float64))).astype(np.float64)

    def quantile(self, q: float) -> float:
        """Return the mean itself."""
        return self.total / 7

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Return the mean itself, as often as asked."""
        return [self.total / 7] * len(qs)


@dataclass(frozen=True)
class Empirical:
    """Equally likely *points*; with *half* the probability is (count + 1/2) / (n + 1)."""

    points: Floats
    half: bool = False

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(self.points)

    @property
    def sd(self) -> float:
        """Return the standard deviation of the points."""
        return float(np.std(self.points)) if self.points.size else float("inf")

    def above(self, x: ArrayLike) -> Floats:
        """Return the share of points strictly above x (0.5 where there is no point at all)."""
        x = np.atleast_1d(np.asarray(x, dtype=np.float64))
        size = self.points.size
        count = (size - np.searchsorted(self._sorted, x, side="right")).astype(np.float64)
        if self.half or not size:
            return (count + 0.5) / (size + 1)
        return count / size

    def quantile(self, q: float) -> float:
        """Return the quantile of the points, by linear interpolation."""
        return self.quantiles([q])[0]

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Return the quantiles of the points, by linear interpolation; NaN without points."""
        if not self.points.size:
            return [float("nan")] * len(qs)
        return [float(value) for value in np.quantile(self._sorted, qs)]


@dataclass(frozen=True)
class Smoothed:
    """A centre times exp(past log errors), each spread by a Student t kernel, mixed with one plain Student t.

    center: passengers. errors: ln(actual / forecast) of earlier weeks at the same distance to the week's
    end. weights: of the errors, any positive scale. floor: the mean can not be below, as the published days
    alone bring it there.
    """

    center: float
    errors: Floats
    weights: Floats
    floor: float = 0.0

    @cached_property
    def _spread(self) -> tuple[float, float, Floats]:
        """Return (scale of the errors, kernel width, weights summing to one)."""
        weights = self.weights / self.weights.sum() if self.weights.size else self.weights
        scale = error_scale(self.errors, weights)
        effective = 1.0 / float(np.sum(weights**2)) if weights.size else 1.0
        return scale, 0.9 * scale * effective**-0.2, weights

    @property
    def sd(self) -> float:
        """Return half the robust and half the plain standard deviation of the errors, in passengers."""
        return self.center * self._spread[0]

    def above(self, x: ArrayLike) -> Floats:
        """Return P(mean > x) for each x in passengers."""
        x = np.atleast_1d(np.asarray(x, dtype=np.float64))
        scale, width, weights = self._spread
        gap = np.log(np.maximum(x, 1.0) / self.center)
        count = self.errors.size
        own = np.zeros_like(gap)
        if count:
            # a Student t has variance DEGREES / (DEGREES - 2): shrink the kernels so that `width` holds
            unit = width * np.sqrt((DEGREES - 2) / DEGREES)
            # and the errors are drawn in, so that spreading them does not widen the whole
            drawn = self.errors * np.sqrt(max(1 - (width / scale) ** 2, 0.0))
            own = student_t_below((drawn[None, :] - gap[:, None]) / unit) @ weights
        wide = student_t_below(-gap / (T_SCALE * scale))
        share = 1.0 if count < MIN_ERRORS else T_SHARE
        above = np.clip((1 - share) * own + share * wide, 0.0, 1.0)
        return np.where(x < self.floor, 1.0, above)

    def quantile(self, q: float) -> float:
        """Return the quantile by bisection, to a tenth of a passenger."""
        return self.quantiles([q])[0]

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Return the quantiles by bisection, to a tenth of a passenger."""
        wanted = np.asarray(qs, dtype=np.float64)
        low, high = np.full(wanted.size, self.center * 0.2), np.full(wanted.size, self.center * 5.0)
        while (high - low).max(initial=0.0) > 0.05:
            middle = (low + high) / 2
            below = 1 - self.above(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return [float(value) for value in np.maximum((low + high) / 2, self.floor)]


def student_t_below(t: Floats) -> Floats:
    """Return P(T <= t) of the Student t with four degrees of freedom, whose integral has a closed form.

    With s = t / sqrt(4 + t^2) it is (1 + s)^2 (2 - s) / 4; many times faster than the general function.
    """
    s = t / np.sqrt(DEGREES + t * t)
    below: Floats = (1 + s) * (1 + s) * (2 - s) / 4
    return below


def error_scale(errors: Floats, weights: Floats | None = None) -> float:
    """Return 0.5 (1.4826 median|e|) + 0.5 rms(e) of log errors, joined by a wide prior while they are few."""
    if errors.size == 0:
        return PRIOR_SD
    weights = np.full(errors.size, 1.0) if weights is None or not weights.size else weights
    weights = weights / weights.sum()
    order = np.argsort(np.abs(errors))
    middle = int(np.searchsorted(np.cumsum(weights[order]), 0.5))
    robust = 1.4826 * float(np.abs(errors)[order][min(middle, errors.size - 1)])
    plain = float(np.sqrt(np.sum(weights * errors**2)))
    own = 0.5 * robust + 0.5 * plain
    share = max(0.0, 1 - errors.size / MIN_ERRORS)
    return max(float(np.sqrt(share * PRIOR_SD**2 + (1 - share) * own**2)), LEAST_SD)
