"""Simulate the bot on past events: decide with what was published, fill at what was quoted, settle as paid.

Per event one decision moment; the forecast sees what had been published by then; fills come from the first
candle that ends after it (a closing quote, so never one from before the decision) and not after the close.
Buys pay the ask of their side plus the taker fee. Resting orders are not filled: candles can not tell whether
they would have been. Nothing is dropped silently: a market that leaves the funnel is counted with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from kalshi.errors import ConfigError
from kalshi.exchange.models import Market, PriceRange
from kalshi.history.quote_candle import QuoteCandle
from kalshi.pricing.fees import charge, taker_fee
from kalshi.tsa.dataset import history_look
from kalshi.tsa.decide import Rules, decide
from kalshi.tsa.known import Known
from kalshi.tsa.models import DEFAULT_MODEL, WeekForecast, model_named
from kalshi.tsa.point_in_time import Forecasts, Look, NothingKnown
from kalshi.tsa.quotes import EventHistory, MarketHistory, quote_trouble
from kalshi.tsa.settlement import settled_as
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.walk_forward import FAR_FUTURE
from kalshi.tsa.weeks import new_york, week_days

ENTRIES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ENTRY_TIME = (10, 30)  # New York; half an hour after the event opens, after the morning's release
RULES = ("every", "bot")
FILLS = ("taker", "mid")
STAGES = ("event", "result", "quote", "decision", "fill")
ONE = Decimal(1)
WHOLE_CENTS = [PriceRange(start=Decimal(0), end=ONE, step=Decimal("0.01"))]
Memory = Forecasts
UNKNOWN_SIZE = ONE  # daily candles say nothing about the size behind a quote


@dataclass(frozen=True)
class Settings:
    """Parameters of one simulation.

    entry: weekday of the decision (10:30 New York). rule: `every` buys the likelier side of every quoted strike,
    as the first backtests did; `bot` buys what the live bot would buy at once. fill: `taker`, or `mid` for
    comparison only. rules: of the bot; their count is the size of every order.
    """

    model: str = DEFAULT_MODEL
    entry: str = "mon"
    rule: str = "every"
    fill: str = "taker"
    rules: Rules = field(default_factory=lambda: Rules(count=ONE))

    def __post_init__(self) -> None:
        model_named(self.model)
        for name, allowed in (("entry", ENTRIES), ("rule", RULES), ("fill", FILLS)):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} {getattr(self, name)!r} is unknown: use {', '.join(allowed)}")


@dataclass(frozen=True)
class Trade:
    """One fill and its settlement. prob: of the chosen side; fill_price, bid, ask: of YES, dollars."""

    event: EventHistory
    market: MarketHistory
    forecast: WeekForecast
    side: str
    prob: float
    quote: QuoteCandle
    fill_price: Decimal
    count: Decimal
    fee: Decimal
    outcome: int
    settlement: str
    first_print_mean: float | None
    settlement_check: str


@dataclass(frozen=True)
class ScoredQuote:
    """A two-sided quote at a decision: what model and mid said about YES, and what came."""

    sunday: date
    ticker: str
    prob_yes: float
    mid: float
    spread: float
    outcome: int


@dataclass
class Result:
    """What a simulation found. left: (stage, reason) to the number of markets that left the funnel there."""

    settings: Settings
    trades: list[Trade] = field(default_factory=list)
    scored: list[ScoredQuote] = field(default_factory=list)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)
    events: int = 0
    markets: int = 0

    def funnel(self) -> list[tuple[str, int]]:
        """Return (step, number of markets still in) from all markets to fills."""
        steps, still_in = [("markets", self.markets)], self.markets
        words = ("of events that could be decided", "with a result", "quoted", "wanted by the rule", "filled")
        for stage, word in zip(STAGES, words, strict=True):
            still_in -= sum(number for (where, _), number in self.left.items() if where == stage)
            steps.append((word, still_in))
        return steps


def run_backtest(
    events: Iterable[EventHistory], vintages: Vintages, settings: Settings, *, memory: Memory | None = None
) -> Result:
    """Return the simulation of *settings* on *events*; forecasts see *vintages* as of each decision only.

    memory: a dict kept between runs on the same vintages, so that a forecast is made once.
    """
    result = Result(settings)
    memory = {} if memory is None else memory
    settled = vintages.known(FAR_FUTURE)
    for event in events:
        result.events += 1
        result.markets += len(event.markets)
        as_of = decision_time(event.sunday, settings.entry)
        look = _event_look(event, as_of, vintages, result, memory)
        if look is not None:
            made = look.forecasts[settings.model]
            probs = {point.ticker: point.probs[settings.model] for point in look.points}
            for market in event.markets:
                _simulate(event, market, made, probs[market.ticker], settled, result)
    return result


def decision_time(sunday: date, entry: str) -> datetime:
    """Return 10:30 New York on weekday *entry* of the week ending *sunday*, aware UTC."""
    return new_york(week_days(sunday)[ENTRIES.index(entry)], *ENTRY_TIME)


def _event_look(
    event: EventHistory, as_of: datetime, vintages: Vintages, result: Result, memory: Memory
) -> Look | None:
    model = result.settings.model
    reason, look = "", None
    if as_of < event.open_at:
        reason = "the event was not open yet"
    elif as_of >= event.close_at:
        reason = "the event was closed"
    else:
        try:
            look = history_look(event, as_of, vintages, [model], memory)
            reason = f"no forecast: {look.refused[model]}" if look.refused else ""
        except NothingKnown as error:
            reason = f"no forecast: {error}"
    if reason:
        result.left["event", reason] += len(event.markets)
        return None
    return look


def _simulate(
    event: EventHistory,
    market: MarketHistory,
    made: WeekForecast,
    prob_yes: float,
    settled: Known,
    result: Result,
) -> None:
    ended = settled_as(event, market, settled)
    if ended.check == "differs":
        result.mismatches.append(f"{market.ticker}: paid {ended.result}, first prints average {ended.mean:,.1f}")
    if ended.outcome is None:
        result.left["result", f"no result of yes or no ({ended.result or 'empty'})"] += 1
        return
    quote = market.first_candle(made.as_of, event.close_at)
    reason = quote_trouble(quote)
    if quote is None or reason:
        result.left["quote", reason] += 1
        return
    if quote.mid is not None and quote.bid is not None and quote.ask is not None:
        scored = (float(quote.mid), float(quote.ask - quote.bid), ended.outcome)
        result.scored.append(ScoredQuote(event.sunday, market.ticker, prob_yes, *scored))
    settings = result.settings
    side, reason = _wanted(event, market, quote, prob_yes, settings)
    if reason:
        result.left["decision", reason] += 1
        return
    price, reason = _fill_price(side, quote, settings.fill)
    if price is None:
        result.left["fill", reason] += 1
        return
    count = settings.rules.count
    result.trades.append(
        Trade(
            event,
            market,
            made,
            side,
            prob_yes if side == "yes" else 1.0 - prob_yes,
            quote,
            price,
            count,
            fee_of(side, price, count),
            int(ended.result == side),
            ended.basis,
            ended.mean,
            ended.check,
        )
    )


def fee_of(side: str, yes_price: Decimal, count: Decimal) -> Decimal:
    """Return what the exchange keeps of one taker fill in dollars, the rounding of the balance included."""
    cost = count * (yes_price if side == "yes" else ONE - yes_price)
    return charge(-cost, taker_fee(yes_price, count)).fee


def _wanted(
    event: EventHistory, market: MarketHistory, quote: QuoteCandle, prob_yes: float, settings: Settings
) -> tuple[str, str]:
    """Return (side, empty) where the rule buys at the quote, else (side, why not)."""
    if settings.rule == "every":
        return "yes" if prob_yes >= 0.5 else "no", ""
    decision = decide(as_market(event, market, quote), prob_yes, settings.rules, taker_fee)
    if decision.price is None:
        return decision.side, re.sub(r"-?\d[\d.]*%?", "…", decision.reason)
    if decision.ask is None or decision.ask > decision.price:
        return decision.side, "rests at its limit: resting orders are not filled here"
    return decision.side, ""


def _fill_price(side: str, quote: QuoteCandle, fill: str) -> tuple[Decimal | None, str]:
    """Return the YES price of the fill, or why there is none."""
    if fill == "mid":
        return quote.mid, "one-sided book has no mid"
    if side == "yes":
        return quote.ask, "nobody offers YES"
    return quote.bid, "nobody offers NO"


def as_market(event: EventHistory, market: MarketHistory, quote: QuoteCandle) -> Market:
    """Return the market as the bot would have seen it with this quote: whole cents, sizes unknown."""
    bid = quote.bid if quote.bid is not None else Decimal(0)
    ask = quote.ask if quote.ask is not None else ONE
    zero = Decimal(0)
    return Market(
        ticker=market.ticker,
        event_ticker=event.event_ticker,
        market_type="binary",
        status="active",
        result="",
        open_time=event.open_at,
        close_time=event.close_at,
        latest_expiration_time=event.close_at + timedelta(days=7),
        settlement_timer_seconds=3600,
        can_close_early=True,
        expiration_value="",
        yes_bid_dollars=bid,
        yes_ask_dollars=ask,
        no_bid_dollars=ONE - ask,
        no_ask_dollars=ONE - bid,
        last_price_dollars=zero,
        yes_bid_size_fp=UNKNOWN_SIZE if quote.bid is not None else zero,
        yes_ask_size_fp=UNKNOWN_SIZE if quote.ask is not None else zero,
        volume_fp=zero,
        volume_24h_fp=zero,
        open_interest_fp=zero,
        notional_value_dollars=ONE,
        price_level_structure="linear_cent",
        price_ranges=WHOLE_CENTS,
        strike_type="greater",
        floor_strike=Decimal(market.strike),
    )
