"""What the paper exchange is fed with before an index script looks at it.

In demo and live mode the exchange itself is asked. In paper mode its public ladder is mirrored into the paper
exchange; where that can not be reached, or another day is asked for, a SAMPLE ladder takes its place and the
report says so. Positions of days that are over are paid first.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn, Protocol

import msgspec

from kalshi.clients import ExchangeClient
from kalshi.config import Config
from kalshi.errors import ExchangeError, ResponseError
from kalshi.exchange.models import Event, Market
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.discovery import NEW_YORK, FoundEvent, event_closing, open_events
from kalshi.index.ladder import to_cents, winning_range
from kalshi.index.sample import INDICES, SampleDay, is_sample, sample_close
from kalshi.index.windows import SessionLike, stand_aside
from kalshi.paper.exchange import PaperExchange
from kalshi.store import Store
from kalshi.trading.desk import Desk


class RunLike(Protocol):
    """The parts of a run that are used here."""

    job: str
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


def first_event(
    run: RunLike, events: list[Event], series_ticker: str, sessions: Sequence[SessionLike]
) -> tuple[SessionLike, FoundEvent]:
    """Return the first of *sessions* at whose close one of *events* settles; ends the run well without one."""
    for session in sessions:
        found = event_closing(events, session.closes_at)
        if found is not None:
            return session, found
    times = ", ".join(_new_york(session.closes_at) for session in sessions)
    stand_aside(run, f"no open {series_ticker} event closes at {times}")


def listed_in_paper(
    run: RunLike,
    series_ticker: str,
    sessions: Sequence[SessionLike],
    public: Callable[[Config], ExchangeClient],
) -> tuple[LadderSnapshot | None, SampleDay | None]:
    """Put a ladder into the paper exchange of this process; (None, None) where another exchange is asked."""
    paper = getattr(run.exchange, "paper", None)
    if paper is None:
        return None, None
    if run.offline or run.args.date is not None:
        why = "--offline" if run.offline else "--date"
        run.report.add_line(f"SAMPLE data, because {why} was given: a made-up index and ladder")
        _pay_past_days(run, paper, None)
    else:
        client = public(run.config)
        try:
            snapshot = _public_ladder(run, client, series_ticker, sessions)
            _pay_past_days(run, paper, client)
            paper.mirror(snapshot)
            return snapshot, None
        except ResponseError:
            raise  # the exchange answers, but not as it should: nothing to be papered over
        except ExchangeError as error:
            run.log.warning("Kalshi's public data can not be read: %s", error)
            run.report.add_line("SAMPLE data, because Kalshi can not be reached: a made-up index and ladder")
    sample = SampleDay(series_ticker, sessions[0].opens_at, sessions[0].closes_at, run.now)
    snapshot = sample.snapshot()
    paper.mirror(snapshot)
    return snapshot, sample


def _pay_past_days(run: RunLike, paper: PaperExchange, client: ExchangeClient | None) -> None:
    """Settle index positions of markets that have closed: made-up ones by their sample, others by Kalshi."""
    for held in list(run.exchange.positions()):
        series = held.ticker.partition("-")[0]
        if not held.position_fp or series not in INDICES:
            continue
        market = run.exchange.market(held.ticker)
        if run.now < market.close_time:
            continue
        result = _sample_result(series, market) if is_sample(held.ticker) else ""
        if client is not None and not is_sample(held.ticker):
            public = client.market(held.ticker)
            result = public.result if public.status == "finalized" else ""
        if result in ("yes", "no"):
            paper.settle(held.ticker, result)
            run.report.add_line(f"{held.ticker} was settled {result.upper()}: {held.position_fp:+} contracts")


def _sample_result(series: str, market: Market) -> str:
    day = market.close_time.astimezone(NEW_YORK).date()
    settled = Decimal(str(round(sample_close(INDICES[series].symbol, day), 2)))
    return "yes" if winning_range(market).contains(to_cents(settled)) else "no"


def _public_ladder(
    run: RunLike, client: ExchangeClient, series_ticker: str, sessions: Sequence[SessionLike]
) -> LadderSnapshot:
    _, found = first_event(run, open_events(client, series_ticker), series_ticker, sessions)
    books = client.orderbooks(list(found.markets))
    event = msgspec.structs.replace(found.event, markets=None)
    markets = tuple(found.markets.values())
    return LadderSnapshot("Kalshi", run.now, client.series(series_ticker), event, markets, books)


def _new_york(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M %Z")
