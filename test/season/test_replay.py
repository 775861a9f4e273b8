"""The replay of one past event: what a decision may see, what fills it, what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest

from kalshi.errors import ConfigError, DataError
from kalshi.history.candle_store import StoredMarket
from kalshi.history.quote_candle import QuoteCandle
from kalshi.index.ladder import Ladder
from kalshi.index.rules_blanket import BlanketRules
from kalshi.runtime.registry import CRONTAB
from kalshi.season.cron import NEW_YORK, Start, read_crontab, starts_on
from kalshi.season.fee_history import charged, index_fee_terms
from kalshi.season.index_history import PastEvent
from kalshi.season.replay import Replay, ReplayRules, replay

DAY = date(2026, 10, 6)
CLOSE = datetime(2026, 10, 6, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENT = "KXINX-26OCT06H1600"


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 10, 6, hour, minute, tzinfo=NEW_YORK)


def candle(hour: int, minute: int, bid: str, ask: str, *, high: str = "0", low: str = "1") -> QuoteCandle:
    """high, low: of the trades; 0 and 1 are no price."""
    end = int(at(hour, minute).timestamp())
    return QuoteCandle(end, D(bid), D(ask), trade_low=D(low), trade_high=D(high))


def event(
    candles: dict[int, list[QuoteCandle]], *, won: int = 3, series: str = "KXINX", brackets: int = 2
) -> PastEvent:
    """A ladder of brackets and two tails; markets without candles are quoted at 20 / 22 all day."""
    edges = [7000 + 25 * n for n in range(brackets + 1)]
    strikes = [("less", None, D(edges[0])), *(("between", D(low), low + D("24.9999")) for low in edges[:-1]),
               ("greater", edges[-1] - D("0.0001"), None)]  # fmt: skip
    tickers = tickers_of(brackets)
    opens = CLOSE - timedelta(hours=17)
    markets = [
        StoredMarket(ticker, "yes" if n == won else "no", "finalized", opens, CLOSE, *strike)
        for n, (ticker, strike) in enumerate(zip(tickers, strikes, strict=True))
    ]
    quiet = [candle(9, 31, "0.20", "0.22")]
    return PastEvent(
        EVENT, series, DAY, opens, CLOSE, Ladder.of(EVENT, True, markets),
        {market.ticker: market.result for market in markets},
        {ticker: candles.get(n, quiet) for n, ticker in enumerate(tickers)},
    )  # fmt: skip


def tickers_of(brackets: int) -> list[str]:
    return [f"{EVENT}-T0", *(f"{EVENT}-B{n}" for n in range(1, brackets + 1)), f"{EVENT}-T{brackets + 1}"]


TICKERS = tickers_of(2)


def rules(maker: str = "through", *skip: str, price: str = "0.45") -> ReplayRules:
    return ReplayRules(BlanketRules(D(price), D(1)), maker=maker, skip=skip)


def run(past: PastEvent, given: ReplayRules) -> Replay:
    return replay(past, starts_on(read_crontab(CRONTAB), DAY), given, MINUTE)


def test_a_bid_fills_only_when_the_price_went_through_it() -> None:
    quiet = candle(9, 31, "0.20", "0.22")
    for high, maker, filled in (
        ("0.55", "through", 0), ("0.55", "touch", 1), ("0.56", "through", 1), ("0.56", "none", 0), ("0.54", "touch", 0),
    ):  # fmt: skip
        past = event({1: [quiet, candle(10, 5, "0.20", "0.22", high=high)]})
        found = run(past, rules(maker))
        assert [fill.ticker for fill in found.fills] == TICKERS[1:2] * filled, (high, maker)
        if filled:
            assert (found.fills[0].price, found.fills[0].fee, found.fills[0].is_taker) == (D("0.45"), 0, False)


def test_a_candle_that_began_before_the_order_does_not_fill_it() -> None:
    quiet = candle(9, 31, "0.20", "0.22")
    assert run(event({1: [quiet, candle(9, 35, "0.20", "0.22", high="0.90")]}), rules()).fills == []
    assert len(run(event({1: [quiet, candle(9, 36, "0.20", "0.22", high="0.90")]}), rules()).fills) == 1


def test_bids_end_twenty_minutes_before_the_close() -> None:
    quiet = candle(9, 31, "0.20", "0.22")
    late = rules("through", "midday")
    assert len(run(event({1: [quiet, candle(15, 40, "0.20", "0.22", high="0.90")]}), late).fills) == 1
    assert run(event({1: [quiet, candle(15, 41, "0.20", "0.22", high="0.90")]}), late).fills == []


def test_midday_takes_down_what_has_not_filled() -> None:
    past = event({1: [candle(9, 31, "0.20", "0.22"), candle(12, 30, "0.20", "0.22", high="0.90")]})
    assert run(past, rules()).fills == []
    assert len(run(past, rules("through", "midday")).fills) == 1


def test_the_loop_completes_the_pair_at_54_and_the_set_is_worth_a_cent() -> None:
    past = event(
        {
            1: [candle(9, 31, "0.20", "0.22"), candle(10, 5, "0.56", "0.58")],
            2: [candle(9, 31, "0.20", "0.22"), candle(10, 25, "0.47", "0.49")],
        },
        won=2,
    )
    found = run(past, rules())
    assert [(fill.ticker, fill.price, fill.purpose) for fill in found.fills] == [
        (TICKERS[1], D("0.45"), "blanket"),
        (TICKERS[2], D("0.54"), "complete"),
    ]
    paid = sum(fill.price + fill.fee for fill in found.fills)
    assert 1 - paid == D("0.01")


def test_no_decision_sees_a_later_candle() -> None:
    """Whatever comes after a decision, everything placed up to it is the same."""
    calm = {n: [candle(9, 31, "0.20", "0.22"), candle(10, 5, "0.30", "0.32")] for n in range(4)}
    wild = {n: [*found, candle(12, 1, "0.01", "0.99", high="0.99", low="0.01")] for n, found in calm.items()}
    starts = [start for start in starts_on(read_crontab(CRONTAB), DAY) if start.at <= at(12, 0)]
    one, other = (replay(event(candles), starts, rules("touch", "midday"), MINUTE) for candles in (calm, wild))
    assert one.placed == other.placed == 4
    assert one.fills == []
    assert {fill.decided_at for fill in other.fills} <= {at(9, 35)}
    before = replay(event(wild), [start for start in starts if start.at < at(9, 31)], rules("touch"), MINUTE)
    assert before.placed == 0


def test_cheap_yes_is_taken_at_the_next_candles_ask_within_the_limit_and_only_once() -> None:
    def past(next_ask: str) -> PastEvent:
        near = {n: [candle(9, 31, bid, ask)] for n, (bid, ask) in
                {2: ("0.30", "0.32"), 3: ("0.36", "0.38"), 4: ("0.26", "0.28")}.items()}  # fmt: skip
        cheap = [candle(9, 31, "0.01", "0.02"), candle(10, 1, "0.01", next_ask), candle(10, 15, "0.01", "0.02")]
        return event(near | dict.fromkeys((0, 1, 5, 6, 7), cheap), series="KXNASDAQ100", brackets=6)

    starts = [Start(at(10, minute), "nasdaq_daily_every_10_minutes", "") for minute in (0, 10)]
    given = replace(rules(), cheap=replace(rules().cheap, max_contracts=D(20)))
    found = replay(past("0.02"), starts, given, MINUTE)
    assert sorted(fill.ticker.rpartition("-")[2] for fill in found.fills) == ["B1", "B5", "B6", "T0"]
    for fill in found.fills:
        assert (fill.side, fill.price, fill.is_taker) == ("yes", D("0.02"), True)
        assert fill.fee == D("0.0275")  # 0.07 x 20 x 0.02 x 0.98 = 0.02744, rounded up
        assert fill.candle.end_ts == at(10, 1).timestamp()
    starts.append(Start(at(10, 20), "nasdaq_daily_every_10_minutes", ""))
    dearer = replay(past("0.03"), starts, given, MINUTE)
    assert (dearer.placed, dearer.fills) == (4, [])  # what was tried once is not tried again, cheap or not


def test_fees_are_those_of_the_trade() -> None:
    before = datetime(2026, 7, 3, 16, 59, tzinfo=UTC)
    after = datetime(2026, 7, 3, 17, 0, tzinfo=UTC)
    assert index_fee_terms("KXINX", before).taker_rate == D("0.035")
    assert index_fee_terms("KXINX", after).taker_rate == D("0.07")
    assert index_fee_terms("KXINX", after).maker_rate == 0
    old = datetime(2026, 5, 27, tzinfo=UTC)
    assert charged(D("0.45"), D(100), index_fee_terms("KXINX", old).taker_rate, old) == D("0.87")  # 0.86625
    assert charged(D("0.45"), D(100), index_fee_terms("KXINX", before).taker_rate, before) == D("0.8663")
    assert charged(D("0.45"), D(100), index_fee_terms("KXINX", after).taker_rate, after) == D("1.7325")
    with pytest.raises(DataError, match="KXINXY"):
        index_fee_terms("KXINXY", after)
    with pytest.raises(DataError, match="before 2022-09-12"):
        index_fee_terms("KXINX", datetime(2022, 9, 1, tzinfo=UTC))


def test_rules_that_are_not_there_are_named() -> None:
    with pytest.raises(ConfigError, match="--maker"):
        rules("hope")
    with pytest.raises(ConfigError, match="--skip"):
        rules("touch", "evening")
