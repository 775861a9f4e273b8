"""Made-up events with a seeded true value: weekly TSA ladders and daily index ladders, from opening to payment.

A kind of event knows which of its events is open and how its ladder looks; a ladder knows how likely each strike
is at any time, and what came true. What is known is always the fairest guess of what comes, so the fair price of
every strike has no drift.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

from kalshi.paper import feed_index
from kalshi.paper.feed_index import NASDAQ100, SP500, MadeUpIndex
from kalshi.paper.feed_sessions import closing_after, session_on

NEW_YORK = ZoneInfo("America/New_York")
MARK = "SIM"  # ends every event ticker, so that a real event is never mixed with a made-up one
SOONEST = 1e-9  # stands for no time left


@dataclass(frozen=True)
class Strike:
    """One market's condition. label: what the ticker carries; kind: strike_type; floor and cap as listed."""

    label: str
    kind: str
    floor: Decimal | None = None
    cap: Decimal | None = None

    def won(self, value: Decimal) -> bool:
        """Return whether YES is right when the event ends at *value*."""
        above = self.floor is None or value > self.floor or (value == self.floor and self.kind != "greater")
        below = self.cap is None or value < self.cap or (value == self.cap and self.kind != "less")
        return above and below


@dataclass(frozen=True)
class Ladder:
    """One event. day: its last day in New York. above: chance that the final value is above a level, as known at
    a time. determined_after, finalized_after: from the close to the result and to the payment.
    """

    series_ticker: str
    title: str
    category: str
    frequency: str
    exclusive: bool
    event_ticker: str
    day: date
    opens: datetime
    closes: datetime
    determined_after: timedelta
    finalized_after: timedelta
    strikes: tuple[Strike, ...] = field(repr=False)
    above: Callable[[float, datetime], float] = field(repr=False)
    final: Decimal = field(repr=False)

    def ticker(self, strike: Strike) -> str:
        """Return the market's ticker."""
        return f"{self.event_ticker}-{strike.label}"

    def phase(self, now: datetime) -> str:
        """Return the status word of all its markets."""
        if now < self.opens:
            return "initialized"
        if now < self.closes:
            return "active"
        if now < self.closes + self.determined_after:
            return "closed"
        return "determined" if now < self.closes + self.finalized_after else "finalized"

    def fair(self, strike: Strike, now: datetime) -> float:
        """Return how likely YES of *strike* is, as known at *now*."""
        low = 1.0 if strike.floor is None else self.above(float(strike.floor), now)
        high = 0.0 if strike.cap is None else self.above(float(strike.cap), now)
        return max(low - high, 0.0)

    def result(self, strike: Strike) -> str:
        """Return yes or no, by the true value."""
        return "yes" if strike.won(self.final) else "no"


class Kind(Protocol):
    """A series of made-up events."""

    @property
    def series_ticker(self) -> str: ...
    def __hash__(self) -> int: ...
    def current_day(self, now: datetime) -> date:
        """Return the last day of the event that is open at *now*, or opens next."""
        ...

    def ladder(self, day: date, seed: int) -> Ladder:
        """Return the event that ends on *day*: the same seed gives the same one."""
        ...


@dataclass(frozen=True)
class TsaWeek:
    """Mean TSA check-ins of a week, thresholds 50,000 apart; the estimate moves every hour."""

    series_ticker: str = "KXTSAW"
    start: float = 2_500_000
    spread: float = 60_000  # deviation of the final value from the first estimate
    rung: int = 50_000
    rungs: int = 9
    steps: int = 168

    def current_day(self, now: datetime) -> date:
        """Return the Sunday of the week of *now* in New York."""
        day = now.astimezone(NEW_YORK).date()
        return day + timedelta(days=6 - day.weekday())

    def ladder(self, day: date, seed: int) -> Ladder:
        """Return the week that ends on Sunday *day*."""
        opens, closes = _utc(day - timedelta(days=6), time(10)), _utc(day, time(23, 59))
        chance = Random(f"{seed}|{self.series_ticker}|{day}")
        path = [self.start + chance.gauss(0, self.spread)]
        for _ in range(self.steps):
            path.append(path[-1] + chance.gauss(0, self.spread / math.sqrt(self.steps)))

        def above(level: float, now: datetime) -> float:
            step = min(max(int((now - opens) / (closes - opens) * self.steps), 0), self.steps)
            left = self.spread * math.sqrt(max(self.steps - step, SOONEST) / self.steps)
            return _normal((path[step] - level) / left)

        middle = round(path[0] / self.rung)
        floors = [(middle + number - self.rungs // 2) * self.rung for number in range(self.rungs)]
        return Ladder(
            series_ticker=self.series_ticker,
            title=f"TSA check-ins a day, week to {day:%-d %b %Y}",
            category="Transportation",
            frequency="weekly",
            exclusive=False,
            event_ticker=_event_ticker(self.series_ticker, day),
            day=day,
            opens=opens,
            closes=closes,
            determined_after=timedelta(hours=9, minutes=5),
            finalized_after=timedelta(hours=10, minutes=1),
            strikes=tuple(Strike(f"A{floor / 1e6:.2f}", "greater", Decimal(floor)) for floor in floors),
            above=above,
            final=Decimal(round(path[-1])),
        )


@dataclass(frozen=True)
class IndexClose:
    """An index at the close of one session. exclusive: ranges of *rung* points between two open tails, listed in
    the evening before, or thresholds *rung* points apart, listed in the early morning.
    """

    series_ticker: str
    index: MadeUpIndex
    exclusive: bool
    rung: int
    rungs: int
    gap: Decimal = Decimal("0.0001")  # between the cap of a range and the floor of the next

    def current_day(self, now: datetime) -> date:
        """Return the first session that closes after *now*."""
        return closing_after(now)[0].day

    def ladder(self, day: date, seed: int) -> Ladder:
        """Return the event of the session on *day*."""
        session, previous = session_on(day)

        def above(level: float, now: datetime) -> float:
            value = feed_index.value_at(self.index, seed, session, previous, now)
            return _normal(math.log(value / level) / max(feed_index.deviation_left(session, now), SOONEST))

        before = feed_index.close_of(self.index, seed, previous)
        base = (round(before / self.rung) - self.rungs // 2) * self.rung
        opens = _utc(previous.day, time(22, 30)) if self.exclusive else _utc(day, time(3, 10))
        hour = session.closes_at.astimezone(NEW_YORK)
        return Ladder(
            series_ticker=self.series_ticker,
            title=f"{self.index.name} {'range' if self.exclusive else 'above'} at the close on {day:%-d %b %Y}",
            category="Financials",
            frequency="daily",
            exclusive=self.exclusive,
            event_ticker=_event_ticker(self.series_ticker, day, f"H{hour:%H%M}"),
            day=day,
            opens=opens,
            closes=session.closes_at,
            determined_after=timedelta(minutes=5),
            finalized_after=timedelta(minutes=30),
            strikes=self._ranges(base) if self.exclusive else self._thresholds(base),
            above=above,
            final=Decimal(str(feed_index.close_of(self.index, seed, session))),
        )

    def _ranges(self, base: int) -> tuple[Strike, ...]:
        top = base + self.rungs * self.rung - self.gap
        floors = range(base, base + self.rungs * self.rung, self.rung)
        ranges = (
            Strike(f"B{floor + self.rung // 2}", "between", Decimal(floor), floor + self.rung - self.gap)
            for floor in floors
        )
        return (Strike(f"T{base}", "less", cap=Decimal(base)), *ranges, Strike(f"T{top}", "greater", top))

    def _thresholds(self, base: int) -> tuple[Strike, ...]:
        floors = [Decimal(base + number * self.rung) for number in range(self.rungs)]
        return tuple(Strike(f"T{floor - self.gap}", "greater_or_equal", floor) for floor in floors)


KINDS: dict[str, Kind] = {
    "tsa": TsaWeek(),
    "inx": IndexClose("KXINX", SP500, exclusive=True, rung=25, rungs=28),
    "inxu": IndexClose("KXINXU", SP500, exclusive=False, rung=10, rungs=25),
    "ndx": IndexClose("KXNASDAQ100", NASDAQ100, exclusive=True, rung=100, rungs=28, gap=Decimal("0.01")),
}


@lru_cache(maxsize=64)
def ladder_of(kind: Kind, day: date, seed: int) -> Ladder:
    """Return the event of *kind* that ends on *day*, made once."""
    return kind.ladder(day, seed)


def day_of(event_ticker: str) -> date:
    """Return the day in the ticker of a made-up event."""
    return datetime.strptime(event_ticker.split("-")[1][:7], "%y%b%d").replace(tzinfo=UTC).date()


def _event_ticker(series_ticker: str, day: date, hour: str = "") -> str:
    return f"{series_ticker}-{day:%y%b%d}".upper() + hour + MARK


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def _normal(deviations: float) -> float:
    return 0.5 * (1 + math.erf(deviations / math.sqrt(2)))
