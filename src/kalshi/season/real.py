"""The scripts themselves on a simulated day: their own functions, desk, store and paper exchange, all in process.

The same paths and quotes as in `season/fast.py`: a step shows new books to the paper exchange, which fills what
rests, then the scripts of that step run. A few seconds a day, so for few days; a test holds the two together.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import requests

from kalshi.clients import ExchangeClient
from kalshi.config import Config, load_config
from kalshi.connect import PAPER_ORIGIN
from kalshi.exchange.hosts import PAPER_BASE
from kalshi.exchange.models import Event, Level, Market, OrderBook
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.index.sample import SampleDay
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.keys import paper_credentials
from kalshi.runtime.arguments import build_parser
from kalshi.runtime.endings import NothingToDo
from kalshi.runtime.job import Job
from kalshi.runtime.run import Run
from kalshi.season.fast import UNITS, trade
from kalshi.season.market import FAIR, Bias, Cents, Floats, Session, fair, walks, winners, yes_bids
from kalshi.season.rules import PairRule
from kalshi.store import Store

DAY = date(2026, 10, 6)
OPEN = datetime(2026, 10, 6, 13, 30, tzinfo=UTC)
SERIES, EVENT = "KXINX", "KXINX-26OCT06H1600SIM"
SIZE = Decimal(10_000)
CENT, ONE, ZERO = Decimal("0.01"), Decimal(1), Decimal(0)
LIMITS = {
    "KALSHI_MAX_ORDER_COST": "1000", "KALSHI_MAX_EVENT_COST": "1000", "KALSHI_MAX_DAY_COST": "1000",
    "KALSHI_MAX_STRATEGY_COST": "1000", "KALSHI_MAX_DAY_LOSS": "1000", "KALSHI_MAX_DRAWDOWN": "1000",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One start of a script. minute: after the open; arguments: as on its command line."""

    minute: int
    script: Job
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class RealDay:
    """What the exchange says in the end. bought: contracts of opened positions; pnl: in UNITS, after fees."""

    bought: int
    pnl: int
    refusals: tuple[str, ...]


class _InProcess(Run):
    """A run of a script on the day's own exchange and store."""

    def __init__(
        self, script: Job, config: Config, args: argparse.Namespace, moment: datetime, number: int,
        exchange: ExchangeClient, store: Store,
    ) -> None:  # fmt: skip
        log = logging.getLogger("kalshi.season.real")
        super().__init__(job=script.name, run_id=f"day-{number}", config=config, args=args, log=log, moment=moment)
        self._exchange, self._store = exchange, store


def trade_really(session: Session, bias: Bias, index: Floats, calls: Sequence[Call], place: Path) -> RealDay:
    """Let the scripts of *calls* trade one day's path *index*, shape (steps + 1,); *place*: an empty directory."""
    now = [OPEN]
    config = load_config({"KALSHI_MODE": "paper", "KALSHI_DATA_DIR": str(place), **LIMITS})
    credentials = paper_credentials(place / "paper.sqlite")
    house = PaperExchange(None, lambda: now[0], signature_clock=time.time)
    house.add_account(credentials.key_id, credentials.private_key.public_key(), config.paper_balance)
    transport = requests.Session()
    transport.mount(PAPER_ORIGIN, PaperAdapter(house))
    client = ExchangeClient(PAPER_BASE, credentials, session=transport)
    store = Store.open(place / "kalshi_paper.db")
    ladder = _Ladder(session)
    refusals: list[str] = []
    try:
        by_step: dict[int, list[Call]] = {}
        for call in calls:
            by_step.setdefault(session.step_of(call.minute), []).append(call)
        for step in range(session.steps):
            now[0] = OPEN + timedelta(seconds=step * session.step_s)
            ladder.show(house, yes_bids(fair(session, index[step : step + 1], step), bias)[0], now[0])
            for number, call in enumerate(by_step.get(step, ())):
                refusals += _start(call, config, now[0], 1000 * step + number, client, store)
        now[0] = OPEN + timedelta(minutes=session.minutes, seconds=1)
        won = int(winners(session, index[-1:])[0])
        for number, market in enumerate(ladder.markets):
            house.settle(market.ticker, "yes" if number == won else "no")
        bought = sum((fill.count_fp for fill in client.fills() if fill.book_side == "ask"), ZERO)
        change = client.balance().balance_dollars - config.paper_balance
        return RealDay(int(bought), int(change * UNITS), tuple(refusals))
    finally:
        client.close()
        store.close()


def calls_of(rule: PairRule, scripts: Mapping[str, Job]) -> list[Call]:
    """Return the starts of *scripts* (by name) that *rule* describes, one contract a market, by time."""
    schedule = rule.schedule
    found = [Call(int(schedule.blanket), scripts["morning"], ("--no-price", f"0.{rule.blanket:02d}", "--count", "1"))]
    if rule.complete:
        found += [Call(minute, scripts["sp_daily_every_10_minutes"]) for minute in schedule.passes or ()]
    if schedule.stand_aside is not None:
        found.append(Call(schedule.stand_aside, scripts["midday"]))
    if schedule.flatten is not None:
        found.append(Call(schedule.flatten, scripts["afternoon"]))
    return sorted(found, key=lambda call: call.minute)


def beside_the_arrays(
    session: Session, rule: PairRule, scripts: Mapping[str, Job], seed: int, days: int
) -> tuple[str, list[tuple[int, int, str, str]]]:
    """Let *scripts* live through the first *days* days of *seed*; say whether the arrays found the same.

    Returns (one sentence, rows of day, contracts, dollars by the scripts, dollars by the arrays).
    """
    index = walks(session, seed, range(days))
    outcome = trade(session, [FAIR], [rule], index)[0][0]
    rows, apart = [], 0
    for number in range(days):
        with tempfile.TemporaryDirectory() as place:
            real = trade_really(session, FAIR, index[number], calls_of(rule, scripts), Path(place))
        pnl = int(outcome.pnl[number])
        apart += (real.bought, real.pnl) != (int(outcome.fills[number]), pnl)
        rows.append((number, real.bought, f"{real.pnl / UNITS:+.4f}", f"{pnl / UNITS:+.4f}"))
    same = "the same contracts and dollars on every day" if not apart else f"something else on {apart} of the days"
    return f"The scripts themselves ({rule.label}) lived through {days} of the days; the arrays found {same}.", rows


def _start(
    call: Call, config: Config, at: datetime, number: int, client: ExchangeClient, store: Store
) -> Iterable[str]:
    """Run one script to its end; return what it refused or could not do."""
    parser = build_parser(call.script.name, "", call.script.arguments)
    args = parser.parse_args([*call.arguments, "--date", at.isoformat()])
    run = _InProcess(call.script, config, args, at, number, client, store)
    try:
        call.script.function(run)
    except NothingToDo as reason:
        yield f"{call.script.name}: {reason}"
    for report in run.order_reports:
        if report.outcome.value != "accepted":
            yield f"{call.script.name}: {report.intent.ticker} {report.outcome.value}: {report.reason}"


class _Ladder:
    """The day's markets, made once, and what was shown of them last."""

    def __init__(self, session: Session) -> None:
        closes = OPEN + timedelta(minutes=session.minutes)
        made = SampleDay(SERIES, OPEN, closes, OPEN).snapshot()
        self._series = made.series
        self._event: Event = msgspec.structs.replace(made.event, event_ticker=EVENT)
        self.markets: list[Market] = [
            msgspec.structs.replace(market, ticker=f"{EVENT}-{number}", event_ticker=EVENT)
            for number, market in enumerate(made.markets)
        ]
        assert len(self.markets) == session.markets, "a ladder of the sample's size is needed"
        self._shown: Cents = np.full(session.markets, -1, dtype=np.int64)

    def show(self, house: PaperExchange, bids: Cents, at: datetime) -> None:
        """Mirror the markets whose quotes changed."""
        changed = np.flatnonzero(bids != self._shown)
        if not changed.size:
            return
        markets = tuple(_quoted(self.markets[n], int(bids[n])) for n in changed)
        books: Mapping[str, OrderBook] = {m.ticker: _book(int(bids[n])) for n, m in zip(changed, markets, strict=True)}
        house.mirror(LadderSnapshot("SIMULATED", at, self._series, self._event, markets, dict(books)))
        self._shown = bids


def _book(bid: int) -> OrderBook:
    return OrderBook(
        yes_dollars=[Level(bid * CENT, SIZE)] if bid >= 1 else [],
        no_dollars=[Level(ONE - (bid + 1) * CENT, SIZE)] if bid + 1 <= 99 else [],
    )


def _quoted(market: Market, bid: int) -> Market:
    ask = bid + 1
    return msgspec.structs.replace(
        market,
        yes_bid_dollars=bid * CENT,
        yes_ask_dollars=ask * CENT if ask <= 99 else ONE,
        no_bid_dollars=ONE - ask * CENT if ask <= 99 else ZERO,
        no_ask_dollars=ONE - bid * CENT,
        yes_bid_size_fp=SIZE if bid >= 1 else ZERO,
        yes_ask_size_fp=SIZE if ask <= 99 else ZERO,
    )
