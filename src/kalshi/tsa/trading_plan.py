"""What a simulated week of trading is run with: when to decide, at what price, how much, and what counts as filled.

Candles tell neither the queue nor the size behind a quote, so what fills is an assumption. Each has a name:

| policy | fills |
|---|---|
| `taker` | at once, at the price on the other side; nothing rests |
| `maker-conservative` | as `taker`; what rests fills at its limit once a later candle was quoted or traded strictly \
through it: then everybody at our price was served, wherever we stood in the queue |
| `maker-optimistic` | as before, but a touch of the limit is enough: as if we always stood first in the queue |
| `mid` | at once, at the middle of bid and ask: for comparison only, nobody gets it |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.tsa.decide import MOST_CONTRACTS, Rules
from kalshi.tsa.models import DEFAULT_MODEL, model_named
from kalshi.tsa.release_calendar import before_news
from kalshi.tsa.weeks import new_york, week_days

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
USUAL_TIME = (10, 30)  # New York; half an hour after the event opens, after the morning's release
SIZINGS = ("contracts", "dollars", "kelly")
HOLDS = ("news", "close")
KELLY_CAP = Decimal("0.05")  # of the cash at the event's start, staked on one order at most
CLOSE_MARGIN = timedelta(minutes=1)
_ENTRY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:@(\d{1,2}):(\d{2}))?", re.ASCII)


@dataclass(frozen=True)
class FillPolicy:
    """rests: unfilled contracts wait in the book. through: a touch does not fill them. at_mid: a price nobody gets."""

    name: str
    rests: bool = False
    through: bool = False
    at_mid: bool = False


POLICIES = {
    policy.name: policy
    for policy in (
        FillPolicy("taker"),
        FillPolicy("maker-conservative", rests=True, through=True),
        FillPolicy("maker-optimistic", rests=True),
        FillPolicy("mid", at_mid=True),
    )
}


@dataclass(frozen=True)
class Plan:
    """Parameters of one simulation; dollars are Decimal.

    entries: weekdays of the decisions at 10:30 New York, or with a time of their own, as `fri@15:00`.
    rules: of the decision; their count is the size of an order where sizing is `contracts`.
    sizing, stake: `dollars`: as many contracts as *stake* buys at the limit, fee included; `kelly`: the share
    *stake* of Kelly's bet at the limit, of the cash at the event's start, at most KELLY_CAP of it.
    policy: a name of POLICIES. depth: contracts at every quote that may fill us, None for as many as we want.
    hold: an order rests until 30 minutes before the next counts (`news`), or until the close.
    requote: at each entry cancel what rests in a market and decide anew; without, a resting order stays, alone.
    max_position: contracts in one market. max_event_cost: most one event can lose, dollars. cash: at the start.
    """

    model: str = DEFAULT_MODEL
    entries: tuple[str, ...] = ("mon",)
    rules: Rules = field(default_factory=Rules)
    sizing: str = "contracts"
    stake: Decimal = Decimal(0)
    policy: str = "taker"
    depth: int | None = None
    hold: str = "news"
    requote: bool = True
    max_position: int = 100
    max_event_cost: Decimal = Decimal(100)
    cash: Decimal = Decimal(1000)

    def __post_init__(self) -> None:
        model_named(self.model)
        for name, allowed in (("sizing", SIZINGS), ("policy", tuple(POLICIES)), ("hold", HOLDS)):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} {getattr(self, name)!r} is unknown: use {', '.join(allowed)}")
        if not self.entries or len(set(self.entries)) != len(self.entries):
            raise ConfigError(f"entries {','.join(self.entries)!r}: name at least one weekday, each once")
        for entry in self.entries:
            entry_time(entry)
        if self.sizing == "dollars" and not 0 < self.stake <= MOST_CONTRACTS:
            raise ConfigError(f"stake {self.stake} must be dollars of an order above 0 where sizing is dollars")
        if self.sizing == "kelly" and not 0 < self.stake <= 1:
            raise ConfigError(f"stake {self.stake} must be a share of Kelly above 0 and at most 1")
        if self.depth is not None and self.depth < 1:
            raise ConfigError(f"depth {self.depth} must be at least one contract, or left out")
        if not 1 <= self.max_position <= MOST_CONTRACTS:
            raise ConfigError(f"max_position {self.max_position} must be 1 to {MOST_CONTRACTS} contracts")
        if not (0 < self.max_event_cost <= MOST_CONTRACTS and 0 < self.cash <= 10 * MOST_CONTRACTS):
            raise ConfigError("max_event_cost and cash must be dollars above 0")

    @property
    def fills(self) -> FillPolicy:
        """The fill policy."""
        return POLICIES[self.policy]

    def rests_until(self, decided: datetime, close_at: datetime) -> datetime:
        """Return when an order decided at *decided* (aware) ends that has not been filled."""
        end = close_at - CLOSE_MARGIN
        return end if self.hold == "close" else min(end, before_news(decided))


def entry_time(entry: str) -> tuple[int, int, int]:
    """Return (weekday from Monday 0, hour, minute) of `fri` or `fri@15:00`; ConfigError for anything else."""
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ConfigError(f"entry {entry!r} is unknown: use {', '.join(WEEKDAYS)}, or with a time, as fri@15:00")
    hour, minute = (int(found[2]), int(found[3])) if found[2] else USUAL_TIME
    if hour > 23 or minute > 59:
        raise ConfigError(f"entry {entry!r} names no time of the day: write it as fri@15:00")
    return WEEKDAYS.index(found[1]), hour, minute


def entry_moment(sunday: date, entry: str) -> datetime:
    """Return the moment of *entry* (New York) in the week ending *sunday*, aware UTC."""
    weekday, hour, minute = entry_time(entry)
    return new_york(week_days(sunday)[weekday], hour, minute)
