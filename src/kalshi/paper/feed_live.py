"""The live feed: public data of the real exchange is mirrored, and orders fill against what it displays.

Every request that places, changes or cancels an order waits as long as its way to the real exchange would take,
and is decided on a book that is read after that. While the real exchange can not be read, trading is paused: old
prices fill nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kalshi.clients import ExchangeClient
from kalshi.errors import ConfigError, DataError, ExchangeError, KalshiError, NotFound
from kalshi.exchange.models import Event, Series, Trade
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.paper import feed_public
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.pauses import TRADING

ORDERS = "/portfolio/events/orders"
MOST_SEEN = 100_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveRules:
    """What the live feed assumes, seconds. latency_s: from sending an order to its arrival at the real exchange.

    poll_s: between two readings of all books. stale_s: without a good reading for so long, trading is paused.
    """

    latency_s: float = 0.25
    poll_s: float = 2.0
    stale_s: float = 10.0


class LiveFeed:
    """Mirrors the open events of *series* into *exchange*: `start` it, then `step` every `rules.poll_s` seconds.

    connect: opens a client for public data; one reads on its own, one for orders. clock: market time, the source's.
    monotonic, sleep: seconds.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        connect: Callable[[], ExchangeClient],
        clock: Callable[[], datetime],
        *,
        series: Sequence[str],
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
        rules: LiveRules = LiveRules(),
    ) -> None:
        self.rules = rules
        self._exchange = exchange
        self._source, self._quick = connect(), connect()
        self._clock = clock
        self._series_names = tuple(series)
        self._monotonic, self._sleep = monotonic, sleep
        self._series: dict[str, Series] = {}
        self._events: dict[str, tuple[Series, Event]] = {}
        self._began = clock()
        self._seen: dict[str, None] = {}
        self._good_at: float | None = None
        self._paused, self._warned = True, False
        exchange.pause(TRADING)  # until something was read

    def start(self) -> None:
        """Read for the first time. Raises ConfigError for a series that the real exchange does not know."""
        try:
            for name in self._series_names:
                self._series[name] = self._source.series(name)
        except NotFound:
            raise ConfigError(f"the exchange at {self._source.base_url} knows no series {name}") from None
        except ExchangeError:
            pass  # the step says so
        self.step()

    def wait_s(self, scale: float) -> float:
        """Return the seconds between two steps."""
        return self.rules.poll_s

    def step(self) -> None:
        """Read everything once. Where that fails, say so once, and pause trading when it has failed for long."""
        try:
            self._read()
        except (ExchangeError, DataError) as error:
            good_at = self._good_at
            if good_at is None or self._monotonic() - good_at > self.rules.stale_s:
                self._pause(str(error))
            return
        self._good_at = self._monotonic()
        if self._paused:
            self._exchange.pause("")
            self._paused = self._warned = False

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime:
        """Let an order travel, then read the books it will meet; return the time at which it arrives."""
        if method == "GET" or not path.startswith(ORDERS) or self._paused:
            return now
        self._sleep(self.rules.latency_s)
        try:
            self._refresh(self._tickers_of(body))
        except (ExchangeError, DataError) as error:
            self._pause(str(error))
        return self._clock()

    def _read(self) -> None:
        ladders = []
        for name in self._series_names:
            if name not in self._series:
                self._series[name] = self._source.series(name)
            ladders += feed_public.open_ladders(self._source, self._series[name], self._clock)
        for shown in ladders:
            self._events[shown.event.event_ticker] = shown.series, _with_markets(shown)
        self._take_over(ladders, self._trades(self._source, self._resting()))
        self._end_events()

    def _refresh(self, tickers: set[str]) -> None:
        """Read books and tape of *tickers* anew, as far as they are mirrored."""
        as_of = self._clock()
        books = self._quick.orderbooks(sorted(tickers))
        ladders = []
        for series, event in self._events.values():
            markets = [market for market in event.markets or () if market.ticker in books]
            if markets:
                part = msgspec.structs.replace(event, markets=markets)
                ladders.append(feed_public.snapshot(series, part, as_of, books))
        self._take_over(ladders, self._trades(self._quick, tickers & self._resting()))

    def _take_over(self, ladders: list[LadderSnapshot], trades: list[Trade]) -> None:
        """Show the engine what was read. Trades come first: what they took is missing in the books, and would else
        bring an order forward twice. They are read after the books for the same reason.
        """
        with self._exchange.together():  # so that no two readings count one trade twice
            fresh = [one for one in trades if one.trade_id not in self._seen and one.created_time >= self._began]
            self._exchange.outside_trades(feed_public.outside(fresh))
            self._seen.update(dict.fromkeys(one.trade_id for one in fresh))
            for shown in ladders:
                self._mirror(shown)
        while len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def _end_events(self) -> None:
        """Ask for events that are mirrored, over by the clock and not settled here yet."""
        now = self._clock()
        with self._exchange.view() as world:
            names = {
                listing.event_ticker
                for listing in world.listings.values()
                if listing.series_ticker in self._series
                and listing.settled_at is None
                and listing.market.close_time <= now
            }
        for name in sorted(names):
            event = self._source.event(name)
            self._mirror(feed_public.snapshot(self._series[event.series_ticker], event, self._clock(), {}))

    def _trades(self, source: ExchangeClient, tickers: set[str]) -> list[Trade]:
        """Return the tape of markets in which orders rest, since the oldest of them took its place.

        What happened while nobody listened is left out: it may have been counted before a restart.
        """
        told: list[Trade] = []
        for ticker in sorted(tickers):
            with self._exchange.view() as world:
                open_orders = [order for orders in world.open_orders.values() for order in orders.values()]
                rested = [one.rested_at for one in open_orders if one.ticker == ticker and one.rested_at is not None]
            told += feed_public.trades_since(source, ticker, max(min(rested, default=self._began), self._began))
        return told

    def _mirror(self, shown: LadderSnapshot) -> None:
        try:
            self._exchange.mirror(shown)
        except KalshiError as error:
            raise DataError(str(error)) from None

    def _resting(self) -> set[str]:
        with self._exchange.view() as world:
            mine = (order for orders in world.open_orders.values() for order in orders.values())
            return {order.ticker for order in mine if world.listings[order.ticker].series_ticker in self._series}

    def _tickers_of(self, body: bytes) -> set[str]:
        """Return the markets a request may touch: those it names, and those in which orders rest."""
        named: set[str] = set()
        try:
            wire = msgspec.json.decode(body) if body else {}
        except msgspec.MsgspecError:
            wire = {}
        for one in [wire, *(wire.get("orders") or [])] if isinstance(wire, dict) else []:
            if isinstance(one, dict) and isinstance(one.get("ticker"), str):
                named.add(one["ticker"])
        with self._exchange.view() as world:
            known = {name for name in named if name in world.listings}
        return known | self._resting()

    def _pause(self, why: str) -> None:
        if not self._warned:
            log.warning("trading is paused, the real exchange can not be read: %s", why)
        if not self._paused:
            self._exchange.pause(TRADING)
        self._paused = self._warned = True


def _with_markets(shown: LadderSnapshot) -> Event:
    event: Event = msgspec.structs.replace(shown.event, markets=list(shown.markets))
    return event
