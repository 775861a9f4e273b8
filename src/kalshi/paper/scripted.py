"""Market events at given times: what a scenario lets happen by the clock, whatever is asked.

    {"events": [{"at": "10:30", "do": "pause_market", "ticker": T, "for_s": 300}]}

at: HH:MM or HH:MM:SS in New York on the day the exchange is started, or an RFC 3339 time with offset; market time.

do             what happens
pause_market   `ticker` stops trading for `for_s` seconds, then trades again: orders that rested are gone
pause_trading  no orders for `for_s` seconds, cancels work
pause_exchange neither
outage         every request is answered 503 for `for_s` seconds, and nothing is done
fill           outsiders trade with at most `count` contracts of orders that rest on `side` (bid or ask) of `ticker`

What is over when the exchange starts does not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec

from kalshi.errors import ConfigError
from kalshi.paper.exchange import Feed, PaperExchange
from kalshi.paper.outside import OutsideTrade
from kalshi.paper.records import ASK, BID
from kalshi.paper.refusals import refused

NEW_YORK = ZoneInfo("America/New_York")
LOWEST, HIGHEST = Decimal("0.0001"), Decimal("0.9999")  # a trade there went through every limit
WINDOWS = ("pause_market", "pause_trading", "pause_exchange", "outage")


class MarketEvent(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One scripted event; see the module."""

    at: str
    do: Literal["pause_market", "pause_trading", "pause_exchange", "outage", "fill"]
    for_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    ticker: str = ""
    side: Literal["bid", "ask"] = "bid"
    count: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not (self.count.is_finite() and self.count > 0):
            raise ValueError(f"count {self.count} is not above 0")


class Stepping(Feed, Protocol):
    """A feed that also goes on by itself."""

    def step(self) -> None: ...
    def wait_s(self, scale: float) -> float: ...


class Scripted:
    """Lets *events* happen in *exchange* at their times, after what *feed* brings. clock: market time.

    Raises ConfigError for a time that can not be read, and for an event without the ticker it needs.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        clock: Callable[[], datetime],
        events: Sequence[MarketEvent],
        feed: Stepping | None = None,
    ) -> None:
        self._exchange, self._clock, self._feed = exchange, clock, feed
        self._outages: list[tuple[datetime, datetime]] = []
        self._due: list[tuple[datetime, int, MarketEvent, bool]] = []
        started = clock()
        for number, event in enumerate(events):
            begins = _time_of(event, started)
            ends = begins + timedelta(seconds=event.for_s if event.do in WINDOWS else 0)
            if ends < started:
                continue
            if event.do == "outage":
                self._outages.append((begins, ends))
                continue
            self._due.append((begins, number, event, True))
            if event.do in WINDOWS:
                self._due.append((ends, number, event, False))
        self._due.sort(key=lambda row: row[:2])

    def wait_s(self, scale: float) -> float:
        """Return the seconds between two steps."""
        return self._feed.wait_s(scale) if self._feed else 1.0

    def step(self) -> None:
        """Do what is due by now."""
        if self._feed:
            self._feed.step()
        self._do_due(self._clock())

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime:
        """Do what is due before a request; refuses it during an outage."""
        if self._feed:
            now = self._feed.before(now, method, path, body)
        self._do_due(now)
        if any(begins <= now < ends for begins, ends in self._outages):
            raise refused(503, "service_unavailable", "the exchange is not available (scripted outage)")
        return now

    def _do_due(self, now: datetime) -> None:
        if not self._due or self._due[0][0] > now:
            return
        with self._exchange.together():
            while self._due and self._due[0][0] <= now:
                at, _, event, begins = self._due.pop(0)
                self._do(event, begins, at)

    def _do(self, event: MarketEvent, begins: bool, at: datetime) -> None:
        if event.do == "pause_market":
            self._exchange.pause_market(event.ticker, begins, at=at)
        elif event.do == "fill":
            price, taker = (LOWEST, ASK) if event.side == BID else (HIGHEST, BID)
            self._exchange.outside_trades([OutsideTrade(event.ticker, price, event.count, taker, at)], at=at)
        else:
            self._exchange.pause(event.do.removeprefix("pause_") if begins else "", at=at)


def _time_of(event: MarketEvent, started: datetime) -> datetime:
    if event.do in ("pause_market", "fill") and not event.ticker:
        raise ConfigError(f"scenario: the event {event.do!r} at {event.at} names no ticker")
    try:
        if "T" in event.at:
            found = datetime.fromisoformat(event.at)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        else:
            day = started.astimezone(NEW_YORK).date()
            return datetime.combine(day, time.fromisoformat(event.at), NEW_YORK).astimezone(UTC)
    except ValueError:
        pass
    raise ConfigError(f"scenario: time {event.at!r} is not readable: use HH:MM of New York, or 2026-10-06T14:30:00Z")
