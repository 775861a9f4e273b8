"""The simulated feed: market makers quote made-up events, noise traders trade, events end and are paid.

Everything happens at the points of a fixed grid of market time. Whoever asks the exchange at a time finds all
points before it done, so that quotes, noise and fills do not depend on when somebody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from kalshi.errors import ConfigError
from kalshi.paper import orders
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed_ladders import KINDS, MARK, Kind, Ladder, day_of, ladder_of
from kalshi.paper.feed_quotes import snapshot_of
from kalshi.paper.order_checks import GTC, IOC, NewOrder
from kalshi.paper.records import ASK, BID, ONE, Account
from kalshi.paper.refusals import Refused
from kalshi.paper.world import World

NOISE = "simulated-noise-traders"
NOISE_DOLLARS = Decimal(10_000_000)
NOISE_SHARE = 0.3  # of the markets, at every point
NOISE_WAITS = timedelta(minutes=10)
EVERY = timedelta(minutes=1)
LONGEST_GAP = timedelta(days=2)
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.25, 10.0
START = datetime(2000, 1, 1, tzinfo=UTC)


def kinds_of(names: str) -> tuple[Kind, ...]:
    """Return the kinds of events in "tsa,inx,inxu,ndx". Raises ConfigError naming an unknown one."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in KINDS:
            raise ConfigError(f"there are no simulated events {name!r}: choose from {', '.join(KINDS)}")
    return tuple(KINDS[name] for name in dict.fromkeys(wanted))


class SimulatedFeed:
    """Keeps the made-up events of *kinds* alive in *exchange*, from the first `step` on.

    seed: the same seed and the same orders of others give the same quotes, noise and fills.
    every: distance of the points of the grid; a season is faster with a coarser one.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        clock: Callable[[], datetime],
        *,
        seed: int,
        kinds: Sequence[Kind],
        every: timedelta = EVERY,
    ) -> None:
        self.seed = seed
        self.kinds = tuple(kinds)
        self._exchange = exchange
        self._clock = clock
        self._every = every
        self._reached: datetime | None = None
        self._days: dict[Kind, set[date]] = {}
        self._phases: dict[str, str] = {}

    def wait_s(self, scale: float) -> float:
        """Return the seconds between two steps: a point of the grid, but neither too short nor too long."""
        return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, self._every.total_seconds() / scale))

    def step(self) -> None:
        """Bring all events to now: quotes, trades, closings, results and payments."""
        self.catch_up(self._clock())

    def before(self, now: datetime, method: str, path: str, body: bytes) -> datetime:
        """Do all points up to *now* before a request is decided."""
        self.catch_up(now)
        return now

    def catch_up(self, now: datetime) -> None:
        """Do all points of the grid up to *now*, inclusive, that are not done yet.

        The first call does the newest only; so does a call more than two days after the last one.
        """
        newest = START + (now - START) // self._every * self._every
        if self._reached is not None and newest <= self._reached:
            return
        with self._exchange.together():  # which also lets one at a time in
            for at in self._points(newest):
                self._point(at)
                self._reached = at

    def _points(self, newest: datetime) -> Iterator[datetime]:
        at = self._reached
        if at is None or newest - at > LONGEST_GAP:
            at = newest - self._every
        while at < newest:
            at += self._every
            yield at

    def _point(self, at: datetime) -> None:
        for ladder in self._ladders(at):
            phase, name = ladder.phase(at), ladder.event_ticker
            if phase != "active" and self._phases.get(name) == phase:
                continue
            self._phases[name] = phase
            chance = Random(f"{self.seed}|{name}|{at.isoformat()}")
            self._exchange.mirror(snapshot_of(ladder, at, chance), at=at, renewed=True)
            if phase == "active":
                with self._exchange.trading(at=at) as (world, now):
                    _trade(world, ladder, now, chance)

    def _ladders(self, at: datetime) -> list[Ladder]:
        """Return the current event of each kind, and those of before that are not paid yet."""
        found = []
        for kind in self.kinds:
            if kind not in self._days:
                self._days[kind] = self._unpaid(kind)
            days = self._days[kind]
            days.add(kind.current_day(at))
            for day in sorted(days):
                ladder = ladder_of(kind, day, self.seed)
                if self._phases.get(ladder.event_ticker) == "finalized":
                    days.discard(day)
                else:
                    found.append(ladder)
        return found

    def _unpaid(self, kind: Kind) -> set[date]:
        """Return the days of made-up events that an earlier run left unpaid."""
        with self._exchange.view() as world:
            return {
                day_of(listing.event_ticker)
                for listing in world.listings.values()
                if listing.series_ticker == kind.series_ticker
                and listing.event_ticker.endswith(MARK)
                and listing.settled_at is None
            }


def _trade(world: World, ladder: Ladder, now: datetime, chance: Random) -> None:
    if NOISE not in world.accounts:
        world.keep(Account(NOISE, {0: NOISE_DOLLARS}, NOISE_DOLLARS, now))
    for strike in ladder.strikes:
        if chance.random() >= NOISE_SHARE:
            continue
        wanted = _noise(world, ladder.ticker(strike), now, chance)
        if wanted is not None:
            try:
                orders.place(world, NOISE, wanted, now)
            except Refused:
                continue  # a trader without an idea: the next one comes soon


def _noise(world: World, ticker: str, now: datetime, chance: Random) -> NewOrder | None:
    """Return an order that takes the best price, or one that waits for a while inside the spread."""
    book = world.books[ticker]
    side, takes = chance.choice((BID, ASK)), chance.random() < 0.7
    count = Decimal(chance.randint(1, 20) if takes else chance.randint(20, 60))
    bid, ask = book.best_yes_bid(), book.best_yes_ask()
    if bid is None or ask is None:
        return None
    if takes:
        price, kind, expires = (ask if side == BID else bid), IOC, None
    else:
        better = bid + Decimal("0.01") if side == BID else ask - Decimal("0.01")
        price, kind, expires = better, GTC, now + NOISE_WAITS
    if not 0 < price < ONE:
        return None
    return NewOrder(ticker, side, count, price, kind, "maker", expires_at=expires)
