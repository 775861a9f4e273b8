"""Made-up events with a seeded true value: weekly TSA ladders and daily index ladders, from opening to payment.

The estimate of the final value is a random walk that ends at it, so the fair price of every strike has no
drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from kalshi.exchange.models import Event, Market, OrderBook, PriceRange, Series
from kalshi.exchange.models_market import Level
from kalshi.exchange.snapshot import LadderSnapshot

NEW_YORK = ZoneInfo("America/New_York")
SOURCE = "simulated"
MARK = "SIM"  # ends every event ticker, so that a real event is never mixed with a made-up one
RUNGS = 9
LEVELS = 4
CENT, ZERO, ONE = Decimal("0.01"), Decimal(0), Decimal(1)
DETERMINED_AFTER, FINALIZED_AFTER = timedelta(minutes=30), timedelta(hours=2)


@dataclass(frozen=True)
class Kind:
    """A series of made-up events. start: value at the opening; spread: deviation of the final value from it."""

    series_ticker: str
    title: str
    category: str
    frequency: str
    start: float
    spread: float
    rung: int
    steps: int
    days: int


TSA = Kind("KXTSAW", "SIMULATED: TSA check-ins", "Transportation", "weekly", 2_500_000, 60_000, 50_000, 168, 7)
INDEX = Kind("KXINXU", "SIMULATED: S&P 500 at the close", "Financials", "daily", 6_000, 45, 25, 390, 1)
KINDS = (TSA, INDEX)


@dataclass(frozen=True)
class Ladder:
    """One event. day: its last day in New York. path: estimates of the final value, the last one is true."""

    kind: Kind
    day: date
    opens: datetime
    closes: datetime
    path: tuple[float, ...] = field(repr=False)

    @property
    def event_ticker(self) -> str:
        """The event's ticker."""
        return f"{self.kind.series_ticker}-{self.day:%y%b%d}".upper() + MARK

    @property
    def strikes(self) -> list[int]:
        """The strikes, ascending, around the opening value."""
        middle = round(self.path[0] / self.kind.rung)
        return [(middle + number - RUNGS // 2) * self.kind.rung for number in range(RUNGS)]

    def ticker(self, strike: int) -> str:
        """Return the market's ticker."""
        return f"{self.event_ticker}-T{strike}"

    def phase(self, now: datetime) -> str:
        """Return the status word of all its markets."""
        if now < self.opens:
            return "initialized"
        if now < self.closes:
            return "active"
        if now < self.closes + DETERMINED_AFTER:
            return "closed"
        return "determined" if now < self.closes + FINALIZED_AFTER else "finalized"

    def fair(self, strike: int, now: datetime) -> float:
        """Return the probability that the final value is above *strike*, as known at *now*."""
        passed = (now - self.opens) / (self.closes - self.opens)
        step = min(max(int(passed * self.kind.steps), 0), self.kind.steps)
        left = self.kind.spread * math.sqrt(max(self.kind.steps - step, 0.01) / self.kind.steps)
        return 0.5 * (1 + math.erf((self.path[step] - strike) / left / math.sqrt(2)))

    def result(self, strike: int) -> str:
        """Return yes or no, by the true value."""
        return "yes" if self.path[-1] > strike else "no"


def ladder_of(kind: Kind, day: date, seed: int) -> Ladder:
    """Return the event that ends on *day*: the same seed gives the same one."""
    if kind.days == 7:
        opens = datetime.combine(day - timedelta(days=6), time(10), NEW_YORK)
        closes = datetime.combine(day, time(23, 59), NEW_YORK)
    else:
        opens = datetime.combine(day, time(9, 30), NEW_YORK)
        closes = datetime.combine(day, time(16), NEW_YORK)
    chance = Random(f"{seed}|{kind.series_ticker}|{day}")
    value = kind.start + chance.gauss(0, kind.spread)
    path = [value]
    for _ in range(kind.steps):
        value += chance.gauss(0, kind.spread / math.sqrt(kind.steps))
        path.append(value)
    return Ladder(kind, day, opens.astimezone(UTC), closes.astimezone(UTC), tuple(path))


def current_day(kind: Kind, now: datetime) -> date:
    """Return the last day of the event that is open at *now*, or opens next."""
    day = now.astimezone(NEW_YORK).date()
    if kind.days == 7:
        return day + timedelta(days=6 - day.weekday())
    if now.astimezone(NEW_YORK).time() >= time(16):
        day += timedelta(days=1)
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def day_of(event_ticker: str) -> date:
    """Return the day in the ticker of a made-up event."""
    return datetime.strptime(event_ticker.split("-")[1].removesuffix(MARK), "%y%b%d").replace(tzinfo=UTC).date()


def snapshot_of(ladder: Ladder, now: datetime, chance: Random) -> LadderSnapshot:
    """Return the event as it stands at *now*, with the quotes of its market makers while it is open."""
    kind, phase = ladder.kind, ladder.phase(now)
    books = {ladder.ticker(strike): _book(ladder.fair(strike, now), chance) for strike in ladder.strikes}
    if phase != "active":
        books = {ticker: OrderBook(yes_dollars=[], no_dollars=[]) for ticker in books}
    series = Series(
        ticker=kind.series_ticker,
        title=kind.title,
        category=kind.category,
        fee_type="quadratic",
        fee_multiplier=ONE,
        frequency=kind.frequency,
    )
    event = Event(
        event_ticker=ladder.event_ticker,
        series_ticker=kind.series_ticker,
        title=kind.title,
        sub_title=ladder.day.isoformat(),
        mutually_exclusive=False,
        collateral_return_type="",
    )
    markets = tuple(_market(ladder, strike, phase) for strike in ladder.strikes)
    return LadderSnapshot(SOURCE, now, series, event, markets, books)


def _book(fair: float, chance: Random) -> OrderBook:
    """Return what market makers show around *fair*: a spread of one to four cents, several levels behind."""
    noisy = min(max(fair + chance.gauss(0, 0.004), 0.001), 0.999)
    half = 0.005 + 0.015 * chance.random() * 4 * noisy * (1 - noisy)
    bid, ask = math.floor((noisy - half) * 100), math.ceil((noisy + half) * 100)

    def side(best: int) -> list[Level]:
        return [
            Level(price * CENT, Decimal(chance.randint(10, 200)))
            for price in range(best, best - LEVELS, -1)
            if 1 <= price <= 99
        ]

    return OrderBook(yes_dollars=side(bid), no_dollars=side(100 - ask))


def _market(ladder: Ladder, strike: int, phase: str) -> Market:
    decided = phase in ("determined", "finalized")
    return Market(
        ticker=ladder.ticker(strike),
        event_ticker=ladder.event_ticker,
        market_type="binary",
        status=phase,
        result=ladder.result(strike) if decided else "",
        open_time=ladder.opens,
        close_time=ladder.closes,
        latest_expiration_time=ladder.closes + FINALIZED_AFTER,
        settlement_timer_seconds=int((FINALIZED_AFTER - DETERMINED_AFTER).total_seconds()),
        can_close_early=False,
        expiration_value=f"{ladder.path[-1]:.0f}" if decided else "",
        yes_bid_dollars=ZERO,
        yes_ask_dollars=ONE,
        no_bid_dollars=ZERO,
        no_ask_dollars=ONE,
        last_price_dollars=ZERO,
        yes_bid_size_fp=ZERO,
        yes_ask_size_fp=ZERO,
        volume_fp=ZERO,
        volume_24h_fp=ZERO,
        open_interest_fp=ZERO,
        notional_value_dollars=ONE,
        price_level_structure="linear_cent",
        price_ranges=[PriceRange(start=ZERO, end=ONE, step=CENT)],
        title=ladder.kind.title,
        yes_sub_title=f"SIMULATED: above {strike}",
        no_sub_title=f"SIMULATED: {strike} or less",
        strike_type="greater",
        floor_strike=Decimal(strike),
        created_time=ladder.opens - timedelta(days=1),
        updated_time=ladder.opens - timedelta(days=1),
    )
