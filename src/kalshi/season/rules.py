"""The rules a season compares, as data; one contract a market, so that results are cents a contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from kalshi.errors import ConfigError
from kalshi.season.cron import read_crontab, starts_on
from kalshi.season.market import FULL_DAY_MIN, NASDAQ_SIGMA, SP_SIGMA

OPEN_MINUTE = 9 * 60 + 30
A_FULL_DAY = date(2026, 10, 6)
COMPLETE_CAP, COMPLETE_MARGIN, MAX_LEGS = 85, 1, 5  # cents of NO, cents a contract, markets: those of the script


@dataclass(frozen=True)
class Schedule:
    """When a rule looks, in minutes after the open. None: never.

    passes: None means at once after each fill. needs_quotes: bids rest in markets with two-sided quotes only, as the
    scripts want it; else everywhere.
    """

    blanket: float = 0.0
    passes: tuple[int, ...] | None = None
    stand_aside: int | None = None
    last_bid: int | None = None
    flatten: int | None = None
    needs_quotes: bool = False


@dataclass(frozen=True)
class PairRule:
    """Rest NO bids everywhere, and what to do after a fill. Prices in cents of NO.

    complete: after the first leg, bid the others as high as a fill still locks the set, and stop once it does.
    free_roll: the price of further bids once the set is locked, None: what rested before rests on.
    """

    key: str
    label: str
    blanket: int
    complete: bool = False
    free_roll: int | None = None
    schedule: Schedule = field(default_factory=Schedule)
    sigmas: tuple[float, ...] = (SP_SIGMA, NASDAQ_SIGMA)


@dataclass(frozen=True)
class CheapYesRule:
    """Buy YES offered below max_ask cents within the window around the index, once a market, at the passes.

    level, width: index points of the middle of the ladder and of a bracket. window: share of the index to each side.
    count: contracts of one order, for the rounding of its fee.
    """

    key: str = "cheap_yes"
    label: str = "cheap YES near the money"
    passes: tuple[int, ...] = ()
    max_ask: int = 3
    window: float = 0.01
    level: float = 29_200.0
    width: float = 100.0
    count: int = 100
    sigmas: tuple[float, ...] = (NASDAQ_SIGMA,)


Rule = PairRule | CheapYesRule


def reference_rules() -> list[PairRule]:
    """Return the rules of the table in reference/index_simulation.md: from open to close, acting at once."""
    return [
        PairRule("no45", "NO 45c everywhere", 45),
        PairRule("no15", "NO 15c everywhere", 15),
        PairRule("no45_complete", "45c, then complete at 54c", 45, complete=True),
        PairRule("no45_freeroll", "45c, then 80c free roll", 45, free_roll=80),
        PairRule("no80", "NO 80c everywhere", 80),
    ]


def script_rules(crontab: Path) -> list[Rule]:
    """Return the rules as the scripts trade them at the times of *crontab* on a full day."""
    loop = _minutes(crontab, "sp_daily_every_10_minutes")
    day = Schedule(
        blanket=_minutes(crontab, "morning")[0],
        passes=tuple(minute for minute in loop if minute < FULL_DAY_MIN - 20),
        stand_aside=_minutes(crontab, "midday")[0],
        last_bid=FULL_DAY_MIN - 20,
        flatten=max(minute for minute in _minutes(crontab, "afternoon") if minute < FULL_DAY_MIN),
        needs_quotes=True,
    )
    cheap = tuple(m for m in _minutes(crontab, "nasdaq_daily_every_10_minutes") if m < FULL_DAY_MIN - 20)
    return [
        PairRule("scripts", "S&P scripts, cron times", 45, True, 80, day, (SP_SIGMA,)),
        PairRule("scripts_stay", "the same without midday", 45, True, 80, replace(day, stand_aside=None), (SP_SIGMA,)),
        CheapYesRule(passes=cheap),
    ]


def all_rules(crontab: Path, keys: Sequence[str] = ()) -> list[Rule]:
    """Return the rules named *keys*, or all. Raises ConfigError for a name that is unknown."""
    rules: list[Rule] = [*reference_rules(), *script_rules(crontab)]
    known = {rule.key: rule for rule in rules}
    for key in keys:
        if key not in known:
            raise ConfigError(f"rule {key!r} is unknown: use {', '.join(known)}")
    return [known[key] for key in dict.fromkeys(keys)] if keys else rules


def _minutes(crontab: Path, job: str) -> list[int]:
    starts = [start.at for start in starts_on(read_crontab(crontab), A_FULL_DAY) if start.job == job]
    if not starts:
        raise ConfigError(f"{crontab} does not start {job} on a full day")
    return [at.hour * 60 + at.minute - OPEN_MINUTE for at in starts]
