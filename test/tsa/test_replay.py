"""Two simulations of the same trading, one through desk and paper exchange and one in arrays, fill by fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from kalshi.errors import ConfigError, DataError
from kalshi.history.quote_candle import QuoteCandle
from kalshi.tsa.decide import Rules
from kalshi.tsa.quotes import EventHistory, MarketHistory, read_history
from kalshi.tsa.replay_desk import Replay, replay
from kalshi.tsa.replay_fast import FastResult, replay_fast
from kalshi.tsa.tape import PRICE_UNIT, Tape, tape_of, units
from kalshi.tsa.trading_plan import POLICIES, Plan, entry_moment, entry_time
from kalshi.tsa.trading_week import TradingWeek, trading_week
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import event_ticker, market_window, new_york, week_days

D = Decimal
SUNDAY = date(2026, 4, 19)
ENTRIES = ("mon", "tue@09:05", "wed", "fri@15:00")


def plan(**changes: object) -> Plan:
    """Return a plan that buys whatever it is given an edge in, one contract a time."""
    usual = Plan(model="yoy_hol", rules=Rules(count=D(1), price_share=D("0.9"), max_spread=D(1)), **changes)  # type: ignore[arg-type]
    return usual


def week_of(
    ladder: Sequence[tuple[int, str, Sequence[QuoteCandle], dict[str, float]]], sunday: date = SUNDAY
) -> TradingWeek:
    """Return a week from (strike, result, candles, P(YES) by entry); the forecast is given, not made."""
    name = event_ticker(sunday)
    markets = tuple(MarketHistory(f"{name}-A{k / 1e6:.2f}", k, result, tuple(c)) for k, result, c, _ in ladder)
    event = EventHistory(name, sunday, *market_window(sunday), markets)
    bare = trading_week(event, Vintages([]), ENTRIES, [])
    probs = {("yoy_hol", e): tuple(p[e] for *_, p in ladder) for e in ENTRIES if all(e in p for *_, p in ladder)}
    return replace(bare, probs=probs)


def candle(day: int, bid: str, ask: str, *, hour: int = 24, **extremes: str) -> QuoteCandle:
    """Return the candle that closes at *hour* (24: midnight) of *day* of the week, Monday 0, New York."""
    end = new_york(week_days(SUNDAY)[day] + timedelta(days=hour // 24), hour % 24)
    return QuoteCandle(int(end.timestamp()), D(bid), D(ask), **{name: D(value) for name, value in extremes.items()})


def both(weeks: Sequence[TradingWeek], *plans: Plan) -> list[tuple[Replay, FastResult]]:
    """Return the two simulations of each plan after comparing them fill by fill."""
    tape = tape_of(weeks, ENTRIES, ("yoy_hol",))
    found = []
    for one in plans:
        slow, fast = replay(weeks, one), replay_fast(tape, [one], keep_fills=True)
        assert sorted(_of_desk(slow, tape)) == sorted(fill[1:] for fill in fast.fills)
        assert int(slow.cash * 1_000_000) == fast.cash[0] == int(one.cash * 1_000_000) + fast.pnl[0].sum()
        assert sum((fill.pnl for fill in slow.fills), D(0)) == slow.cash - one.cash
        assert slow.orders == fast.orders[0].sum()
        found.append((slow, fast))
    return found


def _of_desk(done: Replay, tape: Tape) -> list[tuple[object, ...]]:
    return [
        (f.week.event.event_ticker, f.index, tape.entries.index(f.entry), 1 if f.side == "yes" else -1,
         units(f.price), int(f.count), int(f.fee * 1_000_000), f.is_taker, f.at)
        for f in done.fills
    ]  # fmt: skip


def _text(price: Decimal) -> str:
    return f"{price.normalize():f}"


# --- what each policy fills, by hand

REST = {"mon": 0.60}  # YES is worth 60 cents: the limit is 54


def rested(later: QuoteCandle, **changes: object) -> list[tuple[str, int, bool]]:
    """Place an order that rests at 54 on Monday, show *later*, return (price, contracts, is taker) of the fills."""
    week = week_of([(2_000_000, "yes", [candle(0, "0.50", "0.58"), later], REST)])
    [(slow, _)] = both([week], plan(hold="close", **changes))
    return [(_text(fill.price), int(fill.count), fill.is_taker) for fill in slow.fills]


@pytest.mark.parametrize(
    ("later", "conservative", "optimistic"),
    [
        (candle(1, "0.50", "0.55"), False, False),
        (candle(1, "0.50", "0.54"), False, True),
        (candle(1, "0.50", "0.53"), True, True),
        (candle(1, "0.56", "0.60", ask_low="0.54"), False, True),
        (candle(1, "0.56", "0.60", ask_low="0.53"), True, True),
        (candle(1, "0.56", "0.60", trade_low="0.54"), False, True),
        (candle(1, "0.56", "0.60", trade_low="0.53"), True, True),
        (candle(1, "0.00", "1.00", ask_low="0.00"), False, False),  # nobody there is no price
    ],
)
def test_what_rests_is_filled_at_its_limit_once_the_policy_says_so(
    later: QuoteCandle, conservative: bool, optimistic: bool
) -> None:
    fill = [("0.54", 1, False)]
    assert rested(later, policy="maker-conservative") == fill * conservative
    assert rested(later, policy="maker-optimistic") == fill * optimistic
    assert rested(later, policy="taker") == []


def test_no_is_reached_from_below() -> None:
    ladder = [(2_000_000, "no", [candle(0, "0.42", "0.50"), candle(1, "0.40", "0.60", bid_high="0.47")], {"mon": 0.4})]
    [(touch, _), (through, _)] = both(
        [week_of(ladder)], *(plan(hold="close", policy=p) for p in ("maker-optimistic", "maker-conservative"))
    )
    assert (
        [(f.side, _text(f.price)) for f in touch.fills]
        == [("no", "0.46")]
        == [(f.side, _text(f.price)) for f in through.fills]
    )


def test_the_mid_is_paid_by_mid_fills_only_and_within_the_limit() -> None:
    week = week_of([(2_000_000, "yes", [candle(0, "0.49", "0.58")], REST)])
    [(mid, _), (taker, _)] = both([week], plan(policy="mid"), plan())
    assert [(_text(f.price), f.is_taker) for f in mid.fills] == [("0.535", True)] and not taker.fills
    dear = week_of([(2_000_000, "yes", [candle(0, "0.53", "0.58")], REST)])  # mid 55.5, limit 54
    [(none, _)] = both([dear], plan(policy="mid"))
    assert not none.fills


def test_an_order_ends_before_the_next_counts_unless_it_is_held() -> None:
    later = candle(1, "0.40", "0.44")  # closes after Tuesday's counts
    assert rested(later, policy="maker-optimistic") == [("0.54", 1, False)]
    week = week_of([(2_000_000, "yes", [candle(0, "0.50", "0.58"), later], REST)])
    [(news, _)] = both([week], plan(policy="maker-optimistic", hold="news"))
    assert not news.fills and news.orders == 1
    early = candle(1, "0.40", "0.44", hour=8)
    week = week_of([(2_000_000, "yes", [candle(0, "0.50", "0.58"), early], REST)])
    [(news, _)] = both([week], plan(policy="maker-optimistic", hold="news"))
    assert len(news.fills) == 1


def test_a_thin_quote_fills_in_part_and_the_rest_waits() -> None:
    rules = Rules(count=D(10), price_share=D("0.9"), max_spread=D(1))
    week = week_of([(2_000_000, "yes", [candle(0, "0.50", "0.52"), candle(1, "0.40", "0.44")], REST)])
    [(rests, _), (takes, _)] = both(
        [week], *(replace(plan(hold="close", policy=p, depth=4), rules=rules) for p in ("maker-optimistic", "taker"))
    )
    assert [(_text(f.price), int(f.count), f.is_taker) for f in rests.fills] == [("0.52", 4, True), ("0.54", 4, False)]
    assert [(_text(f.price), int(f.count)) for f in takes.fills] == [("0.52", 4)]


def test_requoting_replaces_what_rests_and_without_it_the_old_price_stands() -> None:
    candles = [candle(0, "0.50", "0.58"), candle(2, "0.50", "0.64"), candle(3, "0.50", "0.51")]
    week = week_of([(2_000_000, "yes", candles, {"mon": 0.60, "wed": 0.65})])
    policy = dict(policy="maker-conservative", hold="close", entries=("mon", "wed"))
    [(again, _), (once, _)] = both([week], plan(**policy), plan(**policy, requote=False))
    assert [_text(f.price) for f in again.fills] == ["0.58"] and [_text(f.price) for f in once.fills] == ["0.54"]
    assert once.left["decision", "an earlier order rests still"] == 1


def test_positions_are_capped_and_never_turned_around() -> None:
    candles = [candle(0, "0.50", "0.52"), candle(2, "0.50", "0.52"), candle(4, "0.50", "0.52")]
    rules = Rules(count=D(4), price_share=D("0.9"), max_spread=D(1))
    three = ("mon", "wed", "fri@15:00")
    week = week_of([(2_000_000, "yes", candles, {"mon": 0.60, "wed": 0.60, "fri@15:00": 0.30})])
    [(done, _)] = both([week], replace(plan(entries=three, max_position=6), rules=rules))
    assert [int(f.count) for f in done.fills] == [4, 2]
    assert done.left["decision", "the other side is held"] == 1


def test_the_event_can_not_lose_more_than_its_cap_and_orders_need_cash() -> None:
    ladder = [(k, "yes", [candle(0, "0.50", "0.52")], REST) for k in (2_000_000, 2_050_000, 2_100_000)]
    [(capped, _), (poor, _)] = both([week_of(ladder)], plan(max_event_cost=D("1.10")), plan(cash=D("0.70")))
    assert len(capped.fills) == 2 and any("limit … per event" in why for stage, why in capped.left if stage == "order")
    assert len(poor.fills) == 1


# --- generated and real ladders, every policy


def made_up_week(chance: Random, sunday: date) -> TradingWeek:
    """Return a ladder with everything that candles may hold: gaps, empty and crossed books, finer prices, no result."""
    mean = chance.randint(1_950_000, 2_150_000)
    ladder = []
    for strike in (2_000_000, 2_050_000, 2_100_000):
        candles = []
        for day in week_days(sunday)[: chance.choice((5, 7))]:
            for hour in (6, 12, 24) if chance.random() < 0.5 else (24,):
                if chance.random() < 0.15:
                    continue
                end = int(new_york(day + timedelta(days=hour // 24), hour % 24).timestamp())
                candles.append(_made_up_candle(chance, end))
        result = "void" if chance.random() < 0.05 else "yes" if strike < mean else "no"
        ladder.append((strike, result, candles, {entry: round(chance.uniform(0.03, 0.97), 4) for entry in ENTRIES}))
    return week_of(ladder, sunday)


def _made_up_candle(chance: Random, end: int) -> QuoteCandle:
    kind = chance.random()
    if kind < 0.05:
        return QuoteCandle(end, None, None)
    bid = chance.randint(1, 95)
    ask = bid + (chance.randint(1, 25) if kind < 0.95 else -1)
    prices = [D(bid) / 100, D(min(ask, 100)) / 100]
    if chance.random() < 0.1:
        prices[chance.randint(0, 1)] = D(chance.choice(("0", "1", "0.125", "0.4375")))
    if chance.random() < 0.5:
        return QuoteCandle(end, *prices)
    low, high = sorted((chance.randint(0, 100), chance.randint(0, 100)))
    return QuoteCandle(end, *prices, D(high) / 100, D(low) / 100, D(low) / 100 if kind < 0.5 else None, None)


def made_up_plan(chance: Random, policy: str) -> Plan:
    sizing = chance.choice(("contracts", "contracts", "dollars", "kelly"))
    stake = {"contracts": D(0), "dollars": D(chance.choice(("1", "5", "12.50"))), "kelly": D("0.25")}[sizing]
    return Plan(
        model="yoy_hol",
        entries=tuple(sorted(chance.sample(ENTRIES, chance.randint(1, 4)), key=ENTRIES.index)),
        rules=Rules(
            count=D(chance.randint(1, 15)), price_share=D(chance.choice(("0.75", "0.9", "0.97", "1"))),
            min_edge=D(chance.choice(("-0.05", "0", "0.02"))), max_spread=D(chance.choice(("0.1", "0.3", "1"))),
        ),
        sizing=sizing, stake=stake, policy=policy, depth=chance.choice((None, 1, 3, 7)),
        hold=chance.choice(("news", "close")), requote=chance.random() < 0.6,
        max_position=chance.choice((3, 10, 100)), max_event_cost=D(chance.choice((3, 7, 100))),
        cash=D(chance.choice((4, 20, 1000))),
    )  # fmt: skip


@pytest.mark.parametrize("policy", POLICIES)
def test_desk_and_arrays_agree_on_made_up_ladders(policy: str) -> None:
    kinds: set[bool] = set()
    for seed in range(10):
        chance = Random(f"{policy} {seed}")
        weeks = [made_up_week(chance, SUNDAY + timedelta(weeks=number)) for number in range(2)]
        [(slow, fast)] = both(weeks, made_up_plan(chance, policy))
        kinds |= {fill.is_taker for fill in slow.fills}
        parts = fast.forecast + fast.spread + fast.adverse - fast.fees
        assert (fast.pnl == parts).all()
    assert kinds == ({True, False} if POLICIES[policy].rests else {True})


@pytest.mark.parametrize("policy", POLICIES)
def test_desk_and_arrays_agree_on_the_recorded_candles(
    policy: str, real_candles: Path, real_markets: Path, real_vintages: Vintages
) -> None:
    events = read_history(real_candles, real_markets, start=date(2026, 3, 22), end=date(2026, 4, 26))
    weeks = [trading_week(event, real_vintages, ENTRIES, ["yoy_hol"]) for event in events]
    one = plan(policy=policy, hold="close", entries=("mon", "fri@15:00"), depth=3)
    [(slow, _)] = both(weeks, replace(one, rules=replace(one.rules, count=D(5))))
    assert slow.fills


def test_arrays_hold_many_plans_apart() -> None:
    chance = Random("many")
    weeks = [made_up_week(chance, SUNDAY + timedelta(weeks=number)) for number in range(3)]
    plans = [made_up_plan(chance, policy) for policy in POLICIES for _ in range(10)]
    tape = tape_of(weeks, ENTRIES, ("yoy_hol",))
    together = replay_fast(tape, plans)
    for number, one in enumerate(plans):
        alone = replay_fast(tape, [one])
        assert (alone.pnl[0] == together.pnl[number]).all() and alone.cash[0] == together.cash[number]


# --- refusals


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "maker"}, {"hold": "ever"}, {"sizing": "all"}, {"entries": ()}, {"entries": ("mon", "mon")},
        {"entries": ("monday",)}, {"entries": ("mon@24:00",)}, {"sizing": "dollars"}, {"depth": 0}, {"max_position": 0},
        {"sizing": "kelly", "stake": D(2)}, {"cash": D(0)}, {"model": "oracle"},
    ],
)  # fmt: skip
def test_unknown_plans_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Plan(**wrong)  # type: ignore[arg-type]


def test_entries_are_new_york_times_on_both_sides_of_a_clock_change() -> None:
    assert entry_time("fri@15:00") == (4, 15, 0) and entry_time("mon") == (0, 10, 30)
    assert f"{entry_moment(date(2026, 3, 8), 'sun'):%H:%M}" == "14:30"  # the clocks went forward that night
    assert f"{entry_moment(date(2026, 3, 8), 'sat'):%H:%M}" == "15:30"


def test_a_price_finer_than_the_grid_is_an_error() -> None:
    assert units(D("0.535")) == PRICE_UNIT * 535 // 1000
    with pytest.raises(DataError, match="finer than the exchange's grid"):
        units(D("0.33333333"))


def test_nothing_is_dropped_silently() -> None:
    weeks = [made_up_week(Random(f"left {number}"), SUNDAY + timedelta(weeks=number)) for number in range(3)]
    done = replay(weeks, plan(entries=ENTRIES))
    assert done.orders + sum(done.left.values()) == 3 * 3 * len(ENTRIES)
