"""The recorded feed: what was recorded happens again, at the times of the recording.

The clock is whoever's: a `StepClock` that `play` moves from moment to moment, or a running one. Every request finds
done what was recorded up to its time, so the same orders at the same times give the same fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any

from kalshi.errors import ConfigError
from kalshi.exchange.models import OrderBook
from kalshi.exchange.models_market import Level
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed_candles import candle_steps
from kalshi.paper.market_clock import StepClock
from kalshi.paper.outside import OutsideTrade
from kalshi.paper.record_files import RecordFiles

JUST_BEFORE = timedelta(microseconds=1)
LADDER, TRADE, BOOK = range(3)  # at one time in this order: books already lack what was traded


@dataclass(frozen=True, order=True)
class Moment:
    """One recorded thing and when it happened; sorts by both."""

    at: datetime
    kind: int
    number: int
    what: Any = None


class RecordedFeed:
    """Replays *path*, the directory of a recorder or of fetch_tsa_history, into *exchange*. clock: market time.

    Raises ConfigError when nothing recorded is there, DataError for a damaged file.
    """

    def __init__(self, exchange: PaperExchange, path: Path, clock: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._moments = moments(path)
        self._next = next(self._moments, None)
        self._ladders: dict[str, LadderSnapshot] = {}  # by market
        self._books: dict[str, OrderBook] = {}
        self._skip_to = self._done_before()

    @property
    def next_at(self) -> datetime | None:
        """When the next recorded thing happens, None at the end."""
        return self._next.at if self._next else None

    def wait_s(self, scale: float) -> float:
        """Return the seconds between two steps."""
        return min(1.0, max(0.1, 1 / scale))

    def step(self) -> None:
        """Do what was recorded up to now."""
        self.catch_up(self._clock())

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime:
        """Do what was recorded up to a request."""
        self.catch_up(now)
        return now

    def play(self, clock: StepClock) -> Iterator[datetime]:
        """Move *clock* from moment to moment to the end, and yield each time after what happened then."""
        while (at := self.next_at) is not None:
            self.catch_up(clock.move_to(max(at, clock())))
            yield clock()

    def catch_up(self, now: datetime) -> None:
        """Do what was recorded up to *now*, inclusive, and is not done yet."""
        if self._next is None or self._next.at > now:
            return
        with self._exchange.together():
            while self._next is not None and self._next.at <= now:
                self._do(self._next)
                self._next = next(self._moments, None)

    def _do(self, moment: Moment) -> None:
        new = self._skip_to is None or moment.at > self._skip_to
        if moment.kind == LADDER:
            self._ladders.update((market.ticker, moment.what) for market in moment.what.markets)
            if new:
                self._show(moment.what, moment.at - JUST_BEFORE, moment.at)
        elif moment.kind == TRADE:
            if new:
                self._exchange.outside_trades([moment.what], at=moment.at)
        else:
            ticker, book = moment.what
            self._books[ticker] = book
            ladder = self._ladders.get(ticker)
            if new and ladder is not None:
                market = tuple(one for one in ladder.markets if one.ticker == ticker)
                one = LadderSnapshot(ladder.source, moment.at, ladder.series, ladder.event, market, {})
                self._show(one, moment.at, moment.at)

    def _show(self, ladder: LadderSnapshot, as_of: datetime, at: datetime) -> None:
        nobody = OrderBook(yes_dollars=[], no_dollars=[])
        books = {market.ticker: self._books.get(market.ticker, nobody) for market in ladder.markets}
        shown = LadderSnapshot(ladder.source, as_of, ladder.series, ladder.event, ladder.markets, books)
        self._exchange.mirror(shown, at=at)

    def _done_before(self) -> datetime | None:
        """Return up to when an earlier run with the same state file came, so that nothing happens twice."""
        with self._exchange.view() as world:
            return max((one.as_of for one in world.listings.values()), default=None)


def moments(path: Path) -> Iterator[Moment]:
    """Yield what was recorded in *path*, in the order of time."""
    if (path / "ladders").is_dir():
        return _recorded(RecordFiles(path))
    if (path / "candles").is_dir() and (path / "events").is_dir():
        return _candles(path)
    raise ConfigError(f"{path} holds no recording: record one with python -m kalshi.paper record, or fetch_tsa_history")


def first_moment(path: Path) -> datetime:
    """Return when a recording begins. Raises ConfigError for an empty one."""
    first = next(moments(path), None)
    if first is None:
        raise ConfigError(f"{path} holds an empty recording")
    return first.at


def _recorded(files: RecordFiles) -> Iterator[Moment]:
    ladders = (
        Moment(row["as_of"], LADDER, number, LadderSnapshot.from_json(row["body"]))
        for number, row in enumerate(files.read("ladders"))
    )
    books = (
        Moment(row["as_of"], BOOK, number, (row["ticker"], _book(row)))
        for number, row in enumerate(files.read("books"))
    )
    trades = (
        Moment(
            row["traded_at"],
            TRADE,
            number,
            OutsideTrade(row["ticker"], row["price"], row["count"], row["taker_side"], row["traded_at"]),
        )
        for number, row in enumerate(sorted(files.read("trades"), key=lambda row: (row["traded_at"], row["trade_id"])))
    )
    return merge(ladders, books, trades)


def _book(row: dict[str, Any]) -> OrderBook:
    sides = {
        f"{side}_dollars": [
            Level(price, count) for price, count in zip(row[f"{side}_prices"], row[f"{side}_counts"], strict=True)
        ]
        for side in ("yes", "no")
    }
    return OrderBook(**sides)


def _candles(path: Path) -> Iterator[Moment]:
    numbers = iter(range(10**12))
    found = (
        chain(
            (Moment(step.at, LADDER, next(numbers), step.ladder) for _ in (1,) if step.ladder),
            (Moment(step.at, TRADE, next(numbers), trade) for trade in step.trades),
            (Moment(step.at, BOOK, next(numbers), book) for book in step.books),
        )
        for step in candle_steps(path)
    )
    return iter(sorted(chain.from_iterable(found)))
