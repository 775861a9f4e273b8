"""One trading day of one series: the event that is found, and the state of it that the rules look at."""

from __future__ import annotations

import time as wall
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.errors import DataError
from kalshi.exchange.grid import PriceGrid
from kalshi.exchange.models import Fill, Market, Order, Series
from kalshi.index.discovery import FoundEvent, open_events
from kalshi.index.paper_day import RunLike, first_event, listed_in_paper
from kalshi.index.plan import ONE, ZERO, EventState, Resting
from kalshi.index.price_sources import LastClose, price_sources
from kalshi.index.quotes import Spot, ladder_median, spot
from kalshi.index.sample import SAMPLE, SampleDay, is_sample
from kalshi.index.served_index import SIMULATED, is_simulated
from kalshi.index.top_of_book import TopOfBook
from kalshi.index.windows import SessionLike, stand_aside
from kalshi.pricing.fees import fee_terms
from kalshi.pricing.negative_risk import leg_of_fill

MOST_TICKERS = 100  # names one request for fills takes


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
    listed, sample = listed_in_paper(run, series_ticker, sessions, public)
    events = open_events(run.exchange, series_ticker, sleep=None if listed else sleep)
    if listed:
        events = [event for event in events if event.event_ticker == listed.event.event_ticker]
    session, found = first_event(run, events, series_ticker, sessions)
    if not run.desk.venue.status().trades_on(found.event.exchange_index):
        stand_aside(run, f"the exchange is paused on shard {found.event.exchange_index}")
    source = listed.source if listed else f"Kalshi ({run.config.mode})"
    if sample is None and is_sample(found.event.event_ticker):
        sample = SampleDay(series_ticker, session.opens_at, session.closes_at, run.now)
    if sample is not None:
        run.report.mark(SAMPLE)
    if is_simulated(found.event.event_ticker):
        run.report.mark(SIMULATED)
        source = f"a simulated exchange ({run.config.mode})"
    run.report.add_line(f"Event {found.event.event_ticker}, {len(found.markets)} markets, source {source}")
    series = run.exchange.series(series_ticker)
    run.desk.venue.know(series)
    state = read_state(run, series, found, session, strategy, first=True)
    return TradingDay(series, found, session, state, source, sample, strategy)


def spot_of_day(
    run: RunLike, day: TradingDay, symbol: str, last: LastClose | None, *, session: SessionLike | None = None
) -> Spot:
    """Return the index at the run's time, checked against the ladder of *day*; a SAMPLE ladder has a SAMPLE index.

    last: the close of the session before. session: the one that runs, where the event settles at the close of
    a later one.
    """
    now, prior_close = run.now, None if last is None else last.value
    sources = price_sources(run.config, last, offline=run.offline)
    if day.sample is not None:
        during = session or day.session
        sources = [replace(day.sample, opens_at=during.opens_at, closes_at=during.closes_at)]
    implied, _ = ladder_median(day.found.ladder, day.state.books)
    return spot(sources, symbol, now, ladder_value=implied, prior_close=prior_close)


def read_state(
    run: RunLike, series: Series, found: FoundEvent, session: SessionLike, strategy: str, *, first: bool = False
) -> EventState:
    """Return what the account has in the event now, with the quotes of *found*.

    first: positions and money are those that the desk has just read while it opened.
    """
    desk, exchange, event = run.desk, run.exchange, found.event
    rows = run.store.orders(event_ticker=event.event_ticker)
    own = {row.order_id for row in rows if row.strategy == strategy and row.order_id}
    rows_held = desk.positions if first else exchange.positions(event_ticker=event.event_ticker)
    held = {row.ticker: row.position_fp for row in rows_held if row.position_fp and row.ticker in found.markets}
    # A day that has not begun has no orders and no fills to ask for.
    fills = _fills(exchange, list(found.markets)) if own or held else []
    orders = exchange.orders(event_ticker=event.event_ticker, status="resting") if own else ()
    return EventState(
        now=run.now,
        opens_at=session.opens_at,
        closes_at=found.closes_at,
        ladder=found.ladder,
        books={t: _top(market) for t, market in found.markets.items()},
        prices={t: _prices(market) for t, market in found.markets.items()},
        terms=fee_terms(series, event),
        legs=tuple(leg_of_fill(fill) for fill in fills),
        positions=held,
        resting=tuple(_resting(order) for order in orders if order.order_id in own),
        traded=sum((fill.count_fp for fill in fills if fill.order_id in own), ZERO),
        balance=(desk.venue.balance() if first else exchange.balance()).on_shard(event.exchange_index),
    )


def _fills(exchange: ExchangeClient, tickers: list[str]) -> list[Fill]:
    groups = [tickers[start : start + MOST_TICKERS] for start in range(0, len(tickers), MOST_TICKERS)]
    return [fill for group in groups for fill in exchange.fills(ticker=group, archive=False)]


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
    return Resting(order.order_id, order.ticker, side, price, order.remaining_count_fp, order.fill_count_fp)
