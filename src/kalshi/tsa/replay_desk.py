"""The simulation as it would trade: the bot's decision, the desk's limits, the paper exchange's fills and fees.

The exchange is shown, candle by candle, the book the fill policy allows; what trades on it is the engine's doing.
`replay_fast` must give the same fills: a test holds the two together. Everything stays in this process and in a
temporary folder.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import NamedTuple

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi.clients import ExchangeClient
from kalshi.errors import KalshiError
from kalshi.exchange.hosts import PAPER_BASE
from kalshi.exchange.models import Event, Market, OrderBook, Series
from kalshi.exchange.models_market import Level
from kalshi.exchange.models_orders import GOOD_TILL_CANCELED, IMMEDIATE_OR_CANCEL
from kalshi.exchange.signing import Credentials
from kalshi.exchange.snapshot import LadderSnapshot
from kalshi.history.quote_candle import QuoteCandle
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.exchange import PaperExchange
from kalshi.pricing.fees import taker_fee
from kalshi.pricing.sizing import fixed_dollars, kelly_fraction
from kalshi.store import Store
from kalshi.trading.desk import Desk, OrderOutcome
from kalshi.trading.intents import Intent, Side
from kalshi.trading.limits import Limits
from kalshi.tsa.backtest import as_market
from kalshi.tsa.decide import MOST_CONTRACTS, Decision, decide
from kalshi.tsa.quotes import EventHistory
from kalshi.tsa.trading_plan import KELLY_CAP, Plan
from kalshi.tsa.trading_week import DecisionGroup, Left, TradingWeek, WeekFill, moment_of
from kalshi.tsa.weeks import SERIES, new_york_date

STRATEGY = "tsa_replay"
ACCOUNT = "replay"
ONE, ZERO, CENT = Decimal(1), Decimal(0), Decimal("0.01")
TICK = CENT  # history keeps no price grids; the series trades in whole cents
PLENTY = Decimal(MOST_CONTRACTS)
SECOND = timedelta(seconds=1)
# No secret: the account exists in this process only, and a fixed key makes a replay the same every time.
_KEY = bytes(range(32))


class Placed(NamedTuple):
    """What an order was decided on. mid: of YES, None where one-sided; prob: of the side bought."""

    market: int
    entry: str
    mid: Decimal | None
    prob: float


@dataclass
class Replay:
    """What a replay did. left: (stage, reason) to the number of (strike, entry) that led to no order.

    cash: dollars at the end, all settled. refused: what desk or exchange refused, a part of `left`.
    """

    plan: Plan
    fills: list[WeekFill] = field(default_factory=list)
    left: Left = field(default_factory=Counter)
    decisions: int = 0
    orders: int = 0
    cash: Decimal = ZERO


def replay(weeks: Sequence[TradingWeek], plan: Plan) -> Replay:
    """Trade *weeks* in their order by *plan*, starting with its cash, and return what was filled."""
    done = Replay(plan)
    with tempfile.TemporaryDirectory(prefix="kalshi_replay_") as folder:
        hall, store = _Hall(plan), Store.open(Path(folder) / "replay.db")
        try:
            for week in sorted(weeks, key=lambda w: w.event.close_at):
                _trade_week(hall, store, week, plan, done)
            done.cash = hall.balance()
        finally:
            store.close()
            hall.close()
    return done


class _Hall:
    """A paper exchange with one account, the client that trades on it, and the time in both."""

    def __init__(self, plan: Plan) -> None:
        self.now = moment_of(0)
        self._slept = 0.0
        self.exchange = PaperExchange(None, lambda: self.now)
        key = Ed25519PrivateKey.from_private_bytes(_KEY)
        self.exchange.add_account(ACCOUNT, key.public_key(), plan.cash)
        session = requests.Session()
        session.mount(PAPER_BASE.removesuffix("/trade-api/v2"), PaperAdapter(self.exchange))
        self.client = ExchangeClient(
            PAPER_BASE, Credentials(ACCOUNT, key), session=session, clock=lambda: self.now.timestamp(),
            monotonic=lambda: self._slept, sleep=self.sleep, random=lambda: 0.5,
        )  # fmt: skip

    def sleep(self, seconds: float) -> None:
        """Let the client believe that it waited; the market's time is the replay's."""
        self._slept += seconds

    def close(self) -> None:
        """Close client and exchange."""
        self.client.close()

    def balance(self) -> Decimal:
        """Return the dollars that are free for orders."""
        return self.client.balance().on_shard(0)

    def desk(self, store: Store, plan: Plan, run_id: str) -> Desk:
        """Return the desk of one run, with the plan's cap on events and no other limit."""
        limits = Limits(
            order_contracts=PLENTY, order_cost=PLENTY, event_cost=plan.max_event_cost, day_cost=PLENTY,
            orders_per_run=MOST_CONTRACTS,
        )  # fmt: skip
        return Desk(self.client, store, limits, clock=lambda: self.now, dry_run=False, run_id=run_id, sleep=self.sleep)

    def show(self, event: EventHistory, books: dict[int, tuple[Market, OrderBook]], at: datetime) -> None:
        """Let outsiders quote *books* at *at*, fresh contracts each time; what rests and is reached by them trades."""
        self.now = at
        markets = tuple(market for market, _ in books.values())
        self.exchange.mirror(
            LadderSnapshot("replay", at, _SERIES, _event(event), markets, {m.ticker: b for m, b in books.values()}),
            renewed=True,
        )


def _trade_week(hall: _Hall, store: Store, week: TradingWeek, plan: Plan, done: Replay) -> None:
    placed: dict[str, Placed] = {}
    bankroll: Decimal | None = None
    for entry in plan.entries:
        done.left.update(week.left.get(entry, {}))
        if (plan.model, entry) in week.refused:
            done.left["forecast", week.refused[plan.model, entry]] += sum(
                len(group.markets) for group in week.groups if group.entry == entry
            )
    for moment in week.moments:
        if plan.fills.rests and placed:
            reached = week.candles.get(moment, {})
            books = {i: _reach(week.event, i, candle, plan) for i, candle in reached.items()}
            hall.show(week.event, books, moment_of(moment) - SECOND)
        for number, group in enumerate(week.groups_at(moment)):
            if group.entry not in plan.entries or (plan.model, group.entry) not in week.probs:
                continue
            # Two entries may meet at one candle: each finds the quoted depth.
            at = moment_of(moment) + number * timedelta(milliseconds=1)
            hall.now = max(hall.now, moment_of(moment) - SECOND)
            bankroll = hall.balance() if bankroll is None else bankroll
            _decide_group(hall, store, week, group, at, plan, bankroll, placed, done)
    hall.now = max(hall.now, week.event.close_at + timedelta(hours=12))
    done.fills += _fills(hall, week, placed)
    for index in sorted({one.market for one in placed.values()}):
        hall.exchange.settle(week.event.markets[index].ticker, week.event.markets[index].result)


def _decide_group(
    hall: _Hall, store: Store, week: TradingWeek, group: DecisionGroup, at: datetime, plan: Plan, bankroll: Decimal,
    placed: dict[str, Placed], done: Replay,
) -> None:  # fmt: skip
    event = week.event
    quotes = {i: week.candles[group.at][i] for i in group.markets}
    markets = {i: as_market(event, event.markets[i], quote) for i, quote in quotes.items()}
    desk = hall.desk(store, plan, f"{event.event_ticker} {group.entry} {group.at}")
    breaks = desk.reconcile(event.event_ticker) if placed else []
    if breaks:
        raise KalshiError(f"replay: store and paper exchange differ, please report this: {breaks[0]}")
    resting = {row.ticker: row for row in store.resting_orders(event.event_ticker)}
    if plan.requote:
        for i in group.markets:
            row = resting.pop(markets[i].ticker, None)
            if row is not None and row.order_id is not None:
                desk.cancel(row.order_id, row.ticker)
    # What rests met this candle already: the quotes at its close are for new orders.
    new = [i for i in group.markets if markets[i].ticker not in resting]
    hall.show(event, {i: (markets[i], _quoted(quotes[i], plan)) for i in new}, at)
    held = {row.ticker: row.position_fp for row in hall.client.positions(event_ticker=event.event_ticker)}
    for i in group.markets:
        done.decisions += 1
        market, prob = markets[i], week.probs[plan.model, group.entry][i]
        if market.ticker in resting:
            done.left["decision", "an earlier order rests still"] += 1
            continue
        end = plan.rests_until(group.decided, event.close_at)
        intent, why = _intent(market, quotes[i], prob, plan, bankroll, held.get(market.ticker, ZERO))
        if intent is not None and at >= end:
            intent, why = None, "its candle closes after the order had ended"
        if intent is None:
            done.left["decision", why] += 1
            continue
        run_date = new_york_date(group.decided)
        intent = replace(intent, run_date=run_date, purpose=group.entry, expiration=end if plan.fills.rests else None)
        report = desk.submit(intent, market, quoted_at=at)
        if report.outcome is not OrderOutcome.ACCEPTED:
            done.left["order", _without_numbers(report.reason)] += 1
            continue
        done.orders += 1
        side_prob = prob if intent.side is Side.YES else 1.0 - prob
        placed[report.client_order_id] = Placed(i, group.entry, quotes[i].mid, side_prob)


def _intent(
    market: Market, quote: QuoteCandle, prob: float, plan: Plan, bankroll: Decimal, held: Decimal
) -> tuple[Intent | None, str]:
    """Return the order the plan wants here, or why it wants none."""
    rules = plan.rules if plan.sizing == "contracts" else replace(plan.rules, count=ONE)
    decision = decide(market, prob, rules, taker_fee)
    if decision.price is None:
        return None, _without_numbers(decision.reason)
    policy, side = plan.fills, Side(decision.side)
    price = _available(decision, quote, plan)
    if not policy.rests and (price is None or price > decision.price):
        return None, "would rest at its limit: this fill policy does not wait"
    if held and (held > 0) != (side is Side.YES):
        return None, "the other side is held"
    room = plan.max_position - abs(held)
    count = min(_size(decision, plan, bankroll), room)
    if count < 1:
        return None, "the position is full" if room < 1 else "the stake buys no contract"
    return Intent(
        strategy=STRATEGY, run_date=market.open_time.date(), event_ticker=market.event_ticker, ticker=market.ticker,
        side=side, price=decision.price, count=count,
        time_in_force=GOOD_TILL_CANCELED if policy.rests else IMMEDIATE_OR_CANCEL,
    ), ""  # fmt: skip


def _available(decision: Decision, quote: QuoteCandle, plan: Plan) -> Decimal | None:
    """Return the own-side price at which the policy lets an order be filled at once."""
    if plan.fills.at_mid:
        mid = quote.mid
        return mid if mid is None or decision.side == "yes" else ONE - mid
    return decision.ask


def _size(decision: Decision, plan: Plan, bankroll: Decimal) -> Decimal:
    assert decision.price is not None
    if plan.sizing == "contracts":
        return plan.rules.count
    budget = plan.stake
    if plan.sizing == "kelly":
        share = min(plan.stake * kelly_fraction(decision.value, decision.price), KELLY_CAP)
        budget = (share * bankroll).quantize(CENT, rounding=ROUND_DOWN)
    return Decimal(fixed_dollars(budget, decision.price))


def _quoted(quote: QuoteCandle, plan: Plan) -> OrderBook:
    """Return the book at a decision: the quotes, or both sides at their middle."""
    if plan.fills.at_mid:
        return _book(quote.mid, quote.mid, plan)
    return _book(quote.bid, quote.ask, plan)


def _reach(event: EventHistory, index: int, candle: QuoteCandle, plan: Plan) -> tuple[Market, OrderBook]:
    """Return what a later candle lets resting orders meet: its extremes, a tick less far where that must be through."""
    step = TICK if plan.fills.through else ZERO
    bid = None if candle.dearest is None else candle.dearest - step
    ask = None if candle.cheapest is None else candle.cheapest + step
    return as_market(event, event.markets[index], candle), _book(bid, ask, plan)


def _book(bid: Decimal | None, ask: Decimal | None, plan: Plan) -> OrderBook:
    depth = PLENTY if plan.depth is None else Decimal(plan.depth)

    def level(price: Decimal | None) -> list[Level]:
        return [Level(price, depth)] if price is not None and ZERO < price < ONE else []

    return OrderBook(yes_dollars=level(bid), no_dollars=level(None if ask is None else ONE - ask))


def _fills(hall: _Hall, week: TradingWeek, placed: dict[str, Placed]) -> Iterable[WeekFill]:
    tickers = {market.ticker for market in week.event.markets}
    with hall.exchange.view() as world:
        mine = [fill for fill in world.fills[ACCOUNT] if fill.ticker in tickers]
        names = {fill.order_id: world.orders[fill.order_id].client_order_id for fill in mine}
    for fill in mine:
        order = placed[names[fill.order_id]]
        # A resting order is filled a second before the close of the candle that reached it.
        at = int(fill.created_at.timestamp()) + (0 if fill.is_taker else 1)
        yield WeekFill(
            week, order.market, order.entry, "yes" if fill.side == "bid" else "no", fill.price, fill.count, fill.fee,
            fill.is_taker, at, order.prob, order.mid, week.mid_after(order.market, at + fill.is_taker),
        )  # fmt: skip


def _without_numbers(reason: str) -> str:
    return re.sub(r"-?\$?\d[\d.]*%?", "…", reason)


def _event(event: EventHistory) -> Event:
    return Event(
        event_ticker=event.event_ticker, series_ticker=SERIES, title="", sub_title="", mutually_exclusive=False,
        collateral_return_type="",
    )  # fmt: skip


_SERIES = Series(ticker=SERIES, title="", category="", fee_type="quadratic", fee_multiplier=ONE, frequency="weekly")
