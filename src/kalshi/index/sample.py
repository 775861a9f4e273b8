"""A made-up index with its ladder, for a machine that reaches no source: seeded, plausible, marked SAMPLE.

Daily closes are a fat-tailed walk with slowly changing volatility; a session's minutes are a bridge from
its open to its close, so that history, spot and settlement of one day tell the same story. Quotes stand
around the probability that the rest of the day's volatility gives each bracket. Nobody's data.
numpy is imported when a sample is made, never before: most runs make none, and start faster for it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from kalshi.errors import DataError
from kalshi.exchange.models import Event, Level, Market, OrderBook, PriceRange, Series
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.history import NASDAQ100, SP500, Bar, DailyCloses
from kalshi.index.quotes import IndexQuote
from kalshi.index.tickers import EventTicker

SAMPLE = "SAMPLE"
SEED = 7
NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY, LAST_DAY, ANCHOR = date(2000, 1, 1), date(2059, 12, 31), date(2026, 1, 2)
DAILY_DEVIATION, DRIFT, OVERNIGHT_SHARE = 0.009, 0.0003, 0.3
RANGES = 28
# Markets open in the evening before the session, 22:30 for a 9:30 opening.
LISTED_BEFORE_OPEN = timedelta(hours=11)
CENT = Decimal("0.01")
NOTHING, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class SampleIndex:
    """What is made up for one series. width: points of a range. level: close on the anchor day."""

    symbol: str
    name: str
    width: Decimal
    cap_gap: Decimal
    level: float


INDICES = {
    "KXINX": SampleIndex(SP500, "S&P 500", Decimal(25), Decimal("0.0001"), 6850.0),
    "KXNASDAQ100": SampleIndex(NASDAQ100, "Nasdaq-100", Decimal(100), Decimal("0.01"), 25500.0),
}


def sample_closes(symbol: str, sessions: Sequence[date], seed: int = SEED) -> DailyCloses:
    """Return made-up closes of *sessions*, 2000 to 2059. The same day and seed always give the same close."""
    bars = tuple(Bar(day, round(sample_close(symbol, day, seed), 2)) for day in sessions)
    return DailyCloses(symbol, bars, SAMPLE)


def sample_close(symbol: str, day: date, seed: int = SEED) -> float:
    """Return the made-up close of *day*, index points; of a day without session that of the one before."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise DataError(f"the sample index knows {FIRST_DAY} to {LAST_DAY}, not {day}")
    level = next(index.level for index in INDICES.values() if index.symbol == symbol)
    logs = _walk(symbol, seed)
    return float(level * math.exp(logs[(day - FIRST_DAY).days] - logs[(ANCHOR - FIRST_DAY).days]))


@dataclass(frozen=True)
class SampleDay:
    """One made-up session. opens_at, closes_at: aware. Also an index price source for its symbol."""

    series_ticker: str
    opens_at: datetime
    closes_at: datetime
    now: datetime
    seed: int = SEED

    @property
    def index(self) -> SampleIndex:
        """What is made up. Raises DataError for a series without a sample."""
        if self.series_ticker not in INDICES:
            raise DataError(
                f"there is no sample of series {self.series_ticker}: known are {', '.join(INDICES)}"
            )
        return INDICES[self.series_ticker]

    @property
    def day(self) -> date:
        """The session's date in New York."""
        return self.closes_at.astimezone(NEW_YORK).date()

    def last(self, symbol: str) -> IndexQuote:
        """Return the newest minute at `now`; outside of the session the last price, with its time."""
        if symbol != self.index.symbol:
            raise DataError(f"the sample of {self.series_ticker} knows no {symbol}")
        if self.now < self.opens_at:
            value = sample_close(symbol, self.day - timedelta(days=1), self.seed)
            return IndexQuote(symbol, value, self.opens_at - timedelta(hours=17, minutes=30), SAMPLE)
        as_of = min(self.now, self.closes_at).replace(second=0, microsecond=0)
        return IndexQuote(symbol, round(self._value(as_of), 2), as_of, SAMPLE)

    def settlement(self) -> Decimal:
        """Return the value the session settles at, two decimals."""
        return Decimal(str(round(sample_close(self.index.symbol, self.day, self.seed), 2)))

    def snapshot(self) -> LadderSnapshot:
        """Return series, event, markets and books as they stand at `now`."""
        index = self.index
        settles = self.closes_at.astimezone(NEW_YORK).time()
        # Its own name, so that a paper exchange which also mirrors the real event never mixes the two.
        event_ticker = f"{EventTicker(self.series_ticker, self.day, settles)}{SAMPLE}"
        value, deviation = self._fair()
        series = Series(
            ticker=self.series_ticker,
            title=f"{index.name} range (SAMPLE)",
            category="Financials",
            fee_type="quadratic",
            fee_multiplier=ONE,
            frequency="daily",
        )
        event = Event(
            event_ticker=event_ticker,
            series_ticker=self.series_ticker,
            title=f"{index.name} at the close (SAMPLE)",
            sub_title=self.day.isoformat(),
            mutually_exclusive=True,
            collateral_return_type="MECNET",
            strike_date=self.closes_at,
        )
        import numpy as np

        rng = np.random.default_rng([self.seed, self.day.toordinal(), zlib.crc32(index.symbol.encode())])
        markets, books = [], {}
        for kind, label, low, high in self._strikes():
            ticker = f"{event_ticker}-{kind}{label}"
            fair = _between(low, high, value, deviation)
            book = _book(fair, 10 + int(rng.integers(0, 40)), 0.005 + 0.01 * float(rng.random()))
            books[ticker] = book
            markets.append(self._market(ticker, event_ticker, low, high, book))
        return LadderSnapshot(SAMPLE, self.now, series, event, tuple(markets), books)

    def _value(self, moment: datetime) -> float:
        import numpy as np

        minutes = max(1, int((self.closes_at - self.opens_at).total_seconds() // 60))
        passed = min(minutes, max(0, int((moment - self.opens_at).total_seconds() // 60)))
        symbol = self.index.symbol
        before = sample_close(symbol, self.day - timedelta(days=1), self.seed)
        whole = math.log(sample_close(symbol, self.day, self.seed) / before)
        rng = np.random.default_rng([self.seed, self.day.toordinal(), 1 + zlib.crc32(symbol.encode())])
        deviation = _deviation(self.day) * math.sqrt(1 - OVERNIGHT_SHARE) / math.sqrt(minutes)
        walk = np.concatenate([[0.0], np.cumsum(rng.standard_normal(minutes) * deviation)])
        bridge = walk[passed] - walk[-1] * passed / minutes
        gap = whole * OVERNIGHT_SHARE
        return float(before * math.exp(gap + (whole - gap) * passed / minutes + bridge))

    def _fair(self) -> tuple[float, float]:
        """Return the middle of the ladder's distribution at `now` and its deviation, index points."""
        from kalshi.pricing.likelihood import remaining_variance

        if self.now < self.opens_at:
            value, left = sample_close(self.index.symbol, self.day - timedelta(days=1), self.seed), 1.0
        else:
            length = (self.closes_at - self.opens_at).total_seconds()
            value = self._value(self.now)
            left = remaining_variance((self.now - self.opens_at).total_seconds() / length)
        return value, max(value * _deviation(self.day) * math.sqrt(left), 0.25)

    def _strikes(self) -> Iterable[tuple[str, str, Decimal | None, Decimal | None]]:
        """Yield (kind, label, floor, cap): lower tail, ranges around yesterday's close, upper tail."""
        index = self.index
        middle = Decimal(str(sample_close(index.symbol, self.day - timedelta(days=1), self.seed)))
        base = (middle / index.width).to_integral_value() * index.width - index.width * (RANGES // 2)
        yield "T", f"{base:f}", None, base
        for step in range(RANGES):
            low = base + index.width * step
            yield "B", str(int(low + index.width / 2)), low, low + index.width - index.cap_gap
        top = base + index.width * RANGES - index.cap_gap
        yield "T", f"{top:f}", top, None

    def _market(
        self, ticker: str, event_ticker: str, low: Decimal | None, high: Decimal | None, book: OrderBook
    ) -> Market:
        bid, ask = book.best_yes_bid(), book.best_yes_ask()
        return Market(
            ticker=ticker,
            event_ticker=event_ticker,
            market_type="binary",
            status="active",
            result="",
            created_time=self.opens_at - LISTED_BEFORE_OPEN,
            updated_time=self.now,
            open_time=self.opens_at - LISTED_BEFORE_OPEN,
            close_time=self.closes_at,
            latest_expiration_time=self.closes_at + timedelta(days=7),
            settlement_timer_seconds=60,
            can_close_early=False,
            expiration_value="",
            yes_bid_dollars=bid.price if bid else NOTHING,
            yes_ask_dollars=ask.price if ask else ONE,
            no_bid_dollars=ONE - ask.price if ask else NOTHING,
            no_ask_dollars=ONE - bid.price if bid else ONE,
            last_price_dollars=NOTHING,
            yes_bid_size_fp=bid.count if bid else NOTHING,
            yes_ask_size_fp=ask.count if ask else NOTHING,
            volume_fp=NOTHING,
            volume_24h_fp=NOTHING,
            open_interest_fp=NOTHING,
            notional_value_dollars=ONE,
            price_level_structure="linear_cent",
            price_ranges=[PriceRange(start=NOTHING, end=ONE, step=CENT)],
            yes_sub_title=f"SAMPLE {low if low is not None else ''} to {high if high is not None else ''}",
            strike_type="less" if low is None else "greater" if high is None else "between",
            floor_strike=low,
            cap_strike=high,
        )


def is_sample(ticker: str) -> bool:
    """Return whether an event or market is made up."""
    return SAMPLE in ticker


@lru_cache(maxsize=4)
def _walk(symbol: str, seed: int) -> tuple[float, ...]:
    """Return the log level of every calendar day; weekends stand still."""
    days = [FIRST_DAY + timedelta(days=i) for i in range((LAST_DAY - FIRST_DAY).days + 1)]
    import numpy as np

    rng = np.random.default_rng([seed, zlib.crc32(symbol.encode())])
    shocks = rng.standard_t(5, len(days)) / math.sqrt(5 / 3)
    moves = [
        DRIFT + _deviation(day) * shock if day.weekday() < 5 else 0.0
        for day, shock in zip(days, shocks, strict=True)
    ]
    # Pulled back to its trend, so that sixty years of it stay at levels a reader finds plausible.
    level, out = 0.0, []
    for move in moves:
        level += move - 0.004 * level
        out.append(level)
    return tuple(out)


def _deviation(day: date) -> float:
    """Return the daily deviation of log returns around *day*: calm and stormy quarters take turns."""
    return DAILY_DEVIATION * math.exp(0.4 * math.sin(day.toordinal() / 40))


def _between(low: Decimal | None, high: Decimal | None, middle: float, deviation: float) -> float:
    below = 0.0 if low is None else _normal((float(low) - middle) / deviation)
    return (1.0 if high is None else _normal((float(high) - middle) / deviation)) - below


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def _book(fair: float, size: int, half_spread: float) -> OrderBook:
    """Return a book of three levels to each side of *fair*; nobody bids where YES is nearly worthless."""
    bid = Decimal(str(max(0.0, fair - half_spread))).quantize(CENT, rounding=ROUND_FLOOR)
    ask = min(Decimal(str(fair + half_spread)).quantize(CENT, rounding=ROUND_CEILING), Decimal("0.99"))
    bid = min(bid, ask - CENT)
    depth = size * (1 + int(40 * fair * (1 - fair)))
    yes = [bid - CENT * i for i in range(3)]
    no = [ONE - ask - CENT * i for i in range(3)]
    return OrderBook(
        yes_dollars=[Level(price, Decimal(depth)) for price in yes if price > 0],
        no_dollars=[Level(price, Decimal(depth)) for price in no if price > 0],
    )
