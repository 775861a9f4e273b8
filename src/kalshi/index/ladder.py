"""The markets of one index event as a ladder: who wins at which settlement value, and what that pays.

A settlement value has two decimals, so every strike is kept as a closed range of whole cents of the index
("cents" below). In cents the five strike types, and the gaps of 0.0001 that the exchange leaves between
neighbouring brackets, become exact integers. Truth is strike_type with floor_strike and cap_strike; tickers
are never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import Enum
from itertools import pairwise
from typing import Protocol

from kalshi.errors import DataError

ZERO = Decimal(0)


class StrikeMarket(Protocol):
    """What a ladder reads of a market."""

    @property
    def ticker(self) -> str: ...
    @property
    def strike_type(self) -> str | None: ...
    @property
    def floor_strike(self) -> Decimal | None: ...
    @property
    def cap_strike(self) -> Decimal | None: ...


class Shape(Enum):
    """How the markets of an event hang together."""

    EXCLUSIVE = "mutually exclusive"  # at most one market resolves YES
    NESTED = "nested"  # thresholds in one direction: the stricter wins only where the looser wins


@dataclass(frozen=True)
class CentRange:
    """The settlement values at which YES wins, whole cents of the index, both ends inclusive.

    None: open to that side.
    """

    lowest: int | None
    highest: int | None

    def contains(self, cents: int) -> bool:
        """Return whether YES wins at a settlement of *cents*."""
        return (self.lowest is None or cents >= self.lowest) and (self.highest is None or cents <= self.highest)

    def overlaps(self, other: CentRange) -> bool:
        """Return whether some settlement value lies in both."""
        above = self.lowest is None or other.highest is None or self.lowest <= other.highest
        below = other.lowest is None or self.highest is None or other.lowest <= self.highest
        return above and below

    def text(self) -> str:
        """Return the range for people, such as `7225..7249.99`, `<= 7224.99` or `>= 7925`."""
        if self.lowest is None:
            return f"<= {_points(self.highest or 0)}"
        if self.highest is None:
            return f">= {_points(self.lowest)}"
        return f"{_points(self.lowest)}..{_points(self.highest)}"


def to_cents(value: Decimal) -> int:
    """Return an index value in whole cents, halves away from zero, as settlement values are published."""
    return int((value * 100).to_integral_value(rounding=ROUND_HALF_UP))


def winning_range(market: StrikeMarket) -> CentRange:
    """Return where YES of *market* wins. Raises DataError naming market and field when that is not certain.

    between: floor <= X <= cap; less: X < cap; less_or_equal: X <= cap; greater: X > floor;
    greater_or_equal: X >= floor.
    """
    kind = market.strike_type
    if kind == "between":
        floor, cap = _strike(market, "floor_strike"), _strike(market, "cap_strike")
        found = CentRange(_first_at_or_above(floor), _last_at_or_below(cap))
        if floor > cap or (found.lowest or 0) > (found.highest or 0):
            raise DataError(f"market {market.ticker}: floor_strike {floor} lies above cap_strike {cap}")
        return found
    if kind == "less":
        return CentRange(None, _first_at_or_above(_strike(market, "cap_strike")) - 1)
    if kind == "less_or_equal":
        return CentRange(None, _last_at_or_below(_strike(market, "cap_strike")))
    if kind == "greater":
        return CentRange(_last_at_or_below(_strike(market, "floor_strike")) + 1, None)
    if kind == "greater_or_equal":
        return CentRange(_first_at_or_above(_strike(market, "floor_strike")), None)
    raise DataError(f"market {market.ticker}: strike_type {kind!r} has no numeric range; it is not traded")


@dataclass(frozen=True)
class Rung:
    """One market of the ladder. label: its range for people."""

    ticker: str
    range: CentRange

    @property
    def label(self) -> str:
        """The range for people."""
        return self.range.text()


@dataclass(frozen=True)
class Ladder:
    """The rungs of one event from the lowest strike up, and how they hang together. Make it with `of`."""

    event_ticker: str
    shape: Shape
    rungs: tuple[Rung, ...]

    @classmethod
    def of(cls, event_ticker: str, mutually_exclusive: bool, markets: Iterable[StrikeMarket]) -> Ladder:
        """Return the ladder of *markets*; nothing is assumed about it.

        mutually_exclusive: what the exchange says of the event. Raises DataError when the strikes
        contradict it: overlapping ranges in an exclusive event, or, in one that is not, anything else than
        thresholds in one direction.
        """
        rungs = sorted((Rung(m.ticker, winning_range(m)) for m in markets), key=_order)
        if not rungs:
            raise DataError(f"event {event_ticker} has no markets")
        if len({rung.ticker for rung in rungs}) != len(rungs):
            raise DataError(f"event {event_ticker} lists a market twice")
        if mutually_exclusive:
            for lower, upper in pairwise(rungs):
                if lower.range.overlaps(upper.range):
                    raise DataError(
                        f"event {event_ticker} is called mutually exclusive, but {lower.ticker} "
                        f"({lower.label}) and {upper.ticker} ({upper.label}) can both win: not traded"
                    )
            return cls(event_ticker, Shape.EXCLUSIVE, tuple(rungs))
        _check_nested(event_ticker, rungs)
        return cls(event_ticker, Shape.NESTED, tuple(rungs))

    @property
    def is_exclusive(self) -> bool:
        """Whether at most one market can resolve YES."""
        return self.shape is Shape.EXCLUSIVE

    @property
    def tickers(self) -> tuple[str, ...]:
        """Market tickers, lowest strike first."""
        return tuple(rung.ticker for rung in self.rungs)

    def rung(self, ticker: str) -> Rung:
        """Return the rung of *ticker*. Raises DataError when it is not of this event."""
        for rung in self.rungs:
            if rung.ticker == ticker:
                return rung
        raise DataError(f"market {ticker} is not in event {self.event_ticker}")

    def gaps(self) -> list[str]:
        """Return the ranges of an exclusive ladder that no market covers; empty when one always wins."""
        found, reached = [], None
        for index, rung in enumerate(self.rungs):
            low = rung.range.lowest
            if index == 0 and low is not None:
                found.append(f"below {_points(low)}")
            elif reached is not None and low is not None and low > reached + 1:
                found.append(f"{_points(reached + 1)}..{_points(low - 1)}")
            reached = rung.range.highest
        return found if reached is None else [*found, f"above {_points(reached)}"]

    def winners(self, value: Decimal) -> frozenset[str]:
        """Return the markets that resolve YES at settlement *value*, rounded to two decimals first."""
        cents = to_cents(value)
        return frozenset(rung.ticker for rung in self.rungs if rung.range.contains(cents))

    def outcomes(self) -> list[frozenset[str]]:
        """Return every set of markets that can win together.

        In an exclusive ladder "none" is always among them: the exchange may settle outside of the list.
        """
        starts = {rung.range.lowest for rung in self.rungs if rung.range.lowest is not None}
        starts |= {rung.range.highest + 1 for rung in self.rungs if rung.range.highest is not None}
        probes = [min(starts) - 1, *sorted(starts)]
        sets = [frozenset(r.ticker for r in self.rungs if r.range.contains(cents)) for cents in probes]
        if self.is_exclusive:
            sets.append(frozenset())
        return list(dict.fromkeys(sets))

    def worst_case(self, positions: Mapping[str, Decimal], cash: Decimal = ZERO) -> Decimal:
        """Return the least that *positions* (+ YES, - NO contracts) and *cash* (signed dollars) can end at.

        Holds for yes/no results only; a scalar settlement is outside of it. Raises DataError for a
        position in a market of another event.
        """
        return min(self.payoffs(positions)) + cash

    def payoffs(self, positions: Mapping[str, Decimal]) -> list[Decimal]:
        """Return what *positions* pay in each of `outcomes()`, dollars."""
        for ticker in positions:
            self.rung(ticker)
        return [payoff(positions, winners) for winners in self.outcomes()]


def payoff(positions: Mapping[str, Decimal], winners: Iterable[str]) -> Decimal:
    """Return what *positions* (+ YES, - NO contracts) pay in dollars when *winners* resolve YES."""
    won = set(winners)
    return sum((abs(held) for ticker, held in positions.items() if (held > 0) == (ticker in won) and held), ZERO)


def _check_nested(event_ticker: str, rungs: Sequence[Rung]) -> None:
    upward = all(rung.range.highest is None for rung in rungs)
    downward = all(rung.range.lowest is None for rung in rungs)
    if not upward and not downward:
        raise DataError(
            f"event {event_ticker} is not called mutually exclusive and is no ladder of thresholds in one "
            "direction: what can win together is not certain, so it is not traded"
        )
    edges = [rung.range.lowest if upward else rung.range.highest for rung in rungs]
    if len(set(edges)) != len(edges):
        raise DataError(f"event {event_ticker} lists the same threshold twice")


def _order(rung: Rung) -> tuple[bool, int, int]:
    low, high = rung.range.lowest, rung.range.highest
    return (low is not None, low or 0, high or 0)


def _strike(market: StrikeMarket, field: str) -> Decimal:
    value = getattr(market, field)
    if value is None:
        raise DataError(f"market {market.ticker}: strike_type {market.strike_type} without {field}")
    return Decimal(value)


def _first_at_or_above(value: Decimal) -> int:
    return int((value * 100).to_integral_value(rounding=ROUND_CEILING))


def _last_at_or_below(value: Decimal) -> int:
    return int((value * 100).to_integral_value(rounding=ROUND_FLOOR))


def _points(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}".removesuffix(".00")
