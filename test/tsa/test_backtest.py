"""The simulation on a small made-up event, where every fill can be checked by eye."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from kalshi.errors import ConfigError
from kalshi.history.quote_candle import QuoteCandle
from kalshi.pricing.fees import taker_fee
from kalshi.tsa.backtest import (
    ENTRIES,
    Result,
    Settings,
    decision_time,
    fee_of,
    run_backtest,
)
from kalshi.tsa.backtest_rows import EXTRA_COLUMNS, trade_row
from kalshi.tsa.models import MODELS, forecast
from kalshi.tsa.quotes import EventHistory, MarketHistory
from kalshi.tsa.sample_counts import sample_vintages
from kalshi.tsa.sample_history import sample_history
from kalshi.tsa.vintages import Vintages
from kalshi.tsa.weeks import market_window, new_york, week_days

SUNDAY = date(2026, 4, 19)
AFTER = new_york(date(2026, 5, 5), 12)
VINTAGES = sample_vintages(AFTER)
MEAN = VINTAGES.known(AFTER).settled_mean(SUNDAY) or 0.0
OPEN, CLOSE = market_window(SUNDAY)
EVERY = Settings(model="yoy_hol")


def midnight(day: date) -> int:
    """Return the end of the daily candle of *day*."""
    return int(new_york(day + timedelta(days=1), 0).timestamp())


def price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def market(
    strike: int, bid: str | None, ask: str | None, result: str = "", candles: tuple[QuoteCandle, ...] | None = None
) -> MarketHistory:
    """Return a market whose every day closes at the same quotes; result: by the counts where empty."""
    paid = result or ("yes" if strike < MEAN else "no")
    made = tuple(QuoteCandle(midnight(day), price(bid), price(ask)) for day in week_days(SUNDAY))
    return MarketHistory(f"KXTSAW-26APR19-A{strike / 1e6:.2f}", strike, paid, made if candles is None else candles)


def event(*markets: MarketHistory, **changes: object) -> EventHistory:
    return replace(EventHistory("KXTSAW-26APR19", SUNDAY, OPEN, CLOSE, markets), **changes)  # type: ignore[arg-type]


def run(made: EventHistory, settings: Settings = EVERY) -> Result:
    return run_backtest([made], VINTAGES, settings)


def reasons(result: Result) -> list[tuple[str, str]]:
    return list(result.left)


LOW, HIGH = 1_800_000, 2_800_000  # YES and NO are near certain


def test_yes_is_bought_at_the_ask_with_the_takers_fee() -> None:
    [trade] = run(event(market(LOW, "0.90", "0.94"))).trades
    assert (trade.side, trade.fill_price, trade.outcome) == ("yes", Decimal("0.94"), 1)
    # 0.07 x 0.94 x 0.06 = 0.003948, and the balance is kept to $0.0001
    assert trade.fee == Decimal("0.0040") >= taker_fee(Decimal("0.94"), Decimal(1))


def test_no_is_bought_at_the_bid_of_yes() -> None:
    [trade] = run(event(market(HIGH, "0.06", "0.10"))).trades
    assert (trade.side, trade.fill_price, trade.outcome) == ("no", Decimal("0.06"), 1)
    assert trade.prob > 0.5


def test_the_mid_is_used_only_when_asked_for() -> None:
    [trade] = run(event(market(LOW, "0.90", "0.94")), replace(EVERY, fill="mid")).trades
    assert trade.fill_price == Decimal("0.92")


def test_an_empty_book_is_no_price() -> None:
    result = run(event(market(LOW, "0", "1"), market(HIGH, "0.0000", "0.0000")))
    assert not result.trades
    assert result.left["quote", "empty book (0 / 1)"] == 2


def test_a_side_that_nobody_offers_is_not_bought() -> None:
    result = run(event(market(LOW, "0.97", "1.00"), market(HIGH, "0.00", "0.03")))
    assert reasons(result) == [("fill", "nobody offers YES"), ("fill", "nobody offers NO")]
    assert not result.scored  # one side alone has no mid to be compared with


def test_null_quotes_and_crossed_books_are_counted() -> None:
    result = run(event(market(LOW, None, None), market(HIGH, "0.60", "0.50")))
    assert {stage for stage, _ in reasons(result)} == {"quote"}
    assert sum(result.left.values()) == 2


def test_the_fill_is_the_first_close_after_the_decision() -> None:
    days = week_days(SUNDAY)
    decided = int(decision_time(SUNDAY, "wed").timestamp())
    candles = (
        QuoteCandle(midnight(days[1]), Decimal("0.10"), Decimal("0.20")),
        QuoteCandle(decided, Decimal("0.30"), Decimal("0.40")),  # ends at the decision, not after it
        QuoteCandle(midnight(days[2]), Decimal("0.50"), Decimal("0.60")),
        QuoteCandle(midnight(days[3]), Decimal("0.70"), Decimal("0.80")),
    )
    [trade] = run(event(market(LOW, None, None, candles=candles)), replace(EVERY, entry="wed")).trades
    assert trade.fill_price == Decimal("0.60")


def test_the_candle_over_the_close_is_never_used() -> None:
    over = (QuoteCandle(midnight(SUNDAY), Decimal("0.50"), Decimal("0.60")),)
    assert over[0].end_ts > CLOSE.timestamp()
    result = run(event(market(LOW, None, None, candles=over)), replace(EVERY, entry="sun"))
    assert reasons(result) == [("quote", "no candle between decision and close")]


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_entry_knows_the_days_published_by_then(entry: str) -> None:
    trades = run(event(market(LOW, "0.90", "0.94")), replace(EVERY, entry=entry)).trades
    if entry == "sun":
        assert not trades  # only the candle over the close is left, and it is never used
        return
    [trade] = trades
    expected = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 4}[entry]
    assert trade.forecast.known_days == expected
    assert trade.forecast.as_of == decision_time(SUNDAY, entry)
    assert trade.quote.end_ts > trade.forecast.as_of.timestamp() >= OPEN.timestamp()


def test_an_event_that_opens_late_is_not_traded_before() -> None:
    late = event(market(LOW, "0.90", "0.94"), open_at=OPEN + timedelta(days=3))
    assert reasons(run(late)) == [("event", "the event was not open yet")]
    assert run(late, replace(EVERY, entry="fri")).trades


def test_an_event_that_closed_early_is_not_traded_after() -> None:
    early = event(market(LOW, "0.90", "0.94"), close_at=OPEN + timedelta(days=2))
    assert reasons(run(early, replace(EVERY, entry="thu"))) == [("event", "the event was closed")]


def test_the_exchanges_result_settles_and_a_contradiction_is_listed() -> None:
    result = run(event(market(LOW, "0.90", "0.94", result="no")))
    [trade] = result.trades
    assert (trade.outcome, trade.settlement, trade.settlement_check) == (0, "exchange", "differs")
    [line] = result.mismatches
    assert line.startswith("KXTSAW-26APR19-A1.80: paid no, first prints average")


@pytest.mark.parametrize("result", ["void", "scalar"])
def test_a_market_without_result_is_left_out_with_its_reason(result: str) -> None:
    found = run(event(market(LOW, "0.90", "0.94", result=result)))
    assert not found.trades and reasons(found) == [("result", f"no result of yes or no ({result})")]


def test_without_results_the_counts_settle_and_say_so() -> None:
    [trade] = run(event(market(LOW, "0.90", "0.94"), has_results=False)).trades
    assert (trade.outcome, trade.settlement, trade.settlement_check) == (1, "counts", "not checked")


def test_exactly_the_strike_pays_no() -> None:
    flat = Vintages.from_counts(
        {date.fromordinal(o): 2_000_000 for o in range(date(2023, 1, 1).toordinal(), AFTER.toordinal())}
    )
    made = event(market(2_000_000, "0.40", "0.60"), has_results=False)
    [trade] = run_backtest([made], flat, EVERY).trades
    assert trade_row(trade, EVERY, "files")["result"] == "no"


@pytest.mark.parametrize("model", MODELS)
def test_counts_published_later_change_no_decision(model: str) -> None:
    """Cut everything seen after the decision off: forecasts and fills stay, bit for bit."""
    as_of = decision_time(SUNDAY, "wed")
    cut = Vintages(row for row in VINTAGES.rows if row.first_seen_at <= as_of)
    made = event(market(LOW, "0.90", "0.94"), market(2_250_000, "0.40", "0.44"), market(HIGH, "0.06", "0.10"))
    settings = replace(EVERY, entry="wed", model=model)
    whole, short = run_backtest([made], VINTAGES, settings), run_backtest([made], cut, settings)
    assert [(t.side, t.prob, t.fill_price) for t in whole.trades] == [
        (t.side, t.prob, t.fill_price) for t in short.trades
    ]
    assert {t.settlement_check for t in short.trades} == {"not checked"}


def test_the_bot_takes_only_what_its_own_decision_takes() -> None:
    cheap, dear, extreme = (
        market(2_300_000, "0.02", "0.04"),
        market(2_250_000, "0.40", "0.95"),
        market(LOW, "0.9", "0.94"),
    )
    result = run(event(extreme, dear, cheap), replace(EVERY, rule="bot"))
    assert len(result.trades) + sum(result.left.values()) == 3
    assert all(stage == "decision" for stage, _ in reasons(result))
    assert not any(digit in reason for _, reason in reasons(result) for digit in "0123456789")


def test_the_bot_buys_a_bargain_and_leaves_a_fair_price() -> None:
    settings = replace(EVERY, rule="bot", entry="fri")
    made = forecast(VINTAGES.known(decision_time(SUNDAY, "fri")), SUNDAY, "yoy_hol")
    strike = next(k for k in range(1_800_000, 2_800_000, 10_000) if made.prob_above(k) < 0.9)
    assert made.prob_above(strike) > 0.6
    [trade] = run(event(market(strike, "0.20", "0.25")), settings).trades
    assert trade.side == "yes" and trade.fill_price == Decimal("0.25")
    result = run(event(market(strike, "0.80", "0.84")), settings)
    assert reasons(result) == [("decision", "rests at its limit: resting orders are not filled here")]


def test_nothing_is_dropped_silently() -> None:
    events, vintages = sample_history(date(2026, 1, 1), date(2026, 3, 31))
    for entry in ("mon", "fri", "sun"):
        for rule in ("every", "bot"):
            result = run_backtest(events, vintages, replace(EVERY, entry=entry, rule=rule))
            steps = [number for _, number in result.funnel()]
            assert steps[0] == result.markets == 21 * 13
            assert steps[-1] == len(result.trades)
            assert all(later <= earlier for earlier, later in pairwise(steps))


def test_a_forecast_that_can_not_be_made_is_a_named_reason() -> None:
    short = Vintages(row for row in VINTAGES.rows if row.day >= date(2026, 4, 1))
    result = run_backtest([event(market(LOW, "0.9", "0.94"))], short, EVERY)
    [(stage, reason)] = reasons(result)
    assert stage == "event" and reason.startswith("no forecast: ")


@pytest.mark.parametrize("wrong", [{"entry": "monday"}, {"rule": "all"}, {"fill": "bid"}, {"model": "oracle"}])
def test_unknown_settings_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong.values()))):
        replace(EVERY, **wrong)


def test_a_row_has_all_columns_in_plain_text() -> None:
    [trade] = run(event(market(HIGH, "0.06", "0.10"))).trades
    row = trade_row(trade, EVERY, "SAMPLE")
    assert set(EXTRA_COLUMNS) <= set(row)
    assert (row["bid"], row["ask"], row["mid"], row["strike"]) == ("0.06", "0.10", "0.08", HIGH)
    assert row["as_of"] == "2026-04-13T14:30:00Z" and row["candle_end"] == "2026-04-14T04:00:00Z"
    assert (row["result"], row["outcome"], row["known_days"], row["data"]) == ("no", 1, 0, "SAMPLE")


def test_fees_of_both_sides_are_alike() -> None:
    assert (
        fee_of("yes", Decimal("0.30"), Decimal(10)) == fee_of("no", Decimal("0.30"), Decimal(10)) == Decimal("0.1470")
    )


def test_the_sample_is_the_same_every_time_and_grows_at_its_end_only() -> None:
    first, _ = sample_history(date(2026, 1, 1), date(2026, 1, 31))
    again, _ = sample_history(date(2026, 1, 1), date(2026, 2, 28))
    assert first == again[: len(first)]
    assert [one.sunday for one in first] == [date(2026, 1, day) for day in (4, 11, 18, 25)]


def test_sample_quotes_are_two_sided_and_inside_the_dollar() -> None:
    events, _ = sample_history(date(2026, 1, 1), date(2026, 1, 31), interval=60)
    candles = [candle for one in events for m in one.markets for candle in m.candles]
    assert all(c.bid_close is not None and c.ask_close is not None for c in candles)
    assert all(
        0 <= c.bid_close < c.ask_close <= 1 for c in candles if c.bid_close is not None and c.ask_close is not None
    )
    assert {datetime.fromtimestamp(c.end_ts, UTC).minute for c in candles} == {0}
