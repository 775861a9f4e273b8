"""The simulated feed: market makers quote made-up events, noise traders trade, events end and are paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from kalshi.paper import orders
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.feed_ladders import KINDS, MARK, Kind, Ladder, current_day, day_of, ladder_of, snapshot_of
from kalshi.paper.order_checks import GTC, IOC, NewOrder
from kalshi.paper.records import ASK, BID, ONE, Account
from kalshi.paper.refusals import Refused
from kalshi.paper.world import World

NOISE = "simulated-noise-traders"
NOISE_DOLLARS = Decimal(10_000_000)
NOISE_SHARE = 0.3  # of the markets, at every step
NOISE_WAITS = timedelta(minutes=10)
STEP_S, SHORTEST_WAIT_S, LONGEST_WAIT_S = 60.0, 0.25, 10.0


class SimulatedFeed:
    """Keeps the made-up events of *kinds* alive in *exchange*; call `step` as often as quotes should move.

    seed: the same seed and the same times of the steps give the same quotes and noise.
    """

    def __init__(
        self, exchange: PaperExchange, clock: Callable[[], datetime], *, seed: int, kinds: Sequence[Kind] = KINDS
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._seed = seed
        self._kinds = kinds
        self._phases: dict[str, str] = {}

    @staticmethod
    def wait_s(scale: float) -> float:
        """Return the seconds between two steps: a market minute, but neither too short nor too long."""
        return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, STEP_S / scale))

    def step(self) -> None:
        """Bring all events to now: quotes, trades, closings, results and payments."""
        now = self._clock()
        for ladder in self._ladders(now):
            phase, name = ladder.phase(now), ladder.event_ticker
            if phase != "active" and self._phases.get(name) == phase:
                continue
            self._phases[name] = phase
            chance = Random(f"{self._seed}|{name}|{now.isoformat()}")
            self._exchange.mirror(snapshot_of(ladder, now, chance))
            if phase == "active":
                with self._exchange.trading() as (world, at):
                    _trade(world, ladder, at, chance)

    def _ladders(self, now: datetime) -> list[Ladder]:
        """Return the current event of each kind, and those of before that are not paid yet."""
        found = []
        for kind in self._kinds:
            days: set[date] = {current_day(kind, now)}
            with self._exchange.view() as world:
                for listing in world.listings.values():
                    ours = listing.series_ticker == kind.series_ticker and listing.event_ticker.endswith(MARK)
                    if ours and listing.settled_at is None:
                        days.add(day_of(listing.event_ticker))
            found += [ladder_of(kind, day, self._seed) for day in sorted(days)]
        return found


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
    bid, ask = book.best_yes_bid(), book.best_yes_ask()
    if bid is None or ask is None:
        return None
    side, count = chance.choice((BID, ASK)), Decimal(chance.randint(1, 20))
    if chance.random() < 0.7:
        price, kind, expires = (ask if side == BID else bid), IOC, None
    else:
        better = bid + Decimal("0.01") if side == BID else ask - Decimal("0.01")
        price, kind, expires = better, GTC, now + NOISE_WAITS
    if not 0 < price < ONE:
        return None
    return NewOrder(ticker, side, count, price, kind, "maker", expires_at=expires)
