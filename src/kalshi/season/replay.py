"""One past event replayed: the scripts' own rules at cron's times, on candles that had ended by then.

A decision sees the newest candle of each market that ended at or before it, never a later one. What it wants is
filled by a named policy and settled by the exchange's result:

- taking: at the close of the first candle that ends after the decision, if that is within the limit;
- resting: `through`, when in a candle that began after the order a trade or an opposite quote went beyond its
  price; `touch`, when one reached it; `none`, never. Always whole, at its own limit.

Candles do not tell sizes or what was queued before us: `touch` is too kind, `through` leaves out the fills at
exactly the price. Positions are held to the settlement: `afternoon` is not replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.history.quote_candle import QuoteCandle
from kalshi.index import rules_blanket, rules_cheap_yes, rules_pair, rules_stand_down, windows
from kalshi.index.plan import EventState, Plan, Resting, Style, Wanted, changes
from kalshi.index.quotes import ladder_median
from kalshi.index.tickers import NASDAQ_DAILY, SP_DAILY
from kalshi.index.top_of_book import TopOfBook
from kalshi.pricing.negative_risk import Leg, buy_no, buy_yes
from kalshi.season.cron import Start
from kalshi.season.fee_history import charged, index_fee_terms
from kalshi.season.index_history import PastEvent

ONE, ZERO = Decimal(1), Decimal(0)
CENTS = tuple(Decimal(cents) / 100 for cents in range(1, 100))
POLICIES = ("through", "touch", "none")
STAND_DOWN = timedelta(minutes=20)
SESSION_BEFORE_CLOSE = timedelta(hours=6, minutes=30)
HALF_DAY = timedelta(hours=3, minutes=30)
FULL_CLOSE_HOUR = 16
WINDOWS = {
    "morning": windows.MORNING,
    "midday": windows.MIDDAY,
    "sp_daily_every_10_minutes": windows.SP_LOOP,
    "nasdaq_daily_every_10_minutes": windows.NASDAQ_LOOP,
}
JOBS_OF = {
    SP_DAILY: ("morning", "sp_daily_every_10_minutes", "midday"),
    NASDAQ_DAILY: ("nasdaq_daily_every_10_minutes",),
}


@dataclass(frozen=True)
class ReplayRules:
    """What is replayed. count: contracts of one order. maker: one of POLICIES. skip: jobs left out."""

    blanket: rules_blanket.BlanketRules
    pair: rules_pair.PairRules = field(default_factory=rules_pair.PairRules)
    cheap: rules_cheap_yes.CheapYesRules = field(default_factory=rules_cheap_yes.CheapYesRules)
    maker: str = "through"
    skip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.maker not in POLICIES:
            raise ConfigError(f"--maker {self.maker!r} is unknown: use {', '.join(POLICIES)}")
        for job in self.skip:
            if job not in WINDOWS:
                raise ConfigError(f"--skip {job!r} is unknown: use {', '.join(WINDOWS)}")


@dataclass(frozen=True)
class Filled:
    """One fill. price: dollars of the own side. quote: what was seen when it was decided. candle: what filled it."""

    ticker: str
    side: str
    price: Decimal
    count: Decimal
    fee: Decimal
    is_taker: bool
    purpose: str
    decided_at: datetime
    quote: TopOfBook
    candle: QuoteCandle


@dataclass
class Replay:
    """What became of one event: fills, and how many orders were placed, filled and left."""

    event: PastEvent
    fills: list[Filled] = field(default_factory=list)
    placed: int = 0
    refusals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Order:
    want: Wanted
    name: str
    placed_at: datetime
    quote: TopOfBook


@dataclass(frozen=True)
class _Session:
    opens_at: datetime
    closes_at: datetime


def replay(event: PastEvent, starts: Sequence[Start], rules: ReplayRules, period: timedelta) -> Replay:
    """Return what the scripts started by *starts* would have done in *event*. period: of its candles."""
    return _Run(event, rules, period).through(starts)


class _Run:
    def __init__(self, event: PastEvent, rules: ReplayRules, period: timedelta) -> None:
        self.event, self.rules, self.period = event, rules, period
        self.result = Replay(event)
        self.resting: list[_Order] = []
        self.legs: list[Leg] = []
        self.tried: set[str] = set()
        closes = event.closes_at.astimezone(windows.NEW_YORK)
        length = SESSION_BEFORE_CLOSE if closes.hour >= FULL_CLOSE_HOUR else HALF_DAY
        self.session = _Session(event.closes_at - length, event.closes_at)

    def through(self, starts: Sequence[Start]) -> Replay:
        jobs = [job for job in JOBS_OF.get(self.event.series, ()) if job not in self.rules.skip]
        for start in sorted(starts, key=lambda start: start.at):
            if start.job in jobs and WINDOWS[start.job].contains(start.at, self.session):
                self._fill_resting(start.at)
                self._decide(start.job, start.at)
        self._fill_resting(self.event.closes_at - STAND_DOWN)
        return self.result

    def _decide(self, job: str, now: datetime) -> None:
        state = self._state(now)
        plan = self._plan(job, state)
        if plan.refusal:
            self.result.refusals[plan.refusal] = self.result.refusals.get(plan.refusal, 0) + 1
        if plan.refusal or plan.wanted is None:
            return
        todo = changes(plan.wanted, state.resting)
        gone = {order.order_id for order in todo.cancel}
        self.resting = [order for order in self.resting if order.name not in gone]
        for want in todo.place:
            self.result.placed += 1
            self.tried.add(want.ticker)
            order = _Order(want, f"{job} {now.isoformat()} {want.ticker}", now, state.top(want.ticker))
            if want.style is Style.REST:
                self.resting.append(order)
            else:
                self._take(order)

    def _plan(self, job: str, state: EventState) -> Plan:
        if job == "morning":
            return rules_blanket.plan(state, self.rules.blanket)
        if job == "midday":
            return rules_stand_down.plan(state)
        if job == "sp_daily_every_10_minutes":
            return rules_pair.plan(state, self.rules.pair)
        spot, reason = ladder_median(self.event.ladder, state.books)
        if spot is None:
            return Plan((), (), None, (), f"no index value: {reason}")
        spent = sum((fill.count * fill.price + fill.fee for fill in self.result.fills), ZERO)
        return rules_cheap_yes.plan(state, spot, self.rules.cheap, self.tried, spent)

    def _state(self, now: datetime) -> EventState:
        positions: dict[str, Decimal] = {}
        for leg in self.legs:
            positions[leg.ticker] = positions.get(leg.ticker, ZERO) + leg.contracts
        resting = tuple(
            Resting(order.name, order.want.ticker, order.want.side, order.want.price, order.want.count)
            for order in self.resting
        )
        return EventState(
            now=now,
            opens_at=self.session.opens_at,
            closes_at=self.session.closes_at,
            ladder=self.event.ladder,
            books={ticker: self._seen(ticker, now) for ticker in self.event.ladder.tickers},
            prices=dict.fromkeys(self.event.ladder.tickers, CENTS),
            terms=index_fee_terms(self.event.series, now),
            legs=tuple(self.legs),
            positions=positions,
            resting=resting,
            traded=sum((fill.count for fill in self.result.fills), ZERO),
        )

    def _seen(self, ticker: str, now: datetime) -> TopOfBook:
        """Return the quotes at the end of the newest candle that ended by *now*; their sizes are not known."""
        candle = next((c for c in reversed(self.event.candles[ticker]) if c.end_ts <= now.timestamp()), None)
        if candle is None:
            return TopOfBook()
        size = self.rules.cheap.max_contracts or self.rules.blanket.count
        bid, ask = candle.bid, candle.ask
        return TopOfBook(bid, ask, size if bid is not None else ZERO, size if ask is not None else ZERO)

    def _take(self, order: _Order) -> None:
        low, high = order.placed_at.timestamp(), self.event.closes_at.timestamp()
        candle = next((c for c in self.event.candles[order.want.ticker] if low < c.end_ts <= high), None)
        if candle is None:
            return
        offered = candle.ask if order.want.side == "yes" else None if candle.bid is None else ONE - candle.bid
        if offered is not None and offered <= order.want.price:
            self._filled(order, offered, candle, is_taker=True)

    def _fill_resting(self, until: datetime) -> None:
        """Fill what candles up to *until* reached, earliest first."""
        reached = [(candle, order) for order in self.resting if (candle := self._reaching(order, until)) is not None]
        for candle, order in sorted(reached, key=lambda pair: pair[0].end_ts):
            self.resting.remove(order)
            self._filled(order, order.want.price, candle, is_taker=False)

    def _reaching(self, order: _Order, until: datetime) -> QuoteCandle | None:
        if self.rules.maker == "none":
            return None
        limit = order.want.price if order.want.side == "yes" else ONE - order.want.price
        begun, last = order.placed_at.timestamp() + self.period.total_seconds(), until.timestamp()
        for candle in self.event.candles[order.want.ticker]:
            if candle.end_ts > last:
                return None
            if candle.end_ts >= begun and self._reached(order.want.side, limit, candle):
                return candle
        return None

    def _reached(self, side: str, limit: Decimal, candle: QuoteCandle) -> bool:
        """limit: YES dollars; a NO bid offers YES there, a YES bid wants it there."""
        best = candle.dearest if side == "no" else candle.cheapest
        if best is None:
            return False
        if best == limit:
            return self.rules.maker == "touch"
        return best > limit if side == "no" else best < limit

    def _filled(self, order: _Order, price: Decimal, candle: QuoteCandle, *, is_taker: bool) -> None:
        want, at = order.want, datetime.fromtimestamp(candle.end_ts, order.placed_at.tzinfo)
        rate = index_fee_terms(self.event.series, at).rate(is_taker=is_taker)
        fee = charged(price, want.count, rate, at)
        buy = buy_yes if want.side == "yes" else buy_no
        self.legs.append(buy(want.ticker, want.count, price, fee))
        decided = (want.purpose, order.placed_at, order.quote)
        self.result.fills.append(Filled(want.ticker, want.side, price, want.count, fee, is_taker, *decided, candle))
