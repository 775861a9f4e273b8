"""A made-up index: seeded closes from session to session, and the minutes within one.

Log returns are normal: a gap before the open and a walk through the session, with calm and stormy quarters. A
session's walk is a bridge to its close, so that closes and minutes tell the same story and the last value known
is always the fairest guess of the next. Nobody's data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from kalshi.paper.feed_sessions import Session, sessions_to

DAILY_DEVIATION = 0.009
SESSION_SHARE = 0.7  # of a day's variance falls between open and close, the rest before the open
ANCHOR_YEAR = 2026
ANCHOR = date(ANCHOR_YEAR, 1, 1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class MadeUpIndex:
    """What is made up. symbol: as data sources name it; level: of the close before the anchor day."""

    symbol: str
    name: str
    level: float


SP500 = MadeUpIndex("^GSPC", "S&P 500", 6_850.0)
NASDAQ100 = MadeUpIndex("^NDX", "Nasdaq-100", 25_500.0)
INDICES = {index.symbol: index for index in (SP500, NASDAQ100)}


def deviation_of(day: date) -> float:
    """Return the deviation of the day's log return from close to close."""
    return DAILY_DEVIATION * math.exp(0.4 * math.sin(day.toordinal() / 40))


def closes(index: MadeUpIndex, seed: int, until: date) -> list[tuple[Session, float]]:
    """Return (session, close) from 2020 to *until*, inclusive, oldest first; two decimals, as published."""
    walk = _walk(index.symbol, seed, max(until.year, ANCHOR_YEAR))
    return [(session, _level(index, day.close)) for session, day in walk.items() if session.day <= until]


def close_of(index: MadeUpIndex, seed: int, session: Session) -> float:
    """Return the value the session ends at, two decimals."""
    return minutes_of(index, seed, session)[-1]


@lru_cache(maxsize=16)
def minutes_of(index: MadeUpIndex, seed: int, session: Session) -> tuple[float, ...]:
    """Return the values of a session at its open, one minute later, and so on to its close; two decimals."""
    day = _walk(index.symbol, seed, max(session.day.year, ANCHOR_YEAR))[session]
    count = round((session.closes_at - session.opens_at) / MINUTE)
    chance = Random(f"{seed}|{index.symbol}|{session.day}|minutes")
    step = deviation_of(session.day) * math.sqrt(SESSION_SHARE / count)
    walk = [0.0, *accumulate(chance.gauss(0, step) for _ in range(count))]
    miss = day.close - day.open - walk[-1]
    return tuple(_level(index, day.open + at + miss * number / count) for number, at in enumerate(walk))


def value_at(index: MadeUpIndex, seed: int, session: Session, previous: Session, now: datetime) -> float:
    """Return the index at *now*, no later than the close of *session*; before its open the close before."""
    if now < session.opens_at:
        return close_of(index, seed, previous)
    values = minutes_of(index, seed, session)
    return values[min(int((now - session.opens_at) / MINUTE), len(values) - 1)]


def deviation_left(session: Session, now: datetime) -> float:
    """Return the deviation of the log return from *now* to the close of *session*."""
    share = 1.0
    if now >= session.opens_at:
        length = session.closes_at - session.opens_at
        passed = int((now - session.opens_at) / MINUTE) * MINUTE
        share = SESSION_SHARE * max(0.0, 1 - passed / length)
    return deviation_of(session.day) * math.sqrt(share)


def _level(index: MadeUpIndex, log: float) -> float:
    return round(index.level * math.exp(log), 2)


class _Day(NamedTuple):
    """Logs of open and close, against the level."""

    open: float
    close: float


@lru_cache(maxsize=16)
def _walk(symbol: str, seed: int, year: int) -> dict[Session, _Day]:
    """Return the open and close of every session from 2020 to the end of *year*; a later year adds to it only."""
    days, log, chance = {}, 0.0, Random(f"{seed}|{symbol}")
    for session in sessions_to(year):
        if session.day < ANCHOR:
            anchor = log
        deviation = deviation_of(session.day)
        opens = log + chance.gauss(0, deviation * math.sqrt(1 - SESSION_SHARE))
        log = opens + chance.gauss(0, deviation * math.sqrt(SESSION_SHARE))
        days[session] = _Day(opens, log)
    return {session: _Day(day.open - anchor, day.close - anchor) for session, day in days.items()}
