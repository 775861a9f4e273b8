"""One trading day of one series: where the ladder comes from, and the state the rules look at.

In demo and live mode the exchange itself is asked. In paper mode its public ladder is mirrored into the paper
exchange first; where that can not be reached, or another day is asked for, a SAMPLE ladder takes its place
and the report says so.
"""

from __future__ import annotations

import time as wall
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn, Protocol

import msgspec

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.errors import DataError, ExchangeError
from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Event, Market, Order, Series
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.discovery import NEW_YORK, FoundEvent, event_closing, open_events
from kalshi.index.plan import ONE, ZERO, EventState, Resting
from kalshi.index.quotes import IndexPriceSource, Spot, YahooMinutes, ladder_median, spot
from kalshi.index.sample import SAMPLE, SampleDay, is_sample
from kalshi.index.top_of_book import TopOfBook
from kalshi.index.windows import SessionLike
from kalshi.pricing.fees import fee_terms
from kalshi.pricing.negative_risk import leg_of_fill
from kalshi.store import Store
from kalshi.trading.desk import Desk

MOST_TICKERS = 100  # names one request for fills takes


class RunLike(Protocol):
    """The parts of a run that are used here."""

    config: Config
    args: Namespace
    now: datetime
    offline: bool
    report: Any
    log: Any

    @property
    def exchange(self) -> ExchangeClient: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def store(self) -> Store: ...
    @property
    def dry_run(self) -> bool: ...
    def nothing_to_do(self, reason: str) -> NoReturn: ...


@dataclass(frozen=True)
class TradingDay:
    """A found event with the state of it. source: for people; `sample` is set when it is made up.

    strategy: whose orders are the own ones in `state.resting`.
    """

    series: Series
    found: FoundEvent
    session: SessionLike
    state: EventState
    source: str
    sample: SampleDay | None
    strategy: str

    @property
    def event_ticker(self) -> str:
        """The event's ticker."""
        return self.found.event.event_ticker


def find_day(
    run: RunLike,
    series_ticker: str,
    *sessions: SessionLike,
    strategy: str,
    public: Callable[[Config], ExchangeClient],
    sleep: Callable[[float], object] = wall.sleep,
) -> TradingDay:
    """Return the event of *series_ticker* with its state; ends the run well when there is none.

    sessions: the event settles at the close of one of them; the first with an event is taken.
    strategy: whose orders count as own. public: connects to the exchange's public data.
    Raises DataError for an event that is not what it should be.
    """
    listed, sample = _listed_in_paper(run, series_ticker, sessions, public)
    events = open_events(run.exchange, series_ticker, sleep=None if listed else sleep)
    if listed:
        events = [event for event in events if event.event_ticker == listed.event.event_ticker]
    session, found = _first_event(run, events, series_ticker, sessions)
    if not run.exchange.exchange_status().trades_on(found.event.exchange_index):
        run.nothing_to_do(f"the exchange is paused on shard {found.event.exchange_index}")
    source = listed.source if listed else f"Kalshi ({run.config.mode})"
    if sample is None and is_sample(found.event.event_ticker):
        sample = SampleDay(series_ticker, session.opens_at, session.closes_at, run.now)
    if sample is not None:
        run.report.mark(SAMPLE)
    run.report.add_line(f"Event {found.event.event_ticker}, {len(found.markets)} markets, source {source}")
    series = run.exchange.series(series_ticker)
    state = read_state(run, series, found, session, strategy)
    return TradingDay(series, found, session, state, source, sample, strategy)


def _first_event(
    run: RunLike, events: list[Event], series_ticker: str, sessions: Sequence[SessionLike]
) -> tuple[SessionLike, FoundEvent]:
    for session in sessions:
        found = event_closing(events, session.closes_at)
        if found is not None:
            return session, found
    times = ", ".join(_new_york(session.closes_at) for session in sessions)
    run.nothing_to_do(f"no open {series_ticker} event closes at {times}")


def spot_of_day(
    day: TradingDay, symbol: str, now: datetime, *, offline: bool, prior_close: float | None = None
) -> Spot:
    """Return the index at *now*, checked against the ladder of *day*; a SAMPLE ladder has a SAMPLE index."""
    sources: list[IndexPriceSource] = [day.sample] if day.sample else [] if offline else [YahooMinutes()]
    implied, _ = ladder_median(day.found.ladder, day.state.books)
    return spot(sources, symbol, now, ladder_value=implied, prior_close=prior_close)


def _listed_in_paper(
    run: RunLike,
    series_ticker: str,
    sessions: Sequence[SessionLike],
    public: Callable[[Config], ExchangeClient],
) -> tuple[LadderSnapshot | None, SampleDay | None]:
    """Put a ladder into the paper exchange of this process; (None, None) where another exchange is asked."""
    paper = getattr(run.exchange, "paper", None)
    if paper is None:
        return None, None
    sample = None
    if run.offline or run.args.date is not None:
        why = "--offline" if run.offline else "--date"
        run.report.add_line(f"SAMPLE data, because {why} was given: a made-up index and ladder")
    else:
        try:
            snapshot = _public_ladder(run, public(run.config), series_ticker, sessions)
            paper.mirror(snapshot)
            return snapshot, None
        except ExchangeError as error:
            run.log.warning("Kalshi's public data can not be read: %s", error)
            run.report.add_line("SAMPLE data, because Kalshi can not be reached: a made-up index and ladder")
    sample = SampleDay(series_ticker, sessions[0].opens_at, sessions[0].closes_at, run.now)
    snapshot = sample.snapshot()
    paper.mirror(snapshot)
    return snapshot, sample


def _public_ladder(
    run: RunLike, client: ExchangeClient, series_ticker: str, sessions: Sequence[SessionLike]
) -> LadderSnapshot:
    _, found = _first_event(run, open_events(client, series_ticker), series_ticker, sessions)
    books = client.orderbooks(list(found.markets))
    event = msgspec.structs.replace(found.event, markets=None)
    markets = tuple(found.markets.values())
    return LadderSnapshot("Kalshi", run.now, client.series(series_ticker), event, markets, books)


def read_state(run: RunLike, series: Series, found: FoundEvent, session: SessionLike, strategy: str) -> EventState:
    """Return what the account has in the event now, with the quotes of *found*; reconciles first."""
    run.desk  # noqa: B018 - opening the desk reconciles store and exchange
    exchange, event = run.exchange, found.event
    own = {row.order_id for row in run.store.orders(event_ticker=event.event_ticker) if row.strategy == strategy}
    tickers = list(found.markets)
    groups = [tickers[start : start + MOST_TICKERS] for start in range(0, len(tickers), MOST_TICKERS)]
    fills = [fill for group in groups for fill in exchange.fills(ticker=group, archive=False)]
    held = exchange.positions(event_ticker=event.event_ticker)
    orders = exchange.orders(event_ticker=event.event_ticker, status="resting")
    return EventState(
        now=run.now,
        opens_at=session.opens_at,
        closes_at=found.closes_at,
        ladder=found.ladder,
        books={t: _top(market) for t, market in found.markets.items()},
        prices={t: _prices(market) for t, market in found.markets.items()},
        terms=fee_terms(series, event),
        legs=tuple(leg_of_fill(fill) for fill in fills),
        positions={row.ticker: row.position_fp for row in held if row.position_fp},
        resting=tuple(_resting(order) for order in orders if order.order_id in own),
        traded=sum((fill.count_fp for fill in fills), ZERO),
        balance=exchange.balance().on_shard(event.exchange_index),
    )


def _top(market: Market) -> TopOfBook:
    return TopOfBook.of(market) if market.status == "active" else TopOfBook()


def _prices(market: Market) -> tuple[Decimal, ...]:
    try:
        return tuple(PriceGrid.of(market).prices())
    except DataError:
        return ()  # then no price is allowed, and the rule says so for this market


def _resting(order: Order) -> Resting:
    side, price = (
        ("yes", order.yes_price_dollars) if order.book_side == "bid" else ("no", ONE - order.yes_price_dollars)
    )
    return Resting(order.order_id, order.ticker, side, price, order.remaining_count_fp)


def _new_york(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M %Z")
