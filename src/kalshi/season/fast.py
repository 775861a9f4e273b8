"""Many simulated days at once, in numpy: the rules as arithmetic on whole cents, one contract a market.

A step shows new quotes; a NO bid at q cents fills at q when the best YES bid reaches 100 - q; then the rules
that look at this step change their bids. `season/real.py` lets the scripts themselves trade the same days, and
a test holds the two together, fill by fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalshi.season.market import Bias, Cents, Floats, Session, fair, winners, yes_bids
from kalshi.season.rules import COMPLETE_CAP, COMPLETE_MARGIN, MAX_LEGS, CheapYesRule, PairRule, Rule

Flags = NDArray[np.bool_]
NOTHING = 1_000  # an asking price nobody reaches
UNITS = 10_000  # a dollar in the units of results: the exchange's steps of a balance


@dataclass(frozen=True)
class Outcome:
    """One rule by day: contracts bought, and profit in ten-thousandths of a dollar after fees."""

    rule: Rule
    fills: NDArray[np.int64]
    pnl: NDArray[np.int64]


def trade(session: Session, biases: Sequence[Bias], rules: Sequence[Rule], index: Floats) -> list[list[Outcome]]:
    """Return what each of *rules* made under each of *biases* on the paths *index*, shape (days, steps + 1)."""
    books = [[_book(rule, session, index.shape[0]) for rule in rules] for _ in biases]
    for step in range(session.steps):  # at the last step trading is over
        prices = fair(session, index[:, step], step)
        for bias, of_bias in zip(biases, books, strict=True):
            bids = yes_bids(prices, bias)
            for book in of_bias:
                book.step(step, bids, index[:, step])
    won = winners(session, index[:, -1])
    return [[book.settled(won) for book in of_bias] for of_bias in books]


def _book(rule: Rule, session: Session, days: int) -> _PairBook | _CheapYesBook:
    if isinstance(rule, PairRule):
        return _PairBook(rule, session, days)
    return _CheapYesBook(rule, session, days)


class _PairBook:
    """The NO bids of one rule on many days. ask: their prices on the YES side, cents."""

    def __init__(self, rule: PairRule, session: Session, days: int) -> None:
        schedule, shape = rule.schedule, (days, session.markets)
        self._rule, self._schedule = rule, schedule
        self._ask: Cents = np.full(shape, NOTHING, dtype=np.int64)
        self._held: Flags = np.zeros(shape, dtype=np.bool_)
        self._fills = np.zeros(days, dtype=np.int64)
        self._cash = np.zeros(days, dtype=np.int64)  # cents, of a set that pays a dollar less when one of it wins
        self._fees = np.zeros(days, dtype=np.int64)  # UNITS
        self._blanket = session.step_of(schedule.blanket)
        self._passes = None if schedule.passes is None else {session.step_of(m) for m in schedule.passes}
        self._aside, self._last, self._flatten = (
            None if minute is None else session.step_of(minute)
            for minute in (schedule.stand_aside, schedule.last_bid, schedule.flatten)
        )

    def step(self, step: int, bids: Cents, index: Floats) -> None:
        if step == self._last:
            self._ask[:] = NOTHING
        hit = bids >= self._ask
        hit_days = hit.any(axis=1)
        if hit_days.any():
            self._cash += np.where(hit, self._ask, 0).sum(axis=1)
            self._fills += hit.sum(axis=1)
            self._held |= hit
            self._ask[hit] = NOTHING
        if step == self._blanket:
            rest = self._placeable(bids, 100 - self._rule.blanket)
            self._ask[rest] = 100 - self._rule.blanket
        elif self._passes is None:
            if hit_days.any():
                self._manage(np.flatnonzero(hit_days), bids)
        elif step in self._passes:
            self._manage(np.flatnonzero(self._held.any(axis=1)), bids)
        if step == self._aside:
            self._ask[self._fills == 0] = NOTHING
        if step == self._flatten:
            self._sell(bids)

    def _placeable(self, bids: Cents, ask: int | Cents, days: NDArray[np.int64] | None = None) -> Flags:
        """Return where a post-only bid may rest: it does not cross, and both sides are quoted if that is asked for."""
        fits = bids < ask
        if self._schedule.needs_quotes:
            rests = (self._ask if days is None else self._ask[days]) == ask
            fits &= ((bids >= 1) & (bids <= 98)) | rests
        return fits

    def _manage(self, days: NDArray[np.int64], bids: Cents) -> None:
        """Complete the sets of *days* that are not locked, free-roll those that are."""
        legs = self._held[days].sum(axis=1)
        guarantee = self._cash[days] - 100
        locked = (legs >= 2) & (guarantee >= 0)
        if self._rule.complete:
            self._complete(days[~locked], guarantee[~locked], bids)
            if self._rule.free_roll is None:
                self._ask[days[locked]] = NOTHING
        if self._rule.free_roll is not None:
            self._free_roll(days[locked], legs[locked], bids)

    def _complete(self, days: NDArray[np.int64], guarantee: Cents, bids: Cents) -> None:
        price = np.minimum(COMPLETE_CAP, 100 + guarantee - COMPLETE_MARGIN)
        ask = np.where(price >= 1, 100 - price, NOTHING)[:, None]
        fits = self._placeable(bids[days], ask, days) & ~self._held[days]
        self._ask[days] = np.where(fits, ask, NOTHING)

    def _free_roll(self, days: NDArray[np.int64], legs: NDArray[np.int64], bids: Cents) -> None:
        if not days.size:
            return
        ask = 100 - (self._rule.free_roll or 0)
        fits = self._placeable(bids[days], ask, days) & ~self._held[days]
        # The likeliest first, equal ones from the lowest strike up, until MAX_LEGS are held or bid.
        order = np.argsort(-bids[days], axis=1, kind="stable")
        ranked = np.take_along_axis(fits, order, axis=1)
        ranked &= np.cumsum(ranked, axis=1) <= (MAX_LEGS - legs)[:, None]
        chosen = np.zeros_like(fits)
        np.put_along_axis(chosen, order, ranked, axis=1)
        self._ask[days] = np.where(chosen, ask, NOTHING)

    def _sell(self, bids: Cents) -> None:
        """Sell what is held at the NO bid, as a taker; where nobody bids for NO, settlement decides."""
        sold = self._held & (bids < 99)
        asks = np.where(sold, bids + 1, 0)
        self._cash -= asks.sum(axis=1)
        self._fees += taker_units(asks, 1).sum(axis=1)
        self._held &= ~sold
        self._ask[:] = NOTHING

    def settled(self, won: NDArray[np.int64]) -> Outcome:
        lost = self._held[np.arange(won.size), won]
        return Outcome(self._rule, self._fills, 100 * (self._cash - 100 * lost) - self._fees)


class _CheapYesBook:
    """What one rule bought on many days."""

    def __init__(self, rule: CheapYesRule, session: Session, days: int) -> None:
        self._rule, self._edges = rule, session.edges
        self._passes = {session.step_of(minute) for minute in rule.passes}
        self._held: Flags = np.zeros((days, session.markets), dtype=np.bool_)
        self._paid = np.zeros(days, dtype=np.int64)  # UNITS, for `count` contracts a market

    def step(self, step: int, bids: Cents, index: Floats) -> None:
        if step not in self._passes:
            return
        asks = bids + 1
        buy = (asks < self._rule.max_ask) & self._near(index) & ~self._held
        self._paid += np.where(buy, 100 * asks * self._rule.count + taker_units(asks, self._rule.count), 0).sum(axis=1)
        self._held |= buy

    def _near(self, index: Floats) -> Flags:
        """Return which markets touch the window; a tail counts when its one edge lies in it."""
        rule = self._rule
        spot = rule.level + rule.width * index
        low, high = (
            ((spot * (1 + sign * rule.window) - rule.level) / rule.width)[:, None] for sign in (-1, 1)
        )
        bottoms, tops = self._edges[None, :-1], self._edges[None, 1:]
        first, last = self._edges[0], self._edges[-1]
        return np.hstack(
            [
                (low <= first) & (first <= high),
                (bottoms <= high) & (tops > low),
                (low <= last) & (last <= high),
            ]
        )

    def settled(self, won: NDArray[np.int64]) -> Outcome:
        wins = self._held[np.arange(won.size), won]
        total = UNITS * self._rule.count * wins - self._paid
        return Outcome(self._rule, self._held.sum(axis=1), np.round(total / self._rule.count).astype(np.int64))


def taker_units(cents: Cents, count: int) -> Cents:
    """Return the fee of one fill of *count* contracts at *cents*, rounded up to UNITS; multiplier 1.

    0.07 x count x P x (1 - P) dollars is 7 x count x c x (100 - c) millionths of a dollar.
    """
    return -(-(7 * count * cents * (100 - cents)) // 100)
